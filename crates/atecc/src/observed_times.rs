//! What commands were seen to take.
//!
//! What an ATECC608 takes is in no document, and a chip differs from the next one,
//! from itself when it is cold, and from command to command. So the first look for
//! an answer comes a little before the shortest time that was observed lately.

use crate::Opcode;

/// The unit of what is kept.
const UNIT_US: u32 = 32;

/// The execution times that were observed of one chip, by opcode.
///
/// They say when to look for an answer first, and never what to believe. A
/// [`Device`](crate::Device) keeps them from session to session; whoever makes its
/// device anew may hand them over.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Opcode;
/// use atecc::commands::Random;
///
/// assert_eq!(device.observed_times().shortest_us(Opcode::Random), None);
/// device.execute(Random::default())?;
/// assert!(device.observed_times().shortest_us(Opcode::Random).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ObservedTimes {
    /// One more than the units, 0 for a command that was not observed; the last
    /// one is of other chips' commands.
    units: [u16; Opcode::ALL.len() + 1],
}

impl ObservedTimes {
    /// Nothing was observed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            units: [0; Opcode::ALL.len() + 1],
        }
    }

    /// The shortest that `opcode` took lately, microseconds, as far as the host
    /// knows: without a clock it is the time waited between the looks.
    #[must_use]
    pub fn shortest_us(&self, opcode: Opcode) -> Option<u32> {
        let units = self.units.get(opcode.row())?.checked_sub(1)?;
        Some(u32::from(units) * UNIT_US)
    }

    /// When to look first: in time for a chip that is a thirty-second faster.
    pub(crate) fn first_look_us(&self, opcode: Opcode) -> Option<u32> {
        self.shortest_us(opcode).map(|us| us - us / UNIT_US)
    }

    /// The chip was busy with `opcode` after `busy_us` and had its answer after
    /// `done_us`. Where these are far apart, the first look was too late, and the
    /// next one is to be earlier. A longer time than is known only counts a little:
    /// it may be an exception, and to look early costs next to nothing.
    pub(crate) fn note(&mut self, opcode: Opcode, busy_us: u32, done_us: u32) {
        let Some(known) = self.units.get_mut(opcode.row()) else {
            return;
        };
        let us = busy_us.max(done_us - done_us / 4);
        let units = u16::try_from(us / UNIT_US).unwrap_or(u16::MAX - 1) + 1;
        *known = match units.checked_sub(*known) {
            Some(longer) if *known > 0 => *known + longer.div_ceil(32),
            _ => units,
        };
    }
}

impl Default for ObservedTimes {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first look after observations of busy and done.
    fn first_look_us(observations: impl IntoIterator<Item = (u32, u32)>) -> Option<u32> {
        let mut times = ObservedTimes::new();
        for (busy_us, done_us) in observations {
            times.note(Opcode::Sign, busy_us, done_us);
        }
        assert_eq!(times.shortest_us(Opcode::Read), None);
        times.first_look_us(Opcode::Sign)
    }

    #[test]
    fn the_first_look_is_a_little_before_what_was_seen() {
        assert_eq!(first_look_us([]), None);
        assert_eq!(first_look_us([(64_000, 65_000)]), Some(62_000));
        // Seen at the very first look, after it or long before.
        assert_eq!(first_look_us([(0, 64_000)]), Some(46_500));
        assert_eq!(first_look_us([(0, 0)]), Some(0));
        // The longest that there is room for.
        assert_eq!(first_look_us([(u32::MAX, u32::MAX)]), Some(65_534 * 31));
    }

    #[test]
    fn a_shorter_time_counts_at_once_and_a_longer_one_little() {
        assert_eq!(
            first_look_us([(64_000, 65_000), (32_000, 32_500)]),
            Some(31_000)
        );
        assert_eq!(
            first_look_us([(32_000, 32_500), (64_000, 65_000)]),
            Some(31_000 + 992)
        );
        // A chip that is slower from now on is known in the end.
        let colder = std::iter::once((32_000, 32_500));
        let colder = colder.chain(std::iter::repeat_n((64_000, 65_000), 1_000));
        assert_eq!(first_look_us(colder), Some(62_000));
    }

    #[test]
    fn each_opcode_has_its_own() {
        let mut times = ObservedTimes::new();
        for (at, &opcode) in Opcode::ALL.iter().chain([&Opcode::Foreign]).enumerate() {
            let us = 320 * (u32::try_from(at).unwrap() + 1);
            times.note(opcode, us, us);
        }
        for (at, &opcode) in Opcode::ALL.iter().chain([&Opcode::Foreign]).enumerate() {
            let us = 320 * (u32::try_from(at).unwrap() + 1);
            assert_eq!(times.shortest_us(opcode), Some(us), "{opcode}");
        }
    }
}
