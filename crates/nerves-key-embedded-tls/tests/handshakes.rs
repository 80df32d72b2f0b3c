//! Handshakes with the chip's key before rustls, what they cost the bus, and who
//! refuses.

mod peer;

use std::sync::Arc;

use atecc_emulator::{Bus, Revision};
use embedded_tls::{NoClock, TlsConfig, TlsError};
use nerves_key_embedded_tls::{ChipClient, OpenError, embedded_tls};
use peer::{Authority, CLIENTS, Fixed, NAME, SERVERS, Verifier, chip, serve};
use rand_core::OsRng;
use rcgen::{BasicConstraints, IsCa};
use rustls::ServerConfig;
use tests_station::Station;

/// One connection of a chip's client, which trusts `root`, to `server`.
fn connect(
    bus: &Bus,
    root: &[u8],
    host: &str,
    server: Arc<ServerConfig>,
) -> (
    Result<(), OpenError<String>>,
    Result<Vec<u8>, rustls::Error>,
) {
    let (slot, certificates) = peer::certificates(bus);
    let mut client = ChipClient::new(
        Station::device(bus),
        slot,
        certificates.device.as_der(),
        peer::verifier(root),
        OsRng,
    );
    let config = TlsConfig::new().with_server_name(host);
    let (opened, seen) = serve(server, |socket| {
        let (mut reading, mut writing) = peer::buffers();
        let mut tls = peer::blocking(socket, &mut reading, &mut writing);
        client.open(&mut tls, &config).map_err(peer::in_words)?;
        let mut greeting = [0; 5];
        tls.read(&mut greeting).map_err(OpenError::Tls)?;
        assert_eq!(&greeting, b"hello");
        Ok(())
    });
    (opened, seen)
}

#[test]
fn the_server_sees_the_chips_certificate() {
    for revision in [
        Revision::Atecc508A,
        Revision::Atecc608A,
        Revision::Atecc608B,
    ] {
        let bus = chip(revision);
        let authority = Authority::new();
        let certificates = peer::certificates(&bus).1;
        let server = authority.server(&certificates.signer);
        bus.start_log();
        let (opened, seen) = connect(&bus, authority.der(), NAME, server);
        opened.unwrap();
        assert_eq!(seen.unwrap(), certificates.device.as_der(), "{revision}");
    }
}

/// Word address, count, opcode: what the bus carried to a chip that was read before.
fn opcodes(bus: &Bus) -> Vec<u8> {
    let log = bus.take_log();
    let opcodes = log.iter().filter_map(|entry| match entry.bytes[..] {
        [0x03, _, opcode, ..] if entry.address != 0 => Some(opcode),
        _ => None,
    });
    opcodes.collect()
}

#[test]
fn a_handshake_is_one_signature_in_an_async_firmware_as_well() {
    for revision in [Revision::Atecc508A, Revision::Atecc608B] {
        let bus = chip(revision);
        let authority = Authority::new();
        let (slot, certificates) = peer::certificates(&bus);
        let server = authority.server(&certificates.signer);
        let mut device = Station::device(&bus);
        let mut client = ChipClient::new(
            &mut device,
            slot,
            certificates.device.as_der(),
            peer::verifier(authority.der()),
            OsRng,
        );
        let config = TlsConfig::new().with_server_name(NAME);
        bus.start_log();
        for _ in 0..2 {
            let (opened, seen) = serve(server.clone(), |socket| {
                let (mut reading, mut writing) = peer::buffers();
                let socket = peer::Awaited(socket);
                let mut tls = embedded_tls::TlsConnection::new(socket, &mut reading, &mut writing);
                peer::poll(client.open_async(&mut tls, &config))
            });
            opened.unwrap();
            assert_eq!(seen.unwrap(), certificates.device.as_der());
        }
        let opcodes = opcodes(&bus);
        let signatures: Vec<_> = opcodes.iter().filter(|code| **code == 0x41).collect();
        assert_eq!(signatures.len(), 2, "{revision}: {opcodes:02X?}");
        // Nonce and Sign; the first of a session may have to be said again.
        assert!(opcodes.len() <= 6, "{revision}: {opcodes:02X?}");
    }
}

#[test]
fn a_chip_that_does_not_sign_is_an_error_and_no_panic() {
    let bus = chip(Revision::Atecc608B);
    let authority = Authority::new();
    let (slot, certificates) = peer::certificates(&bus);
    let server = authority.server(&certificates.signer);
    for answer in [Err("no supply"), Ok([0; 64]), Ok([0xFF; 64])] {
        let mut client = ChipClient::new(
            Fixed(answer),
            slot,
            certificates.device.as_der(),
            peer::verifier(authority.der()),
            OsRng,
        );
        let config = TlsConfig::new().with_server_name(NAME);
        let (opened, seen) = serve(server.clone(), |socket| {
            let (mut reading, mut writing) = peer::buffers();
            let mut tls = peer::blocking(socket, &mut reading, &mut writing);
            client.open(&mut tls, &config)
        });
        match (answer, opened) {
            (Err(said), Err(OpenError::Chip(told))) => assert_eq!(said, told),
            (Ok(said), Err(OpenError::NoSignature(told))) => assert_eq!(said, told),
            other => panic!("{other:?}"),
        }
        seen.unwrap_err();
    }
}

