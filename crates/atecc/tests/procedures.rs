//! What a procedure sends after a failure, without a bus.

use atecc::commands::{
    DigSource, GenDig, LockTarget, RandomNonce, ReadBlock, SeedUpdate, ShaStart,
};
use atecc::error::{Cause, Executed};
use atecc::procedure::{Answer, Next, Once};
use atecc::procedures::{
    ChallengeMac, CreateKey, HashInChip, LockAndConfirm, Prepared, RefreshConfig, SignDigest,
};
use atecc::{BlockAddress, ConfigZone, Failure, Family, Opcode, Procedure, Region, Slot, Status};

#[derive(Clone)]
enum Said {
    Payload(Vec<u8>),
    Failed(Failure),
}

/// What a procedure gives.
type End<P> = Result<<P as Procedure>::Output, <P as Procedure>::Error>;

/// The opcodes that `procedure` sends when it is told this, and its result.
fn sent<P: Procedure>(mut procedure: P, told: &[Said]) -> (Vec<Opcode>, Option<End<P>>) {
    let (mut opcodes, mut answer, mut told) = (Vec::new(), Answer::Start, told.iter());
    loop {
        match procedure.resume(answer) {
            Next::Done(result) => return (opcodes, Some(result)),
            Next::Send(request) => opcodes.push(request.opcode()),
        }
        answer = match told.next() {
            None => return (opcodes, None),
            Some(Said::Payload(payload)) => Answer::Payload(payload),
            Some(Said::Failed(failure)) => Answer::Failed(*failure),
        };
    }
}

fn refused(opcode: Opcode) -> Said {
    let cause = Cause::Status {
        opcode,
        parameters: [0; 3],
        status: Status::Execution,
    };
    Said::Failed(cause.before_execution())
}

fn lost(opcode: Opcode) -> Said {
    Said::Failed(Cause::Reset { opcode }.of_unknown_fate())
}

/// `GenDig` counts a use of its key, whatever became of the read.
#[test]
fn a_use_of_a_key_in_the_preparation_is_not_repeated() {
    let nonce = RandomNonce {
        input: [7; 20],
        seed: SeedUpdate::Automatic,
    };
    let source = DigSource::Data(Slot::S2);
    let dig = Prepared::new(Once(nonce), GenDig { source });
    let address = BlockAddress::new(Region::Slot(Slot::S6), 0).unwrap();
    let read = ReadBlock { address };
    let told = [
        Said::Payload(vec![1; 32]),
        Said::Payload(vec![0]),
        lost(Opcode::Read),
    ];
    let (opcodes, result) = sent(Prepared::new(dig, read), &told);
    assert_eq!(opcodes, [Opcode::Nonce, Opcode::GenDig, Opcode::Read]);
    assert!(result.unwrap().is_err());

    let (opcodes, result) = sent(Prepared::new(dig.with_unlimited_key(), read), &told);
    assert_eq!(opcodes[3..], [Opcode::Nonce]);
    assert!(result.is_none());
}

#[test]
fn an_hmac_is_not_begun_anew() {
    let opcode = Opcode::Sha;
    let hash = HashInChip::new(ShaStart::Hmac(Slot::S2), Family::Atecc608, &[5; 100]);
    let told = [
        Said::Payload(vec![0]),
        Said::Failed(Cause::StateLost { opcode }.before_execution()),
    ];
    let (opcodes, result) = sent(hash, &told);
    assert_eq!(opcodes.len(), 2);
    assert!(result.unwrap().is_err());
    let (opcodes, _) = sent(hash.with_unlimited_key(), &told);
    assert_eq!(opcodes.len(), 3);
}

/// A slot without `PubInfo` shows no key, new or old.
#[test]
fn a_key_that_cannot_be_seen_is_not_made_again() {
    let told = [
        refused(Opcode::GenKey),
        lost(Opcode::GenKey),
        refused(Opcode::GenKey),
    ];
    let (opcodes, result) = sent(CreateKey::new(Slot::S0), &told);
    assert_eq!(opcodes.len(), 3);
    assert_eq!(result.unwrap().unwrap_err().executed, Executed::Unknown);
}

