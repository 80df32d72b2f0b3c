//! The meter's certificate: what of it the chip holds, and how it comes back.

use atecc::procedures::{ReadRegion, SignDigest};
use atecc::{Region, SerialNumber};
use atecc_x509::{
    Attribute, Certificate, CertificateDef, CompressedCertificate, Criticality, DateTime,
    EncodedDates, Error, Extension, ExtensionKind, Format, Name, ObjectIdentifier, PublicKey,
    SerialInputs, SerialSource, SignatureBytes, StringType, Tbs, TbsFields, Template, Time,
    Validity, decompress, round_trip,
};

use crate::layout::{CERTIFICATE, IDENTITY, MAKER};
use crate::{Emulated, Result};

/// What a chip holds of its certificate beside the 72 bytes. Everything else of
/// it follows.
pub(crate) struct Meter {
    pub(crate) serial: SerialNumber,
    pub(crate) public_key: PublicKey,
    pub(crate) maker: PublicKey,
}

/// Template 5 of chain 1; the serial number is made of the key and the dates.
const TEMPLATE: Template = match Template::new(5, 1, SerialSource::PublicKeyPositive) {
    Ok(template) => template,
    Err(_) => panic!("two numbers below 16"),
};
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

fn name(common_name: &str) -> Name {
    let [organization, common_name] = [(ORGANIZATION, "Brook Meters"), (COMMON_NAME, common_name)]
        .map(|(oid, value)| Attribute {
            oid,
            string: StringType::Utf8,
            value: value.into(),
        });
    Name::from_attributes(&[&[organization], &[common_name]])
}

impl CertificateDef for Meter {
    fn template(&self) -> Template {
        TEMPLATE
    }

    fn to_be_signed(&self, dates: EncodedDates, signer_id: u16) -> std::result::Result<Tbs, Error> {
        let inputs = SerialInputs {
            public_key: Some(&self.public_key),
            device_sn: None,
            signer_id,
            dates,
        };
        let validity = dates.decode()?;
        let signs = Extension {
            kind: ExtensionKind::KeyUsage,
            criticality: Criticality::Critical,
            value: vec![0x03, 0x02, 0x07, 0x80], // digitalSignature
        };
        // KeyIdentifier of the maker's key. Source: RFC 5280, section 4.2.1.1.
        let authority = Extension {
            kind: ExtensionKind::AuthorityKeyIdentifier,
            criticality: Criticality::NotCritical,
            value: [
                &[0x30, 0x16, 0x80, 0x14],
                &self.maker.microchip_key_id().as_bytes()[..],
            ]
            .concat(),
        };
        Tbs::new(&TbsFields {
            template: TEMPLATE,
            dates,
            signer_id,
            serial: TEMPLATE.serial_source().serial_number(&inputs, 16)?,
            issuer: &name("Maker 1"),
            not_before: Time::Rfc5280(validity.not_before()),
            not_after: Time::Rfc5280(validity.not_after()),
            subject: &name(&format!("Meter {}", self.serial)),
            public_key: &self.public_key,
            extensions: Some(&[signs, authority]),
        })
    }
}

impl Meter {
    /// Have the maker's chip sign a certificate, and see that the 72 bytes give
    /// it back.
    pub(crate) fn issue(
        &self,
        maker: &mut Emulated,
        now: DateTime,
    ) -> Result<CompressedCertificate> {
        let dates = EncodedDates::encode(Validity::issued_at(now, 20)?, Format::V0)?;
        let tbs = self.to_be_signed(dates, 0)?;
        let signature = maker.run(SignDigest::new(IDENTITY, tbs.digest()))?;
        let certificate = tbs.assemble(&SignatureBytes::from_bytes(signature));
        Ok(round_trip(&certificate, self)?)
    }

    /// Read the certificate back, and verify it.
    pub(crate) fn certificate(&self, meter: &mut Emulated) -> Result<Certificate> {
        let stored = meter.run(ReadRegion::<72>::new(Region::Slot(CERTIFICATE)))?;
        let maker = meter.run(ReadRegion::<72>::new(Region::Slot(MAKER)))?;
        assert_eq!(PublicKey::from_padded_slot(&maker)?, self.maker);
        let compressed = CompressedCertificate::from_bytes(&stored)?;
        let certificate = decompress(&compressed, self)?;
        certificate.verify(&self.maker)?;
        Ok(certificate)
    }
}
