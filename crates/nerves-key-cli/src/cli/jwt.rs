//! Arguments of `nerves-key jwt`.

use clap::Args;

use super::chip::Chip;

#[derive(Args, Debug)]
pub(crate) struct Jwt {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// Claims: a JSON object, or @FILE. Refused where a name is there twice, or a
    /// number would be rounded.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) claims: String,
    /// Members of the header besides alg and typ: a JSON object, or @FILE.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) header: String,
    /// Add the claim iat, the present time. Refused where --claims has one.
    #[arg(long)]
    pub(crate) iat: bool,
    /// Add the claims iat and exp, so many seconds later. Refused where --claims
    /// has one of them.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) expires_in: Option<u32>,
}
