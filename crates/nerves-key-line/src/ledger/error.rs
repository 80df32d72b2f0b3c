//! What the ledger refuses, and why.

use atecc::SerialNumber;

use super::database::DatabaseError;
use super::schema::VERSION;
use crate::batch::BatchError;
use crate::serials::{SerialError, count_serials};
use crate::time::Utc;
use crate::unit::State;

/// What the ledger refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The batch.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The serial.
    #[error(transparent)]
    Serial(#[from] SerialError),
    /// No random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// Of a later program.
    #[error(
        "the tables have version {found}, this program writes version {VERSION}: use the program \
         that made them, or a later one"
    )]
    Newer {
        /// Their version.
        found: usize,
    },
    /// Of an earlier program, or none.
    #[error(
        "the tables have version {found} (0 stands for none), this program writes version \
         {VERSION}: migrate them first"
    )]
    Older {
        /// Their version.
        found: usize,
    },
    /// A batch of that name is there and says something else.
    #[error(
        "there is another batch {0:?}: a batch never changes once it is loaded; give this one \
         another name"
    )]
    OtherBatch(String),
    /// A batch that is not the one that was loaded.
    #[error(
        "the batch {batch:?} is not as it was loaded: {cause}. An audit of the ledger names what \
         was changed, a backup has it as it was"
    )]
    BatchAltered {
        /// Its name in the ledger.
        batch: String,
        /// What differs.
        cause: String,
    },
    /// There is no such batch.
    #[error("there is no batch {0:?}: load it first")]
    NoBatch(String),
    /// Every place is taken.
    #[error(
        "the batch {batch:?} is complete: all its {count} places are taken{}", describe_leased(*leased)
    )]
    Full {
        /// Its name.
        batch: String,
        /// Its places.
        count: u32,
        /// Those that are kept for stations with a spool.
        leased: i64,
    },
    /// A station that is on its own has no number left.
    #[error(
        "the ledger is away, and every serial that was leased before is used: wait until it is \
         back"
    )]
    NoLease,
    /// A number is not one that the station may use.
    #[error("the number {number} of {pool:?} is not leased to this station")]
    NotLeased {
        /// The number.
        number: i64,
        /// Of which scheme.
        pool: String,
    },
    /// Serials that no number gives cannot be leased.
    #[error(
        "the batch {0:?} has no numbers that could be leased: a spool needs serials of a pattern \
         or a list"
    )]
    NoNumbers(String),
    /// A chip that was begun on a spool and is another unit in the ledger.
    #[error("the ledger knows the chip {chip} as {serial:?} of the batch {batch:?}")]
    KnownOtherwise {
        /// The chip.
        chip: SerialNumber,
        /// Its batch in the ledger.
        batch: String,
        /// Its serial there.
        serial: String,
    },
    /// Other units of the product have its serials, or its counter is above them.
    #[error(
        "the batch {batch:?} is of {count}, but {} of those that it goes on with{}: take another \
         pattern or a further list{}",
        describe_left(*left), describe_used(used.as_deref()), describe_smaller(*left)
    )]
    NumbersUsed {
        /// Its name.
        batch: String,
        /// Of units.
        count: u32,
        /// That nobody has.
        left: u64,
        /// One that is used.
        used: Option<String>,
    },
    /// Another batch is made from the same list.
    #[error(
        "the batch {batch:?} is of {count}, but {} of its list, of which the batch {other:?} is to \
         have the others: take a further list{}",
        describe_left(*left), describe_smaller(*left)
    )]
    ListPromised {
        /// Its name.
        batch: String,
        /// Of units.
        count: u32,
        /// That no batch is to have.
        left: u64,
        /// A batch that is.
        other: String,
    },
    /// The scheme wants a serial to be given.
    #[error("the serials of the batch {0:?} are scanned: give the one of this unit")]
    SerialWanted(String),
    /// The scheme gives serials itself.
    #[error("the batch {batch:?} gives serials by number; {serial:?} cannot be chosen")]
    SerialGiven {
        /// Its name.
        batch: String,
        /// What was given.
        serial: String,
    },
    /// Another chip has the serial.
    #[error("the serial {serial:?} of {product:?} is that of the chip {chip}")]
    SerialTaken {
        /// The serial.
        serial: String,
        /// Within which it is unique.
        product: String,
        /// Whose it is, in hex.
        chip: String,
    },
    /// The chip is another batch's.
    #[error("the chip {chip} belongs to the batch {batch:?}")]
    ElsewhereMade {
        /// The chip.
        chip: SerialNumber,
        /// Its batch.
        batch: String,
    },
    /// The chip was scrapped.
    #[error("the chip {0} is scrapped, for good")]
    Scrapped(SerialNumber),
    /// The chip is unknown.
    #[error("the ledger knows no chip {0}")]
    NoUnit(SerialNumber),
    /// The chip is known.
    #[error("the ledger knows the chip {0} already")]
    KnownUnit(SerialNumber),
    /// A unit was changed by somebody else meanwhile.
    #[error("the chip {chip} was {seen} and is {state} by now: somebody else has it in hand")]
    Overtaken {
        /// The chip.
        chip: SerialNumber,
        /// Its state when it was looked at.
        seen: State,
        /// Its state now.
        state: State,
    },
    /// A state that cannot follow.
    #[error("the chip {chip} is {state} and cannot become {next}")]
    Order {
        /// The chip.
        chip: SerialNumber,
        /// Its state.
        state: State,
        /// What was asked for.
        next: State,
    },
    /// Another unit has what must be one unit's alone.
    #[error("the {what} of the chip {chip} is recorded as that of another: {other}")]
    Taken {
        /// The key or the certificate's serial number.
        what: &'static str,
        /// Whose it should be.
        chip: SerialNumber,
        /// Whose it is, in hex.
        other: String,
    },
    /// The clock.
    #[error(
        "the clock says {}, but the station's last event is of {}: set the clock first, or, where \
         it had been ahead of time, go on under another name of the station (--station)",
        Utc(*now), Utc(*last)
    )]
    Clock {
        /// By the clock, in milliseconds since 1970-01-01 UTC.
        now: i64,
        /// Of the last event, the same.
        last: i64,
    },
    /// The end of a chain that an export before had.
    #[error(
        "the ledger has no event {seq} of the station {station:?} as it was exported: it is \
         another ledger, or an older copy of it; line audit --heads says more"
    )]
    UnknownHead {
        /// Whose chain.
        station: String,
        /// The number of the event.
        seq: i64,
    },
    /// A row that no ledger writes.
    #[error("the row {0} of the ledger cannot be read: audit it")]
    Row(String),
}

fn describe_left(left: u64) -> String {
    let are = if left == 1 { "is" } else { "are" };
    format!("{} {are} left", count_serials(left))
}

fn describe_used(used: Option<&str>) -> String {
    used.map_or(String::new(), |used| {
        format!(", since others of the product have some, such as {used:?}")
    })
}

/// The count that would fit, where one does.
fn describe_smaller(left: u64) -> String {
    match left {
        0 => String::new(),
        left => format!(", or a count of at most {left}"),
    }
}

/// Words for places that are kept.
fn describe_leased(leased: i64) -> String {
    if leased == 0 {
        return String::new();
    }
    format!(", {leased} of them by numbers that are leased to stations with a spool")
}
