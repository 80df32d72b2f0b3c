//! `nerves-key jwt`.

use std::borrow::Cow;
use std::path::Path;

use nerves_key::SignVerified;
use serde_json::{Map, Value, json};

use crate::cli::jwt::Jwt;
use crate::error::CliError;
use crate::output::Output;
use crate::{causes, files, json_object, system};

/// The one of P-256, in the header. Source: RFC 7518, 3.4.
const ALGORITHM: &str = "ES256";

pub(super) fn run(arguments: &Jwt, output: Output) -> Result<(), CliError> {
    let mut header = object(&arguments.header, "--header")?;
    if let Some(given) = header.insert("alg".into(), json!(ALGORITHM))
        && given != ALGORITHM
    {
        return Err(CliError::refused(format!(
            "--header has \"alg\" ({given}): the chip's key signs as {ALGORITHM}; leave it out"
        )));
    }
    header.entry("typ").or_insert_with(|| json!("JWT"));
    let mut claims = object(&arguments.claims, "--claims")?;
    let mut add = |name: &str, option: &str, value: u64| {
        if let Some(given) = claims.get(name) {
            return Err(CliError::refused(format!(
                "--claims has {name:?} ({given}) already: leave it or {option} out"
            )));
        }
        claims.insert(name.into(), json!(value));
        Ok(())
    };
    if arguments.iat || arguments.expires_in.is_some() {
        let option = if arguments.iat {
            "--iat"
        } else {
            "--expires-in"
        };
        let now = system::unix_seconds()?;
        add("iat", option, now)?;
        if let Some(seconds) = arguments.expires_in {
            add("exp", "--expires-in", now + u64::from(seconds))?;
        }
    }
    let (header, claims) = (Value::Object(header), Value::Object(claims));
    let token = nerves_key::Jwt::new(&header.to_string(), &claims.to_string());
    let mut device = arguments.chip.open()?;
    let signature = causes::run(&mut device, SignVerified::new(token.digest()))?;
    let token = token.assemble(&signature);
    let document = json!({ "header": header, "claims": claims, "jwt": token });
    output.result(&token, &document)
}

/// A JSON object, or the one in a file.
fn object(text: &str, what: &str) -> Result<Map<String, Value>, CliError> {
    let bytes = match text.strip_prefix('@') {
        Some(path) => Cow::Owned(files::read(Path::new(path))?),
        None => Cow::Borrowed(text.as_bytes()),
    };
    let text = str::from_utf8(&bytes).map_err(|error| CliError::refused(error).about(what))?;
    json_object::read(text).map_err(|error| CliError::refused(error).about(what))
}
