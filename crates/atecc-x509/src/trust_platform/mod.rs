//! The certificates of Trust&GO and TrustFLEX parts, which Microchip
//! provisions: root, signer and device.
//!
//! Source: cryptoauthlib `app/tng` and certificates of such parts. All are
//! version 3, ECDSA-SHA256, names in `UTF8String`; notAfter is a
//! `GeneralizedTime` also before 2050; key identifiers are SHA-1 of 04, X, Y;
//! serial numbers are of source A.
//!
//! | | signer | device |
//! |---|---|---|
//! | template ID | 1 | 2, 3 or 4, see [`TrustLayout`] |
//! | issuer | the root | the signer |
//! | subject CN | `Crypto Authentication Signer XXXX` | the chip's serial number |
//! | extensions | keyUsage, basicConstraints, key identifiers | subjectAltName where there is an EUI, basicConstraints, keyUsage, key identifiers |

mod certificates;
mod chain;
mod layout;

pub use certificates::{TrustDevice, TrustSigner};
pub use chain::TrustChain;
pub use layout::TrustLayout;
