//! Arguments of what the chip's key does.

use std::path::PathBuf;

use atecc_x509::AlternativeName;
use clap::Args;

use super::Chip;

#[derive(Args, Debug)]
pub(crate) struct Jwt {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// Claims: a JSON object, or @FILE.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) claims: String,
    /// Members of the header besides alg and typ: a JSON object, or @FILE.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) header: String,
    /// Add the claim iat, the present time.
    #[arg(long)]
    pub(crate) iat: bool,
    /// Add the claims iat and exp, so many seconds later.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) expires_in: Option<u32>,
}

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

#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// The file that was signed; - for standard input.
    #[arg(required_unless_present = "digest", conflicts_with = "digest")]
    pub(crate) file: Option<PathBuf>,
    /// The SHA-256 digest that was signed, 64 hex digits.
    #[arg(long, value_name = "HEX")]
    pub(crate) digest: Option<String>,
    /// The signature: a file, or hex; DER, or R then S.
    #[arg(long, value_name = "FILE|HEX")]
    pub(crate) signature: String,
    /// A certificate or public key, PEM or DER [default: the chip's key]. No chip is
    /// used then.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Ecdh {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// The other side's public key or certificate, PEM or DER.
    pub(crate) peer: PathBuf,
    /// Write the 32 bytes to this file, for its owner alone, instead of hex to
    /// standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Random {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// How many bytes, 1 to 4096.
    #[arg(long, value_name = "N", default_value_t = 32,
          value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) bytes: u16,
    /// Write them to this file instead of hex to standard output.
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
