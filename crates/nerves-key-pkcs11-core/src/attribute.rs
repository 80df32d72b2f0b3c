//! Attributes as bytes, the way they cross the C interface.

use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_BBOOL, CK_FALSE, CK_TRUE, CK_ULONG};
use zeroize::Zeroizing;

/// An attribute of a caller's template.
#[derive(Clone, Copy, Debug)]
pub struct TemplateAttribute<'a> {
    /// `CKA_*`.
    pub kind: CK_ATTRIBUTE_TYPE,
    /// Its value.
    pub value: &'a [u8],
}

/// An object's attributes. Wiped when dropped, since some are secrets.
#[derive(Clone, Default)]
pub struct Attributes(Vec<(CK_ATTRIBUTE_TYPE, Zeroizing<Vec<u8>>)>);

/// Kinds alone.
impl std::fmt::Debug for Attributes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = self.0.iter().map(|(kind, _)| kind);
        f.debug_set().entries(kinds).finish()
    }
}

impl Attributes {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// With bytes.
    #[must_use]
    pub fn bytes(mut self, kind: CK_ATTRIBUTE_TYPE, value: impl Into<Vec<u8>>) -> Self {
        self.0.push((kind, Zeroizing::new(value.into())));
        self
    }

    /// With a number.
    #[must_use]
    pub fn number(self, kind: CK_ATTRIBUTE_TYPE, value: CK_ULONG) -> Self {
        self.bytes(kind, value.to_ne_bytes())
    }

    /// With what is true of the object.
    #[must_use]
    pub fn yes(self, kinds: &[CK_ATTRIBUTE_TYPE]) -> Self {
        self.all(kinds, CK_TRUE)
    }

    /// With what is not.
    #[must_use]
    pub fn no(self, kinds: &[CK_ATTRIBUTE_TYPE]) -> Self {
        self.all(kinds, CK_FALSE)
    }

    /// With those of `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn all(self, kinds: &[CK_ATTRIBUTE_TYPE], value: CK_BBOOL) -> Self {
        kinds
            .iter()
            .fold(self, |attributes, kind| attributes.bytes(*kind, [value]))
    }

    /// The value of one.
    #[must_use]
    pub fn get(&self, kind: CK_ATTRIBUTE_TYPE) -> Option<&[u8]> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == kind)?;
        Some(value)
    }

    /// Whether every attribute of `template` is one of these, value and all.
    #[must_use]
    pub fn match_all(&self, template: &[TemplateAttribute<'_>]) -> bool {
        template
            .iter()
            .all(|wanted| self.get(wanted.kind) == Some(wanted.value))
    }

    /// Bytes in all values.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().map(|(_, value)| value.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki_sys::{CKA_ID, CKA_LABEL, CKA_SIGN, CKA_VERIFY};

    #[test]
    fn templates_match_value_and_all() {
        let attributes = Attributes::new().bytes(CKA_ID, *b"1").yes(&[CKA_SIGN]);
        let wanted = |kind, value| TemplateAttribute { kind, value };
        assert!(attributes.match_all(&[]));
        assert!(attributes.match_all(&[wanted(CKA_ID, b"1"), wanted(CKA_SIGN, &[1])]));
        assert!(!attributes.match_all(&[wanted(CKA_ID, b"1"), wanted(CKA_SIGN, &[0])]));
        assert!(!attributes.match_all(&[wanted(CKA_ID, b"")]));
        assert!(!attributes.match_all(&[wanted(CKA_LABEL, b"1")]));
        assert!(!attributes.match_all(&[wanted(CKA_VERIFY, &[])]));
    }
}
