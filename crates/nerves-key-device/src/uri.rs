//! Names for chips.
//!
//! `i2c:PATH[?addr=0x35]`, a bare bus number, `/dev/i2c-1[?addr=0x35]`, `emu:PATH[?chip=NAME]`, `emu:`,
//! `unix:PATH[?bus=N&addr=0x35]`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use atecc::{BusAddress, InvalidBusAddress};
use atecc_emulator::{Revision, UnknownRevision};

/// A chip, named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DeviceUri {
    /// On a Linux bus.
    I2c {
        /// The bus, such as `/dev/i2c-1`.
        path: PathBuf,
        /// The chip's address.
        address: BusAddress,
    },
    /// Emulated, in an image file.
    Image {
        /// The image file.
        path: PathBuf,
        /// The chip to make when there is no file yet.
        chip: Option<Revision>,
    },
    /// Emulated and served by another process.
    Served {
        /// The server's socket.
        path: PathBuf,
        /// Which of its buses; needed only when it has several.
        bus: Option<u32>,
        /// The chip's address.
        address: BusAddress,
    },
    /// Emulated, gone when it is dropped.
    ThrowAway {
        /// Which chip.
        chip: Option<Revision>,
    },
}

/// An image file of an emulated chip: `PATH[?chip=NAME]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImageName {
    /// The image file.
    pub path: PathBuf,
    /// The chip to make when there is no file yet.
    pub chip: Option<Revision>,
}

/// What is no name of a chip.
#[derive(Debug, thiserror::Error)]
pub enum UriError {
    /// No scheme that is known.
    #[error("{0:?} names no chip: use i2c:/dev/i2c-1, a bus number, emu:FILE, emu: or unix:SOCKET")]
    Scheme(String),
    /// Nothing after `i2c:`.
    #[error("i2c: wants a bus, for example i2c:/dev/i2c-1")]
    NoBus,
    /// Nothing after `unix:`.
    #[error("unix: wants the socket of a served emulator")]
    NoSocket,
    /// No path of an image file.
    #[error("a chip on a served bus wants an image file")]
    NoImage,
    /// A parameter that the scheme does not have.
    #[error("{key:?} is no parameter of {scheme}: it takes {known}")]
    Parameter {
        /// As given.
        key: String,
        /// Of which scheme.
        scheme: &'static str,
        /// What it takes.
        known: String,
    },
    /// Not a number.
    #[error("{what} {text:?} is no number: {error}")]
    Number {
        /// What it should be.
        what: &'static str,
        /// As given.
        text: String,
        /// Why not.
        error: std::num::ParseIntError,
    },
    /// Not an address of a chip.
    #[error(transparent)]
    Address(#[from] InvalidBusAddress),
    /// An address with the read/write bit.
    #[error("I2C address 0x6A is the 8-bit form of a Trust&GO part: the 7-bit address is 0x35")]
    TrustAndGoEightBit,
    /// Not a chip that is emulated.
    #[error(transparent)]
    Chip(#[from] UnknownRevision),
}

/// As [`DeviceUri::from_str`] reads it.
impl fmt::Display for DeviceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I2c { path, address } => write!(f, "i2c:{}?addr={address}", path.display()),
            Self::Image { path, chip } => {
                write!(f, "emu:{}", path.display())?;
                chip.map_or(Ok(()), |chip| write!(f, "?chip={chip}"))
            }
            Self::Served { path, bus, address } => {
                write!(f, "unix:{}?addr={address}", path.display())?;
                bus.map_or(Ok(()), |bus| write!(f, "&bus={bus}"))
            }
            Self::ThrowAway { chip } => {
                f.write_str("emu:")?;
                chip.map_or(Ok(()), |chip| write!(f, "?chip={chip}"))
            }
        }
    }
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
        // A bus as its users write it.
        if text.starts_with("/dev/") {
            return format!("i2c:{text}").parse();
        }
        let (scheme, rest) = text
            .split_once(':')
            .ok_or_else(|| UriError::Scheme(text.into()))?;
        let (path, query) = path_and_query(rest);
        match scheme {
            "i2c" if path.is_empty() => Err(UriError::NoBus),
            "i2c" => {
                let [given] = parameters(query, "i2c:", ["addr"])?;
                Ok(Self::I2c {
                    path: path.into(),
                    address: given.map_or(Ok(BusAddress::DEFAULT), address)?,
                })
            }
            "emu" if path.is_empty() => Ok(Self::ThrowAway {
                chip: chip(query, "emu:")?,
            }),
            "emu" => Ok(Self::Image {
                path: path.into(),
                chip: chip(query, "emu:")?,
            }),
            "unix" if path.is_empty() => Err(UriError::NoSocket),
            "unix" => {
                let [number, given] = parameters(query, "unix:", ["bus", "addr"])?;
                Ok(Self::Served {
                    path: path.into(),
                    bus: number.map(bus).transpose()?,
                    address: given.map_or(Ok(BusAddress::DEFAULT), address)?,
                })
            }
            _ => Err(UriError::Scheme(text.into())),
        }
    }
}

