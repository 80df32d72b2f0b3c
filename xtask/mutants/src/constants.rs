//! Which constant functions are needed as constants.
//!
//! A constant function cannot ask which mutant is awake. Most are called at run
//! time alone, and lose their `const` in the copy; the others keep it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use serde::{Deserialize, Serialize};
use syn::visit::{self, Visit};

/// What constants call, and what constant functions call.
#[derive(Debug, Default)]
pub(super) struct Constants {
    role: Role,
    /// How many constants are around.
    depth: usize,
    /// The type whose `impl` is around.
    of: Option<String>,
    /// The constant function around.
    within: Option<Function>,
    needed: BTreeSet<Call>,
    calls: BTreeMap<Function, BTreeSet<Call>>,
}

/// A function by its type, if it has one, and its name.
pub(super) type Function = (Option<String>, String);

/// What a call says of what it calls.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) enum Call {
    /// All of it.
    Exactly(Function),
    /// Of whatever type, or of none.
    Name(String),
}

/// Whether the constant functions of a file may lose their `const`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Role {
    #[default]
    Planted,
    Kept,
}

/// The functions that stay constant.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Needed(BTreeSet<Call>);

impl Needed {
    pub(super) fn has(&self, function: &Function) -> bool {
        self.0.contains(&Call::Exactly(function.clone()))
            || self.0.contains(&Call::Name(function.1.clone()))
    }

    pub(super) fn insert(&mut self, call: Call) {
        self.0.insert(call);
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Constants {
    pub(super) fn add(&mut self, file: &syn::File, role: Role) {
        self.role = role;
        self.visit_file(file);
    }

    /// What constants call, and what is called by that.
    pub(super) fn needed(&self) -> Needed {
        let mut needed = Needed(self.needed.clone());
        let mut left: Vec<_> = self.calls.iter().collect();
        loop {
            let before = left.len();
            left.retain(|(function, calls)| {
                let is_needed = needed.has(function);
                if is_needed {
                    needed.0.extend(calls.iter().cloned());
                }
                !is_needed
            });
            if left.len() == before {
                return needed;
            }
        }
    }

    fn called(&mut self, call: Call) {
        if let Some(within) = &self.within {
            let calls = self.calls.entry(within.clone()).or_default();
            calls.insert(call.clone());
        }
        if self.depth > 0 {
            self.needed.insert(call);
        }
    }

    fn constant(&mut self, visit: impl FnOnce(&mut Self)) {
        self.depth += 1;
        visit(self);
        self.depth -= 1;
    }

    fn function(&mut self, sig: &syn::Signature, visit: impl FnOnce(&mut Self)) {
        let name = sig
            .constness
            .map(|_| (self.of.clone(), sig.ident.to_string()));
        let (outer, depth) = (std::mem::replace(&mut self.within, name), self.depth);
        self.depth = usize::from(sig.constness.is_some() && self.role == Role::Kept);
        visit(self);
        (self.within, self.depth) = (outer, depth);
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => self.called(Call::Name(ident.to_string())),
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

/// The last name of a type.
pub(super) fn type_name(of: &syn::Type) -> Option<String> {
    match of {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        syn::Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Constants {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, |found| visit::visit_item_fn(found, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, |found| visit::visit_impl_item_fn(found, item));
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constant(|found| visit::visit_item_const(found, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.constant(|found| visit::visit_impl_item_const(found, item));
    }

    fn visit_trait_item_const(&mut self, item: &'ast syn::TraitItemConst) {
        self.constant(|found| visit::visit_trait_item_const(found, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.constant(|found| visit::visit_item_static(found, item));
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.constant(|found| visit::visit_variant(found, variant));
    }

    fn visit_type(&mut self, of: &'ast syn::Type) {
        self.constant(|found| visit::visit_type(found, of));
    }

    fn visit_generic_argument(&mut self, argument: &'ast syn::GenericArgument) {
        self.constant(|found| visit::visit_generic_argument(found, argument));
    }

    fn visit_expr_const(&mut self, block: &'ast syn::ExprConst) {
        self.constant(|found| visit::visit_expr_const(found, block));
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
        self.constant(|found| found.visit_expr(&repeat.len));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.of, type_name(&item.self_ty));
        visit::visit_item_impl(self, item);
        self.of = outer;
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let mut names = path.path.segments.iter().map(|part| part.ident.to_string());
        if let Some(name) = names.next_back() {
            let of = names
                .next_back()
                .filter(|of| of.starts_with(char::is_uppercase));
            let of = if of.as_deref() == Some("Self") {
                self.of.clone()
            } else {
                of
            };
            self.called(Call::Exactly((of, name)));
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.called(Call::Name(call.method.to_string()));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_constants_need_stays_constant() {
        let file = syn::parse_file(
            "const A: [u8; free()] = [Slot::new(1).index(); 2];
             const fn free() -> usize { deep() }
             const fn deep() -> usize { 1 }
             const fn other() -> usize { deep() }
             impl Slot {
                 const fn new(a: u8) -> Self { Self::checked(a) }
                 const fn checked(a: u8) -> Self { Self(a) }
                 const fn index(self) -> u8 { self.0 }
                 const fn word(self) -> u8 { self.0 }
             }
             impl Page { const fn new(a: u8) -> Self { Self(a) } }",
        )
        .unwrap();
        let mut constants = Constants::default();
        constants.add(&file, Role::Planted);
        let needed = constants.needed();
        for (of, name, expected) in [
            (None, "free", true),
            (None, "deep", true),
            (None, "other", false),
            (Some("Slot"), "new", true),
            (Some("Slot"), "checked", true),
            (Some("Slot"), "index", true),
            (Some("Slot"), "word", false),
            (Some("Page"), "new", false),
        ] {
            let function = (of.map(str::to_owned), name.to_owned());
            assert_eq!(needed.has(&function), expected, "{function:?}");
        }
    }
}
