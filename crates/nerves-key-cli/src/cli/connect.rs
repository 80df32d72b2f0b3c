//! Arguments of `nerves-key connect`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::chip::Chained;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("service").args(["aws", "azure", "nerves_hub"]))]
pub(crate) struct Connect {
    #[command(flatten)]
    pub(crate) chained: Chained,
    /// The server. A service has a port of its own where none is given.
    #[arg(value_name = "HOST[:PORT]", value_parser = server)]
    pub(crate) server: Server,
    /// Trust the authorities in this file, PEM, and no others [default: those that
    /// browsers trust].
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// An application protocol to offer (ALPN). May be repeated, the best first.
    #[arg(long, value_name = "NAME")]
    pub(crate) alpn: Vec<String>,
    /// AWS IoT Core: port 8883, and on port 443 its ALPN.
    #[arg(long)]
    pub(crate) aws: bool,
    /// Azure's Device Provisioning Service or IoT Hub: port 8883.
    #[arg(long)]
    pub(crate) azure: bool,
    /// NervesHub: port 443.
    #[arg(long)]
    pub(crate) nerves_hub: bool,
    /// Offer this version of TLS alone.
    #[arg(long, value_name = "VERSION")]
    pub(crate) tls: Option<TlsVersion>,
    /// The certificates to show.
    #[arg(long, value_name = "PAIR", default_value = "primary")]
    pub(crate) certificates: Pair,
    /// How long to wait for the network, 1 to 600.
    #[arg(long, value_name = "SECONDS", default_value = "20",
          value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) timeout: u16,
    /// Then publish one message by MQTT, QoS 1, as a proof.
    #[arg(long, value_name = "TOPIC", value_parser = topic)]
    pub(crate) mqtt_publish: Option<String>,
    /// What the message says.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "nerves-key connect",
        requires = "mqtt_publish"
    )]
    pub(crate) mqtt_message: String,
    /// The client's ID [default: the common name of the device's certificate].
    #[arg(long, value_name = "ID", requires = "mqtt_publish", value_parser = mqtt_string)]
    pub(crate) mqtt_client_id: Option<String>,
    /// The user's name, where the service wants one.
    #[arg(long, value_name = "NAME", requires = "mqtt_publish", value_parser = mqtt_string)]
    pub(crate) mqtt_username: Option<String>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum TlsVersion {
    #[value(name = "1.2")]
    V1_2,
    #[value(name = "1.3")]
    V1_3,
}

/// The chip's certificates.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Pair {
    /// Those that it was provisioned with.
    Primary,
    /// The second pair (nerves-key aux).
    Auxiliary,
}

/// `HOST`, `HOST:PORT`, `[::1]:PORT`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

fn server(text: &str) -> Result<Server, String> {
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!(
            "{scheme}: is not part of it: give the host's name and its port"
        ));
    }
    let (host, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, ""))) => (host, None),
        Some(Some((host, rest))) => (host, rest.strip_prefix(':')),
        Some(None) => return Err("the bracket is not closed: [ADDRESS]:PORT".to_owned()),
        None => match text.split_once(':') {
            // Several colons are an address without brackets.
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port > 0 => Some(port),
        Some(_) => return Err("the port must be 1 to 65535".to_owned()),
    };
    if host.is_empty() {
        return Err("the host's name is missing".to_owned());
    }
    let host = host.to_owned();
    Ok(Server { host, port })
}

/// Source: MQTT 3.1.1, 1.5.3.
const MQTT_STRING: usize = 65_535;

fn mqtt_string(text: &str) -> Result<String, String> {
    let len = text.len();
    if len > MQTT_STRING {
        return Err(format!(
            "it has {len} bytes, and MQTT takes {MQTT_STRING} at most: give a shorter one"
        ));
    }
    Ok(text.to_owned())
}

/// Source: MQTT 3.1.1, 4.7.
fn topic(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a topic has one character at least: give its name".to_owned());
    }
    if let Some(wildcard) = text.chars().find(|it| matches!(it, '+' | '#')) {
        return Err(format!(
            "{wildcard} stands for several topics, to which nobody can publish: give one name, \
             without + and #"
        ));
    }
    mqtt_string(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_one_that_can_be_published_to() {
        for text in ["a", "$aws/things/n1/shadow/update", "/", "\u{E9}"] {
            assert_eq!(topic(text).as_deref(), Ok(text));
        }
        let longest = "a".repeat(65_535);
        assert!(topic(&longest).is_ok());
        let long = longest + "b";
        for (text, part) in [
            ("", "one character at least"),
            ("a/#", "# stands for several"),
            ("+/a", "+ stands for several"),
            (&long, "65536 bytes, and MQTT takes 65535"),
        ] {
            let error = topic(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        assert!(mqtt_string(&long).is_err() && mqtt_string("").is_ok());
    }

    #[test]
    fn servers_have_a_host_and_perhaps_a_port() {
        for (text, host, port) in [
            ("a.example", "a.example", None),
            ("a.example:8883", "a.example", Some(8883)),
            ("[::1]:443", "::1", Some(443)),
            ("[::1]", "::1", None),
            ("::1", "::1", None),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
        ] {
            let found = server(text).unwrap();
            assert_eq!((&*found.host, found.port), (host, port), "{text}");
        }
        for (text, part) in [
            ("https://a.example/", "https: is not part"),
            ("a.example:0", "1 to 65535"),
            ("a.example:65536", "1 to 65535"),
            ("a.example:", "1 to 65535"),
            (":443", "name is missing"),
            ("", "name is missing"),
            ("[::1", "bracket"),
        ] {
            let error = server(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