/// The answer of before is no new key.
#[test]
fn the_old_key_is_not_the_new_one() {
    let old = || Said::Payload(vec![9; 64]);
    let new = Said::Payload(vec![8; 64]);
    let (_, result) = sent(CreateKey::new(Slot::S0), &[old(), old(), old(), new]);
    assert_eq!(result.unwrap().unwrap().0, [8; 64]);
}

/// Where no key can be nothing is asked first; any key that is there after a lost
/// answer is the new one.
#[test]
fn an_empty_slot_is_not_asked() {
    let key = || Said::Payload(vec![8; 64]);
    for (told, expected) in [(vec![key()], 1), (vec![lost(Opcode::GenKey), key()], 2)] {
        let (opcodes, result) = sent(CreateKey::in_empty(Slot::S0), &told);
        assert_eq!(opcodes.len(), expected);
        assert_eq!(result.unwrap().unwrap().0, [8; 64]);
    }
    let told = [lost(Opcode::GenKey), refused(Opcode::GenKey)];
    let (_, result) = sent(CreateKey::in_empty(Slot::S0), &told);
    assert!(!result.unwrap().unwrap_err().not_executed());
}

/// Each block goes to its place, and what is not asked for stays as it was known.
#[test]
fn a_configuration_is_brought_up_to_date() {
    let known = ConfigZone([0x11; 128]);
    let block = |byte: u8| Said::Payload(vec![byte; 32]);
    let (opcodes, result) = sent(RefreshConfig::locks(known), &[block(2)]);
    assert_eq!(opcodes, [Opcode::Read]);
    assert_eq!(result.unwrap().unwrap(), known.with(64, &[2; 32]));
    let (opcodes, result) = sent(RefreshConfig::chip(known), &[block(1)]);
    assert_eq!(opcodes, [Opcode::Read]);
    assert_eq!(result.unwrap().unwrap(), known.with(0, &[1; 32]));
    let both = [block(1), Said::Payload(vec![2; 4])];
    let (opcodes, result) = sent(RefreshConfig::chip_and_zone_locks(known), &both);
    assert_eq!(opcodes, [Opcode::Read; 2]);
    let expected = known.with(0, &[1; 32]).with(84, &[2; 4]);
    assert_eq!(result.unwrap().unwrap(), expected);
    // Half an answer is none.
    let short = [Said::Payload(vec![2; 4])];
    let (_, result) = sent(RefreshConfig::chip(known), &short);
    assert!(matches!(
        result.unwrap().unwrap_err().cause,
        Cause::Decode(_)
    ));
    let (_, result) = sent(RefreshConfig::locks(known), &[lost(Opcode::Read)]);
    assert!(result.unwrap().is_err());
}

/// A refusal may be the answer to a neighbour's command.
#[test]
fn a_refused_lock_is_looked_at() {
    let target = LockTarget::Slot(Slot::S0);
    for (word, locked) in [([0xFE, 0xFF, 0, 0], true), ([0xFF, 0xFF, 0, 0], false)] {
        let told = [refused(Opcode::Lock), Said::Payload(word.to_vec())];
        let (opcodes, result) = sent(LockAndConfirm::new(target), &told);
        assert_eq!(opcodes, [Opcode::Lock, Opcode::Read]);
        assert_eq!(result.unwrap().is_ok(), locked);
    }
}

fn not_taken(opcode: Opcode) -> Said {
    Said::Failed(Cause::NotTaken { opcode }.before_execution())
}

fn parse(opcode: Opcode) -> Said {
    let status = Status::Parse;
    Said::Failed(
        Cause::Status {
            opcode,
            parameters: [0; 3],
            status,
        }
        .before_execution(),
    )
}

/// How often an opcode was sent.
fn count(opcodes: &[Opcode], of: Opcode) -> usize {
    opcodes.iter().filter(|opcode| **opcode == of).count()
}

