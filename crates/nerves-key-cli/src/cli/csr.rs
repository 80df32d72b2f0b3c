//! Arguments of `nerves-key csr`.

use std::path::PathBuf;

use atecc_x509::AlternativeName;
use clap::Args;

use super::chip::Chip;

#[derive(Args, Debug)]
pub(crate) struct Csr {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// Subject as RFC 4514 writes it, for example CN=device-1,O=Example
    /// [default: CN and the manufacturer serial number].
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// Another name: dns:HOST, ip:ADDRESS, uri:URI or email:ADDRESS. May be
    /// repeated.
    #[arg(long, value_name = "KIND:NAME", value_parser = alternative_name)]
    pub(crate) san: Vec<AlternativeName>,
    /// Write the request in PEM to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

fn alternative_name(text: &str) -> Result<AlternativeName, String> {
    let (kind, name) = text
        .split_once(':')
        .ok_or("it is dns:HOST, ip:ADDRESS, uri:URI or email:ADDRESS")?;
    let ascii = || match name {
        "" => Err(format!("{text:?} has no name")),
        name if name.is_ascii() => Ok(name.to_owned()),
        name => Err(format!("{name:?} is not ASCII")),
    };
    Ok(match kind {
        "dns" => AlternativeName::Dns(ascii()?),
        "uri" => AlternativeName::Uri(ascii()?),
        "email" => AlternativeName::Email(ascii()?),
        "ip" => AlternativeName::Ip(name.parse().map_err(|error| format!("{name:?}: {error}"))?),
        kind => return Err(format!("{kind:?} is none of dns, ip, uri, email")),
    })
}
