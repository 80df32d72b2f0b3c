//! What each service wants: its port, its application protocols, its words.

use crate::cli::connect::Connect;
use crate::error::CliError;

/// Whose server it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Service {
    Any,
    Aws,
    Azure,
    NervesHub,
}

/// AWS IoT's name for MQTT with a client certificate on port 443. Source: AWS IoT
/// developer guide, "Device communication protocols".
const AWS_MQTT: &str = "x-amzn-mqtt-ca";

impl Service {
    pub(super) const fn of(arguments: &Connect) -> Self {
        match arguments {
            Connect { aws: true, .. } => Self::Aws,
            Connect { azure: true, .. } => Self::Azure,
            Connect {
                nerves_hub: true, ..
            } => Self::NervesHub,
            _ => Self::Any,
        }
    }

    const fn port(self) -> Option<u16> {
        match self {
            Self::Any => None,
            Self::Aws | Self::Azure => Some(8883),
            Self::NervesHub => Some(443),
        }
    }

    /// What registers a device there.
    pub(super) const fn registration(self) -> &'static str {
        match self {
            Self::Any => "give the server the signer's certificate (nerves-key cert export signer)",
            Self::Aws => {
                "register the signer's certificate (aws iot register-ca-certificate), or the \
                 device's (aws iot register-certificate-without-ca), active, in the region of this \
                 endpoint"
            }
            Self::Azure => {
                "add the signer's certificate to the service and verify it, in an enrolment group, \
                 or enrol the device's"
            }
            Self::NervesHub => {
                "register the signer's certificate with the organisation (its certificate \
                 authorities), or the device's with the device"
            }
        }
    }
}

/// Where to, and what is offered there.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) service: Service,
}

impl Target {
    pub(super) fn of(arguments: &Connect) -> Result<Self, CliError> {
        let service = Service::of(arguments);
        let port = arguments.server.port.or(service.port()).ok_or_else(|| {
            CliError::refused(
                "which port? Give HOST:PORT, such as :443 for HTTPS or :8883 for MQTT, or one of \
                 --aws, --azure and --nerves-hub",
            )
        })?;
        let mut alpn = arguments.alpn.clone();
        if alpn.is_empty() && service == Service::Aws && port == 443 {
            alpn.push(AWS_MQTT.to_owned());
        }
        if let Some(bad) = alpn.iter().find(|name| name.is_empty() || name.len() > 255) {
            let error = format!("--alpn has {} bytes, not 1 to 255", bad.len());
            return Err(CliError::refused(error));
        }
        Ok(Self {
            host: arguments.server.host.clone(),
            port,
            alpn: alpn.into_iter().map(String::into_bytes).collect(),
            service,
        })
    }
}
