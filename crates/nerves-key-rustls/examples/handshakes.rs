//! Many handshakes: `handshakes DEVICE HOST PORT CA_FILE COUNT` makes so many
//! connections, each with a signature of the chip, and fails where the server does
//! not take one of them.

use std::env::args;
use std::error::Error;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nerves_key_device::DeviceUri;
use nerves_key_rustls::{CertificatePair, TlsIdentity};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [device, host, port, ca_file, count] = &arguments[..] else {
        return Err("handshakes DEVICE HOST PORT CA_FILE COUNT".into());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file)? {
        roots.add(certificate?)?;
    }
    let device = device.parse::<DeviceUri>()?.open()?;
    let identity = TlsIdentity::read(device, CertificatePair::Primary)?;
    let provider = rustls::crypto::ring::default_provider();
    let mut config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_cert_resolver(identity.client_resolver());
    config.resumption = Resumption::disabled();
    let config = Arc::new(config);

    let (count, port): (u32, u16) = (count.parse()?, port.parse()?);
    let start = Instant::now();
    for _ in 0..count {
        handshake(&config, host, port)?;
    }
    let each = start.elapsed().as_secs_f64() * 1e3 / f64::from(count.max(1));
    println!("handshakes {count}, all taken, {each:.1} ms each");
    Ok(())
}

/// The server's data show that it has taken the certificate.
fn handshake(config: &Arc<ClientConfig>, host: &str, port: u16) -> Result<(), Box<dyn Error>> {
    let mut tcp = TcpStream::connect((host, port))?;
    tcp.set_read_timeout(Some(Duration::from_secs(60)))?;
    let name = ServerName::try_from(host.to_owned())?;
    let mut connection = ClientConnection::new(Arc::clone(config), name)?;
    let mut stream = Stream::new(&mut connection, &mut tcp);
    std::io::Write::write_all(&mut stream, b"GET / HTTP/1.0\r\n\r\n")?;
    let mut page = Vec::new();
    match stream.read_to_end(&mut page) {
        Ok(_) => {}
        // Some servers close without a word of TLS.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(error.into()),
    }
    if page.starts_with(b"HTTP/1.0 200") {
        Ok(())
    } else {
        Err("the server has sent no page".into())
    }
}
