//! A certificate in words and as JSON.

use atecc_x509::{Certificate, Error};
use data_encoding::HEXUPPER;
use serde_json::{Value, json};

/// What people ask of a certificate.
#[derive(Debug)]
pub(crate) struct Summary {
    subject: String,
    issuer: String,
    serial_number: String,
    not_before: String,
    not_after: String,
    public_key: String,
    pem: String,
    readable: bool,
}

impl Summary {
    pub(crate) fn of(certificate: &Certificate) -> Result<Self, Error> {
        Ok(Self {
            subject: certificate.subject_text(),
            issuer: certificate.issuer_text(),
            serial_number: HEXUPPER.encode(certificate.serial_number()),
            not_before: certificate.not_before()?.to_string(),
            not_after: certificate.not_after()?.to_string(),
            public_key: HEXUPPER.encode(certificate.public_key()?.as_bytes()),
            pem: certificate.to_pem(),
            readable: certificate.signature()?.is_readable_by_reference(),
        })
    }

    pub(crate) fn validity(&self) -> String {
        format!("{} to {}", self.not_before, self.not_after)
    }

    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// One field a line, `title` above them.
    pub(crate) fn text(&self, title: &str) -> String {
        let Self {
            subject,
            issuer,
            serial_number,
            public_key,
            pem,
            ..
        } = self;
        let validity = self.validity();
        let (x, y) = public_key.split_at(64);
        format!(
            "{title}\n\
             \x20 subject     {subject}\n\
             \x20 issuer      {issuer}\n\
             \x20 serial      {serial_number}\n\
             \x20 valid       {validity}\n\
             \x20 public key  {x}\n\
             \x20             {y}\n\
             {pem}"
        )
    }

    pub(crate) fn json(&self) -> Value {
        let mut document = self.json_of_unsigned();
        document["pem"] = json!(self.pem);
        document["signature_readable_by_elixir_library"] = json!(self.readable);
        document
    }

    /// What was known before it was signed.
    pub(crate) fn json_of_unsigned(&self) -> Value {
        json!({
            "subject": self.subject,
            "issuer": self.issuer,
            "serial_number": self.serial_number,
            "not_before": self.not_before,
            "not_after": self.not_after,
            "public_key": self.public_key,
        })
    }
}
