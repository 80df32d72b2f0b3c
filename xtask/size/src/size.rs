//! `cargo xtask size`: what `atecc` takes of a microcontroller's flash and
//! stack.
//!
//! A firmware with a bus that does nothing is built without `atecc`'s commands,
//! with a signature, with everything, and with TLS (`xtask/size/probe`). Flash is
//! what the linked file holds beyond the first. Stack is the deepest path of calls,
//! read from the machine code ([`depth`]); nothing has to be installed for it,
//! and no input has to be found that reaches the worst case.
//! `docs/size.md` says what is not in the figures.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::thumb::{TARGETS, add_targets};
use xtask_support::{metadata, run, table};

use crate::depth::{self, Stack};
use crate::image::{self, Image};
use crate::probe::{self, Variant};

/// Where the figures are kept, between these lines.
const DOCUMENT: &str = "docs/size.md";
const BEGIN: &str = "<!-- figures: `cargo xtask size --write` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// How and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write the figures into docs/size.md as well.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    destination: Destination,
}

/// What one firmware takes beyond the baseline, in bytes.
#[derive(Debug, Serialize)]
struct Figures {
    target: &'static str,
    variant: &'static str,
    flash: u64,
    /// Static variables.
    ram: u64,
    /// The deepest stack, where the code tells it.
    stack: Option<u64>,
    /// The deepest stack when the bus or the delay is called.
    stack_at_bus: Option<u64>,
}

/// Build, measure, print.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    add_targets(&TARGETS)?;
    let metadata = metadata::workspace()?;
    let mut figures = Vec::new();
    for target in TARGETS {
        let baseline = probe::build(&metadata, target, Variant::Baseline)?;
        let baseline = image::read(&baseline)?;
        for variant in [Variant::Sign, Variant::Everything, Variant::Tls] {
            let image = image::read(&probe::build(&metadata, target, variant)?)?;
            let stack = match variant {
                // Its elliptic curve calls by way of registers.
                Variant::Tls => None,
                _ => Some(depth::of_callees(&image, probe::ENTRY, &probe::BUS)?),
            };
            figures.push(subtract(target, variant, &image, &baseline, stack));
        }
    }
    let compiler = run::captured(&mut run::program("rustc", ["--version"]))?;
    show(&figures);
    if options.write {
        record(&section(compiler.trim(), &figures))?;
    }
    options.destination.write(&json!({
        "rustc": compiler.trim(),
        "profile": probe::profile(),
        "figures": figures,
    }))
}

fn subtract(
    target: &'static str,
    variant: Variant,
    image: &Image,
    baseline: &Image,
    stack: Option<Stack>,
) -> Figures {
    Figures {
        target,
        variant: variant.name(),
        flash: image.flash.saturating_sub(baseline.flash),
        ram: image.ram.saturating_sub(baseline.ram),
        stack: stack.map(|stack| stack.peak),
        stack_at_bus: stack.map(|stack| stack.at_bus),
    }
}

const HEAD: [&str; 6] = [
    "target",
    "contents",
    "flash",
    "static RAM",
    "stack",
    "stack at the bus",
];

fn row(figures: &Figures) -> [String; 6] {
    let told =
        |bytes: Option<u64>| bytes.map_or_else(|| "not told".to_owned(), |bytes| bytes.to_string());
    [
        figures.target.to_owned(),
        figures.variant.to_owned(),
        figures.flash.to_string(),
        figures.ram.to_string(),
        told(figures.stack),
        told(figures.stack_at_bus),
    ]
}

fn show(figures: &[Figures]) {
    table::print(HEAD, &figures.iter().map(row).collect::<Vec<_>>());
}

/// The figures as Markdown.
fn section(compiler: &str, figures: &[Figures]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("{compiler}; {}. Bytes.\n\n", probe::profile());
    text += &line(&HEAD.map(str::to_owned));
    text += "|---|---|---:|---:|---:|---:|\n";
    text.extend(figures.iter().map(|figures| line(&row(figures))));
    text
}

fn record(section: &str) -> Result<(), Error> {
    let path = run::root().join(DOCUMENT);
    let file = |path: &PathBuf| {
        let path = path.clone();
        move |error| Error::File { path, error }
    };
    let text = std::fs::read_to_string(&path).map_err(file(&path))?;
    let Some(replaced) = replace(&text, section) else {
        return Err(Error::Findings {
            check: "docs/size.md",
            findings: vec![format!("no lines {BEGIN}{END}")],
        });
    };
    std::fs::write(&path, replaced).map_err(file(&path))
}

/// `text` with `section` between its two lines.
fn replace(text: &str, section: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{section}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_changed_between_its_lines_only() {
        let text = format!("Before.\n{BEGIN}old\n{END}After.\n");
        let expected = format!("Before.\n{BEGIN}new\n{END}After.\n");
        assert_eq!(replace(&text, "new\n"), Some(expected));
        assert_eq!(replace("Neither line.\n", "new\n"), None);
    }
}
