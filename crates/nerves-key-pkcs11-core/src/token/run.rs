//! What sessions have a chip do: sign, agree, make keys, give random numbers.

use std::cell::Cell;
use std::sync::Arc;

use atecc::commands::Random;
use atecc::config::ConfigZone;
use atecc::procedure::Once;
use atecc::procedures::SignDigest;
use atecc::{Failure, Procedure, Slot};
use atecc_config::{Explanation, Known, Refused, WithCauses};
use atecc_x509::SignatureBytes;

use super::{Freshness, State, Token};
use crate::chip::Chip;
use crate::error::Error;
use crate::fault::SlotFault;
use crate::key::{Key, Uses};
use crate::key_slots::SlotKey;
use crate::log::{Level, log};
use crate::replace_key::{Place, ReplaceKey, Replaced};

/// Signatures that are made before one verifies: a program without this one's
/// lock may have had the chip sign something else.
const SIGNATURE_ATTEMPTS: u8 = 3;

impl Token {
    /// Have `key` of `chip` sign `digest`: R then S. A signature of a key whose
    /// public half the chip does not tell is given out as it is.
    ///
    /// # Errors
    /// [`Error::Removed`] when the chip is gone or another one, or
    /// [`Error::Device`].
    pub fn sign(&self, chip: &Arc<Chip>, key: &Key, digest: [u8; 32]) -> Result<[u8; 64], Error> {
        let procedure = || {
            let sign = SignDigest::new(key.slot, digest);
            match key.uses {
                Uses::Unlimited => sign.with_unlimited_key(),
                Uses::Limited => sign,
            }
        };
        let mut tries = match key.uses {
            Uses::Unlimited => SIGNATURE_ATTEMPTS,
            Uses::Limited => 1,
        };
        loop {
            let freshness = match key.public {
                Some(_) => Freshness::Recent,
                None => Freshness::Now,
            };
            let signature = self.run_at(freshness, chip, key.uses, procedure)?;
            let verified = key.public.map_or(Ok(()), |public| {
                public.verify(&digest, &SignatureBytes::from_bytes(signature))
            });
            let Err(error) = verified else {
                return Ok(signature);
            };
            // Another chip shows itself at the next try.
            self.forget(&mut self.state(), "its signature does not verify");
            tries -= 1;
            if tries == 0 {
                return Err(self.lost(Arc::new(SlotFault::Unverified(error))));
            }
        }
    }

    /// Have `chip` make a key in the place that `choose` takes by what the chip holds
    /// now, and again where another program has just made one there, unless it
    /// was named. No other thread is at the chip meanwhile.
    ///
    /// # Errors
    /// [`Error::KeyChanged`] when it holds another key; those of `choose`; as
    /// [`Token::sign`].
    pub(crate) fn replace_key(
        &self,
        chip: &Arc<Chip>,
        choose: impl Fn(&Chip) -> Result<Place, Error>,
    ) -> Result<Key, Error> {
        self.at_chip(&mut self.state(), |state| {
            let mut tries = Slot::ALL.len();
            loop {
                self.confirm(state, chip)?;
                let place = choose(&self.latest(chip))?;
                tries -= 1;
                match self.replace_key_in(state, chip, place) {
                    Err(Error::KeyChanged(_)) if !place.is_named && tries > 0 => {}
                    result => return result,
                }
            }
        })
    }

    fn replace_key_in(
        &self,
        state: &mut State,
        chip: &Arc<Chip>,
        place: Place,
    ) -> Result<Key, Error> {
        let slot = place.slot;
        let asked = Cell::new(false);
        let procedure = || ReplaceKey::new(place, &asked);
        let public = match self.run_on(state, chip, Uses::Limited, procedure) {
            Ok(Replaced::Made(public)) => public,
            Ok(Replaced::Other) => {
                self.forget(state, "it holds another key");
                return Err(Error::KeyChanged(slot));
            }
            // Somebody was waited for, and nothing was asked.
            Err(error) if is_vain_wait(&error) && !asked.get() => return Err(error),
            // There may be a new key.
            Err(error) => {
                self.forget(state, "a key was to be made");
                return Err(error);
            }
        };
        let known = self.latest(chip);
        let mut contents = known.contents().clone();
        contents.keys = contents.keys.with(slot, SlotKey::Shown(public));
        let now = Arc::new(known.reread(contents));
        let lost = match place.shown {
            Some(_) => "; the one that was there is lost",
            None => "",
        };
        log(
            Level::Error,
            format_args!(
                "slot {}: a new key in {slot} of chip {}{lost}",
                self.slot,
                now.serial_number()
            ),
        );
        self.keep(&now);
        let key = now.key_in(slot).copied();
        key.ok_or(Error::KeyUse { why: None })
    }

    /// 32 random bytes of `chip`.
    ///
    /// # Errors
    /// As [`Token::sign`].
    pub fn random(&self, chip: &Arc<Chip>) -> Result<[u8; 32], Error> {
        let procedure = || Once(Random::default());
        self.run_at(Freshness::Recent, chip, Uses::Unlimited, procedure)
    }

    /// Run a procedure on `chip`, which is looked for before, and once more when the
    /// bus had to be opened anew in between, unless what it uses is counted.
    ///
    /// # Errors
    /// As [`Token::sign`].
    pub fn run<P: Procedure<Error = Failure>>(
        &self,
        chip: &Arc<Chip>,
        uses: Uses,
        procedure: impl Fn() -> P,
    ) -> Result<P::Output, Error> {
        self.run_at(Freshness::Now, chip, uses, procedure)
    }

