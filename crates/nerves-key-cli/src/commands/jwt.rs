//! `nerves-key jwt`.

use std::path::Path;

use nerves_key::SignVerified;
use serde_json::{Map, Value, json};

use crate::cli::jwt::Jwt;
use crate::error::CliError;
use crate::output::Output;
use crate::{causes, files, system};

pub(super) fn run(arguments: &Jwt, output: Output) -> Result<(), CliError> {
    let mut header = object(&arguments.header, "--header")?;
    header.insert("alg".into(), json!("ES256"));
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
    let wrong = |error: Box<dyn std::error::Error>| CliError::refused(error).about(what);
    let value = match text.strip_prefix('@') {
        Some(path) => serde_json::from_slice(&files::read(Path::new(path))?),
        None => serde_json::from_str(text),
    };
    match value.map_err(|error| wrong(error.into()))? {
        Value::Object(object) => Ok(object),
        other => Err(wrong(format!("{other} is no JSON object").into())),
    }
}
