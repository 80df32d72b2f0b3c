//! Tables on standard output.

/// Print `rows` under `head` in columns as wide as they need.
pub fn print<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    let head = head.map(str::to_owned);
    let widths: [usize; N] = std::array::from_fn(|column| {
        std::iter::once(&head)
            .chain(rows)
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    let rule = widths.map(|width| "-".repeat(width));
    for row in [&head, &rule].into_iter().chain(rows) {
        let cells: Vec<_> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("{}", cells.join("  ").trim_end());
    }
}
