//! Where mutants go, and what is written there.

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::change::Change;
use super::constants::{Needed, type_name};
use super::plant::Planting;
use super::region::{Part, Region};
use super::source::Source;

/// What is written for `plantings`, and which of them have a place; functions
/// in `constant` stay constant.
pub(super) fn find(
    source: &Source,
    plantings: &[Planting],
    constant: &Needed,
) -> (Vec<Region>, BTreeSet<u32>) {
    let mut finder = Finder {
        text: &source.text,
        plantings,
        constant,
        of: None,
        fixed: 0,
        regions: Vec::new(),
        found: BTreeSet::new(),
    };
    finder.visit_file(&source.tree);
    (finder.regions, finder.found)
}

struct Finder<'p> {
    text: &'p str,
    plantings: &'p [Planting],
    constant: &'p Needed,
    /// The type whose `impl` is around.
    of: Option<String>,
    /// How many constants are around.
    fixed: usize,
    regions: Vec<Region>,
    found: BTreeSet<u32>,
}

impl<'p> Finder<'p> {
    /// The mutants at a place whose change is of a kind.
    fn at<T>(
        &self,
        start: usize,
        kind: impl Fn(&'p Change) -> Option<T>,
    ) -> impl Iterator<Item = (u32, T)> {
        let plantings: &'p [Planting] = if self.fixed == 0 { self.plantings } else { &[] };
        plantings
            .iter()
            .filter(move |planting| planting.start == start)
            .filter_map(move |planting| Some((planting.id, kind(&planting.change)?)))
    }

    /// An expression, or one of the others in its place.
    fn instead(&mut self, span: Span, others: Vec<(u32, String)>) {
        if others.is_empty() {
            return;
        }
        let range = span.byte_range();
        let mut before = vec![Part::Text("(".to_owned())];
        for (id, other) in others {
            self.found.insert(id);
            before.push(Part::Text(format!("if {} {{ ", on(id))));
            before.push(Part::Own(id, other));
            before.push(Part::Text(" } else ".to_owned()));
        }
        before.push(Part::Text("{ ".to_owned()));
        self.regions.push(Region {
            start: range.start,
            end: range.end,
            before,
            after: " })",
            gone: false,
        });
    }

    fn function(&mut self, sig: &syn::Signature, block: &syn::Block) -> bool {
        let name = (self.of.clone(), sig.ident.to_string());
        let constant = self.constant.has(&name);
        let Some(token) = sig.constness.filter(|_| !constant) else {
            let fixed = sig.constness.is_some();
            self.body(block, fixed || is_opaque(sig));
            return fixed;
        };
        let range = token.span().byte_range();
        self.regions.push(Region {
            start: range.start,
            end: range.end,
            before: Vec::new(),
            after: "",
            gone: true,
        });
        self.body(block, is_opaque(sig));
        false
    }

    fn body(&mut self, block: &syn::Block, fixed: bool) {
        let (Some(first), false) = (block.stmts.first(), fixed) else {
            return;
        };
        let start = first.span().byte_range().start;
        let body = |change: &'p Change| match change {
            Change::Body(to) => Some(to.clone()),
            _ => None,
        };
        let mut before = Vec::new();
        for (id, to) in self.at(start, body).collect::<Vec<_>>() {
            self.found.insert(id);
            before.push(Part::Text(format!(" if {} {{ return ", on(id))));
            before.push(Part::Own(id, to));
            before.push(Part::Text("; }".to_owned()));
        }
        if !before.is_empty() {
            let at = block.brace_token.span.open().byte_range().end;
            self.regions.push(Region {
                start: at,
                end: at,
                before,
                after: "",
                gone: false,
            });
        }
    }

    fn fixed(&mut self, fixed: bool, visit: impl FnOnce(&mut Self)) {
        self.fixed += usize::from(fixed);
        visit(self);
        self.fixed -= usize::from(fixed);
    }

    fn slice(&self, range: Range<usize>) -> &'p str {
        &self.text[range]
    }
}

/// What returns `impl Trait` returns one type.
fn is_opaque(sig: &syn::Signature) -> bool {
    struct Opaque(bool);

    impl Visit<'_> for Opaque {
        fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut opaque = Opaque(false);
    opaque.visit_return_type(&sig.output);
    opaque.0
}

fn on(id: u32) -> String {
    format!("crate::mutants_switch::on({id})")
}

