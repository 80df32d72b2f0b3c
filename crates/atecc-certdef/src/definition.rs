//! A definition, and one with the values of a chip.

use std::collections::BTreeMap;

use atecc_x509::{
    Certificate, CertificateDef, DateTime, EncodedDates, Error, Format, PublicKey, SerialInputs,
    SerialNumber, Tbs, TbsFields, Template, Time, Validity,
};
use data_encoding::{HEXUPPER, HEXUPPER_PERMISSIVE};

use crate::extension::ExtensionDef;
use crate::name::NameDef;
use crate::text::{Captured, Context, Needs};
use crate::{DefinitionError, IssueError, ValueError, Values, fit};

/// A kind of certificate: what is the same in all of them, and where the rest
/// comes from.
///
/// ```
/// use atecc_certdef::{Definition, Values};
/// use atecc_x509::{DateTime, Format, PublicKey, SignatureBytes, Validity, decompress, round_trip};
///
/// let definition = Definition::from_toml(
///     r#"
///     name = "Acme device"
///     template-id = 2
///     chain-id = 0
///     issuer = ["O=Acme", "CN=Acme Signer {signer-id}"]
///     subject = ["O=Acme", "CN={device-sn}"]
///     serial-number = { source = "A" }
///
///     [[extensions]]
///     kind = "subject-key-identifier"
///     of = "point"
///     "#,
/// )?;
/// let mut values = Values::new(PublicKey::from_bytes([0x5A; 64]));
/// values.device_sn = Some(*b"\x01\x23\x45\x67\x89\xAB\xCD\xEF\xEE");
/// let chip = definition.with(values)?;
/// let now = DateTime::new(2026, 3, 15, 9, 15, 0)?;
/// let tbs = chip.issue(Validity::issued_at(now, 10)?, Format::V0, 0x00C4)?;
/// let signature = SignatureBytes::from_bytes([0x11; 64]); // From whoever signs.
/// let certificate = tbs.assemble(&signature);
/// assert_eq!(certificate.subject_text(), "O=Acme, CN=0123456789ABCDEFEE");
/// let compressed = round_trip(&certificate, &chip)?;
/// assert_eq!(compressed.signer_id, 0x00C4);
/// assert_eq!(decompress(&compressed, &chip)?, certificate);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Definition {
    pub(crate) name: String,
    pub(crate) template: Template,
    pub(crate) signed_by: SignedBy,
    /// Names of values, and what they are.
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) serial: SerialDef,
    pub(crate) issuer: NameDef,
    pub(crate) validity: ValidityDef,
    pub(crate) subject: NameDef,
    pub(crate) extensions: Option<Vec<ExtensionDef>>,
}

/// Whose key signs the certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SignedBy {
    /// Its own.
    Itself,
    /// Another one.
    Another,
}

