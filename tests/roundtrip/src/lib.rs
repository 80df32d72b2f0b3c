//! Random certificates there and back, small signature numbers above all.
//!
//! One certificate in 128 has a zero byte at the beginning of R or S, one in
//! 32768 has two. They are what the existing libraries get wrong, so here they
//! are common. Each certificate is compressed, rebuilt from its 72 bytes and
//! compared, and its signature, taken from the DER by another parser, is
//! verified.
#![forbid(unsafe_code)]

mod input;
mod nonce_table;

use std::error::Error;
use std::ops::AddAssign;
use std::thread;

use atecc_x509::{
    Certificate, CertificateDef, CompressedCertificate, Format, NervesKeyDevice, NervesKeySigner,
    PublicKey, SignatureBytes, Tbs, Template, compress, decompress, round_trip,
};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{DerSignature, Signature, VerifyingKey};
use p256::elliptic_curve::ops::Reduce;
use p256::{FieldBytes, Scalar};

use nonce_table::{NonceTable, Pair};
use tests_random::Random;

/// Two cores are what continuous integration has.
const THREADS: usize = 2;

/// At most so many certificates are tried for the S that is wanted. Each meets
/// up to 1024 nonces, and one S in 65536 begins with two zero bytes.
const TRIES: usize = 4096;

/// What was made, and what went wrong.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// All certificates.
    pub certificates: usize,
    /// Of these, signer certificates; the others are devices'.
    pub signers: usize,
    /// R begins with a zero byte.
    pub leading_zero_r: usize,
    /// S begins with a zero byte.
    pub leading_zero_s: usize,
    /// R begins with two zero bytes or more.
    pub two_zeros_r: usize,
    /// S begins with two zero bytes or more.
    pub two_zeros_s: usize,
    /// R or S has its top bit set, and a zero byte before it in DER.
    pub top_bit: usize,
    /// The DER signature is shorter than 70 bytes, where both numbers have 32.
    pub short_der: usize,
    /// What went wrong, each with the seed of its certificate.
    pub failures: Vec<String>,
}

/// How a number of a signature should begin.
#[derive(Clone, Copy, Debug)]
enum Start {
    Any,
    OneZeroByte,
    TwoZeroBytes,
}

/// A signed certificate and what a chip holds beside it.
struct Sample {
    tbs: Tbs,
    definition: Box<dyn CertificateDef>,
    signer: PublicKey,
    signature: SignatureBytes,
}

/// Make and check `count` certificates; the same `seed` makes the same ones.
#[must_use]
pub fn run(count: usize, seed: u64) -> Stats {
    let mut random = Random::new(seed);
    // Far away from the small scalars, which have their own place.
    let table = NonceTable::new(random.word() | 1 << 63);
    let seeds: Vec<u64> = (0..count).map(|_| random.word()).collect();
    let mut stats = Stats::default();
    thread::scope(|scope| {
        let table = &table;
        let workers: Vec<_> = seeds
            .chunks(count.div_ceil(THREADS).max(1))
            .map(|seeds| scope.spawn(move || batch(seeds, table)))
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(batch) => stats += batch,
                Err(_) => stats.failures.push("a worker panicked".to_owned()),
            }
        }
    });
    stats
}

fn batch(seeds: &[u64], table: &NonceTable) -> Stats {
    let mut stats = Stats::default();
    for &seed in seeds {
        let result = sample(&mut Random::new(seed), table).and_then(|sample| {
            stats.count(&sample);
            sample.check()
        });
        if let Err(error) = result {
            stats.failures.push(format!("seed {seed:#018x}: {error}"));
        }
    }
    stats
}

impl Stats {
    fn count(&mut self, sample: &Sample) {
        let (r, s) = sample.signature.as_bytes().split_at(32);
        let top_bit = |number: &[u8]| number.first().is_some_and(|byte| *byte >= 0x80);
        self.certificates += 1;
        self.signers += usize::from(sample.definition.template() == Template::NERVES_KEY_SIGNER);
        self.leading_zero_r += usize::from(r.starts_with(&[0]));
        self.leading_zero_s += usize::from(s.starts_with(&[0]));
        self.two_zeros_r += usize::from(r.starts_with(&[0, 0]));
        self.two_zeros_s += usize::from(s.starts_with(&[0, 0]));
        self.top_bit += usize::from(top_bit(r) || top_bit(s));
        self.short_der += usize::from(sample.signature.to_der().len() < 70);
    }
}

impl AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.certificates += other.certificates;
        self.signers += other.signers;
        self.leading_zero_r += other.leading_zero_r;
        self.leading_zero_s += other.leading_zero_s;
        self.two_zeros_r += other.two_zeros_r;
        self.two_zeros_s += other.two_zeros_s;
        self.top_bit += other.top_bit;
        self.short_der += other.short_der;
        self.failures.extend(other.failures);
    }
}

