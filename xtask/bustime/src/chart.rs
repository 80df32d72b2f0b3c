//! One operation as a picture: what its time is made of, and its ratios.

use std::fmt::Write as _;

use atecc_emulator::{ExecutionTime, Revision};

use crate::judge::{Row, Run};
use crate::report::ms;
use crate::setting::MODELS;

const WIDTH: f64 = 760.0;
/// Where the bars begin, and how long the longest is.
const BARS: (f64, f64) = (116.0, 330.0);
/// The same of the ratios.
const RATIOS: (f64, f64) = (520.0, 226.0);
const TOP: f64 = 58.0;
const ROW: f64 = 16.0;
/// Between two chips.
const GAP: f64 = 5.0;

/// What a bar is made of, from the left.
const PARTS: [(&str, &str); 5] = [
    ("#3b6fb6", "commands that are needed"),
    ("#a9c4e6", "wake, renewal, rest"),
    ("#e08a2c", "other commands"),
    ("#f3d08a", "other sessions"),
    ("#c0392b", "looks"),
];
/// Of the models, in their order.
const COLOURS: [&str; MODELS.len()] = ["#222222", "#2a9d5c", "#8e44ad", "#d35400"];

/// A chip at a clock, in all models.
struct Line<'r> {
    typical: &'r Row,
    models: Vec<(usize, &'r Row)>,
}

/// The rows of one operation. An ATECC608B takes the times of a 608A.
pub(crate) fn svg(rows: &[&Row]) -> String {
    let lines = lines(rows);
    let longest = lines.iter().map(|line| seconds(line.typical.median()));
    let longest = longest.fold(f64::MIN_POSITIVE, f64::max);
    let models = lines.iter().flat_map(|line| &line.models);
    let highest = models
        .map(|(_, row)| row.percentile_99())
        .fold(1.1, f64::max);
    let across = |ratio: f64| RATIOS.0 + (ratio - 1.0) / (highest - 1.0) * RATIOS.1;
    let mut body = legend();
    let (mut y, mut before) = (TOP, None);
    for line in &lines {
        let part = line.typical.setting.part;
        if before.is_some_and(|before| before != part) {
            y += GAP;
        }
        before = Some(part);
        body += &bar(line, y, longest);
        for (model, row) in &line.models {
            let offset = f64::from(u8::try_from(*model).unwrap_or(0)) * 2.5 - 3.75;
            let (from, to) = (across(row.median().ratio()), across(row.percentile_99()));
            let (colour, y) = (COLOURS[*model], y + ROW / 2.0 + offset);
            let _ = writeln!(
                body,
                "<path d='M{from:.1} {y:.1}H{to:.1}' stroke='{colour}'/>\
                 <circle cx='{from:.1}' cy='{y:.1}' r='2.2' fill='{colour}'/>"
            );
        }
        y += ROW;
    }
    body += &axis(highest, y, across);
    let height = y + 20.0;
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height:.0}' \
         font-family='sans-serif' font-size='10.5' fill='#222'>\n\
         <rect width='100%' height='100%' fill='#fff'/>\n{body}</svg>\n"
    )
}

fn lines<'r>(rows: &[&'r Row]) -> Vec<Line<'r>> {
    let is_typical = |row: &&&&Row| row.setting.model == ExecutionTime::Typical;
    let of_608b = |row: &Row| row.setting.part.revision == Revision::Atecc608B;
    let rows: Vec<&&Row> = rows.iter().filter(|row| !of_608b(row)).collect();
    let line = |typical: &&&'r Row| {
        let (part, scl_khz) = (typical.setting.part, typical.setting.scl_khz);
        let models = MODELS.iter().enumerate().filter_map(|(index, model)| {
            let row = rows.iter().find(|row| {
                let setting = row.setting;
                (setting.part, setting.scl_khz, setting.model) == (part, scl_khz, *model)
            })?;
            Some((index, **row))
        });
        Line {
            typical,
            models: models.collect(),
        }
    };
    rows.iter().filter(is_typical).map(line).collect()
}

fn legend() -> String {
    let mut text = String::new();
    let mut x = BARS.0;
    for (colour, name) in PARTS {
        let _ = writeln!(
            text,
            "<rect x='{x:.0}' y='8' width='9' height='9' fill='{colour}'/>\
             <text x='{:.0}' y='16'>{name}</text>",
            x + 12.0
        );
        x += 30.0 + 5.6 * f64::from(u8::try_from(name.len()).unwrap_or(u8::MAX));
    }
    let _ = writeln!(
        text,
        "<text x='{:.0}' y='50'>typical execution times, ms</text>",
        BARS.0
    );
    x = RATIOS.0;
    let _ = writeln!(
        text,
        "<text x='{x:.0}' y='34'>ratio to the floor, median to 99 %</text>"
    );
    x = RATIOS.0;
    for (model, colour) in MODELS.iter().zip(COLOURS) {
        let _ = writeln!(
            text,
            "<circle cx='{:.0}' cy='46' r='3' fill='{colour}'/>\
             <text x='{:.0}' y='50'>{model}</text>",
            x + 3.0,
            x + 9.0
        );
        x += 60.0;
    }
    text
}

fn bar(line: &Line<'_>, y: f64, longest: f64) -> String {
    let run = line.typical.median();
    let setting = line.typical.setting;
    let needed = run.floor.commands_time.as_secs_f64();
    let lengths = [
        needed,
        run.floor.time.as_secs_f64() - needed,
        run.more_commands().as_secs_f64(),
        run.more_sessions().as_secs_f64(),
        run.looks().as_secs_f64(),
    ];
    let mut text = format!(
        "<text x='{:.0}' y='{:.1}' text-anchor='end'>{} {} kHz</text>\n",
        BARS.0 - 6.0,
        y + 12.0,
        setting.part,
        setting.scl_khz
    );
    let scale = BARS.1 / longest;
    let mut x = BARS.0;
    for (length, (colour, _)) in lengths.into_iter().zip(PARTS) {
        let width = length * scale;
        let _ = write!(
            text,
            "<rect x='{x:.1}' y='{:.1}' width='{width:.1}' height='11' fill='{colour}'/>",
            y + 2.5
        );
        x += width;
    }
    let _ = writeln!(
        text,
        "<text x='{:.1}' y='{:.1}'>{}</text>",
        x + 4.0,
        y + 12.0,
        ms(run.counts.time)
    );
    text
}

/// A line at each step, which are at most eight.
fn axis(highest: f64, bottom: f64, across: impl Fn(f64) -> f64) -> String {
    let steps = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
    let step = steps
        .into_iter()
        .find(|step| (highest - 1.0) / step <= 7.0)
        .unwrap_or(2.0);
    let mut text = String::new();
    for index in 0..=7_u8 {
        let ratio = 1.0 + step * f64::from(index);
        if ratio <= highest {
            let _ = writeln!(
                text,
                "<path d='M{0:.1} {TOP}V{bottom:.1}' stroke='#999' stroke-width='0.5'/>\
                 <text x='{0:.1}' y='{1:.1}' text-anchor='middle'>{ratio:.2}</text>",
                across(ratio),
                bottom + 12.0
            );
        }
    }
    text
}

fn seconds(run: &Run) -> f64 {
    run.counts.time.as_secs_f64()
}
