//! MQTT: `mqtt DEVICE HOST PORT CA_FILE TOPIC MESSAGE` publishes a message with
//! QoS 1 and waits until the broker has acknowledged it. The client's ID is the
//! common name of the device's certificate.

use std::env::args;
use std::error::Error;
use std::sync::Arc;

use nerves_key_device::DeviceUri;
use nerves_key_rustls::{CertificatePair, Origin, TlsIdentity};
use rumqttc::{Client, Event, Incoming, MqttOptions, QoS, TlsConfiguration, Transport};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [device, host, port, ca_file, topic, message] = &arguments[..] else {
        return Err("mqtt DEVICE HOST PORT CA_FILE TOPIC MESSAGE".into());
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

    let subject = identity.chain()[0].subject_text();
    let name = subject.strip_prefix("CN=").unwrap_or(&subject);
    let mut options = MqttOptions::new(name, (host.as_str(), port.parse()?));
    options.set_keep_alive(30);
    options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(
        Arc::new(config),
    )));
    let (client, mut connection) = Client::new(options, 10);
    client.publish(topic, QoS::AtLeastOnce, false, message.as_bytes().to_vec())?;
    for event in connection.iter() {
        match event {
            Ok(Event::Incoming(Incoming::PubAck(_))) => break,
            Ok(_) => {}
            Err(error) => {
                // The chip, the broker's certificate, or the broker.
                eprintln!("{:?}", Origin::find(&error));
                return Err(error.into());
            }
        }
    }
    println!("{name}: published, and acknowledged by the broker");
    client.disconnect()?;
    Ok(())
}
