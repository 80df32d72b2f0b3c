//! Known certificates for the tests.
//!
//! The signer is the fixture of `nerves_key`'s own tests, `data_test.exs` of
//! 2018 (Apache-2.0). The device was made by `nerves_key` 1.3 with the clock at
//! 2026-03-15T09:15:00Z; see `tests/vectors/certs.json`, the plain serial
//! under the signer of ten years.

use std::vec::Vec;

use crate::{Certificate, Name, NervesKeyDevice, NervesKeySigner, PublicKey};

const SIGNER_PEM: &str = "-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIQXj1tCj6UcebW9KzyMQuWozAKBggqhkjOPQQDAjARMQ8w
DQYDVQQDDAZTaWduZXIwHhcNMTgxMjA0MjAwMDAwWhcNMTkxMjA0MjAwMDAwWjAR
MQ8wDQYDVQQDDAZTaWduZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQFp+xv
6tS2Tf6c+uzkMgAliP8rB+DZt65l31pzRPqpni4LNJWOdvp7NC9dA9R4CrYJlvco
AljnepawW9Vk0+TBo4GGMIGDMBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYDVR0PAQH/
BAQDAgGGMB0GA1UdJQQWMBQGCCsGAQUFBwMBBggrBgEFBQcDAjAdBgNVHQ4EFgQU
NP5pRVEBapHsdQPO8hBj4vUjBi8wHwYDVR0jBBgwFoAUNP5pRVEBapHsdQPO8hBj
4vUjBi8wCgYIKoZIzj0EAwIDSAAwRQIhAIuXG1T8Bhy02441eBND5ON6Uo/z3vHm
s5Ya5AZoKO6NAiBNIDR4ebUYzBQSHU9ZnwaiBTVtSbTTXmbhwisDJQ87Jg==
-----END CERTIFICATE-----
";

const DEVICE_PEM: &str = "-----BEGIN CERTIFICATE-----
MIIBdDCCARqgAwIBAgIQdvf5ktjv+nnNx4tV+PNWsTAKBggqhkjOPQQDAjARMQ8w
DQYDVQQDDAZTaWduZXIwIBcNMjYwMzE1MDkwMDAwWhgPMjA1NzAzMTUwOTAwMDBa
MBAxDjAMBgNVBAMMBUhUWVIyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEh/Xr
hcfkjP8xe9W3wRuQCQGqfhLvCTVw2K1pPEt14GA60Mz0hvviJibTaeox+YYrQvUp
rojdPx0XEMyMAIDG9KNTMFEwCQYDVR0TBAIwADAOBgNVHQ8BAf8EBAMCBaAwEwYD
VR0lBAwwCgYIKwYBBQUHAwIwHwYDVR0jBBgwFoAUMeIU09Btdfx+oiU+POi9Qd7/
8hQwCgYIKoZIzj0EAwIDSAAwRQIhANH0oiWztlfMWjom5TyO28U5t0Go140rqike
oqxEeT9EAiA9NHMflpPBSkXZQop80K2VPq5ioCMHuDo3lkQ3IaZe0g==
-----END CERTIFICATE-----
";

/// The fixture's slot 11, without the zeros.
pub(crate) const SIGNER_KEY: [u8; 64] = hex(
    b"05A7EC6FEAD4B64DFE9CFAECE432002588FF2B07E0D9B7AE65DF5A7344FAA99E\
      2E0B34958E76FA7B342F5D03D4780AB60996F7280258E77A96B05BD564D3E4C1",
);

/// The fixture's slot 12.
pub(crate) const SLOT_12: [u8; 72] = hex(
    b"8B971B54FC061CB4DB8E35781343E4E37A528FF3DEF1E6B3961AE4066828EE8D\
      4D20347879B518CC14121D4F599F06A205356D49B4D35E66E1C22B03250F3B26\
      961281000010A000",
);

/// Who signed the device: its slot 11, without the zeros.
pub(crate) const DEVICE_SIGNER_KEY: [u8; 64] = hex(
    b"A6D463889417A23836410E324951357019606FD2F67FA08E7D3A944F0317315F\
      0AC28EE156D3B7092DB58266C5F0A48240FBF775051A91495C043872C9C9ADF5",
);

/// The device's slot 10.
pub(crate) const SLOT_10: [u8; 72] = hex(
    b"D1F4A225B3B657CC5A3A26E53C8EDBC539B741A8D78D2BAA291EA2AC44793F44\
      3D34731F9693C14A45D9428A7CD0AD953EAE62A02307B83A3796443721A65ED2\
      D1BD3F000000B000",
);

/// The device's chip.
pub(crate) const DEVICE_SN: [u8; 9] = hex(b"012305178B9F191BEE");
/// The device's manufacturer serial number.
pub(crate) const SERIAL: &[u8] = b"HTYR2";

pub(crate) fn signer() -> Certificate {
    Certificate::from_pem(SIGNER_PEM).unwrap()
}

pub(crate) fn device() -> Certificate {
    Certificate::from_pem(DEVICE_PEM).unwrap()
}

pub(crate) fn signer_der() -> Vec<u8> {
    signer().into_der()
}

pub(crate) fn device_der() -> Vec<u8> {
    device().into_der()
}

pub(crate) fn signer_def() -> NervesKeySigner {
    NervesKeySigner {
        public_key: PublicKey::from_bytes(SIGNER_KEY),
    }
}

pub(crate) fn device_def() -> NervesKeyDevice {
    NervesKeyDevice {
        subject: Name::from_stored_serial(SERIAL),
        device_sn: DEVICE_SN,
        public_key: device().public_key().unwrap(),
        signer_public_key: PublicKey::from_bytes(DEVICE_SIGNER_KEY),
    }
}

/// Upper-case hex, at compile time.
const fn hex<const N: usize>(text: &[u8]) -> [u8; N] {
    assert!(text.len() == 2 * N);
    let mut bytes = [0; N];
    let mut at = 0;
    while at < N {
        bytes[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    bytes
}

const fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'A'..=b'F' => character - b'A' + 10,
        _ => panic!("no upper-case hex digit"),
    }
}
