//! What stands around the numbers of a dump: comments, offsets, labels, brackets.

/// Without the characters that `xxd` and `hexdump -C` have at the end of a line,
/// which may be anything: a line of theirs begins with an offset of seven digits
/// or more.
pub(super) fn without_characters(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let (offset, rest) = line
            .trim_start()
            .split_once(char::is_whitespace)
            .unwrap_or((line, ""));
        let digits = offset.strip_suffix(':').unwrap_or(offset);
        if digits.len() < 7 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return line.to_owned();
        }
        let bytes = match rest.trim_start().split_once("  ") {
            Some((bytes, _)) if offset.ends_with(':') => bytes,
            _ => rest.split_once('|').map_or(rest, |(bytes, _)| bytes),
        };
        format!("{offset} {bytes}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Comments of C, and of YAML and scripts.
pub(super) fn without_comments(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        plain += before;
        plain.push(' ');
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain += rest;
    let lines = plain.lines().map(|line| {
        let line = line.split_once("//").map_or(line, |(code, _)| code);
        line.split_once('#').map_or(line, |(code, _)| code)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands in braces, else in brackets, else everything; a C array has its
/// length in brackets before.
pub(super) fn numbers_of(text: &str) -> &str {
    for (open, close) in [('{', '}'), ('[', ']'), ('<', '>')] {
        if let (Some(start), Some(end)) = (text.find(open), text.rfind(close))
            && start < end
        {
            return &text[start + 1..end];
        }
    }
    text
}

/// The lines of `hexdump`, which begins each with its offset: 0, 10, 20 and so
/// on, and of `xxd`, which has characters after two spaces.
pub(super) fn without_offsets<'a>(lines: &[&'a str]) -> Option<Vec<&'a str>> {
    let filled = lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty());
    let mut bytes = Vec::new();
    for (row, line) in filled.enumerate() {
        let (offset, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (offset, is_xxd) = match offset.strip_suffix(':') {
            Some(offset) => (offset, true),
            None => (offset, false),
        };
        let value = usize::from_str_radix(offset, 16).ok()?;
        if !is_xxd && offset.len() < 4 || value != 16 * row {
            return None;
        }
        let rest = rest.trim_start();
        bytes.push(match rest.split_once("  ") {
            Some((bytes, _)) if is_xxd => bytes,
            _ => rest,
        });
    }
    (bytes.len() > 1).then_some(bytes)
}

/// Without the key of a YAML list, or another word before the numbers, and the
/// characters that `hexdump -C` has at the end.
pub(super) fn without_label(line: &str) -> &str {
    let line = line.split_once('|').map_or(line, |(bytes, _)| bytes);
    match line.split_once(':') {
        Some((label, bytes))
            if bytes.is_empty() || bytes.starts_with(char::is_whitespace) && !is_byte(label) =>
        {
            bytes
        }
        _ => line,
    }
}

/// Two digits before a colon are a byte; more are an offset.
fn is_byte(label: &str) -> bool {
    label.trim().len() <= 2
}

pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| {
        letter.is_whitespace() || !(letter.is_ascii_alphanumeric() || letter == '_')
    })
    .filter(|word| !word.is_empty())
}
