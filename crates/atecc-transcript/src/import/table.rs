//! Tables with commas.

use alloc::vec::Vec;

/// The fields of a row, without their quotation marks.
pub(super) fn fields(row: &str) -> Vec<&str> {
    row.split(',')
        .map(|field| field.trim().trim_matches('"'))
        .collect()
}

/// The place of a column.
pub(super) fn place(names: &[&str], name: &str) -> Option<usize> {
    names
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name))
}

/// The rows after the first, numbered, without empty ones.
pub(super) fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    (1..)
        .zip(text.lines())
        .skip(1)
        .filter(|(_, row)| !row.trim().is_empty())
        .map(|(number, row)| (number, fields(row)))
}