#[test]
fn what_a_creation_that_fails_asks() {
    let gen_key = Opcode::GenKey;
    let create = || CreateKey::new(Slot::S0);
    let old = || Said::Payload(vec![1; 64]);
    // The question before it changes nothing, whatever became of it.
    let (opcodes, end) = sent(create(), &[lost(gen_key)]);
    let failure = end.unwrap().unwrap_err();
    assert_eq!((opcodes.len(), failure.executed), (1, Executed::No));
    // What was not taken was not executed; a status may be a neighbour's.
    let (opcodes, end) = sent(create(), &[old(), not_taken(gen_key)]);
    assert_eq!(opcodes.len(), 2);
    assert!(matches!(
        end.unwrap().unwrap_err().cause,
        Cause::NotTaken { .. }
    ));
    let (opcodes, end) = sent(create(), &[old(), parse(gen_key), old()]);
    let failure = end.unwrap().unwrap_err();
    assert_eq!((opcodes.len(), failure.executed), (3, Executed::No));
    assert_eq!(failure.refusal(), Some(Status::Parse));
    // Three creations that were lost, each with the old key after it.
    let lost_thrice: Vec<_> = (0..3).flat_map(|_| [lost(gen_key), old()]).collect();
    let told = [vec![old()], lost_thrice].concat();
    let (opcodes, end) = sent(create(), &told);
    let failure = end.unwrap().unwrap_err();
    assert_eq!((opcodes.len(), failure.executed), (7, Executed::No));
    // The third is found to have made one.
    let mut told = told;
    told[6] = Said::Payload(vec![2; 64]);
    assert_eq!(
        sent(create(), &told).1.unwrap().unwrap().as_bytes(),
        &[2; 64]
    );
}

#[test]
fn a_lock_is_sent_three_times_at_most() {
    let lock = || LockAndConfirm::new(LockTarget::Slot(Slot::S0));
    // SlotLocked has a bit of 1 for each slot that is open.
    let open = || Said::Payload(vec![0xFF; 4]);
    let lost_thrice: Vec<_> = (0..3).flat_map(|_| [lost(Opcode::Lock), open()]).collect();
    let (opcodes, end) = sent(lock(), &lost_thrice);
    assert_eq!(count(&opcodes, Opcode::Lock), 3);
    assert_eq!(end.unwrap().unwrap_err().executed, Executed::No);
    // The first that was not taken locked nothing; after a lost one who knows.
    let (opcodes, end) = sent(lock(), &[not_taken(Opcode::Lock)]);
    assert_eq!(opcodes, [Opcode::Lock]);
    assert!(end.unwrap().is_err());
    let told = [lost(Opcode::Lock), open(), not_taken(Opcode::Lock)];
    let (opcodes, end) = sent(lock(), &told);
    assert_eq!(opcodes[2..], [Opcode::Lock, Opcode::Read]);
    assert!(end.is_none());
    let locked = Said::Payload(vec![0xFE, 0xFF, 0xFF, 0xFF]);
    let told = [lost(Opcode::Lock), open(), not_taken(Opcode::Lock), locked];
    sent(lock(), &told).1.unwrap().unwrap();
}

#[test]
fn a_sequence_starts_three_times_at_most() {
    let sign = || SignDigest::new(Slot::S0, [7; 32]).with_unlimited_key();
    let taken = || Said::Payload(vec![0]);
    let told: Vec<_> = (0..4)
        .flat_map(|_| [taken(), refused(Opcode::Sign)])
        .collect();
    let (opcodes, end) = sent(sign(), &told);
    assert_eq!(count(&opcodes, Opcode::Nonce), 3);
    assert_eq!(end.unwrap().unwrap_err().refusal(), Some(Status::Execution));
    // What lies in no lost state is not tried again.
    let (opcodes, end) = sent(sign(), &[taken(), parse(Opcode::Sign)]);
    assert_eq!(opcodes.len(), 2);
    assert!(end.unwrap().is_err());
}

