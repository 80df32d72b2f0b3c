//! The members of a recording.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use serde::Deserialize;
use serde_json::Number;

use super::value::{seven_bits, single_line};

#[derive(Deserialize)]
pub(super) struct File {
    pub(super) schema: String,
    pub(super) id: String,
    pub(super) source: Source,
    pub(super) chip: String,
    pub(super) provenance: String,
    pub(super) notes: Option<String>,
    #[serde(default)]
    pub(super) bus: Bus,
    #[serde(default)]
    pub(super) exchanges: Vec<Exchange>,
    #[serde(default)]
    pub(super) bus_transactions: Vec<Transfer>,
    #[serde(default)]
    pub(super) config_zones: Vec<Dump>,
    #[serde(default)]
    pub(super) config_partial: Vec<Dump>,
}

#[derive(Deserialize)]
pub(super) struct Source {
    pub(super) url: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) path: Option<String>,
    pub(super) author: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) date: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) license: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Bus {
    pub(super) addr: Option<String>,
    pub(super) scl_hz: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct Exchange {
    pub(super) tx: String,
    pub(super) rx: String,
    pub(super) addr: Option<String>,
    pub(super) t_us: Option<Number>,
    pub(super) wait_us: Option<Number>,
    pub(super) comment: Option<String>,
    #[serde(default)]
    pub(super) tx_derived: bool,
}

#[derive(Deserialize)]
pub(super) struct Transfer {
    pub(super) t_us: Option<Number>,
    pub(super) dir: String,
    pub(super) addr: String,
    pub(super) addr_ack: bool,
    pub(super) data: String,
    pub(super) comment: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Dump {
    #[serde(default)]
    pub(super) offset: usize,
    pub(super) hex: String,
}

impl Source {
    pub(super) fn origin(&self) -> String {
        let place = match (&self.url, &self.repository, &self.path) {
            (Some(url), ..) => url.clone(),
            (None, Some(repository), Some(path)) => format!("{repository}, {path}"),
            (None, Some(repository), None) => repository.clone(),
            (None, None, _) => "not stated".to_string(),
        };
        let mut origin = place;
        for more in [&self.author, &self.kind].into_iter().flatten() {
            let _ = write!(origin, "; {more}");
        }
        single_line(&origin)
    }

    pub(super) fn licence(&self) -> String {
        let stated = self.licence.as_ref().or(self.license.as_ref());
        let stated = stated.map(|licence| single_line(licence));
        stated
            .filter(|licence| !licence.is_empty())
            .unwrap_or_else(|| "not stated; facts and figures alone were taken".to_string())
    }
}

impl Transfer {
    /// A wake pulse goes to address 0.
    pub(super) fn is_pulse(&self) -> bool {
        seven_bits(&self.addr) == Ok(0)
    }
}
