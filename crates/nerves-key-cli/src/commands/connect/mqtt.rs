//! One message by MQTT, as a proof.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nerves_key_rustls::Origin;
use rumqttc::{
    Client, ConnectReturnCode, ConnectionError, Event, Incoming, MqttOptions, NetworkOptions, QoS,
    TlsConfiguration, Transport,
};
use rustls::ClientConfig;

use super::refusal::{By, Refusal};
use super::service::{Service, Target};
use super::words;

/// What is published, and as whom.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) client_id: String,
    pub(super) username: Option<String>,
    pub(super) topic: String,
    pub(super) text: String,
}

/// The longest packet that there is, since a limit is the broker's to set. Source:
/// MQTT 3.1.1, 2.2.3, and the fixed header.
const LONGEST: usize = 5 + 268_435_455;

/// Publish, and wait until the broker has acknowledged it.
pub(super) fn publish(
    target: &Target,
    message: &Message,
    config: Arc<ClientConfig>,
    timeout: Duration,
) -> Result<(), Refusal> {
    let transport = Transport::tls_with_config(TlsConfiguration::Rustls(config));
    publish_over(transport, target, message, timeout)
}

fn publish_over(
    transport: Transport,
    target: &Target,
    message: &Message,
    timeout: Duration,
) -> Result<(), Refusal> {
    let broker = (target.host.as_str(), target.port);
    let mut options = MqttOptions::new(&*message.client_id, broker);
    options.set_transport(transport);
    let incoming = options.max_packet_size();
    options.set_max_packet_size(incoming, LONGEST);
    if let Some(name) = &message.username {
        options.set_username(name);
    }
    let (client, mut connection) = Client::new(options, 10);
    let mut network = NetworkOptions::new();
    network.set_connection_timeout(timeout.as_secs());
    connection.eventloop.set_network_options(network);
    let publish = client.publish(
        &*message.topic,
        QoS::AtLeastOnce,
        false,
        message.text.clone().into_bytes(),
    );
    publish.map_err(|error| {
        Refusal::new(
            By::Nobody,
            error.to_string(),
            format!("{:?} is no topic to publish to", message.topic),
            "give a name without + and #",
        )
    })?;
    let end = Instant::now() + timeout;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        // An event that is there already is given out however short the time is.
        if left.is_zero() {
            return Err(unacknowledged(timeout));
        }
        match connection.recv_timeout(left) {
            Ok(Ok(Event::Incoming(Incoming::PubAck(_)))) => break,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(refusal(&error, target, message)),
            Err(_) => return Err(unacknowledged(timeout)),
        }
    }
    // The message is there; how the connection ends does not matter.
    let _ = client.disconnect();
    Ok(())
}

fn unacknowledged(timeout: Duration) -> Refusal {
    let seconds = timeout.as_secs();
    Refusal::new(
        By::Server,
        format!("the broker has not acknowledged the message within {seconds} s"),
        "the connection is there, and among what the broker sends, if anything, is no \
         acknowledgement",
        "--timeout waits longer; the broker's log says whether it has the message",
    )
}

