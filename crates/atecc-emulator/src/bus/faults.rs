//! A transaction with what the fault script does before and after it.

use std::time::Duration;

use super::line::Line;
use super::transfer::{Audience, Segment, Transfer};
use super::{BusError, DeadBus, ReplyFault, Shared, WriteFault};
use crate::chip::Chip;
use crate::fault::{CutPoint, EepromEffect, Fault, Heard};

impl Shared {
    pub(super) fn transaction(&mut self, segments: &mut [Segment<'_, '_>]) -> Result<(), BusError> {
        let address = segments.first().map_or(0, |segment| segment.address);
        let number = self.transactions;
        self.transactions += 1;
        let faults = self.faults.of(number).to_vec();
        let start = self.clock.now();
        self.before(&faults, start);
        if !self.supplied && self.dead_bus == DeadBus::Error {
            return Err(BusError::NoSupply);
        }
        let audience = if self.nacks_left == 0 {
            Audience::Listening
        } else {
            Audience::Silent
        };
        self.nacks_left = self.nacks_left.saturating_sub(1);
        let failure = faults.iter().find_map(|fault| match fault {
            Fault::TransferFailed(failure) => Some(*failure),
            _ => None,
        });
        let failure = failure.or(self.stuck);
        let mut line = Line::idle(start, self.scl_hz);
        let mut outcome = Ok(());
        if failure.is_none_or(|failure| failure.heard == Heard::Everything) {
            let transfer = Transfer {
                shared: self,
                line,
                number,
                address,
                audience,
            };
            (line, outcome) = transfer.run(segments);
        }
        let mut end = line.now();
        if let Some(failure) = failure {
            outcome = Err(BusError::Failed(failure.kind));
            end = end.max(start + failure.after);
        }
        let outcome = self.after(&faults, end, address).and(outcome);
        self.clock.advance(end.saturating_sub(start));
        match self.chips.iter_mut().find_map(Chip::take_failure) {
            Some(failure) => Err(BusError::Store(failure)),
            None => outcome,
        }
    }

    fn before(&mut self, faults: &[Fault], now: Duration) {
        for fault in faults {
            match *fault {
                Fault::PowerCut(CutPoint::Before) => {
                    self.advance_to(now);
                    self.cut_power();
                }
                Fault::PowerCut(CutPoint::During(_) | CutPoint::After)
                | Fault::TransferFailed(_) => {}
                Fault::ReplyLost(how) => self.awaiting_reply.push(ReplyFault::Lost(how)),
                Fault::ReplyCorrupted { byte, mask } => {
                    self.awaiting_reply
                        .push(ReplyFault::Corrupted { byte, mask });
                }
                Fault::WriteCorrupted { byte, mask } => {
                    self.awaiting_write
                        .push(WriteFault::Corrupted { byte, mask });
                }
                Fault::WriteAckLost => self.awaiting_write.push(WriteFault::AckLost),
                Fault::WriteRefused => self.awaiting_write.push(WriteFault::Refused),
                Fault::Interference { mask } => self.interference = mask,
                Fault::Stuck(failure) => self.stuck = Some(failure),
                Fault::NackBurst { transactions } => self.nacks_left = transactions,
                Fault::EarlyWatchdog => {
                    self.advance_to(now);
                    self.chips
                        .iter_mut()
                        .for_each(|chip| chip.expire_watchdog(now));
                }
                Fault::Reset => {
                    self.advance_to(now);
                    self.chips.iter_mut().for_each(Chip::reset);
                }
                Fault::NoisyWake => self.chips.iter_mut().for_each(|chip| chip.wake(now)),
            }
        }
    }

    fn after(&mut self, faults: &[Fault], now: Duration, address: u8) -> Result<(), BusError> {
        for fault in faults {
            match fault {
                Fault::PowerCut(CutPoint::During(effect)) if self.supplied => {
                    if *effect == EepromEffect::Committed {
                        self.chips.iter_mut().for_each(Chip::commit);
                    }
                    self.cut_power();
                    return Err(match self.dead_bus {
                        DeadBus::Nack => BusError::AddressNack(address),
                        DeadBus::Error => BusError::NoSupply,
                    });
                }
                Fault::PowerCut(CutPoint::After) if self.supplied => {
                    self.advance_to(now);
                    self.cut_power();
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn advance_to(&mut self, now: Duration) {
        self.chips.iter_mut().for_each(|chip| chip.advance_to(now));
    }

    pub(super) fn cut_power(&mut self) {
        self.supplied = false;
        self.chips.iter_mut().for_each(Chip::lose_power);
    }
}
