//! Names for emulated chips.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use atecc::BusAddress;
use atecc_emulator::Revision;

use crate::UriError;
use crate::uri::{address_or_default, number, parameters, path_and_query};

/// An emulated chip, named: `emu:PATH[?chip=NAME]`, `emu:[?chip=NAME]` or
/// `unix:PATH[?bus=N&addr=0x35]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EmulatedUri {
    /// In an image file.
    Image {
        /// The image file.
        path: PathBuf,
        /// The chip to make when there is no file yet.
        chip: Option<Revision>,
    },
    /// Served by another process.
    Served {
        /// The server's socket.
        path: PathBuf,
        /// Which of its buses; needed only when it has several.
        bus: Option<u32>,
        /// The chip's address.
        address: BusAddress,
    },
    /// Gone when it is dropped.
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

impl EmulatedUri {
    /// What follows `emu:`.
    pub(crate) fn from_emu(path: &str, query: Option<&str>) -> Result<Self, UriError> {
        let chip = chip(query, "emu:")?;
        Ok(if path.is_empty() {
            Self::ThrowAway { chip }
        } else {
            let path = path.into();
            Self::Image { path, chip }
        })
    }

    /// What follows `unix:`.
    pub(crate) fn from_unix(path: &str, query: Option<&str>) -> Result<Self, UriError> {
        if path.is_empty() {
            return Err(UriError::NoSocket);
        }
        let [bus, address] = parameters(query, "unix:", ["bus", "addr"])?;
        Ok(Self::Served {
            path: path.into(),
            bus: bus.map(|bus| number("bus", bus, bus.parse())).transpose()?,
            address: address_or_default(address)?,
        })
    }

    pub(crate) fn bus_name(&self) -> Option<String> {
        match self {
            Self::Served { path, bus, .. } => Some(format!("{} {bus:?}", path.display())),
            Self::Image { .. } | Self::ThrowAway { .. } => None,
        }
    }

    pub(crate) fn server_name(&self) -> Option<String> {
        match self {
            Self::Served { path, .. } => Some(path.display().to_string()),
            Self::Image { .. } | Self::ThrowAway { .. } => None,
        }
    }

    pub(crate) fn description(&self) -> String {
        match self {
            Self::Served { path, address, .. } => format!("{} {address}", path.display()),
            Self::Image { path, .. } => path.display().to_string(),
            Self::ThrowAway { .. } => "emulated chip".to_owned(),
        }
    }
}

/// With the scheme, as [`crate::DeviceUri`] reads it.
impl fmt::Display for EmulatedUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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

fn chip(query: Option<&str>, scheme: &'static str) -> Result<Option<Revision>, UriError> {
    let [name] = parameters(query, scheme, ["chip"])?;
    Ok(name.map(Revision::from_str).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceUri;

    fn parse(text: &str) -> Result<DeviceUri, String> {
        text.parse().map_err(|error: UriError| error.to_string())
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for text in [
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
        assert_eq!(
            parse("emu:"),
            Ok(DeviceUri::Emulated(EmulatedUri::ThrowAway { chip: None }))
        );
        assert_eq!(
            parse("emu:?chip=ATECC508A"),
            Ok(DeviceUri::Emulated(EmulatedUri::ThrowAway {
                chip: Some(Revision::Atecc508A)
            }))
        );
        assert_eq!(
            parse("emu:a/b.img?chip=atecc608a"),
            Ok(DeviceUri::Emulated(EmulatedUri::Image {
                path: "a/b.img".into(),
                chip: Some(Revision::Atecc608A)
            }))
        );
        assert_eq!(
            parse("unix:/run/emu"),
            Ok(DeviceUri::Emulated(EmulatedUri::Served {
                path: "/run/emu".into(),
                bus: None,
                address: BusAddress::DEFAULT
            }))
        );
        assert_eq!(
            parse("unix:emu?addr=0x35&bus=7"),
            Ok(DeviceUri::Emulated(EmulatedUri::Served {
                path: "emu".into(),
                bus: Some(7),
                address: BusAddress::TRUST_AND_GO
            }))
        );
    }

    #[test]
    fn wrong_names_say_why() {
        for (uri, part) in [
            ("usb:1", "emu:FILE"),
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
