//! Texts with places for what differs: `sn{device-sn}`, `{serial}`.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::{HEXLOWER, HEXUPPER};

use crate::Values;

/// A text, or bytes, with places.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Text(Vec<Piece>);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Piece {
    Literal(Vec<u8>),
    /// Four upper-case hex digits.
    SignerId,
    /// 18 hex digits.
    DeviceSn(Case),
    /// Nine bytes.
    DeviceSnBytes,
    Named(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Case {
    Upper,
    Lower,
}

/// A brace without its other half.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct BraceError;

/// What is known when a text is filled in.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) values: &'a Values,
    pub(crate) signer_id: u16,
}

/// What a certificate has in the places of its definition.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Captured {
    pub(crate) signer_id: Option<u16>,
    pub(crate) device_sn: Option<[u8; 9]>,
    pub(crate) named: BTreeMap<String, Vec<u8>>,
}

impl Text {
    /// `{name}` is a place, `{{` and `}}` are braces.
    pub(crate) fn parse(text: &str) -> Result<Self, BraceError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else {
                let inside = brace.strip_prefix('{').ok_or(BraceError)?;
                let (name, after) = inside.split_once('}').ok_or(BraceError)?;
                if name.contains('{') {
                    return Err(BraceError);
                }
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(literal.into_bytes()));
                }
                literal = String::new();
                pieces.push(Piece::named(name));
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into_bytes()));
        }
        Ok(Self(pieces))
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    pub(crate) const fn from_pieces(pieces: Vec<Piece>) -> Self {
        Self(pieces)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Named(name) => Some(name.as_str()),
            _ => None,
        })
    }

    pub(crate) fn note_needs(&self, needs: &mut Needs) {
        needs.named.extend(self.names().map(str::to_owned));
        let is_sn = |piece: &Piece| matches!(piece, Piece::DeviceSn(_) | Piece::DeviceSnBytes);
        needs.device_sn |= self.0.iter().any(is_sn);
    }

    pub(crate) fn fill(&self, context: Context<'_>) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|piece| piece.fill(context))
            .collect()
    }

    /// What `found` has in the places, where it is this text at all. Of two
    /// places of any length the end of the first is unknown.
    pub(crate) fn capture(&self, found: &[u8], captured: &mut Captured) -> Option<()> {
        let mut seen = captured.clone();
        let mut rest = found;
        let mut pieces = self.0.iter();
        while let Some(piece) = pieces.next() {
            let length = if let Some(length) = piece.length() {
                length
            } else {
                let after: Option<usize> = pieces.clone().map(Piece::length).sum();
                rest.len().checked_sub(after?)?
            };
            let (part, tail) = rest.split_at_checked(length)?;
            piece.capture(part, &mut seen)?;
            rest = tail;
        }
        rest.is_empty().then(|| *captured = seen)
    }
}

impl Piece {
    fn named(name: &str) -> Self {
        match name {
            "signer-id" => Self::SignerId,
            "device-sn" => Self::DeviceSn(Case::Upper),
            "device-sn:lower" => Self::DeviceSn(Case::Lower),
            name => Self::Named(name.to_owned()),
        }
    }

    fn fill(&self, Context { values, signer_id }: Context<'_>) -> Vec<u8> {
        // Whoever fills in has made sure that there is one.
        let device_sn = values.device_sn.unwrap_or_default();
        match self {
            Self::Literal(bytes) => bytes.clone(),
            Self::SignerId => format!("{signer_id:04X}").into_bytes(),
            Self::DeviceSn(Case::Upper) => HEXUPPER.encode(&device_sn).into_bytes(),
            Self::DeviceSn(Case::Lower) => HEXLOWER.encode(&device_sn).into_bytes(),
            Self::DeviceSnBytes => device_sn.to_vec(),
            Self::Named(name) => values.text(name).to_vec(),
        }
    }

