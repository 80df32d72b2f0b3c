//! Which chips become what.

use atecc_emulator::{Bus, Chip, Revision};
use atecc_x509::DateTime;
use nerves_key_provision::VolatileSecrets;
use nerves_key_schema::Layout;

use super::transactions;
use super::witness::Witness;
use tests_station::{Records, Station};

/// A chip and the layout that it gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Setup {
    /// The chip.
    pub revision: Revision,
    /// Its layout.
    pub layout: Layout,
}

/// Each chip with each layout that it can have.
pub const SETUPS: [Setup; 5] = [
    setup(Revision::Atecc508A, Layout::Standard),
    setup(Revision::Atecc608A, Layout::Standard),
    setup(Revision::Atecc608A, Layout::Volatile),
    setup(Revision::Atecc608B, Layout::Standard),
    setup(Revision::Atecc608B, Layout::Volatile),
];

const fn setup(revision: Revision, layout: Layout) -> Setup {
    Setup { revision, layout }
}

impl std::fmt::Display for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.revision, self.layout)
    }
}

/// The serial of every device here: they are many lives of one.
pub(super) const SERIAL: &str = "N1234";

impl Setup {
    /// A station that provisions this layout.
    ///
    /// # Panics
    /// Never: its inputs are constants.
    #[must_use]
    pub fn station(self) -> Station {
        let now = DateTime::new(2026, 12, 6, 10, 20, 30).expect("a date");
        let mut station = Station::new([0x42; 32], now, Some(SERIAL));
        station.request.layout = self.layout;
        station.request.volatile_keys = match self.layout {
            Layout::Standard => None,
            Layout::Volatile => Some(VolatileSecrets::new(&[0xAC; 16], &[0xEC; 16])),
        };
        station
    }

    /// [`Self::station`], with these records.
    pub(super) fn station_with(self, records: Records) -> Station {
        Station {
            records,
            ..self.station()
        }
    }

    /// A bus with a blank chip that `witness` watches.
    pub(super) fn bus(self, witness: Witness) -> Bus {
        Bus::with_chip(Chip::blank(self.revision).with_store(witness))
    }

    /// The numbers of the bus transactions of an undisturbed provisioning, without
    /// looks at a busy chip that are like those around them.
    ///
    /// # Panics
    /// When the undisturbed provisioning fails.
    #[must_use]
    pub fn transactions(self) -> Vec<u64> {
        let bus = Bus::with_chip(Chip::blank(self.revision));
        transactions::of(&bus, |bus| {
            let report = self.station().provision(bus).expect("nothing disturbs it");
            assert!(report.is_some(), "a blank chip is not finished");
        })
    }
}