#[test]
fn pieces_of_a_digest() {
    let hash = |data: &'static [u8]| HashInChip::new(ShaStart::Sha256, Family::Atecc508, data);
    let done = || Said::Payload(vec![0]);
    let digest = || Said::Payload(vec![9; 32]);
    // Whole blocks of 64 bytes in between, and less than one at the end.
    for (data, updates) in [
        (&[7; 0][..], 0),
        (&[7; 63], 0),
        (&[7; 64], 1),
        (&[7; 127], 1),
        (&[7; 128], 2),
    ] {
        let mut told: Vec<_> = (0..=updates).map(|_| done()).collect();
        told.push(digest());
        let (opcodes, end) = sent(hash(data), &told);
        assert_eq!(
            (opcodes.len(), end.unwrap().unwrap()),
            (updates + 2, [9; 32])
        );
    }
    // A context that is lost is begun anew, three times.
    let sha = Opcode::Sha;
    let told: Vec<_> = (0..5).flat_map(|_| [done(), refused(sha)]).collect();
    let (opcodes, end) = sent(hash(&[7; 64]), &told);
    assert_eq!(opcodes.len(), 8);
    assert!(end.unwrap().is_err());
    // A start that is refused, or a piece that is no command, is not.
    let (opcodes, end) = sent(hash(&[7; 64]), &[refused(sha)]);
    assert_eq!((opcodes.len(), end.unwrap().is_err()), (1, true));
    let (opcodes, end) = sent(hash(&[7; 64]), &[done(), parse(sha)]);
    assert_eq!((opcodes.len(), end.unwrap().is_err()), (2, true));
}

/// A use that counts nothing may be made again for a lost answer.
#[test]
fn keys_without_a_limit() {
    let mac = || ChallengeMac::new(Slot::S2, [7; 20]);
    let told = [Said::Payload(vec![1; 32]), lost(Opcode::Mac)];
    let (opcodes, end) = sent(mac(), &told);
    assert_eq!((opcodes.len(), end.unwrap().is_err()), (2, true));
    let (opcodes, end) = sent(mac().with_unlimited_key(), &told);
    assert_eq!(opcodes, [Opcode::Nonce, Opcode::Mac, Opcode::Nonce]);
    assert!(end.is_none());
}

#[cfg(feature = "host")]
#[test]
fn session_keys_without_a_limit() {
    use atecc::SerialNumber;
    use atecc::commands::ZoneState;
    use atecc::procedures::{ReadEncrypted, SessionKey, WriteBlockEncrypted};
    let key = SessionKey {
        slot: Slot::S4,
        key: &[7; 32],
        input: [7; 20],
        serial: SerialNumber([1, 0x23, 3, 4, 5, 6, 7, 8, 0xEE]),
    };
    let address = BlockAddress::new(Region::Slot(Slot::S6), 0).unwrap();
    let read = || ReadEncrypted::new(address, key);
    let write = || WriteBlockEncrypted::new(address, &[7; 32], ZoneState::Locked, key);
    let told = [
        Said::Payload(vec![1; 32]),
        Said::Payload(vec![0]),
        lost(Opcode::Read),
    ];
    let (opcodes, end) = sent(read(), &told);
    assert_eq!((opcodes.len(), end.unwrap().is_err()), (3, true));
    let (opcodes, end) = sent(read().with_unlimited_key(), &told);
    assert_eq!((opcodes.len(), end.is_none()), (4, true));
    assert_eq!(opcodes[3], Opcode::Nonce);
    let told = [Said::Payload(vec![1; 32]), lost(Opcode::GenDig)];
    let (opcodes, end) = sent(write(), &told);
    assert_eq!((opcodes.len(), end.unwrap().is_err()), (2, true));
    let (opcodes, end) = sent(write().with_unlimited_key(), &told);
    assert_eq!((opcodes.len(), end.is_none()), (3, true));
    assert_eq!(opcodes[2], Opcode::Nonce);
}

/// What reads may run again; what uses a key or changes the chip may not.
#[test]
fn what_is_harmless() {
    use atecc::commands::{Counter, CounterId, CounterMode, InfoRevision};
    use atecc::procedures::ReadConfig;
    assert!(Once(InfoRevision).is_harmless());
    let counter = CounterId::Zero;
    let mode = CounterMode::Increment;
    assert!(!Once(Counter { mode, counter }).is_harmless());
    // What says nothing of it is not.
    assert!(!ReadConfig::new().is_harmless());
    assert!(!CreateKey::new(Slot::S0).is_harmless());
}
