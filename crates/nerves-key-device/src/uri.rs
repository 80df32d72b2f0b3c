//! Names for chips, and what every name's parameters are read by.

use std::fmt;
use std::num::ParseIntError;
use std::path::PathBuf;
use std::str::FromStr;

use atecc::BusAddress;
use atecc::bus_address::InvalidBusAddress;

#[cfg(feature = "emulator")]
use crate::emulated::EmulatedUri;

/// The names that are known, for who gave another.
#[cfg(feature = "emulator")]
const KNOWN: &str = "i2c:/dev/i2c-1, a bus number, emu:FILE, emu: or unix:SOCKET";
#[cfg(not(feature = "emulator"))]
const KNOWN: &str = "i2c:/dev/i2c-1 or a bus number";

/// A chip, named.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeviceUri {
    /// On a Linux bus.
    I2c {
        /// The bus, such as `/dev/i2c-1`.
        path: PathBuf,
        /// The chip's address.
        address: BusAddress,
    },
    /// Emulated, here or by another process.
    #[cfg(feature = "emulator")]
    Emulated(EmulatedUri),
}

/// What is no name of a chip.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// No scheme that is known.
    #[error("{0:?} names no chip: use {KNOWN}")]
    Scheme(String),
    /// An emulated chip, in a program that was built without the emulator.
    #[error(
        "{0:?} names an emulated chip, and this was built without the feature emulator: use {KNOWN}"
    )]
    NoEmulator(String),
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
        error: ParseIntError,
    },
    /// Not an address of a chip.
    #[error(transparent)]
    Address(#[from] InvalidBusAddress),
    /// An address with the read/write bit.
    #[error("I2C address 0x6A is the 8-bit form of a Trust&GO part: the 7-bit address is 0x35")]
    TrustAndGoEightBit,
    /// Not a chip that is emulated.
    #[cfg(feature = "emulator")]
    #[error(transparent)]
    Chip(#[from] atecc_emulator::UnknownRevision),
}

/// As [`DeviceUri::from_str`] reads it.
impl fmt::Display for DeviceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I2c { path, address } => write!(f, "i2c:{}?addr={address}", path.display()),
            #[cfg(feature = "emulator")]
            Self::Emulated(uri) => uri.fmt(f),
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
                let [address] = parameters(query, "i2c:", ["addr"])?;
                Ok(Self::I2c {
                    path: path.into(),
                    address: address_or_default(address)?,
                })
            }
            #[cfg(feature = "emulator")]
            "emu" => EmulatedUri::from_emu(path, query).map(Self::Emulated),
            #[cfg(feature = "emulator")]
            "unix" => EmulatedUri::from_unix(path, query).map(Self::Emulated),
            #[cfg(not(feature = "emulator"))]
            "emu" | "unix" => Err(UriError::NoEmulator(text.into())),
            _ => Err(UriError::Scheme(text.into())),
        }
    }
}

impl DeviceUri {
    /// The chip's bus, where others may be on it.
    #[must_use]
    pub fn bus_name(&self) -> Option<String> {
        match self {
            Self::I2c { path, .. } => Some(path.display().to_string()),
            #[cfg(feature = "emulator")]
            Self::Emulated(uri) => uri.bus_name(),
        }
    }

    /// The server of the chip's bus, which may have others.
    #[must_use]
    pub fn server_name(&self) -> Option<String> {
        match self {
            Self::I2c { .. } => None,
            #[cfg(feature = "emulator")]
            Self::Emulated(uri) => uri.server_name(),
        }
    }

    /// Whether one process at a time has the chip from its opening on, as it has an
    /// image file, and not for a session alone.
    #[must_use]
    pub const fn is_exclusive(&self) -> bool {
        match self {
            Self::I2c { .. } => false,
            #[cfg(feature = "emulator")]
            Self::Emulated(uri) => matches!(uri, EmulatedUri::Image { .. }),
        }
    }

    /// The chip's place for people: bus and address, or the image file.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::I2c { path, address } => format!("{} {address}", path.display()),
            #[cfg(feature = "emulator")]
            Self::Emulated(uri) => uri.description(),
        }
    }
}

pub(crate) fn path_and_query(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    }
}

/// The values of the parameters that `scheme` has, in the order of `known`.
/// The last one counts where one is given twice.
pub(crate) fn parameters<'a, const N: usize>(
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

pub(crate) fn address_or_default(text: Option<&str>) -> Result<BusAddress, UriError> {
    text.map_or(Ok(BusAddress::DEFAULT), address)
}

fn address(text: &str) -> Result<BusAddress, UriError> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u8::from_str_radix(hex, 16),
        None => text.parse(),
    };
    match number("I2C address", text, parsed)? {
        0x6A => Err(UriError::TrustAndGoEightBit),
        address => Ok(BusAddress::new(address)?),
    }
}

/// What `text` was parsed to, which should be a number.
pub(crate) fn number<N>(
    what: &'static str,
    text: &str,
    parsed: Result<N, ParseIntError>,
) -> Result<N, UriError> {
    parsed.map_err(|error| UriError::Number {
        what,
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
        for text in ["3", "i2c:/dev/i2c-1?addr=0x35"] {
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
        ] {
            let error = parse(uri).unwrap_err();
            assert!(error.contains(part), "{uri}: {error}");
        }
    }

    #[cfg(not(feature = "emulator"))]
    #[test]
    fn an_emulated_chip_wants_the_emulator() {
        for name in ["emu:", "emu:x?chip=atecc508a", "unix:", "unix:/run/e?bus=1"] {
            let error = parse(name).unwrap_err();
            let expected = format!(
                "{name:?} names an emulated chip, and this was built without the feature \
                 emulator: use i2c:/dev/i2c-1 or a bus number"
            );
            assert_eq!(error, expected);
        }
        let error = parse("usb:1").unwrap_err();
        assert!(!error.contains("emu:"), "{error}");
    }
}
