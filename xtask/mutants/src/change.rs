//! What a mutant changes, and the words for it in the files of results.

use std::fmt;
use std::str::FromStr;

use super::list::Listed;

/// The change of one mutant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// The function returns this at once.
    Body(String),
    /// Another operator between two operands.
    Operator { from: String, to: String },
    /// Without the operator before an operand.
    Unary,
    /// The guard of a match arm is this.
    Guard(String),
    /// Without a match arm.
    Arm,
    /// Without a field of a struct, so that the base's is taken.
    Field,
}

impl Change {
    /// The change that `cargo mutants` lists; `original` is the text in its
    /// place.
    pub(super) fn listed(listed: &Listed, original: &str) -> Option<Self> {
        // Two lines of a replacement would be two in the file of results.
        let to = listed.replacement.split_whitespace().collect::<Vec<_>>();
        let to = to.join(" ");
        Some(match listed.genre.as_str() {
            "FnValue" => Self::Body(to),
            "BinaryOperator" => Self::Operator {
                from: original.to_owned(),
                to,
            },
            "UnaryOperator" => Self::Unary,
            "MatchArmGuard" => Self::Guard(to),
            "MatchArm" => Self::Arm,
            "StructField" => Self::Field,
            _ => return None,
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(to) => write!(f, "body {to}"),
            Self::Operator { from, to } => write!(f, "operator {from} to {to}"),
            Self::Unary => f.write_str("unary"),
            Self::Guard(to) => write!(f, "guard {to}"),
            Self::Arm => f.write_str("arm"),
            Self::Field => f.write_str("field"),
        }
    }
}

/// No change is called so.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no change of a mutant")]
pub(super) struct UnknownChange(String);

impl FromStr for Change {
    type Err = UnknownChange;

    fn from_str(text: &str) -> Result<Self, UnknownChange> {
        let unknown = || UnknownChange(text.to_owned());
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match word {
            "body" => Self::Body(rest.to_owned()),
            "operator" => {
                let (from, to) = rest.split_once(" to ").ok_or_else(unknown)?;
                Self::Operator {
                    from: from.to_owned(),
                    to: to.to_owned(),
                }
            }
            "unary" => Self::Unary,
            "guard" => Self::Guard(rest.to_owned()),
            "arm" => Self::Arm,
            "field" => Self::Field,
            _ => return Err(unknown()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for text in [
            "body Ok(\"a to b\".to_owned())",
            "operator + to -",
            "unary",
            "guard true",
            "arm",
            "field",
        ] {
            let change: Change = text.parse().unwrap();
            assert_eq!(change.to_string(), text);
        }
        for text in ["", "operator +", "bodies"] {
            assert!(text.parse::<Change>().is_err(), "{text}");
        }
    }
}
