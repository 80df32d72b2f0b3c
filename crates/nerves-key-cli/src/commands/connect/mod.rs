//! `nerves-key connect`: can this device authenticate to that server?

mod handshake;
mod mqtt;
mod names;
mod observed;
mod refusal;
mod remote;
mod service;
mod words;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use atecc_x509::{Certificate, DateTime};
use nerves_key::{ReadAuxiliary, ReadSnapshot};
use nerves_key_rustls::{ChipKey, TlsIdentity};
use nerves_key_schema::slot;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use serde_json::{Value, json};

use self::handshake::Attempt;
use self::mqtt::Message;
use self::observed::{Observed, ObservedResolver, ObservedVerifier, Observer};
use self::refusal::{Evidence, Refusal};
use self::remote::ChipUse;
use self::service::Target;
use crate::chip::RecordedDevice;
use crate::cli::connect::{Connect, Pair, TlsVersion};
use crate::error::{CliError, Exit};
use crate::missing_part;
use crate::output::Output;
use crate::{causes, files, system};

pub(super) fn run(arguments: &Connect, output: Output) -> Result<(), CliError> {
    let target = Target::of(arguments)?;
    let roots = roots(arguments)?;
    let now = system::now()?;
    let mut device = arguments.chained.chip.open()?;
    let start = Instant::now();
    let (chain, slot) = certificates(&mut device, arguments)?;
    let reading = start.elapsed();
    let first = chain.first().ok_or_else(|| none("certificates"))?;
    let public_key = first.public_key().map_err(CliError::failed)?;
    let subject = first.subject_text();

    let (key, requests) = remote::key(slot, public_key);
    let message = arguments.mqtt_publish.as_ref().map(|topic| Message {
        client_id: arguments
            .mqtt_client_id
            .clone()
            .unwrap_or_else(|| subject.strip_prefix("CN=").unwrap_or(&subject).to_owned()),
        username: arguments.mqtt_username.clone(),
        topic: topic.clone(),
        text: arguments.mqtt_message.clone(),
    });
    let observer = Observer::default();
    let config = client_config(arguments, &target, roots, (key, &chain), &observer)?;
    let task = Task {
        target: target.clone(),
        config,
        observer,
        chain: chain.clone(),
        now,
        message,
        timeout: Duration::from_secs(arguments.timeout.into()),
    };
    let worker = thread::spawn(move || task.run());
    let chip = requests.serve(&mut device);
    let found = worker
        .join()
        .map_err(|_panic| CliError::failed("the handshake's thread has panicked"))?;
    report(
        Report {
            target,
            chain,
            reading,
            chip,
            found,
        },
        output,
    )
}

/// What the other thread has found.
struct Found {
    attempt: Attempt,
    observed: Observed,
    published: bool,
    refusal: Option<Refusal>,
}

/// The other thread's.
struct Task {
    target: Target,
    config: Arc<ClientConfig>,
    observer: Observer,
    chain: Vec<Certificate>,
    now: DateTime,
    message: Option<Message>,
    timeout: Duration,
}

impl Task {
    /// It ends the chip's thread, too: the key goes with the configuration.
    fn run(self) -> Found {
        let config = Arc::clone(&self.config);
        let attempt = handshake::run(&self.target, config, self.timeout);
        let observed = self.observer.seen();
        let evidence = Evidence {
            target: &self.target,
            attempt: &attempt,
            observed: &observed,
            chain: &self.chain,
            now: self.now,
        };
        let mut refusal = evidence.refusal();
        let mut published = false;
        if let (None, Some(message)) = (&refusal, &self.message) {
            match mqtt::publish(&self.target, message, self.config, self.timeout) {
                Ok(()) => published = true,
                Err(error) => refusal = Some(error),
            }
        }
        Found {
            attempt,
            observed,
            published,
            refusal,
        }
    }
}

fn roots(arguments: &Connect) -> Result<RootCertStore, CliError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &arguments.ca else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let bytes = files::read(path)?;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| CliError::input(path, error.to_string()))?;
        let added = roots.add(certificate);
        added.map_err(|error| CliError::input(path, error))?;
    }
    if roots.is_empty() {
        let error = "no certificate in PEM: give a file that begins -----BEGIN CERTIFICATE-----";
        return Err(CliError::input(path, error));
    }
    Ok(roots)
}

/// Those to be shown, the device's own first, and the slot of their key.
fn certificates(
    device: &mut RecordedDevice,
    arguments: &Connect,
) -> Result<(Vec<Certificate>, atecc::Slot), CliError> {
    match arguments.certificates {
        Pair::Primary => {
            let snapshot = causes::run(device, ReadSnapshot::new())?;
            let told = |error| missing_part::identity(&snapshot, error, CliError::from);
            let root = files::root(arguments.chained.root.as_deref())?;
            let found = snapshot.certificates_under(&root).map_err(told)?;
            Ok((vec![found.device, found.signer], snapshot.key_slot()))
        }
        Pair::Auxiliary => {
            let identity = missing_part::read_identity(device)?;
            let slots = causes::run(device, ReadAuxiliary::new())?;
            let auxiliary = identity.auxiliary(&slots).map_err(CliError::failed)?;
            let found = auxiliary.ok_or_else(|| none("auxiliary certificates"))?;
            let chain = vec![found.device_certificate, found.signer_certificate];
            Ok((chain, slot::DEVICE_KEY))
        }
    }
}

fn none(what: &str) -> CliError {
    CliError::new(Exit::Stage, format!("the chip has no {what}"))
}

