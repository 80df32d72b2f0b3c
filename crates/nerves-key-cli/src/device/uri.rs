//! Names for chips on the command line.
//!
//! `i2c:PATH[?addr=0x35]`, a bare bus number, `emu:PATH[?chip=NAME]`, `emu:`.

use std::path::PathBuf;
use std::str::FromStr;

use atecc::{BusAddress, InvalidBusAddress};
use atecc_emulator::{Revision, UnknownRevision};

/// A chip, named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum DeviceUri {
    /// On a Linux bus.
    I2c { path: PathBuf, address: BusAddress },
    /// Emulated, in an image file.
    Image {
        path: PathBuf,
        chip: Option<Revision>,
    },
    /// Emulated, gone when the command ends.
    ThrowAway { chip: Option<Revision> },
}

/// What is no name of a chip.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UriError {
    #[error("{0:?} names no chip: use i2c:/dev/i2c-1, a bus number, emu:FILE or emu:")]
    Scheme(String),
    #[error("i2c: wants a bus, for example i2c:/dev/i2c-1")]
    NoBus,
    #[error("{key:?} is no parameter of {scheme}: it takes {known}")]
    Parameter {
        key: String,
        scheme: &'static str,
        known: &'static str,
    },
    #[error("I2C address {text:?} is no number: {error}")]
    Number {
        text: String,
        error: std::num::ParseIntError,
    },
    #[error(transparent)]
    Address(#[from] InvalidBusAddress),
    #[error("I2C address 0x6A is the 8-bit form of a Trust&GO part: the 7-bit address is 0x35")]
    TrustAndGoEightBit,
    #[error(transparent)]
    Chip(#[from] UnknownRevision),
}

impl FromStr for DeviceUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if let Ok(bus) = text.parse::<u16>() {
            return Ok(Self::I2c {
                path: format!("/dev/i2c-{bus}").into(),
                address: BusAddress::DEFAULT,
            });
        }
        let (scheme, rest) = text
            .split_once(':')
            .ok_or_else(|| UriError::Scheme(text.into()))?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        match scheme {
            "i2c" if path.is_empty() => Err(UriError::NoBus),
            "i2c" => Ok(Self::I2c {
                path: path.into(),
                address: match parameter(query, "i2c:", "addr")? {
                    Some(value) => address(value)?,
                    None => BusAddress::DEFAULT,
                },
            }),
            "emu" => {
                let chip = parameter(query, "emu:", "chip")?
                    .map(Revision::from_str)
                    .transpose()?;
                Ok(if path.is_empty() {
                    Self::ThrowAway { chip }
                } else {
                    let path = path.into();
                    Self::Image { path, chip }
                })
            }
            _ => Err(UriError::Scheme(text.into())),
        }
    }
}

/// The value of the one parameter that `scheme` has.
fn parameter<'a>(
    query: Option<&'a str>,
    scheme: &'static str,
    known: &'static str,
) -> Result<Option<&'a str>, UriError> {
    let Some(query) = query else { return Ok(None) };
    match query.split_once('=') {
        Some((key, value)) if key == known => Ok(Some(value)),
        _ => Err(UriError::Parameter {
            key: query.into(),
            scheme,
            known,
        }),
    }
}

fn address(text: &str) -> Result<BusAddress, UriError> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u8::from_str_radix(hex, 16),
        None => text.parse(),
    };
    match number {
        Ok(0x6A) => Err(UriError::TrustAndGoEightBit),
        Ok(address) => Ok(BusAddress::new(address)?),
        Err(error) => Err(UriError::Number {
            text: text.into(),
            error,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DeviceUri, String> {
        text.parse().map_err(|error: UriError| error.to_string())
    }

    #[test]
    fn names() {
        let i2c = |path: &str, address| {
            Ok(DeviceUri::I2c {
                path: path.into(),
                address,
            })
        };
        assert_eq!(parse("1"), i2c("/dev/i2c-1", BusAddress::DEFAULT));
        assert_eq!(
            parse("i2c:/dev/i2c-0"),
            i2c("/dev/i2c-0", BusAddress::DEFAULT)
        );
        assert_eq!(
            parse("i2c:/dev/i2c-0?addr=0x35"),
            i2c("/dev/i2c-0", BusAddress::TRUST_AND_GO)
        );
        assert_eq!(parse("emu:"), Ok(DeviceUri::ThrowAway { chip: None }));
        assert_eq!(
            parse("emu:?chip=ATECC508A"),
            Ok(DeviceUri::ThrowAway {
                chip: Some(Revision::Atecc508A)
            })
        );
        assert_eq!(
            parse("emu:a/b.img?chip=atecc608a"),
            Ok(DeviceUri::Image {
                path: "a/b.img".into(),
                chip: Some(Revision::Atecc608A)
            })
        );
    }

    #[test]
    fn eight_bit_addresses_name_the_seven_bit_one() {
        for (given, seven_bit) in [("0xC0", "0x60"), ("192", "0x60"), ("0x6A", "0x35")] {
            let error = parse(&format!("i2c:/dev/i2c-1?addr={given}")).unwrap_err();
            assert!(error.ends_with(seven_bit), "{error}");
        }
    }

    #[test]
    fn wrong_names_say_why() {
        for (uri, part) in [
            ("usb:1", "names no chip"),
            ("/dev/i2c-1", "names no chip"),
            ("i2c:", "wants a bus"),
            ("i2c:/dev/i2c-1?chip=atecc508a", "takes addr"),
            ("i2c:/dev/i2c-1?addr=x", "no number"),
            ("i2c:/dev/i2c-1?addr=0x300", "no number"),
            ("emu:x?addr=0x35", "takes chip"),
            ("emu:x?chip=atsha204a", "not an emulated chip"),
        ] {
            let error = parse(uri).unwrap_err();
            assert!(error.contains(part), "{uri}: {error}");
        }
    }
}