/// Where the serial number comes from, beside the template's source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum SerialDef {
    /// As the source says; hashed ones have this many bytes.
    Made {
        length: usize,
    },
    Fixed(SerialNumber),
    /// A value, in hex.
    Named(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ValidityDef {
    pub(crate) not_before: DateForm,
    pub(crate) not_after: DateForm,
    /// What notAfter is where the 72 bytes say that there is no expiry.
    pub(crate) no_expiry: DateTime,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DateForm {
    Rfc5280,
    Generalized,
}

impl DateForm {
    const fn of(self, date: DateTime) -> Time {
        match self {
            Self::Rfc5280 => Time::Rfc5280(date),
            Self::Generalized => Time::Generalized(date),
        }
    }
}

impl Definition {
    /// The definition of a TOML text.
    ///
    /// # Errors
    /// [`DefinitionError`] names line, field, limit and remedy.
    pub fn from_toml(text: &str) -> Result<Self, DefinitionError> {
        crate::read::definition(text)
    }

    /// What it calls itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose key signs.
    #[must_use]
    pub const fn signed_by(&self) -> SignedBy {
        self.signed_by
    }

    /// Names of the values that it takes, and what it says of them.
    pub fn value_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .map(|(name, about)| (name.as_str(), about.as_str()))
    }

    /// What `certificate` has in the places of this definition's names, and its
    /// serial number where that is a value. A name that does not fit leaves its
    /// places empty (zeros for the chip's serial number), so that it is found to
    /// differ. Values of extensions and the signer's key are not told.
    ///
    /// # Errors
    /// [`Error::NotP256`] when its key is of another kind.
    pub fn values_of(&self, certificate: &Certificate) -> Result<Values, Error> {
        let captured = self.captured(certificate);
        let mut in_names = Needs::default();
        self.issuer.note_needs(&mut in_names);
        self.subject.note_needs(&mut in_names);
        let mut named = captured.named;
        for name in in_names.named {
            named.entry(name).or_default();
        }
        let empty = in_names.device_sn.then_some([0; 9]);
        Ok(Values {
            device_sn: captured.device_sn.or(empty),
            named,
            ..Values::new(certificate.public_key()?)
        })
    }

    fn captured(&self, certificate: &Certificate) -> Captured {
        let mut captured = Captured::default();
        self.issuer.capture(certificate.issuer_der(), &mut captured);
        self.subject
            .capture(certificate.subject_der(), &mut captured);
        if let SerialDef::Named(name) = &self.serial {
            let number = HEXUPPER.encode(certificate.serial_number());
            captured.named.insert(name.clone(), number.into_bytes());
        }
        captured
    }

    /// The definition for one chip.
    ///
    /// # Errors
    /// [`ValueError`] when a value is missing or unknown.
    pub fn with(&self, values: Values) -> Result<Defined, ValueError> {
        let needs = self.needs();
        for name in values.named.keys() {
            if !self.values.contains_key(name) {
                return Err(ValueError::Unknown {
                    name: name.clone(),
                    known: self.values.keys().cloned().collect(),
                });
            }
        }
        for name in needs.named {
            if !values.named.contains_key(&name) {
                let about = self.values.get(&name).cloned().unwrap_or_default();
                return Err(ValueError::Missing { name, about });
            }
        }
        if values.device_sn.is_none() {
            if self.hashes_device_sn() {
                return Err(ValueError::NoDeviceSn("the certificate's serial number"));
            }
            if needs.device_sn {
                return Err(ValueError::NoDeviceSn("a name"));
            }
        }
        let authority = match (self.signed_by, values.signer_public_key) {
            (SignedBy::Another, Some(key)) => key,
            (SignedBy::Another, None) if needs.signer_key => return Err(ValueError::NoSignerKey),
            // Its own, or not looked at.
            (SignedBy::Itself, _) | (SignedBy::Another, None) => values.public_key,
        };
        let stored_serial = match &self.serial {
            SerialDef::Made { .. } => None,
            SerialDef::Fixed(number) => Some(*number),
            SerialDef::Named(name) => {
                let number = HEXUPPER_PERMISSIVE.decode(values.text(name)).ok();
                let number = number.and_then(|number| SerialNumber::from_bytes(&number).ok());
                let error = || ValueError::SerialNumber { name: name.clone() };
                Some(number.ok_or_else(error)?)
            }
        };
        Ok(Defined {
            definition: self.clone(),
            values,
            authority,
            stored_serial,
        })
    }

    /// Whether the certificate's serial number is made of the chip's.
    #[must_use]
    pub const fn hashes_device_sn(&self) -> bool {
        use atecc_x509::SerialSource as S;
        matches!(
            self.template.serial_source(),
            S::DeviceSn | S::DeviceSnHashPositive | S::DeviceSnHashUnsigned | S::DeviceSnHashRaw
        )
    }

    pub(crate) fn needs(&self) -> Needs {
        let mut needs = Needs {
            device_sn: self.hashes_device_sn(),
            ..Needs::default()
        };
        self.issuer.note_needs(&mut needs);
        self.subject.note_needs(&mut needs);
        for extension in self.extensions.iter().flatten() {
            extension.note_needs(&mut needs);
        }
        if let SerialDef::Named(name) = &self.serial {
            needs.named.insert(name.clone());
        }
        needs
    }
}

/// A definition with the values of one chip.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Defined {
    definition: Definition,
    values: Values,
    /// The key that signs, where anything is made of it.
    authority: PublicKey,
    /// Where the source does not make the number.
    stored_serial: Option<SerialNumber>,
}

