//! Key pairs and nonces, made beforehand.
//!
//! A scalar and its point serve as either: as a key, or as the nonce of a
//! signature, whose R is the point's X. A small R has to be looked for once;
//! then it signs anything. A small S has to be looked for per certificate,
//! and with many nonces at hand that is only arithmetic.

use atecc_x509::PublicKey;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

/// Multiples of the generator whose X begins with two zero bytes; the last
/// one's with three. Found by walking; [`NonceTable::new`] checks them.
const TWO_ZERO_BYTES: [u64; 21] = [
    40_393, 116_173, 209_780, 302_630, 383_134, 494_690, 554_009, 573_196, 595_895, 669_626,
    758_794, 771_992, 796_078, 836_544, 866_347, 883_996, 997_224, 1_026_196, 1_213_254, 1_340_330,
    1_476_301,
];

/// Enough that a nonce for an S with a zero byte is usually among them.
const ANY: usize = 1024;

/// How many with one zero byte are looked for.
const ONE_ZERO_BYTE: usize = 16;

/// A scalar with what signing needs of it.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) scalar: Scalar,
    pub(super) inverse: Scalar,
    /// X as a scalar.
    pub(super) r: Scalar,
    pub(super) public: PublicKey,
}

/// Pairs by how their X begins.
#[derive(Debug)]
pub(super) struct NonceTable {
    pub(super) any: Vec<Pair>,
    pub(super) one_zero_byte: Vec<Pair>,
    pub(super) two_zero_bytes: Vec<Pair>,
}

impl NonceTable {
    /// The pairs after `start`, and those with small X.
    pub(super) fn new(start: u64) -> Self {
        let two_zero_bytes = TWO_ZERO_BYTES
            .into_iter()
            .filter_map(|scalar| walk(Scalar::from(scalar)).next())
            .filter(|pair| pair.public.as_bytes().starts_with(&[0, 0]))
            .collect();
        let one_zero_byte = walk(Scalar::ONE)
            .filter(|pair| pair.public.as_bytes().starts_with(&[0]))
            .take(ONE_ZERO_BYTE)
            .collect();
        Self {
            any: walk(Scalar::from(start)).take(ANY).collect(),
            one_zero_byte,
            two_zero_bytes,
        }
    }
}

/// `scalar`, the scalar after it, and so on: one addition a point.
fn walk(scalar: Scalar) -> impl Iterator<Item = Pair> {
    let point = ProjectivePoint::GENERATOR * scalar;
    let steps = std::iter::successors(Some((scalar, point)), |(scalar, point)| {
        Some((*scalar + Scalar::ONE, *point + ProjectivePoint::GENERATOR))
    });
    steps.filter_map(|(scalar, point)| Pair::new(scalar, point.to_affine()))
}

impl Pair {
    /// Nothing for the zero scalar, which has no inverse and no point.
    fn new(scalar: Scalar, point: AffinePoint) -> Option<Self> {
        let sec1 = point.to_sec1_point(false);
        let public = PublicKey::from_bytes(sec1.as_bytes().get(1..)?.try_into().ok()?);
        let x = FieldBytes::try_from(public.as_bytes().get(..32)?).ok()?;
        Some(Self {
            scalar,
            inverse: Option::from(scalar.invert_vartime())?,
            r: Scalar::reduce(&x),
            public,
        })
    }
}