impl FromStr for ImageName {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (path, query) = path_and_query(text);
        if path.is_empty() {
            return Err(UriError::NoImage);
        }
        Ok(Self {
            path: path.into(),
            chip: chip(query, "an image file")?,
        })
    }
}

fn path_and_query(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    }
}

fn chip(query: Option<&str>, scheme: &'static str) -> Result<Option<Revision>, UriError> {
    let [name] = parameters(query, scheme, ["chip"])?;
    Ok(name.map(Revision::from_str).transpose()?)
}

/// The values of the parameters that `scheme` has, in the order of `known`.
/// The last one counts where one is given twice.
fn parameters<'a, const N: usize>(
    query: Option<&'a str>,
    scheme: &'static str,
    known: [&'static str; N],
) -> Result<[Option<&'a str>; N], UriError> {
    let mut values = [None; N];
    for parameter in query.into_iter().flat_map(|query| query.split('&')) {
        let place = parameter.split_once('=').and_then(|(key, value)| {
            let index = known.iter().position(|&name| name == key)?;
            Some((values.get_mut(index)?, value))
        });
        let Some((place, value)) = place else {
            return Err(UriError::Parameter {
                key: parameter.into(),
                scheme,
                known: known.join(" and "),
            });
        };
        *place = Some(value);
    }
    Ok(values)
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
            what: "I2C address",
            text: text.into(),
            error,
        }),
    }
}

fn bus(text: &str) -> Result<u32, UriError> {
    text.parse().map_err(|error| UriError::Number {
        what: "bus",
        text: text.into(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DeviceUri, String> {
        text.parse().map_err(|error: UriError| error.to_string())
    }

    #[test]
    fn a_bus_needs_no_scheme() {
        let parse = |text: &str| text.parse::<DeviceUri>().unwrap();
        for query in ["", "?addr=0x35"] {
            let bare = parse(&format!("/dev/i2c-1{query}"));
            assert_eq!(bare, parse(&format!("i2c:/dev/i2c-1{query}")));
        }
        assert_eq!(parse("/dev/i2c-1"), parse("1"));
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for text in [
            "3",
            "i2c:/dev/i2c-1?addr=0x35",
            "emu:chip.img",
            "emu:chip.img?chip=atecc508a",
            "emu:",
            "emu:?chip=atecc608a",
            "unix:/run/e",
            "unix:/run/e?bus=7&addr=0x35",
        ] {
            let uri = parse(text).unwrap();
            assert_eq!(parse(&uri.to_string()), Ok(uri));
        }
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
        assert_eq!(
            parse("unix:/run/emu"),
            Ok(DeviceUri::Served {
                path: "/run/emu".into(),
                bus: None,
                address: BusAddress::DEFAULT
            })
        );
        assert_eq!(
            parse("unix:emu?addr=0x35&bus=7"),
            Ok(DeviceUri::Served {
                path: "emu".into(),
                bus: Some(7),
                address: BusAddress::TRUST_AND_GO
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
            ("dev/i2c-1", "names no chip"),
            ("i2c:", "wants a bus"),
            ("i2c:/dev/i2c-1?chip=atecc508a", "takes addr"),
            ("i2c:/dev/i2c-1?addr=x", "no number"),
            ("i2c:/dev/i2c-1?addr=0x300", "no number"),
            ("emu:x?addr=0x35", "takes chip"),
            ("unix:", "wants the socket"),
            ("unix:x?chip=atecc508a", "takes bus and addr"),
            ("unix:x?bus=one", "bus \"one\" is no number"),
            ("emu:x?chip=atsha204a", "not an emulated chip"),
        ] {
            let error = parse(uri).unwrap_err();
            assert!(error.contains(part), "{uri}: {error}");
        }
    }
}
