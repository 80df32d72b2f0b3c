//! Text for a terminal of 80 columns.

/// Columns that are used.
const WIDTH: usize = 79;

/// `text` in lines, the first behind `first`, the others behind `rest`.
pub(crate) fn indent(text: &str, first: &str, rest: &str) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &line;
            lines.push('\n');
            rest.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    lines += &line;
    lines.push('\n');
    lines
}

/// Columns as wide as they need, the last one ragged.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = std::iter::once(&head).chain(rows);
        cells
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    let line = |row: &[String; N]| {
        let cells: Vec<_> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    std::iter::once(&head).chain(rows).map(line).collect()
}

/// The same, the last column in lines of its own width where it is too long.
pub(crate) fn wrapped_table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let whole = table(head, rows);
    // What is before the last column is as wide in all lines.
    let start = (0..N - 1).map(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        let widest = cells.max().unwrap_or(0);
        widest.max(head[column].chars().count()) + 2
    });
    let rest = " ".repeat(start.sum());
    let lines = whole.lines().map(|line| {
        if line.chars().count() <= WIDTH || rest.len() + 12 > WIDTH {
            return format!("{line}\n");
        }
        let split = line.char_indices().nth(rest.len());
        let (first, last) = line.split_at(split.map_or(line.len(), |(at, _)| at));
        indent(last, first, &rest)
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_words() {
        let text = "word ".repeat(40);
        let wrapped = indent(&text, "- ", "  ");
        assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(wrapped.split_whitespace().count(), 41);
        assert_eq!(indent("one", "", "  "), "one\n");
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["1".into(), "x".into()], ["22".into(), "yy".into()]];
        assert_eq!(table(["n", "c"], &rows), "n   c\n1   x\n22  yy\n");
        let rows = [["1".into(), "word ".repeat(20)]];
        let wrapped = wrapped_table(["n", "c"], &rows);
        assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(wrapped.lines().nth(2), Some("   word word word word word"));
    }
}
