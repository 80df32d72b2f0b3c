//! Async: `tokio DEVICE HOST PORT CA_FILE` makes a TLS connection on a thread that
//! may block, as the chip does for its signature, while other tasks run on.

use std::env::args;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nerves_key_device::DeviceUri;
use nerves_key_rustls::{CertificatePair, TlsIdentity};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;

// One worker, so that a blocked one would be noticed.
#[tokio::main(worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [device, host, port, ca_file] = &arguments[..] else {
        return Err("tokio DEVICE HOST PORT CA_FILE".into());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file)? {
        roots.add(certificate?)?;
    }

    let device = device.parse::<DeviceUri>()?;
    // Opening and reading block as well.
    let identity = spawn_blocking(move || {
        let opened = device.open().map_err(|error| error.to_string())?;
        TlsIdentity::read(opened, CertificatePair::Primary).map_err(|error| error.to_string())
    });
    let identity = identity.await??;
    let provider = rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_cert_resolver(identity.client_resolver());
    let connector = TlsConnector::from(Arc::new(config));

    let ticks = Arc::new(AtomicU32::new(0));
    let ticker = tokio::spawn({
        let ticks = ticks.clone();
        async move {
            loop {
                tokio::task::yield_now().await;
                ticks.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let tcp = TcpStream::connect((host.as_str(), port.parse::<u16>()?)).await?;
    let name = ServerName::try_from(host.clone())?;
    let before = ticks.load(Ordering::Relaxed);
    let handle = Handle::current();
    let handshake = spawn_blocking(move || handle.block_on(connector.connect(name, tcp)));
    let mut stream = handshake.await??;
    let during = ticks.load(Ordering::Relaxed) - before;
    ticker.abort();

    println!("{:?}", stream.get_ref().1.protocol_version());
    println!("another task ran {during} times during the handshake");
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    print!("{answer}");
    Ok(())
}
