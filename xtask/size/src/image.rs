//! A linked firmware: its sections' sizes, its functions, its code.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use object::SectionKind::{self, Data, ReadOnlyData, ReadOnlyString, Text, UninitializedData};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

use xtask_support::error::Error;

/// What is measured of a firmware.
#[derive(Debug)]
pub(super) struct Image {
    /// Bytes of code, constants and first values of variables. The tables for
    /// unwinding are left out, as in any firmware that aborts.
    pub(super) flash: u64,
    /// Bytes of static variables.
    pub(super) ram: u64,
    pub(super) functions: BTreeMap<u64, Function>,
    text: Vec<u8>,
    text_at: u64,
    /// Where code begins (`true`) and where data in between (`false`).
    mapping: BTreeMap<u64, bool>,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) range: Range<u64>,
}

/// Read a firmware.
pub(super) fn read(path: &Path) -> Result<Image, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::File {
        path: path.to_owned(),
        error,
    })?;
    parse(&bytes).map_err(|error| Error::Findings {
        check: "the probe's file",
        findings: vec![error.to_string()],
    })
}

fn parse(bytes: &[u8]) -> object::Result<Image> {
    let file = object::File::parse(bytes)?;
    let size = |kinds: &[SectionKind]| -> u64 {
        let sections = file.sections();
        let chosen = sections.filter(|section| kinds.contains(&section.kind()));
        chosen.map(|section| section.size()).sum()
    };
    let text = file.section_by_name(".text");
    let (text_at, text) = match text {
        Some(section) => (section.address(), section.data()?.to_vec()),
        None => (0, Vec::new()),
    };
    let mut functions = BTreeMap::new();
    let mut mapping = BTreeMap::new();
    for symbol in file.symbols() {
        // Bit 0 of a function's address says Thumb.
        let (name, address) = (symbol.name()?, symbol.address() & !1);
        if symbol.kind() == SymbolKind::Text && symbol.size() > 0 {
            let range = address..address + symbol.size();
            let name = name.to_owned();
            functions.entry(address).or_insert(Function { name, range });
        } else if name == "$t" || name.starts_with("$t.") {
            mapping.insert(address, true);
        } else if name == "$d" || name.starts_with("$d.") {
            mapping.insert(address, false);
        }
    }
    Ok(Image {
        flash: size(&[Text, ReadOnlyData, ReadOnlyString, Data]),
        ram: size(&[Data, UninitializedData]),
        functions,
        text,
        text_at,
        mapping,
    })
}

impl Image {
    /// The halfword at `address`.
    pub(super) fn halfword(&self, address: u64) -> Option<u16> {
        let at = usize::try_from(address.checked_sub(self.text_at)?).ok()?;
        let bytes = self.text.get(at..)?.first_chunk()?;
        Some(u16::from_le_bytes(*bytes))
    }

    /// The word at `address`.
    pub(super) fn word(&self, address: u64) -> Option<u32> {
        let (low, high) = (self.halfword(address)?, self.halfword(address + 2)?);
        Some(u32::from(high) << 16 | u32::from(low))
    }

    /// Whether `address` is code, and not a constant between functions.
    pub(super) fn is_code(&self, address: u64) -> bool {
        let mut before = self.mapping.range(..=address);
        before.next_back().is_none_or(|(_, code)| *code)
    }

    pub(super) fn function_named(&self, name: &str) -> Option<&Function> {
        let mut functions = self.functions.values();
        functions.find(|function| function.name == name)
    }

    /// The function that holds `address`.
    pub(super) fn function_at(&self, address: u64) -> Option<&Function> {
        let (_, function) = self.functions.range(..=address).next_back()?;
        function.range.contains(&address).then_some(function)
    }
}

#[cfg(test)]
impl Image {
    /// An image of `halfwords` from address 0 on, and the functions that begin
    /// there.
    pub(super) fn of(halfwords: &[u16], functions: &[(&str, Range<u64>)]) -> Self {
        let functions = functions.iter().map(|(name, range)| {
            let (name, range) = ((*name).to_owned(), range.clone());
            (range.start, Function { name, range })
        });
        Self {
            flash: 0,
            ram: 0,
            functions: functions.collect(),
            text: halfwords
                .iter()
                .flat_map(|half| half.to_le_bytes())
                .collect(),
            text_at: 0,
            mapping: BTreeMap::new(),
        }
    }
}
