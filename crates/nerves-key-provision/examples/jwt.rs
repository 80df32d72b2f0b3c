//! A JSON Web Token (ES256), signed by the chip, as clouds take it in place of
//! a password.

mod finished;

use finished::{Result, finished};
use nerves_key::{Jwt, sign};
use nerves_key_schema::Layout;

fn main() -> Result {
    let mut device = finished(Layout::Standard)?;
    let token = Jwt::new(
        r#"{"alg":"ES256","typ":"JWT"}"#,
        r#"{"aud":"my-project","iat":1795600000,"exp":1795603600}"#,
    );
    let signature = device.run(sign(token.digest()))?;
    let token = token.assemble(&signature);
    assert_eq!(token.split('.').count(), 3);
    println!("{token}");
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
