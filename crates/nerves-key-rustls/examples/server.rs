//! A server on the device: `server DEVICE ADDRESS CHAIN_FILE` answers each request
//! with the name of its chip. The chain begins with a certificate for the chip's
//! key that has the host's name (`nerves-key csr --san` asks for one): the
//! certificates in the chip are a client's.

use std::env::args;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use atecc_x509::Certificate;
use nerves_key_device::DeviceUri;
use nerves_key_rustls::{CertificatePair, TlsIdentity};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ServerConfig, ServerConnection, Stream};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [device, address, chain_file] = &arguments[..] else {
        return Err("server DEVICE ADDRESS CHAIN_FILE".into());
    };
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_file_iter(chain_file)? {
        chain.push(Certificate::from_der(certificate?.to_vec())?);
    }

    let device = device.parse::<DeviceUri>()?.open()?;
    let own = TlsIdentity::read(device, CertificatePair::Primary)?;
    let identity = TlsIdentity::with_certificates(own.key(), chain)?;
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(identity.server_resolver());

    let config = Arc::new(config);
    let name = own.chain()[0].subject_text();
    let listener = TcpListener::bind(address)?;
    println!("https://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        if let Err(error) = answer(stream?, config.clone(), &name) {
            eprintln!("{error}");
        }
    }
    Ok(())
}

fn answer(mut tcp: TcpStream, config: Arc<ServerConfig>, name: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = ServerConnection::new(config)?;
    let mut stream = Stream::new(&mut connection, &mut tcp);
    let mut request = [0; 4096];
    let _ = stream.read(&mut request)?;
    let body = format!("{name}\n");
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n{body}",
        body.len()
    )?;
    connection.send_close_notify();
    connection.complete_io(&mut tcp)?;
    Ok(())
}
