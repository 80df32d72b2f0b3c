//! Certification requests that a part's key has signed. Source: RFC 2986,
//! section 4.

use atecc_x509::{PublicKey, RequestInfo, SignatureBytes};
use der::asn1::BitStringRef;
use der::{Decode, Reader, SliceReader, Tag};
use sha2::{Digest, Sha256};

use super::each;
use super::keys::verify;
use super::signed::{self, assemble};
use crate::emulator::is_point;
use crate::judgement::{Judge, Judged, Verdict, hex};
use crate::recording::{Data, Request};

pub(super) fn judge(data: &Data, judged: &mut Judged) {
    each(
        "csrs",
        &data.csrs,
        judged,
        |request, add| match Parsed::new(&request.der.0) {
            Err(error) => {
                let wrong = Verdict::differs("a certification request", error.to_string());
                add(Judge::Codec, "request", wrong);
            }
            Ok(parsed) => {
                let ours = parsed.as_ours(request);
                let ours = ours.unwrap_or_else(|error| {
                    Verdict::differs("a certification request", error.to_string())
                });
                add(Judge::Codec, "request", ours);
                add(Judge::Emulator, "Verify", parsed.verify());
            }
        },
    );
}

/// What is wrong with a request.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    Der(#[from] der::Error),
    #[error(transparent)]
    X509(#[from] atecc_x509::Error),
    #[error(transparent)]
    Signed(#[from] signed::Wrong),
    #[error("a public key that is not one of P-256")]
    OtherKey,
}

/// The parts of a request.
struct Parsed<'a> {
    /// What is signed.
    info: &'a [u8],
    subject: &'a [u8],
    key: PublicKey,
    attributes: &'a [u8],
    signature: SignatureBytes,
}

/// `[0] IMPLICIT SET OF`, of none.
const NO_ATTRIBUTES: [u8; 2] = [0xA0, 0x00];

impl<'a> Parsed<'a> {
    fn new(der: &'a [u8]) -> Result<Self, Wrong> {
        let mut reader = SliceReader::new(der)?;
        let (info, signature) = reader.sequence(|reader| {
            let info = reader.tlv_bytes()?;
            let _algorithm = reader.tlv_bytes()?;
            Ok::<_, der::Error>((info, BitStringRef::decode(reader)?))
        })?;
        reader.finish()?;
        let mut reader = SliceReader::new(info)?;
        let (subject, key, attributes) = reader.sequence(|reader| {
            let _version = reader.tlv_bytes()?;
            let subject = reader.tlv_bytes()?;
            let key = reader.tlv_bytes()?;
            Ok::<_, der::Error>((subject, key, reader.tlv_bytes()?))
        })?;
        let signature = signature
            .as_bytes()
            .ok_or_else(|| der::Error::from(Tag::BitString.value_error()))?;
        Ok(Self {
            info,
            subject,
            key: PublicKey::from_spki_der(key).ok_or(Wrong::OtherKey)?,
            attributes,
            signature: SignatureBytes::from_der(signature)?,
        })
    }

    /// Of a key, and put together again the same; where it has no attributes, by
    /// ours from its subject and key.
    fn as_ours(&self, request: &Request) -> Result<Verdict, Wrong> {
        let key = self.key.as_bytes();
        if !is_point(key) {
            return Ok(Verdict::differs("a point of P-256", hex(key)));
        }
        if let Some(beside) = &request.public_key
            && beside.0 != key
        {
            return Ok(Verdict::differs(hex(&beside.0), hex(key)));
        }
        let ours = if self.attributes == NO_ATTRIBUTES {
            RequestInfo::new(self.subject, &self.key, &[]).assemble(&self.signature)
        } else {
            assemble(self.info, &self.signature)?
        };
        Ok(Verdict::equal(&request.der.0, &ours))
    }

    /// By its own key, which signs with the chip.
    fn verify(&self) -> Verdict {
        let digest = Sha256::digest(self.info);
        verify(self.key.as_bytes(), &digest, self.signature.as_bytes())
    }
}