impl Defined {
    /// The key that signs the certificate, where it is known.
    #[must_use]
    pub fn signer_public_key(&self) -> Option<PublicKey> {
        match self.definition.signed_by {
            SignedBy::Itself => Some(self.values.public_key),
            SignedBy::Another => self.values.signer_public_key,
        }
    }

    /// The bytes to be signed of a new certificate.
    ///
    /// # Errors
    /// [`IssueError::Fit`] when a text is not of its type;
    /// [`IssueError::Certificate`] when the validity does not fit into `format`.
    pub fn issue(
        &self,
        validity: Validity,
        format: Format,
        signer_id: u16,
    ) -> Result<Tbs, IssueError> {
        let context = self.context(signer_id);
        fit::name(&self.definition.issuer, context)?;
        fit::name(&self.definition.subject, context)?;
        for extension in self.definition.extensions.iter().flatten() {
            fit::extension(extension, context)?;
        }
        let dates = EncodedDates::encode(validity, format).map_err(Error::from)?;
        Ok(self.to_be_signed(dates, signer_id)?)
    }

    const fn context(&self, signer_id: u16) -> Context<'_> {
        Context {
            values: &self.values,
            signer_id,
        }
    }

    fn serial_number(&self, dates: EncodedDates, signer_id: u16) -> Result<SerialNumber, Error> {
        let length = match (&self.stored_serial, &self.definition.serial) {
            (Some(number), _) => return Ok(*number),
            (None, SerialDef::Made { length }) => *length,
            (None, SerialDef::Fixed(_) | SerialDef::Named(_)) => 0,
        };
        let inputs = SerialInputs {
            public_key: Some(&self.values.public_key),
            device_sn: self.values.device_sn.as_ref(),
            signer_id,
            dates,
        };
        let source = self.definition.template.serial_source();
        Ok(source.serial_number(&inputs, length)?)
    }
}

impl CertificateDef for Defined {
    fn template(&self) -> Template {
        self.definition.template
    }

    fn signer_id(&self, certificate: &Certificate) -> u16 {
        // A name without an ID is found to differ.
        let captured = self.definition.captured(certificate);
        captured.signer_id.unwrap_or_default()
    }

    fn validity(&self, certificate: &Certificate, format: Format) -> Result<Validity, Error> {
        let (begin, end) = (certificate.not_before()?, certificate.not_after()?);
        let end = match end {
            end if end == self.definition.validity.no_expiry => DateTime::LAST,
            end => end,
        };
        Ok(Validity::between(begin, end, format)?)
    }

    fn to_be_signed(&self, dates: EncodedDates, signer_id: u16) -> Result<Tbs, Error> {
        let definition = &self.definition;
        let context = self.context(signer_id);
        let validity = dates.decode()?;
        let not_after = match validity.expire_years() {
            0 => definition.validity.no_expiry,
            _ => validity.not_after(),
        };
        let extensions = match &definition.extensions {
            Some(extensions) => {
                let filled: Result<Vec<_>, _> = extensions
                    .iter()
                    .map(|one| one.fill(context, &self.authority))
                    .collect();
                Some(filled?)
            }
            None => None,
        };
        Tbs::new(&TbsFields {
            template: definition.template,
            dates,
            signer_id,
            serial: self.serial_number(dates, signer_id)?,
            issuer: &definition.issuer.fill(context),
            not_before: definition.validity.not_before.of(validity.not_before()),
            not_after: definition.validity.not_after.of(not_after),
            subject: &definition.subject.fill(context),
            public_key: &self.values.public_key,
            extensions: extensions.as_deref(),
        })
    }
}