fn sample(random: &mut Random, table: &NonceTable) -> Result<Sample, Box<dyn Error>> {
    let (start_r, start_s) = match random.below(128) {
        0..24 => (Start::OneZeroByte, Start::Any),
        24..32 => (Start::TwoZeroBytes, Start::Any),
        32..56 => (Start::Any, Start::OneZeroByte),
        56..58 => (Start::Any, Start::TwoZeroBytes),
        58..64 => (Start::OneZeroByte, Start::OneZeroByte),
        _ => (Start::Any, Start::Any),
    };
    let nonces = match start_r {
        Start::Any => &table.any,
        Start::OneZeroByte => &table.one_zero_byte,
        Start::TwoZeroBytes => &table.two_zero_bytes,
    };
    for _ in 0..TRIES {
        let (tbs, definition, key) = unsigned(random, table)?;
        let z = Scalar::reduce(&FieldBytes::from(tbs.digest()));
        let first = random.below(nonces.len());
        let found = nonces
            .iter()
            .cycle()
            .skip(first)
            .take(nonces.len())
            .filter_map(|nonce| sign(key, nonce, z))
            .find(|signature| start_s.begins(signature.as_bytes().split_at(32).1));
        if let Some(signature) = found {
            return Ok(Sample {
                tbs,
                definition,
                signer: key.public,
                signature,
            });
        }
    }
    Err(format!("no S of {start_s:?} in {TRIES} certificates").into())
}

impl Start {
    fn begins(self, number: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::OneZeroByte => number.starts_with(&[0]),
            Self::TwoZeroBytes => number.starts_with(&[0, 0]),
        }
    }
}

/// What is to be signed, what it is, and the key that is to sign it.
type Unsigned<'a> = (Tbs, Box<dyn CertificateDef>, &'a Pair);

/// A signer or a device certificate, and the key that is to sign it.
fn unsigned<'a>(
    random: &mut Random,
    table: &'a NonceTable,
) -> Result<Unsigned<'a>, Box<dyn Error>> {
    let signer = random.choice(&table.any).ok_or("no keys")?;
    let validity = input::validity(random);
    if random.below(2) == 0 {
        let certificate = NervesKeySigner {
            public_key: signer.public,
        };
        let tbs = certificate.issue(validity, Format::V0)?;
        return Ok((tbs, Box::new(certificate), signer));
    }
    // Now and then a key whose X begins with a zero byte.
    let keys = match random.below(8) {
        0 => &table.one_zero_byte,
        _ => &table.any,
    };
    let certificate = NervesKeyDevice {
        subject: input::subject(random),
        device_sn: random.bytes(),
        public_key: random.choice(keys).ok_or("no keys")?.public,
        signer_public_key: signer.public,
    };
    let tbs = certificate.issue(validity, Format::V0)?;
    Ok((tbs, Box::new(certificate), signer))
}

/// ECDSA by its definition: s = (z + r d) / k. Nothing when S is 0.
/// Source: FIPS 186-5, section 6.4.1.
fn sign(key: &Pair, nonce: &Pair, z: Scalar) -> Option<SignatureBytes> {
    let s = nonce.inverse * (z + nonce.r * key.scalar);
    let signature = Signature::from_scalars(nonce.r, s).ok()?;
    Some(SignatureBytes::from_bytes(signature.to_bytes().into()))
}

impl Sample {
    fn check(&self) -> Result<(), Box<dyn Error>> {
        let certificate = self.tbs.assemble(&self.signature);
        let definition = self.definition.as_ref();
        let bytes = compress(&certificate, definition, Format::V0)?.to_bytes();
        let stored = CompressedCertificate::from_bytes(&bytes)?;
        let rebuilt = decompress(&stored, definition)?;
        if rebuilt.as_der() != certificate.as_der() {
            return Err("another certificate comes back".into());
        }
        round_trip(&certificate, definition)?;
        rebuilt.verify(&self.signer)?;
        self.judge(&rebuilt)
    }

    /// The same by the code of `ecdsa` alone: its DER, its verification.
    fn judge(&self, certificate: &Certificate) -> Result<(), Box<dyn Error>> {
        let expected = Signature::from_slice(self.signature.as_bytes())?.to_der();
        let der = certificate.as_der();
        let start = der.len().saturating_sub(expected.as_bytes().len());
        let signature = DerSignature::from_bytes(der.get(start..).unwrap_or_default())?;
        if signature.as_bytes() != expected.as_bytes() {
            return Err("the signature is not in minimal DER".into());
        }
        VerifyingKey::from_sec1_bytes(&self.signer.to_sec1())?
            .verify(certificate.tbs_der(), &signature)?;
        Ok(())
    }
}
