//! A whole handshake of TLS 1.3 by embedded-tls with the chip's key, the server's
//! certificate verified, and a byte either way.

use core::hint::black_box;

use atecc::Slot;
use nerves_key_embedded_tls::ChipClient;
use nerves_key_embedded_tls::embedded_tls::blocking::TlsConnection;
use nerves_key_embedded_tls::embedded_tls::pki::CertVerifier;
use nerves_key_embedded_tls::embedded_tls::{
    Aes128GcmSha256, Certificate, CryptoRng, TlsClock, TlsConfig,
};

use crate::{Chip, apart, bytes_at, given};

/// A network that the compiler knows nothing of.
struct Socket;

impl embedded_io::ErrorType for Socket {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, embedded_io::ErrorKind> {
        Ok(black_box(bytes).len())
    }
}

impl embedded_io::Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, embedded_io::ErrorKind> {
        Ok(black_box(bytes).len())
    }

    fn flush(&mut self) -> Result<(), embedded_io::ErrorKind> {
        Ok(())
    }
}

/// The platform's random numbers.
struct Random;

impl rand_core_06::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        given(0)
    }

    fn next_u64(&mut self) -> u64 {
        given(0)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        black_box(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        black_box(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}

struct Clock;

impl TlsClock for Clock {
    fn now() -> Option<u64> {
        given(Some(0))
    }
}

pub fn exchange(chip: &mut Chip) {
    apart(chip, |chip| {
        let root = Certificate::X509(&bytes_at::<256>()[..]);
        let verifier = CertVerifier::<Aes128GcmSha256, Clock, 1024>::new(root);
        let certificate = bytes_at::<256>();
        let mut client = ChipClient::new(chip, given(Slot::S0), certificate, verifier, Random);
        let (mut reading, mut writing) = ([0; 512], [0; 512]);
        let mut tls = TlsConnection::new(Socket, &mut reading, &mut writing);
        let config = TlsConfig::new().with_server_name("server.example");
        let opened = black_box(client.open(&mut tls, &config).is_ok());
        let mut byte = [0];
        (opened, tls.write(&byte).is_ok(), tls.flush().is_ok(), tls.read(&mut byte).is_ok())
    });
}
