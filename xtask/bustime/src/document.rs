//! The figures in `docs/bus-time.md`, and a chart for each operation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use xtask_support::error::Error;
use xtask_support::run;

use crate::chart;
use crate::floor::Session;
use crate::judge::Row;
use crate::operations::ALL;
use crate::report::{beside, ms, ratio};
use crate::setting::{CLOCKS_KHZ, MODELS, Setting};

const DOCUMENT: &str = "docs/bus-time.md";
/// Of the charts.
const FOLDER: &str = "docs/bus-time";
const BEGIN: &str = "<!-- figures: `cargo xtask bus-time --write` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// Replace figures and charts.
///
/// # Errors
/// When rows are missing, and those of the file system.
pub(crate) fn write(rows: &[Row]) -> Result<(), Error> {
    let runs = rows.iter().map(Row::len).max().unwrap_or(0);
    let mut section = format!(
        "{runs} runs of each model that draws.\n\n{}",
        summary(rows)?
    );
    for operation in ALL {
        let rows: Vec<_> = of(rows, operation.name).collect();
        let file = format!("{}.svg", file_name(operation.name));
        save(&run::root().join(FOLDER).join(&file), &chart::svg(&rows))?;
        section += &details(operation.name, &file, &rows);
    }
    let path = run::root().join(DOCUMENT);
    let text = std::fs::read_to_string(&path).map_err(|error| Error::File {
        path: path.clone(),
        error,
    })?;
    let replaced = replace(&text, &section)
        .ok_or_else(|| missing(format!("{DOCUMENT} has no lines {BEGIN}{END}")))?;
    save(&path, &replaced)
}

fn save(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|error| Error::File {
        path: path.to_owned(),
        error,
    })
}

fn missing(what: String) -> Error {
    Error::Findings {
        check: "cargo xtask bus-time --write",
        findings: vec![what],
    }
}

fn of<'r>(rows: &'r [Row], operation: &str) -> impl Iterator<Item = &'r Row> {
    rows.iter().filter(move |row| row.operation == operation)
}

/// `auxiliary certificates, provision` as a name of a file.
fn file_name(operation: &str) -> String {
    let letters = |word: &str| -> String {
        let letters = word.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let words: Vec<_> = operation.split_whitespace().map(letters).collect();
    words.join("-")
}

/// `text` with `section` between its two lines.
fn replace(text: &str, section: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{section}{END}{after}"))
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&head.iter().map(ToString::to_string).collect::<Vec<_>>());
    let _ = writeln!(text, "|---{}|", "|---:".repeat(head.len() - 1));
    text.extend(rows.iter().map(|row| line(row)));
    text
}

/// The worst ratio of each operation at each clock, and where.
fn summary(rows: &[Row]) -> Result<String, Error> {
    let mut lines = Vec::new();
    for operation in ALL {
        let mut line = vec![operation.name.to_owned()];
        for scl_khz in CLOCKS_KHZ {
            if !operation.clocks.contains(&scl_khz) {
                line.extend([String::new(), String::new()]);
                continue;
            }
            let at_clock = of(rows, operation.name).filter(|row| row.setting.scl_khz == scl_khz);
            let worst = at_clock.max_by(|one, other| {
                let [one, other] = [one, other].map(|row| row.median().ratio());
                one.total_cmp(&other)
            });
            let worst =
                worst.ok_or_else(|| missing(format!("{} at {scl_khz} kHz", operation.name)))?;
            line.push(both(worst));
            line.push(format!("{}, {}", worst.setting.part, worst.setting.model));
        }
        lines.push(line);
    }
    let head = ["operation", "100 kHz", "on", "400 kHz", "on", "1 MHz", "on"];
    Ok(format!(
        "The worst of all chips and models, median and 99th percentile of the ratio:\n\n{}",
        table(&head, &lines)
    ))
}

fn both(row: &Row) -> String {
    let [median, percentile] = [row.median().ratio(), row.percentile_99()];
    format!("{} ({})", ratio(median), ratio(percentile))
}

