//! JSON Web Tokens: what is signed, byte for byte.

use std::path::Path;

use atecc_x509::{PublicKey, SignatureBytes};
use nerves_key::Jwt;
use serde::Deserialize;
use serde_json::{Value, json};

use tests_vector_runner::{Checked, Hex, Tally, Verdict, run_list, same};

/// `jwt.json`.
#[must_use]
pub fn jwt(dir: &Path) -> Vec<Tally> {
    let file = "jwt.json";
    vec![
        run_list(dir, file, "generate", token),
        run_list(dir, file, "sign", token),
    ]
}

#[derive(Deserialize)]
struct Token {
    iat: Option<u64>,
    exp: Option<u64>,
    aud: Option<Value>,
    header_json: String,
    payload_json: String,
    signing_input: String,
    digest: Hex,
    public_key: Hex,
    signature: Hex,
    jwt: String,
}

fn token(row: &Token) -> Checked {
    if let (Some(iat), Some(exp), Some(aud)) = (row.iat, row.exp, &row.aud) {
        let claims = json!({ "iat": iat, "exp": exp, "aud": aud });
        same("claims", claims.to_string(), row.payload_json.clone())?;
    }
    let ours = Jwt::new(&row.header_json, &row.payload_json);
    same("signing input", ours.signing_input(), &row.signing_input)?;
    same("digest", ours.digest(), row.digest.array()?)?;
    let signature = row.signature.array()?;
    PublicKey::on_curve(row.public_key.array()?)?
        .verify(&ours.digest(), &SignatureBytes::from_bytes(signature))?;
    same("token", ours.assemble(&signature), row.jwt.clone())?;
    Ok(Verdict::Pass)
}
