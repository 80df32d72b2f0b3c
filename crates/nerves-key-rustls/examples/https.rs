//! HTTPS: `https DEVICE URL CA_FILE` gets a page from a server that asks for the
//! device's certificate.

use std::env::args;
use std::error::Error;

use nerves_key_device::DeviceUri;
use nerves_key_rustls::{CertificatePair, Origin, TlsIdentity};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [device, url, ca_file] = &arguments[..] else {
        return Err("https DEVICE URL CA_FILE".into());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file)? {
        roots.add(certificate?)?;
    }

    let device = device.parse::<DeviceUri>()?.open()?;
    let identity = TlsIdentity::read(device, CertificatePair::Primary)?;
    let provider = rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_cert_resolver(identity.client_resolver());

    let client = reqwest::blocking::Client::builder()
        .tls_backend_preconfigured(config)
        .build()?;
    let answer = client.get(url).send().inspect_err(|error| {
        // The chip, the server's certificate, or the server.
        eprintln!("{:?}", Origin::find(error));
    })?;
    println!("{}", answer.status());
    print!("{}", answer.text()?);
    Ok(())
}
