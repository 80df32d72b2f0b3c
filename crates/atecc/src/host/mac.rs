//! MAC, CheckMac and the ATECC508A's HMAC.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{CommandHeader, include, middle, second, sha256, tail};
use crate::SerialNumber;

/// What goes into a MAC beside the command.
#[derive(Clone, Copy)]
pub struct MacInput<'a> {
    /// The first block: the key, or TempKey.
    pub first: &'a [u8; 32],
    /// The second block: challenge or TempKey, as the command says.
    pub second: &'a [u8; 32],
    /// The OTP zone, of which bits 4 and 5 of Param1 take a part.
    pub otp: &'a [u8; 64],
    /// The chip that makes the MAC.
    pub serial: &'a SerialNumber,
}

/// Keys are not shown.
impl core::fmt::Debug for MacInput<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("MacInput")
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

/// Bit 4 of Param1: the first 11 bytes of OTP; bit 5: the first 8.
fn otp_part(head: CommandHeader, otp: &[u8; 64]) -> [u8; 11] {
    let mut part = [0; 11];
    let taken = match (head.param1() & 0x10, head.param1() & 0x20) {
        (0, 0) => 0,
        (0, _) => 8,
        _ => 11,
    };
    for (to, from) in part.iter_mut().zip(otp).take(taken) {
        *to = *from;
    }
    part
}

/// The parts of the 88-byte message after its first two blocks.
fn rest(head: CommandHeader, input: &MacInput<'_>) -> [u8; 24] {
    let [sn8, sn0, sn1] = tail(input.serial);
    let whole = include(head);
    let parts: [&[u8]; 6] = [
        &head.0,
        &otp_part(head, input.otp),
        &[sn8],
        &middle(input.serial, whole),
        &[sn0, sn1],
        &second(input.serial, whole),
    ];
    let mut rest = [0; 24];
    for (to, from) in rest.iter_mut().zip(parts.into_iter().flatten()) {
        *to = *from;
    }
    rest
}

/// What [`crate::commands::Mac`] answers.
#[must_use]
pub fn mac(head: CommandHeader, input: &MacInput<'_>) -> [u8; 32] {
    sha256(&[input.first, input.second, &rest(head, input)])
}

/// What [`crate::commands::Hmac`] answers: HMAC-SHA256 with the key `first`
/// over 32 zeros, TempKey (`second`) and the rest of the message.
#[must_use]
pub fn hmac_508(head: CommandHeader, input: &MacInput<'_>) -> [u8; 32] {
    // A key shorter than a block is filled with zeros (RFC 2104).
    let mut key = Zeroizing::new([0; 64]);
    for (to, from) in key.iter_mut().zip(input.first) {
        *to = *from;
    }
    Hmac::<Sha256>::new((&*key).into())
        .chain_update([0; 32])
        .chain_update(input.second)
        .chain_update(rest(head, input))
        .finalize()
        .into_bytes()
        .into()
}

/// The response that [`crate::commands::CheckMac`] takes for a match.
/// `other_data` is the command's; bit 5 of `head`'s Param1 includes `otp`.
#[must_use]
pub fn check_mac_response(
    head: CommandHeader,
    input: &MacInput<'_>,
    other_data: &[u8; 13],
) -> [u8; 32] {
    let (command, serial_data) = other_data.split_at(4);
    let (first, serial_data) = serial_data.split_at(3);
    let (second, third) = serial_data.split_at(4);
    let [sn8, sn0, sn1] = tail(input.serial);
    let mut otp = [0; 8];
    if head.param1() & 0x20 != 0 {
        for (to, from) in otp.iter_mut().zip(input.otp) {
            *to = *from;
        }
    }
    sha256(&[
        input.first,
        input.second,
        command,
        &otp,
        first,
        &[sn8],
        second,
        &[sn0, sn1],
        third,
    ])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CHALLENGE, KEY, OTP, SERIAL, TEMP_KEY, hex};
    use super::*;
    use crate::Opcode;

    fn input(second: &[u8; 32]) -> MacInput<'_> {
        MacInput {
            first: &KEY,
            second,
            otp: &OTP,
            serial: &SERIAL,
        }
    }

    #[test]
    fn mac_vectors() {
        for (param1, second, digest) in [
            (
                0x00,
                CHALLENGE,
                "52EA7B4ED142B66E25A21F2CEE978B2EFDD7DA63B50EFEB4C2BD010605B065D9",
            ),
            (
                0x40,
                CHALLENGE,
                "1CFE86DFB5DCED595C1D38DEB6E7A55303BC7BA92EBB87A7321FA8C7BAFD95F8",
            ),
            (
                0x01,
                TEMP_KEY,
                "A82867459BFDFBA327D2E968D5876614BF7ADEDDA2AC9C8BEC60E013D405E61B",
            ),
            (
                0x20,
                CHALLENGE,
                "6ADAF742930B2CF75B77736BD3EC4002E865A18F1B83088338D1B46EEB31CD0A",
            ),
            (
                0x10,
                CHALLENGE,
                "54CD628DB8A97D90D7E2521E5639F6529ED6668414A8B0C0D02C4CC75184DCDF",
            ),
        ] {
            let head = CommandHeader::new(Opcode::Mac, param1, 4);
            assert_eq!(mac(head, &input(&second)), hex(digest), "mode {param1:02X}");
        }
    }

    #[test]
    fn hmac_vector() {
        let head = CommandHeader::new(Opcode::Hmac, 0x04, 4);
        assert_eq!(
            hmac_508(head, &input(&TEMP_KEY)),
            hex("7FEA9CAB31ED3E7D7595872DC2451AFDB34ED9C7CCB8386E0B6D8E68EE5B1122")
        );
    }

    #[test]
    fn check_mac_vector() {
        let other_data = core::array::from_fn(|at| u8::try_from(at).unwrap());
        let head = CommandHeader::new(Opcode::CheckMac, 0x00, 4);
        assert_eq!(
            check_mac_response(head, &input(&CHALLENGE), &other_data),
            hex("0D13743C4804E57631C9DAA09E51B63500E93FBEAF4AD7885A21D83761792CC0")
        );
    }
}