fn client_config(
    arguments: &Connect,
    target: &Target,
    roots: RootCertStore,
    (key, chain): (ChipKey, &[Certificate]),
    observer: &Observer,
) -> Result<Arc<ClientConfig>, CliError> {
    let provider: Arc<CryptoProvider> = rustls::crypto::ring::default_provider().into();
    let verifier =
        WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider)).build();
    let inner: Arc<dyn ServerCertVerifier> = verifier.map_err(CliError::refused)?;
    let identity =
        TlsIdentity::with_certificates(&key, chain.to_vec()).map_err(CliError::failed)?;
    let versions = match arguments.tls {
        None => vec![&TLS12, &TLS13],
        Some(TlsVersion::V1_2) => vec![&TLS12],
        Some(TlsVersion::V1_3) => vec![&TLS13],
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(CliError::failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ObservedVerifier {
            inner,
            observer: observer.clone(),
        }))
        .with_client_cert_resolver(Arc::new(ObservedResolver {
            certified: identity.certified_key(),
            observer: observer.clone(),
        }));
    config.alpn_protocols.clone_from(&target.alpn);
    // Each connection shows what a new one costs.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

/// All that is told.
struct Report {
    target: Target,
    chain: Vec<Certificate>,
    reading: Duration,
    chip: ChipUse,
    found: Found,
}

fn report(report: Report, output: Output) -> Result<(), CliError> {
    let text = report.lines();
    let document = report.json();
    output.result(&text, &document)?;
    let Report { chip, found, .. } = report;
    match (found.refusal, chip.error) {
        (None, _) => Ok(()),
        // With the causes that the chip's configuration has.
        (Some(refusal), Some(error)) if refusal.by == refusal::By::Chip => {
            Err(error.after_document())
        }
        (Some(refusal), _) => {
            let error = CliError::failed(format!("not authenticated: {}", refusal.what));
            let error = error
                .with_advice(format!("cause: {}", refusal.cause))
                .with_advice(format!("next: {}", refusal.next));
            Err(error.after_document())
        }
    }
}

impl Report {
    fn lines(&self) -> String {
        let Found {
            attempt,
            observed,
            published,
            refusal,
        } = &self.found;
        let mut lines = Vec::new();
        let mut line = |name: &str, text: String| lines.push(format!("{name:<12}{text}"));
        let address = attempt
            .address
            .map(|address| format!(" ({})", address.ip()));
        line(
            "server",
            format!(
                "{}:{}{}",
                self.target.host,
                self.target.port,
                address.unwrap_or_default()
            ),
        );
        if let Some(version) = attempt.version {
            let suite = attempt.suite.as_deref().unwrap_or("no suite");
            line("tls", format!("{}, {suite}", version_name(version)));
        }
        if let Some(alpn) = &attempt.alpn {
            line("alpn", alpn.escape_ascii().to_string());
        }
        for (place, certificate) in observed.chain.iter().enumerate() {
            let name = if place == 0 { "its chain" } else { "" };
            let subject = names::subject(Some(certificate));
            line(
                name,
                format!("{subject}, by {}", names::issuer(Some(certificate))),
            );
        }
        let asked = match &observed.asked {
            None => "for no certificate".to_owned(),
            Some(asked) if asked.authorities.is_empty() => {
                "for a certificate, of any authority".to_owned()
            }
            Some(asked) => format!("for a certificate of {}", names::list(&asked.authorities)),
        };
        if !observed.chain.is_empty() {
            line("it asks", asked);
        }
        let shown: Vec<_> = self.chain.iter().map(Certificate::subject_text).collect();
        line("we show", shown.join(", by "));
        line(
            "time",
            format!(
                "connect {:.1} ms; handshake {:.1} ms, of it the chip {:.1} ms; reading the chip {:.1} ms",
                ms(attempt.connecting),
                ms(attempt.handshake),
                ms(self.chip.spent),
                ms(self.reading)
            ),
        );
        if *published {
            line(
                "mqtt",
                "published, and acknowledged by the broker".to_owned(),
            );
        }
        if refusal.is_none() {
            line("result", "authenticated".to_owned());
        }
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let Found {
            attempt,
            observed,
            published,
            refusal,
        } = &self.found;
        let chain: Vec<_> = observed
            .chain
            .iter()
            .map(|one| {
                json!({ "subject": names::subject(Some(one)), "issuer": names::issuer(Some(one)) })
            })
            .collect();
        let asked = observed.asked.as_ref().map(|asked| {
            let names = asked.authorities.iter().map(|one| names::of_der(one));
            json!({
                "authorities": names.collect::<Vec<_>>(),
                "takes_p256": asked.takes_ecdsa,
            })
        });
        json!({
            "host": self.target.host,
            "port": self.target.port,
            "address": attempt.address.map(|address| address.ip().to_string()),
            "version": attempt.version.map(version_name),
            "suite": attempt.suite,
            "alpn": attempt.alpn.as_ref().map(|alpn| alpn.escape_ascii().to_string()),
            "server_chain": chain,
            "asked": asked,
            "shown": self.chain.iter().map(Certificate::subject_text).collect::<Vec<_>>(),
            "ms": {
                "connect": ms(attempt.connecting),
                "handshake": ms(attempt.handshake),
                "chip": ms(self.chip.spent),
                "reading": ms(self.reading),
            },
            "signatures": self.chip.signatures,
            "published": published,
            "authenticated": refusal.is_none(),
            "refusal": refusal.as_ref().map(Refusal::json),
        })
    }
}

fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        version => format!("{version:?}"),
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
