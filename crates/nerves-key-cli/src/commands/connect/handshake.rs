//! One connection, up to where the server has shown what it thinks of our
//! certificate.

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion};

use super::service::Target;

/// A server that accepts us in TLS 1.3 may say nothing: after so long it has.
const SILENCE: Duration = Duration::from_secs(2);

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub(super) address: Option<SocketAddr>,
    /// For the TCP connection.
    pub(super) connecting: Duration,
    /// From the first byte of TLS to the end, the chip's time included.
    pub(super) handshake: Duration,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) suite: Option<String>,
    pub(super) alpn: Option<Vec<u8>>,
    pub(super) end: Option<End>,
}

/// Why there is no connection, or none any more.
#[derive(Debug)]
pub(super) enum End {
    /// The name has no address.
    Name(io::Error),
    Tcp(io::Error),
    Tls(rustls::Error),
    /// The server closed it without a word.
    Closed,
    Timeout,
}

/// Try each address of the host until one takes the TCP connection.
pub(super) fn run(target: &Target, config: Arc<ClientConfig>, timeout: Duration) -> Attempt {
    let mut attempt = Attempt::default();
    attempt.end = connect(&mut attempt, target, config, timeout).err();
    attempt
}

fn connect(
    attempt: &mut Attempt,
    target: &Target,
    config: Arc<ClientConfig>,
    timeout: Duration,
) -> Result<(), End> {
    let name = ServerName::try_from(target.host.clone())
        .map_err(|error| End::Name(io::Error::new(ErrorKind::InvalidInput, error)))?;
    let addresses = (target.host.as_str(), target.port).to_socket_addrs();
    let start = Instant::now();
    let mut tcp = Err(io::Error::new(ErrorKind::NotFound, "it has no address"));
    for address in addresses.map_err(End::Name)? {
        attempt.address = Some(address);
        tcp = TcpStream::connect_timeout(&address, timeout);
        if tcp.is_ok() {
            break;
        }
    }
    let mut tcp = tcp.map_err(End::Tcp)?;
    attempt.connecting = start.elapsed();
    let start = Instant::now();
    let mut connection = ClientConnection::new(config, name).map_err(End::Tls)?;
    let done = exchange(&mut connection, &mut tcp, timeout);
    attempt.handshake = start.elapsed();
    attempt.version = connection.protocol_version();
    attempt.suite = connection
        .negotiated_cipher_suite()
        .map(|suite| format!("{:?}", suite.suite()));
    attempt.alpn = connection.alpn_protocol().map(<[u8]>::to_vec);
    done
}

fn exchange(
    connection: &mut ClientConnection,
    tcp: &mut TcpStream,
    timeout: Duration,
) -> Result<(), End> {
    tcp.set_write_timeout(Some(timeout)).map_err(End::Tcp)?;
    let end = Instant::now() + timeout;
    while connection.is_handshaking() {
        step(connection, tcp, end)?;
    }
    write(connection, tcp)?;
    // With TLS 1.2 the server's Finished says that it has accepted us. With 1.3 ours
    // is the last word: a ticket, data or silence are its consent, an alert is not.
    if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
        let end = Instant::now() + SILENCE;
        while connection.tls13_tickets_received() == 0 {
            match step(connection, tcp, end) {
                Ok(()) if has_data(connection) => break,
                Ok(()) => {}
                Err(End::Timeout) => break,
                Err(end) => return Err(end),
            }
        }
    }
    connection.send_close_notify();
    // Whether that still arrives does not matter.
    let _ = connection.write_tls(tcp);
    Ok(())
}

fn has_data(connection: &mut ClientConnection) -> bool {
    connection
        .reader()
        .read(&mut [0])
        .is_ok_and(|read| read > 0)
}

/// Write what is to be written. Where the server has closed, its last word may be
/// an alert.
fn write(connection: &mut ClientConnection, tcp: &mut TcpStream) -> Result<(), End> {
    while connection.wants_write() {
        let Err(error) = connection.write_tls(tcp) else {
            continue;
        };
        if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) {
            return Err(End::Timeout);
        }
        let told = connection.read_tls(tcp).is_ok();
        return Err(match connection.process_new_packets() {
            Err(error) if told => End::Tls(error),
            _ => End::Closed,
        });
    }
    Ok(())
}

/// Write what is to be written, read what there is until `end`: a server that sends
/// a byte now and then has no more time than one that is silent.
fn step(connection: &mut ClientConnection, tcp: &mut TcpStream, end: Instant) -> Result<(), End> {
    write(connection, tcp)?;
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(End::Timeout);
    }
    tcp.set_read_timeout(Some(left)).map_err(End::Tcp)?;
    match connection.read_tls(tcp) {
        Ok(0) => return Err(End::Closed),
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            return Err(End::Timeout);
        }
        Err(_closed) => return Err(End::Closed),
    }
    connection.process_new_packets().map(drop).map_err(|error| {
        // Our own alert tells the server why.
        let _ = connection.write_tls(tcp);
        End::Tls(error)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    use rustls::RootCertStore;

    use super::*;
    use crate::commands::connect::service::Service;

    /// One byte after the other of a record that it never finishes.
    #[test]
    fn a_server_that_drips_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut tcp, _) = listener.accept().unwrap();
            // A handshake record of 16,384 bytes, of which some come.
            let head = [0x16, 0x03, 0x03, 0x40, 0x00, 0x02, 0x00, 0x3F, 0xFC];
            for byte in head.into_iter().chain([0; 60]) {
                if tcp.write_all(&[byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        let target = Target {
            host: "localhost".to_owned(),
            port,
            alpn: Vec::new(),
            service: Service::Any,
        };
        let provider = rustls::crypto::ring::default_provider();
        let config = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let attempt = run(&target, Arc::new(config), Duration::from_millis(600));
        assert!(matches!(attempt.end, Some(End::Timeout)), "{attempt:?}");
        server.join().unwrap();
    }
}
