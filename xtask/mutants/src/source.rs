//! A file with mutants: its functions, by which mutants are named.
//!
//! A mutant is named by its function, a hash of the function's text and its
//! place in it, so that a result holds until the function changes.

use proc_macro2::Span;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::change::Change;
use super::list::{Listed, Position};
use xtask_support::error::Error;

/// A parsed file.
pub(super) struct Source {
    pub(super) text: String,
    pub(super) tree: syn::File,
    /// Where the lines begin.
    lines: Vec<usize>,
    holders: Vec<Holder>,
}

/// A function, or a constant, that has mutants.
#[derive(Debug)]
struct Holder {
    name: String,
    start: usize,
    end: usize,
}

/// Function and place in it.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) struct Key {
    /// Name and hash.
    pub(super) function: String,
    /// Line and column, and the change.
    pub(super) mutant: String,
}

impl Source {
    pub(super) fn parse(file: &str, text: String) -> Result<Self, Error> {
        let tree = syn::parse_file(&text).map_err(|error| Error::Findings {
            check: "parsed files",
            findings: vec![format!("{file}: {error}")],
        })?;
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let mut finder = Finder::default();
        finder.visit_file(&tree);
        Ok(Self {
            text,
            tree,
            lines,
            holders: finder.holders,
        })
    }

    /// The place of a listed mutant in the text.
    pub(super) fn range(&self, listed: &Listed) -> (usize, usize) {
        (self.offset(listed.span.start), self.offset(listed.span.end))
    }

    /// The name of what is listed; `None` for what is not known.
    pub(super) fn key(&self, listed: &Listed) -> Option<(Key, Change)> {
        let (start, end) = self.range(listed);
        let change = Change::listed(listed, self.text.get(start..end)?)?;
        let holder = self
            .holders
            .iter()
            .filter(|holder| holder.start <= start && end <= holder.end)
            .min_by_key(|holder| holder.end - holder.start)?;
        let line = listed.span.start.line - self.line(holder.start) + 1;
        let key = Key {
            function: self.function(holder),
            mutant: format!("{line}:{} {change}", listed.span.start.column),
        };
        Some((key, change))
    }

    /// Name and hash of each function as it is now.
    pub(super) fn functions(&self) -> impl Iterator<Item = String> {
        self.holders.iter().map(|holder| self.function(holder))
    }

    /// The place and change of a mutant of the results.
    pub(super) fn find(&self, function: &str, mutant: &str) -> Option<(usize, Change)> {
        let holder = self
            .holders
            .iter()
            .find(|holder| self.function(holder) == function)?;
        let (place, change) = mutant.split_once(' ')?;
        let (line, column) = place.split_once(':')?;
        let position = Position {
            line: self.line(holder.start) + line.parse::<usize>().ok()? - 1,
            column: column.parse().ok()?,
        };
        Some((self.offset(position), change.parse().ok()?))
    }

    fn function(&self, holder: &Holder) -> String {
        let column = holder.start - self.lines[self.line(holder.start) - 1];
        let mut hash = Sha256::new_with_prefix(column.to_le_bytes());
        hash.update(&self.text[holder.start..holder.end]);
        let hash = data_encoding::HEXLOWER.encode(&hash.finalize()[..4]);
        format!("{} {hash}", holder.name)
    }

    fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|line| *line <= offset)
    }

    fn offset(&self, position: Position) -> usize {
        let start = self.lines[position.line - 1];
        let line = &self.text[start..];
        let column = line.char_indices().nth(position.column - 1);
        start + column.map_or(line.len(), |(at, _)| at)
    }
}

#[derive(Default)]
struct Finder {
    /// The type, trait or function around.
    around: Vec<String>,
    holders: Vec<Holder>,
}

impl Finder {
    fn hold(&mut self, name: &str, span: Span) {
        let range = span.byte_range();
        let name = self.around.iter().map(String::as_str).chain([name]);
        self.holders.push(Holder {
            name: name.collect::<Vec<_>>().join("::"),
            start: range.start,
            end: range.end,
        });
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.around.push(name);
        visit(self);
        self.around.pop();
    }
}

/// Without the spaces that tokens get between them.
fn words(tokens: &impl quote::ToTokens) -> String {
    tokens
        .to_token_stream()
        .to_string()
        .split_whitespace()
        .collect()
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let name = item.sig.ident.to_string();
        let span = item.sig.span().join(item.block.span());
        self.hold(&name, span.unwrap_or(item.span()));
        self.within(name, |finder| visit::visit_item_fn(finder, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let name = item.sig.ident.to_string();
        let span = item.sig.span().join(item.block.span());
        self.hold(&name, span.unwrap_or(item.span()));
        self.within(name, |finder| visit::visit_impl_item_fn(finder, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        let name = item.sig.ident.to_string();
        let end = item.default.as_ref().map(Spanned::span);
        let span = end.and_then(|end| item.sig.span().join(end));
        self.hold(&name, span.unwrap_or(item.sig.span()));
        self.within(name, |finder| visit::visit_trait_item_fn(finder, item));
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.hold(&item.ident.to_string(), item.span());
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.hold(&item.ident.to_string(), item.span());
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.hold(&item.ident.to_string(), item.span());
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let mut name = words(&item.self_ty);
        if let Some((_, of, _)) = &item.trait_ {
            name = format!("<{} for {name}>", words(of));
        }
        self.within(name, |finder| visit::visit_item_impl(finder, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let name = item.ident.to_string();
        self.within(name, |finder| visit::visit_item_trait(finder, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        self.within(name, |finder| visit::visit_item_mod(finder, item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
impl Number for Small {
    /// Sums.
    fn sum(self) -> u8 {
        self.a
            + self.b
    }
}
";

    fn listed(line: usize, column: usize) -> Listed {
        serde_json::from_value(serde_json::json!({
            "file": "text", "name": "", "genre": "BinaryOperator", "replacement": "-",
            "span": {
                "start": { "line": line, "column": column },
                "end": { "line": line, "column": column + 1 },
            },
        }))
        .unwrap()
    }

    #[test]
    fn a_mutant_is_named_by_its_place_in_its_function() {
        let source = Source::parse("text", TEXT.to_owned()).unwrap();
        let (key, change) = source.key(&listed(5, 13)).unwrap();
        assert!(key.function.starts_with("<Number for Small>::sum "));
        assert_eq!(key.mutant, "3:13 operator + to -");
        let found = source.find(&key.function, &key.mutant).unwrap();
        assert_eq!(found, (TEXT.find('+').unwrap(), change));
    }

    /// What is around a function may change; its results hold.
    #[test]
    fn a_name_is_lost_with_its_function_alone() {
        let name = |text: String, line| {
            let source = Source::parse("text", text).unwrap();
            source.key(&listed(line, 13)).unwrap().0
        };
        let key = name(TEXT.to_owned(), 5);
        assert_eq!(name(format!("use other;\n{TEXT}"), 6), key);
        assert_eq!(name(TEXT.replace("Sums", "Adds"), 5), key);
        assert_ne!(name(TEXT.replace("self.b", "self.c"), 5), key);
    }
}
