//! What a procedure sends after a failure, without a bus.

use atecc::commands::{
    DigSource, GenDig, LockTarget, RandomNonce, ReadBlock, SeedUpdate, ShaStart,
};
use atecc::procedures::{CreateKey, HashInChip, LockAndConfirm, Prepared};
use atecc::{
    Answer, BlockAddress, Cause, Executed, Failure, Family, Next, Once, Opcode, Place, Procedure,
    Slot, Status,
};

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
    let status = Status::Execution;
    Said::Failed(Cause::Status { opcode, status }.before_execution())
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
    let source = DigSource::Data(Slot::ALL[2]);
    let dig = Prepared::new(Once(nonce), GenDig { source });
    let address = BlockAddress::new(Place::Slot(Slot::ALL[6]), 0).unwrap();
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
    let hash = HashInChip::new(ShaStart::Hmac(Slot::ALL[2]), Family::Atecc608, &[5; 100]);
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
    let (opcodes, result) = sent(CreateKey::new(Slot::ALL[0]), &told);
    assert_eq!(opcodes.len(), 3);
    assert_eq!(result.unwrap().unwrap_err().executed, Executed::Unknown);
}

/// The answer of before is no new key.
#[test]
fn the_old_key_is_not_the_new_one() {
    let old = || Said::Payload(vec![9; 64]);
    let new = Said::Payload(vec![8; 64]);
    let (_, result) = sent(CreateKey::new(Slot::ALL[0]), &[old(), old(), old(), new]);
    assert_eq!(result.unwrap().unwrap().0, [8; 64]);
}

/// A refusal may be the answer to a neighbour's command.
#[test]
fn a_refused_lock_is_looked_at() {
    let target = LockTarget::Slot(Slot::ALL[0]);
    for (word, locked) in [([0xFE, 0xFF, 0, 0], true), ([0xFF, 0xFF, 0, 0], false)] {
        let told = [refused(Opcode::Lock), Said::Payload(word.to_vec())];
        let (opcodes, result) = sent(LockAndConfirm::new(target), &told);
        assert_eq!(opcodes, [Opcode::Lock, Opcode::Read]);
        assert_eq!(result.unwrap().is_ok(), locked);
    }
}