/// `let` in a condition belongs to the condition: no parentheses around it.
fn binds(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => binds(&binary.left) || binds(&binary.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.of, type_name(&item.self_ty));
        visit::visit_item_impl(self, item);
        self.of = outer;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let fixed = self.function(&item.sig, &item.block);
        self.fixed(fixed, |finder| visit::visit_item_fn(finder, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let fixed = self.function(&item.sig, &item.block);
        self.fixed(fixed, |finder| visit::visit_impl_item_fn(finder, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.body(block, false);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.fixed(true, |finder| visit::visit_item_const(finder, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.fixed(true, |finder| visit::visit_impl_item_const(finder, item));
    }

    fn visit_trait_item_const(&mut self, item: &'ast syn::TraitItemConst) {
        self.fixed(true, |finder| visit::visit_trait_item_const(finder, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.fixed(true, |finder| visit::visit_item_static(finder, item));
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.fixed(true, |finder| visit::visit_variant(finder, variant));
    }

    fn visit_type(&mut self, of: &'ast syn::Type) {
        self.fixed(true, |finder| visit::visit_type(finder, of));
    }

    fn visit_generic_argument(&mut self, argument: &'ast syn::GenericArgument) {
        self.fixed(true, |finder| {
            visit::visit_generic_argument(finder, argument);
        });
    }

    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        self.fixed(true, |finder| visit::visit_pat(finder, pattern));
    }

    fn visit_expr_const(&mut self, block: &'ast syn::ExprConst) {
        self.fixed(true, |finder| visit::visit_expr_const(finder, block));
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
        self.fixed(true, |finder| finder.visit_expr(&repeat.len));
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let whole = binary.span();
        let range = whole.byte_range();
        let operator = binary.op.span().byte_range();
        if !binds(&binary.left) && !binds(&binary.right) {
            let before = self.slice(range.start..operator.start);
            let after = self.slice(operator.end..range.end);
            let others = self.at(operator.start, |change| match change {
                Change::Operator { to, .. } => Some(format!("{before}{to}{after}")),
                _ => None,
            });
            let others = others.collect();
            self.instead(whole, others);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let whole = unary.span();
        let operand = self.slice(unary.expr.span().byte_range());
        let others = self.at(whole.byte_range().start, |change| match change {
            Change::Unary => Some(operand.to_owned()),
            _ => None,
        });
        let others = others.collect();
        self.instead(whole, others);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, structure: &'ast syn::ExprStruct) {
        let whole = structure.span();
        let range = whole.byte_range();
        let mut others = Vec::new();
        for field in &structure.fields {
            let own = field.span().byte_range();
            let without = || {
                let before = self.slice(range.start..own.start);
                let after = self.slice(own.end..range.end).trim_start();
                format!("{before}{}", after.strip_prefix(',').unwrap_or(after))
            };
            others.extend(self.at(own.start, |change| match change {
                Change::Field => Some(without()),
                _ => None,
            }));
        }
        self.instead(whole, others);
        visit::visit_expr_struct(self, structure);
    }

    fn visit_expr_match(&mut self, of: &'ast syn::ExprMatch) {
        // An arm with a guard is none that makes a match complete.
        let rest = |arm: &syn::Arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none();
        if of.arms.iter().any(rest) {
            for arm in of.arms.iter().filter(|arm| !rest(arm)) {
                self.arm(arm);
            }
        }
        visit::visit_expr_match(self, of);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            let others = self.at(guard.span().byte_range().start, |change| match change {
                Change::Guard(to) => Some(to.clone()),
                _ => None,
            });
            let others = others.collect();
            self.instead(guard.span(), others);
        }
        visit::visit_arm(self, arm);
    }
}

impl Finder<'_> {
    /// Without an arm, by a guard.
    fn arm(&mut self, arm: &syn::Arm) {
        let start = arm.span().byte_range().start;
        let gone = self.at(start, |change| match change {
            Change::Arm => Some(()),
            _ => None,
        });
        let gone: Vec<u32> = gone.map(|(id, ())| id).collect();
        for id in gone {
            self.found.insert(id);
            let (word, range, after) = if let Some((_, guard)) = &arm.guard {
                ("", guard.span().byte_range(), ")")
            } else {
                let end = arm.pat.span().byte_range().end;
                (" if ", end..end, "")
            };
            let mut before = vec![
                Part::Text(word.to_owned()),
                Part::Own(id, format!("!{}", on(id))),
            ];
            if arm.guard.is_some() {
                before.push(Part::Text(" && (".to_owned()));
            }
            self.regions.push(Region {
                start: range.start,
                end: range.end,
                before,
                after,
                gone: false,
            });
        }
    }
}