/// Chart, figures at 100 kHz, and what is needed.
fn details(operation: &str, file: &str, rows: &[&Row]) -> String {
    let mut lines: Vec<Vec<String>> = Vec::new();
    for row in rows {
        let Setting {
            part,
            model,
            scl_khz,
        } = row.setting;
        if scl_khz != 100 || model != MODELS[0] {
            continue;
        }
        let run = row.median();
        let mut line = vec![
            part.to_string(),
            ms(run.counts.time),
            ms(run.floor.time),
            ms(run.more_commands()),
            ms(run.more_sessions()),
            ms(run.looks()),
            beside(run.counts.wakes, run.floor.wakes),
            beside(run.counts.commands, run.floor.commands),
            beside(run.counts.transactions, run.floor.transactions),
            beside(run.counts.bytes, run.floor.bytes),
            run.counts.polls.to_string(),
        ];
        let models = MODELS.map(|model| {
            let same = |row: &&&&Row| {
                row.setting
                    == Setting {
                        model,
                        ..row.setting
                    }
            };
            let of_part = rows.iter().filter(|row| row.setting.part == part);
            let mut at = of_part.filter(|row| row.setting.scl_khz == 100);
            at.find(|row| same(&row))
                .map_or_else(String::new, |row| both(row))
        });
        line.extend(models);
        // The same figures as of the chip before: it is named with it.
        match lines.iter_mut().find(|other| other[1..] == line[1..]) {
            Some(other) => other[0] = format!("{}, {}", other[0], line[0]),
            None => lines.push(line),
        }
    }
    let head = [
        "chip",
        "ms",
        "floor",
        "commands",
        "sessions",
        "looks",
        "wakes",
        "commands",
        "transactions",
        "bytes",
        "polls",
        "typical",
        "uniform",
        "longest",
        "fast",
    ];
    let needs = rows
        .first()
        .map_or_else(String::new, |row| needs(&row.needs));
    let besides = besides(rows);
    format!(
        "\n### {operation}\n\n![{operation}](bus-time/{file})\n\n{}\n{needs}{besides}",
        table(&head, &lines)
    )
}

/// What was executed besides, with typical times at 100 kHz.
fn besides(rows: &[&Row]) -> String {
    let mut text = String::new();
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows {
        let setting = row.setting;
        if row.besides.is_empty() || setting.scl_khz != 100 || setting.model != MODELS[0] {
            continue;
        }
        let commands: Vec<_> = row.besides.iter().map(counted).collect();
        let (commands, part) = (commands.join(", "), setting.part.to_string());
        match said.iter_mut().find(|(other, _)| *other == commands) {
            Some((_, parts)) => parts.push(part),
            None => said.push((commands, vec![part])),
        }
    }
    for (commands, parts) in said {
        let _ = write!(
            text,
            "\nAbove the floor ({}): {commands}.\n",
            parts.join(", ")
        );
    }
    text
}

fn counted((name, count): (&String, &usize)) -> String {
    match count {
        1 => name.clone(),
        _ => format!("{count} {name}"),
    }
}

/// What is needed, and why: as many commands as the first of the ways has.
fn needs(sessions: &[Session]) -> String {
    let mut text = String::new();
    for (index, session) in sessions.iter().enumerate() {
        if sessions.len() > 1 {
            let _ = write!(text, "Session {}:\n\n", index + 1);
        }
        let mut reasons: Vec<(&str, BTreeMap<&str, usize>)> = Vec::new();
        for need in session {
            let at = reasons.iter().position(|(why, _)| *why == need.why);
            let at = at.unwrap_or_else(|| {
                reasons.push((need.why, BTreeMap::new()));
                reasons.len() - 1
            });
            for command in need.ways.first().into_iter().flatten() {
                *reasons[at].1.entry(command.name()).or_default() += 1;
            }
        }
        for (why, commands) in reasons {
            let commands: Vec<_> = commands
                .iter()
                .map(|(name, count)| match count {
                    1 => (*name).to_owned(),
                    _ => format!("{count} {name}"),
                })
                .collect();
            let _ = writeln!(text, "- {}: {why}.", commands.join(", "));
        }
        text += "\n";
    }
    text.truncate(text.trim_end().len());
    text + "\n"
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

    /// No two operations have one chart.
    #[test]
    fn files_have_the_names_of_their_operations() {
        assert_eq!(file_name("SHA-256 of 64 KiB"), "sha256-of-64-kib");
        let names: std::collections::BTreeSet<_> = ALL
            .iter()
            .map(|operation| file_name(operation.name))
            .collect();
        assert_eq!(names.len(), ALL.len());
    }
}
