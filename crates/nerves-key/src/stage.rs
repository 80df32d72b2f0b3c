//! How far a chip's life has gone, judged by what it holds.

use atecc::config::ConfigZone;
use nerves_key_schema::{Layout, NotNervesKey, Otp, check_for_use};

use crate::{Snapshot, trust};

/// A chip's stage.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::{ReadSnapshot, Stage};
///
/// let snapshot = device.run(ReadSnapshot::new())?;
/// match snapshot.stage() {
///     Stage::Finished(_) => println!("{:?}", snapshot.identity()),
///     Stage::TrustPart => println!("{:?}", snapshot.trust_identity()),
///     Stage::Foreign(why) => println!("no NervesKey: {why}"),
///     _ => println!("not finished: nerves-key-provision goes on"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// Exhaustive: whoever plans by it has to decide about a new one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The configuration is not locked: everything may still be decided.
    Blank,
    /// The configuration is locked as a NervesKey's; there is no key yet.
    Configured(Layout),
    /// As above, and there is a device key.
    Keyed(Layout),
    /// Data and OTP are locked too, but the key's slot is not.
    KeySlotOpen(Layout),
    /// The slots of the keys are locked too; those of the certificates may be
    /// open.
    Finished(Layout),
    /// Locked as something else.
    Foreign(Foreign),
    /// A part that Microchip has provisioned: Trust&GO or TrustFLEX.
    TrustPart,
}

/// Why a locked chip is no NervesKey.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Foreign {
    /// The configuration is locked with other contents.
    #[error("its configuration is locked, but not as a NervesKey's")]
    Configuration,
    /// Data and OTP are locked, but the chip does not show its OTP zone.
    #[error("its data and OTP are locked, and it does not show its OTP zone")]
    OtpHidden,
    /// The configuration is a NervesKey's, but the OTP zone was locked with
    /// other contents.
    #[error(transparent)]
    Otp(#[from] NotNervesKey),
}

impl Stage {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let config = &snapshot.config;
        if !config.config_lock().is_locked() {
            return Self::Blank;
        }
        if trust::is_trust_part(snapshot) {
            return Self::TrustPart;
        }
        let Some(layout) = layout(config) else {
            return Self::Foreign(Foreign::Configuration);
        };
        if !config.data_lock().is_locked() {
            return match snapshot.public_key {
                Some(_) => Self::Keyed(layout),
                None => Self::Configured(layout),
            };
        }
        match snapshot.otp.map(Otp::from_bytes) {
            None => Self::Foreign(Foreign::OtpHidden),
            Some(Err(error)) => Self::Foreign(error.into()),
            Some(Ok(_)) if locks_are_set(config, layout) => Self::Finished(layout),
            Some(Ok(_)) => Self::KeySlotOpen(layout),
        }
    }

    /// The layout, when the chip is a NervesKey or on its way to become one.
    #[must_use]
    pub const fn layout(self) -> Option<Layout> {
        match self {
            Self::Configured(layout)
            | Self::Keyed(layout)
            | Self::KeySlotOpen(layout)
            | Self::Finished(layout) => Some(layout),
            Self::Blank | Self::Foreign(_) | Self::TrustPart => None,
        }
    }

    /// One word, stable for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Configured(_) => "configured",
            Self::Keyed(_) => "keyed",
            Self::KeySlotOpen(_) => "key-slot-open",
            Self::Finished(_) => "finished",
            Self::Foreign(_) => "foreign",
            Self::TrustPart => "trust-part",
        }
    }
}

impl core::fmt::Display for Stage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Blank => f.write_str("blank: nothing is locked yet"),
            Self::Configured(_) => f.write_str("configured: no device key yet"),
            Self::Keyed(_) => f.write_str("keyed: certificates are not locked yet"),
            Self::KeySlotOpen(_) => f.write_str("data locked, device key slot still open"),
            Self::Finished(_) => f.write_str("finished: a provisioned NervesKey"),
            Self::Foreign(reason) => write!(f, "foreign: {reason}"),
            Self::TrustPart => f.write_str("Trust&GO or TrustFLEX part, provisioned by Microchip"),
        }
    }
}

fn layout(config: &ConfigZone) -> Option<Layout> {
    [Layout::Standard, Layout::Volatile]
        .into_iter()
        .find(|layout| check_for_use(config, *layout))
}

fn locks_are_set(config: &ConfigZone, layout: Layout) -> bool {
    layout
        .locked_slots()
        .iter()
        .all(|slot| config.slot_lock(*slot).is_locked())
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    /// `docs/provisioning.md` calls the stages so.
    #[test]
    fn stages_have_their_names() {
        let layout = Layout::Standard;
        for (stage, name) in [
            (Stage::Blank, "blank"),
            (Stage::Configured(layout), "configured"),
            (Stage::Keyed(layout), "keyed"),
            (Stage::Finished(layout), "finished"),
        ] {
            let text = stage.to_string();
            assert!(text.starts_with(name), "{text}");
            assert_eq!(stage.name(), name);
        }
    }

    /// In the order of `docs/signers.md`, and what cannot be provisioned.
    #[test]
    fn words_for_programs() {
        let layout = Layout::Volatile;
        let stages = [
            Stage::KeySlotOpen(layout),
            Stage::Foreign(Foreign::Configuration),
            Stage::TrustPart,
        ];
        let names = stages.map(Stage::name);
        assert_eq!(names, ["key-slot-open", "foreign", "trust-part"]);
    }
}