fn refusal(error: &ConnectionError, target: &Target, message: &Message) -> Refusal {
    match Origin::find(error) {
        Some(Origin::Chip(chip)) => {
            return Refusal::new(
                By::Chip,
                format!("MQTT: {chip}"),
                "the chip gave no signature, the second time",
                "nerves-key doctor says more",
            );
        }
        Some(Origin::ServerCertificate(_)) => {
            return Refusal::new(
                By::Trust,
                format!("MQTT: {}", words::mqtt(error)),
                "another server answered the second time",
                "several servers may share this name: try again",
            );
        }
        _ => {}
    }
    let id = &message.client_id;
    let (cause, next) = match error {
        ConnectionError::ConnectionRefused(code) => match code {
            ConnectReturnCode::BadClientId => (
                format!("the broker does not take the client's ID {id:?}"),
                "--mqtt-client-id gives another one",
            ),
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => (
                format!("the broker knows the certificate, and does not let {id:?} in"),
                "look at its rules for this client; --mqtt-username where it wants one",
            ),
            _ => (
                "the broker does not take the connection".to_owned(),
                "look into its log at this time",
            ),
        },
        _ => match target.service {
            Service::Aws => (
                format!(
                    "AWS IoT closes it where no policy allows iot:Connect for the client {id:?}, or \
                     iot:Publish for this topic"
                ),
                "attach a policy to the certificate; the client's ID is often the thing's name",
            ),
            Service::Azure => (
                format!(
                    "Azure closes it where it does not know the device {id:?} or its user name"
                ),
                "give --mqtt-username HUB.azure-devices.net/DEVICE/?api-version=2021-04-12, or for \
                 provisioning SCOPE/registrations/DEVICE/api-version=2019-03-31",
            ),
            Service::Any | Service::NervesHub => (
                "the connection was closed, or this is no MQTT broker".to_owned(),
                "look into the broker's log at this time",
            ),
        },
    };
    Refusal::new(
        By::Server,
        format!("MQTT: {}", words::mqtt(error)),
        cause,
        next,
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// MQTT 3.1.1, 3.2: accepted.
    const CONNACK: [u8; 4] = [0x20, 0x02, 0x00, 0x00];

    fn target(port: u16) -> Target {
        Target {
            host: "localhost".to_owned(),
            port,
            alpn: Vec::new(),
            service: Service::Any,
        }
    }

    fn message(text: String) -> Message {
        Message {
            client_id: "N1".to_owned(),
            username: None,
            topic: "t".to_owned(),
            text,
        }
    }

    /// Takes one client, and does with it what `serve` says.
    fn broker(serve: impl FnOnce(TcpStream) + Send + 'static) -> (u16, thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut tcp, _) = listener.accept().unwrap();
            assert!(tcp.read(&mut [0; 1000]).unwrap() > 0);
            tcp.write_all(&CONNACK).unwrap();
            serve(tcp);
        });
        (port, server)
    }

    /// The limit of 10,240 bytes that the client has of itself is no broker's.
    #[test]
    fn a_long_message_is_the_brokers_to_judge() {
        let (port, server) = broker(|mut tcp| {
            // Header 32, remaining length in 3 bytes, topic in 3, ID in 2, and the text.
            let mut publish = vec![0; 1 + 3 + 3 + 2 + 100_000];
            tcp.read_exact(&mut publish).unwrap();
            // MQTT 3.1.1, 3.4: acknowledged.
            tcp.write_all(&[0x40, 0x02, publish[7], publish[8]])
                .unwrap();
            // Until the client has read it.
            let _ = tcp.read(&mut [0; 100]);
        });
        let message = message("a".repeat(100_000));
        let seconds = Duration::from_secs(20);
        publish_over(Transport::tcp(), &target(port), &message, seconds).unwrap();
        server.join().unwrap();
    }

    /// Other messages without end are no acknowledgement, and no reason to wait.
    #[test]
    fn a_broker_that_floods_is_given_up() {
        // MQTT 3.1.1, 3.3: "abc" for the topic "t", QoS 0.
        const PUBLISH: &[u8] = b"\x30\x06\x00\x01tabc";
        let (port, server) = broker(|mut tcp| {
            let flood = PUBLISH.repeat(200);
            // So that a client that never gives up fails, and does not hang.
            let end = Instant::now() + Duration::from_secs(8);
            while Instant::now() < end && tcp.write_all(&flood).is_ok() {}
        });
        let second = Duration::from_secs(1);
        let refusal = publish_over(
            Transport::tcp(),
            &target(port),
            &message(String::new()),
            second,
        )
        .unwrap_err();
        server.join().unwrap();
        assert_eq!(
            refusal.what,
            "the broker has not acknowledged the message within 1 s"
        );
    }
}