    /// As [`Token::run`], where `freshness` says how surely `chip` has to be there.
    fn run_at<P: Procedure<Error = Failure>>(
        &self,
        freshness: Freshness,
        chip: &Arc<Chip>,
        uses: Uses,
        procedure: impl Fn() -> P,
    ) -> Result<P::Output, Error> {
        self.at_chip(&mut self.state(), |state| {
            match freshness {
                Freshness::Recent => self.expect(state, chip)?,
                Freshness::Now => self.confirm(state, chip)?,
            }
            self.run_on(state, chip, uses, procedure)
        })
    }

    fn run_on<P: Procedure<Error = Failure>>(
        &self,
        state: &mut State,
        chip: &Arc<Chip>,
        uses: Uses,
        procedure: impl Fn() -> P,
    ) -> Result<P::Output, Error> {
        let mut tries = match uses {
            Uses::Unlimited => 2,
            Uses::Limited => 1,
        };
        loop {
            let device = self.device(state).map_err(|fault| self.lost(fault))?;
            // A refusal is final: the chip is there and says no.
            let error = match device.run(WithCauses::new(procedure())) {
                Ok(Ok(output)) => return Ok(output),
                Ok(Err(refused)) => {
                    return Err(Error::Device {
                        slot: self.slot,
                        source: Arc::new(refusal(refused, chip.config())),
                    });
                }
                Err(error) => error,
            };
            let fault = self.fault(state, error);
            if !fault.is_absence() {
                if fault.is_vain_wait() {
                    state.device = None;
                }
                return Err(Error::Device {
                    slot: self.slot,
                    source: fault,
                });
            }
            self.forget(state, &fault);
            tries -= 1;
            if tries == 0 || fault.is_stuck() {
                return Err(self.lost(fault));
            }
            self.expect(state, chip)?;
        }
    }
}

fn is_vain_wait(error: &Error) -> bool {
    matches!(error, Error::Device { source, .. } if source.is_vain_wait())
}

/// The refusal with its causes, by the configuration as it was read last when the
/// chip does not show it now.
fn refusal(refused: Refused<Failure>, last: &ConfigZone) -> SlotFault {
    let failure = refused.failure;
    let told = refused.explanation;
    let told = told.or_else(|| Explanation::new(last, &failure, Known::default()));
    match told {
        Some(explanation) => SlotFault::Refused {
            failure,
            explanation,
        },
        None => SlotFault::Chip(failure),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use atecc::BusAddress;
    use atecc::commands::{GenKey, GenKeyMode};
    use atecc_emulator::{Bus, Chip as Emulated, DATA_SIZE, Entropy, Image};
    use nerves_key_device::{AnyBus, AnyDelay, AnyWake, EmulatedBus, EmulatedDelay};

    use super::*;
    use crate::options::SlotOptions;

    /// A real 608B-TNGTLS. Source: recording `ducky-608b-tngtls`.
    const TNGTLS: &str = "\
        012321a10000600307d31d31016145006a000001850082008520852085200f8f\
        8f0f8f8f0f0f8f0f0f8f0f8f0f8f8f8f8f8f8f8fffffffff00000000ffffffff\
        00000000000000f700697600000000000000000000000000ffff0e6000000000\
        530053007300730073001c007c001c003c001a001c0010001c001c001c001c00";

    /// Another program makes a key between look and choice on one side and the new
    /// key on the other: who named the slot is told, who did not gets another one.
    #[test]
    fn a_slot_that_was_taken_meanwhile_is_chosen_again() {
        for is_named in [true, false] {
            let byte = |at: usize| u8::from_str_radix(&TNGTLS[2 * at..2 * at + 2], 16).unwrap();
            let config = std::array::from_fn(byte);
            let image = Image::from_zones(config, [0; 64], [0; DATA_SIZE]).unwrap();
            let bus = Bus::with_chip(Emulated::new(image, Entropy::Seeded(7)).unwrap());
            let on_bus = bus.clone();
            let device = move || {
                let i2c = AnyBus::Emulated(EmulatedBus::InProcess(on_bus.i2c()));
                let delay = AnyDelay::Emulated(EmulatedDelay::InProcess(on_bus.delay()));
                let device = atecc::Device::new(i2c, delay).with_wake(AnyWake);
                device.with_address(BusAddress::TRUST_AND_GO)
            };
            let mut other = device();
            let token = Token::with_opener(1, "a socket".into(), move || Ok(device()));
            let token = token.with_options(SlotOptions {
                generate: [Slot::S2, Slot::S3].into_iter().collect(),
                ..SlotOptions::default()
            });
            let chip = token.chip(Freshness::Now).unwrap();
            let other = Mutex::new((&mut other, None));
            let result = token.replace_key(&chip, |now| {
                let mut other = other.lock().unwrap();
                let mut slots = [Slot::S2, Slot::S3].into_iter();
                let empty = slots.find(|slot| now.contents().keys.get(*slot) == SlotKey::Empty);
                let slot = empty.ok_or(Error::NoRoom)?;
                if other.1.is_none() {
                    let mode = GenKeyMode::Create;
                    other.1 = Some(other.0.execute(GenKey { mode, slot }).unwrap());
                }
                Ok(Place {
                    slot,
                    shown: None,
                    is_named,
                })
            });
            match result {
                Ok(key) => assert!(!is_named && key.slot == Slot::S3),
                Err(error) => assert!(is_named && matches!(error, Error::KeyChanged(Slot::S2))),
            }
            let (other, theirs) = other.into_inner().unwrap();
            let (mode, slot) = (GenKeyMode::Public, Slot::S2);
            assert_eq!(Some(other.execute(GenKey { mode, slot }).unwrap()), theirs);
        }
    }
}