#[test]
fn a_chip_without_supply_is_told_with_its_own_error() {
    let bus = chip(Revision::Atecc608B);
    let authority = Authority::new();
    let (slot, certificates) = peer::certificates(&bus);
    let server = authority.server(&certificates.signer);
    bus.power_down();
    let mut client = ChipClient::new(
        Station::device(&bus),
        slot,
        certificates.device.as_der(),
        peer::verifier(authority.der()),
        OsRng,
    );
    let config = TlsConfig::new().with_server_name(NAME);
    let (opened, _) = serve(server, |socket| {
        let (mut reading, mut writing) = peer::buffers();
        let mut tls = peer::blocking(socket, &mut reading, &mut writing);
        client.open(&mut tls, &config)
    });
    let Err(OpenError::Chip(error)) = opened else {
        panic!("{opened:?}");
    };
    assert!(error.to_string().contains("wake pulses"), "{error}");
}

fn refused(result: &Result<(), OpenError<String>>) -> bool {
    matches!(result, Err(OpenError::ServerCertificate(_)))
}

#[test]
fn another_authority_and_another_name_are_refused() {
    let bus = chip(Revision::Atecc608B);
    let authority = Authority::new();
    let signer = peer::certificates(&bus).1.signer;
    let stranger = Authority::new();
    for (root, host) in [(stranger.der(), NAME), (authority.der(), "other.example")] {
        let server = authority.server(&signer);
        let (opened, seen) = connect(&bus, root, host, server);
        assert!(refused(&opened), "{opened:?}");
        seen.unwrap_err();
    }
}

#[test]
fn the_clock_is_asked_where_there_is_one() {
    let bus = chip(Revision::Atecc608B);
    let authority = Authority::new();
    let (slot, certificates) = peer::certificates(&bus);
    let server = authority.expired_server(&certificates.signer);
    let (opened, _) = connect(&bus, authority.der(), NAME, server.clone());
    assert!(refused(&opened), "{opened:?}");
    let mut client = ChipClient::new(
        Station::device(&bus),
        slot,
        certificates.device.as_der(),
        Verifier::<NoClock>::new(embedded_tls::Certificate::X509(authority.der())),
        OsRng,
    );
    let config = TlsConfig::new().with_server_name(NAME);
    let (opened, _) = serve(server, |socket| {
        let (mut reading, mut writing) = peer::buffers();
        let mut tls = peer::blocking(socket, &mut reading, &mut writing);
        client.open(&mut tls, &config)
    });
    opened.unwrap();
}

/// Whoever has a certificate under the root has a key that could sign another.
#[test]
fn only_an_authority_certifies_a_server() {
    let bus = chip(Revision::Atecc608B);
    let authority = Authority::new();
    let signer = peer::certificates(&bus).1.signer;
    let depth = |limit| IsCa::Ca(BasicConstraints::Constrained(limit));
    let any = IsCa::Ca(BasicConstraints::Unconstrained);
    for (between, accepted) in [
        (vec![any], true),
        (vec![depth(0)], true),
        (vec![depth(1), depth(0)], true),
        // The one nearer to the root is the first.
        (vec![depth(0), any], false),
        (vec![IsCa::NoCa], false),
        (vec![IsCa::ExplicitNoCa], false),
        (vec![any, IsCa::ExplicitNoCa], false),
    ] {
        let server = authority.server_below(&between, SERVERS, &signer);
        let (opened, _) = connect(&bus, authority.der(), NAME, server);
        assert_eq!(opened.is_ok(), accepted, "{between:?}: {opened:?}");
        assert!(accepted || refused(&opened), "{between:?}: {opened:?}");
    }
}

#[test]
fn a_clients_certificate_is_no_servers() {
    let bus = chip(Revision::Atecc608B);
    let authority = Authority::new();
    let signer = peer::certificates(&bus).1.signer;
    for (uses, accepted) in [(SERVERS, true), (CLIENTS, false), (&[][..], true)] {
        let server = authority.server_below(&[], uses, &signer);
        let (opened, _) = connect(&bus, authority.der(), NAME, server);
        assert_eq!(opened.is_ok(), accepted, "{uses:?}: {opened:?}");
    }
}

/// The server's words come after the handshake, at the first read.
#[test]
fn a_server_that_refuses_the_chip_is_noticed_at_the_first_read() {
    let (bus, other) = (chip(Revision::Atecc608B), chip(Revision::Atecc608A));
    let authority = Authority::new();
    let signer = Authority::new();
    let server = authority.server(&signer.certificate());
    let (opened, seen) = connect(&bus, authority.der(), NAME, server);
    assert!(
        matches!(opened, Err(OpenError::Tls(TlsError::InternalError))),
        "{opened:?}"
    );
    seen.unwrap_err();
    // A certificate that is not of the key that signs.
    let (slot, certificates) = peer::certificates(&other);
    let server = authority.server(&certificates.signer);
    let mut client = ChipClient::new(
        Station::device(&bus),
        slot,
        certificates.device.as_der(),
        peer::verifier(authority.der()),
        OsRng,
    );
    let config = TlsConfig::new().with_server_name(NAME);
    let (_, seen) = serve(server, |socket| {
        let (mut reading, mut writing) = peer::buffers();
        let mut tls = peer::blocking(socket, &mut reading, &mut writing);
        client.open(&mut tls, &config)
    });
    assert!(
        matches!(seen, Err(rustls::Error::InvalidCertificate(_))),
        "{seen:?}"
    );
}
