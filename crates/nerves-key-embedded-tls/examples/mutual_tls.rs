//! HTTPS by TLS 1.3 as a firmware does it: `mutual_tls DEVICE HOST PORT CA_DER` gets
//! a page from a server that asks for the device's certificate.

use std::env::args;
use std::error::Error;
use std::io::{Write, stdout};
use std::net::TcpStream;
use std::time::SystemTime;

use embedded_io_adapters::std::FromStd;
use embedded_tls::blocking::TlsConnection;
use embedded_tls::pki::CertVerifier;
use embedded_tls::{Aes128GcmSha256, Certificate, TlsConfig, TlsError};
use nerves_key::ReadSnapshot;
use nerves_key_device::DeviceUri;
use nerves_key_embedded_tls::{ChipClient, embedded_tls};
use rand_core::OsRng;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [device, host, port, ca_file] = &arguments[..] else {
        return Err("mutual_tls DEVICE HOST PORT CA_DER".into());
    };
    let root = std::fs::read(ca_file)?;
    let mut device = device.parse::<DeviceUri>()?.open()?;
    let snapshot = device.run(ReadSnapshot::new())?;
    let certificate = snapshot.certificates()?.device;

    let verifier = CertVerifier::<Aes128GcmSha256, SystemTime, 4096>::new(Certificate::X509(&root));
    let mut client = ChipClient::new(
        device,
        snapshot.key_slot(),
        certificate.as_der(),
        verifier,
        OsRng,
    );
    let socket = FromStd::new(TcpStream::connect((host.as_str(), port.parse()?))?);
    let (mut reading, mut writing) = (vec![0; 16640], vec![0; 4096]);
    let mut tls = TlsConnection::new(socket, &mut reading, &mut writing);
    client.open(&mut tls, &TlsConfig::new().with_server_name(host))?;

    tls.write(b"GET / HTTP/1.0\r\n\r\n")?;
    tls.flush()?;
    let mut page = [0; 4096];
    loop {
        match tls.read(&mut page) {
            Ok(length) => stdout().write_all(&page[..length])?,
            Err(TlsError::ConnectionClosed) => return Ok(()),
            // A refused certificate is an alert here, which has no name, or the
            // connection's end.
            Err(error) => return Err(error.into()),
        }
    }
}