    const fn length(&self) -> Option<usize> {
        match self {
            Self::Literal(bytes) => Some(bytes.len()),
            Self::SignerId => Some(4),
            Self::DeviceSn(_) => Some(18),
            Self::DeviceSnBytes => Some(9),
            Self::Named(_) => None,
        }
    }

    fn capture(&self, found: &[u8], captured: &mut Captured) -> Option<()> {
        match self {
            Self::Literal(bytes) => (bytes == found).then_some(())?,
            Self::SignerId => {
                let [high, low] = HEXUPPER.decode(found).ok()?.try_into().ok()?;
                captured.signer_id = Some(u16::from_be_bytes([high, low]));
            }
            Self::DeviceSn(Case::Upper) => {
                captured.device_sn = Some(HEXUPPER.decode(found).ok()?.try_into().ok()?);
            }
            Self::DeviceSn(Case::Lower) => {
                captured.device_sn = Some(HEXLOWER.decode(found).ok()?.try_into().ok()?);
            }
            Self::DeviceSnBytes => captured.device_sn = Some(found.try_into().ok()?),
            Self::Named(name) => {
                captured.named.insert(name.clone(), found.to_vec());
            }
        }
        Some(())
    }
}

/// What a definition cannot do without.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Needs {
    pub(crate) named: BTreeSet<String>,
    pub(crate) device_sn: bool,
    pub(crate) signer_key: bool,
}

#[cfg(test)]
mod tests {
    use atecc_x509::PublicKey;

    use super::*;

    fn values() -> Values {
        Values {
            device_sn: Some([0x01, 0x23, 0, 0, 0, 0, 0, 0xAB, 0xEE]),
            named: [("serial".to_owned(), b"Z1".to_vec())].into(),
            ..Values::new(PublicKey::from_bytes([0x5A; 64]))
        }
    }

    #[test]
    fn places_are_filled_in_and_found_again() {
        for (text, filled) in [
            ("", ""),
            ("Signer", "Signer"),
            ("Signer {signer-id}", "Signer 00FF"),
            ("sn{device-sn}", "sn01230000000000ABEE"),
            ("{device-sn:lower} ATECC", "01230000000000abee ATECC"),
            ("{{{serial}}}", "{Z1}"),
            ("a{serial}b{signer-id}c", "aZ1b00FFc"),
        ] {
            let text = Text::parse(text).unwrap();
            let values = values();
            let context = Context {
                values: &values,
                signer_id: 0x00FF,
            };
            assert_eq!(text.fill(context), filled.as_bytes());
            let mut captured = Captured::default();
            text.capture(filled.as_bytes(), &mut captured).unwrap();
            let mut needs = Needs::default();
            text.note_needs(&mut needs);
            assert_eq!(captured.device_sn.is_some(), needs.device_sn);
            assert!(
                captured
                    .device_sn
                    .is_none_or(|sn| Some(sn) == values.device_sn)
            );
            assert!(captured.signer_id.is_none_or(|id| id == 0x00FF));
            for name in needs.named {
                assert_eq!(captured.named[&name], b"Z1");
            }
        }
    }

    #[test]
    fn another_text_is_not_captured() {
        let text = Text::parse("sn{device-sn}").unwrap();
        for other in [
            "",
            "sn",
            "sn0123",
            "SN01230000000000ABEE",
            "sn01230000000000abee",
        ] {
            let mut captured = Captured::default();
            assert_eq!(
                text.capture(other.as_bytes(), &mut captured),
                None,
                "{other}"
            );
            assert_eq!(captured, Captured::default());
        }
        let two = Text::parse("{a}-{b}").unwrap();
        assert_eq!(two.capture(b"1-2", &mut Captured::default()), None);
    }

    #[test]
    fn braces_belong_together() {
        for text in ["{", "}", "{a", "a}", "{a{b}}", "{{a}"] {
            assert_eq!(Text::parse(text), Err(BraceError), "{text}");
        }
    }
}
