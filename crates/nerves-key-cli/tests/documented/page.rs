//! A document's blocks of commands, and what its comments say of them.
//!
//! A comment in the line before a block is about that block:
//! `<!-- not run: KIND, WHY -->` says why no test runs it, and
//! `<!-- first: COMMANDS -->` has commands that make what the block starts from.

use std::fmt;

/// Why a block is not run. Each has a sign in the block itself, so that the
/// mark cannot stand where it is not so.
const KINDS: [(&str, &[&str]); 6] = [
    ("build", &["cargo ", "configure", "bitbake", "make "]),
    ("chip", &["/dev/i2c-", "i2c:", "sudo ", "nerves-key pkcs11"]),
    ("installed", &["/usr/", "apt ", "install "]),
    ("another program", &[]),
    ("served emulator", &["--socket"]),
    ("two computers", &["exec:ssh "]),
];

/// A block of commands.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) line: usize,
    /// Commands that make what it starts from.
    pub(crate) first: Option<String>,
    /// Why it is not run.
    pub(crate) not_run: Option<String>,
    /// What a shell is given.
    pub(crate) script: String,
}

impl Block {
    /// Its commands, each in one line.
    pub(crate) fn commands(&self) -> Vec<String> {
        let joined = self.script.replace("\\\n", " ");
        let lines = joined.lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect()
    }
}

/// What a page cannot say.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Unclear {
    pub(crate) line: usize,
    what: String,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

fn unclear<T>(line: usize, what: impl Into<String>) -> Result<T, Unclear> {
    let what = what.into();
    Err(Unclear { line, what })
}

/// Every block of `text` in `sh` or `console`.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, Unclear> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().zip(1..);
    let mut comment: Option<String> = None;
    while let Some((text, line)) = lines.next() {
        if let Some(opened) = text.strip_prefix("<!-- ") {
            let mut whole = opened.to_owned();
            while !whole.ends_with("-->") {
                match lines.next() {
                    Some((more, _)) => whole = whole + "\n" + more,
                    None => return unclear(line, "a comment without an end"),
                }
            }
            comment = Some(whole.trim_end_matches("-->").trim().to_owned());
            continue;
        }
        let Some(language) = text.strip_prefix("```") else {
            if let Some(comment) = comment.take().filter(|it| is_mark(it)) {
                return unclear(line, format!("no block after {comment:?}"));
            }
            continue;
        };
        let mut content = String::new();
        loop {
            match lines.next() {
                Some(("```", _)) => break,
                Some((more, _)) => push_line(&mut content, more),
                None => return unclear(line, "a block without an end"),
            }
        }
        let mark = comment.take().filter(|it| is_mark(it));
        match language {
            "sh" | "console" => blocks.push(block(line, mark.as_deref(), language, &content)?),
            _ if mark.is_some() => return unclear(line, "a mark at a block that is not run"),
            _ => {}
        }
    }
    Ok(blocks)
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn is_mark(comment: &str) -> bool {
    comment.starts_with("not run:") || comment.starts_with("first:")
}

fn block(line: usize, mark: Option<&str>, language: &str, content: &str) -> Result<Block, Unclear> {
    let first = mark.and_then(|mark| mark.strip_prefix("first:"));
    let not_run = mark.and_then(|mark| mark.strip_prefix("not run:"));
    if let Some(why) = not_run {
        let kind = KINDS.iter().find(|(kind, _)| why.trim().starts_with(kind));
        let Some((kind, signs)) = kind else {
            return unclear(line, format!("{why:?} is none of {KINDS:?}"));
        };
        let said = match *kind {
            // It is named: `not run: another program, NAME`.
            "another program" => why
                .split_once(',')
                .is_some_and(|(_, name)| content.contains(name.trim())),
            _ => signs.iter().any(|sign| content.contains(sign)),
        };
        if !said {
            return unclear(line, format!("nothing in the block says {why:?}"));
        }
    }
    let mut script = String::new();
    for text in content.lines() {
        match (
            language,
            text.strip_prefix("$ ").or(text.strip_prefix("# ")),
        ) {
            ("console", Some(command)) => push_line(&mut script, command),
            ("console", None) if not_run.is_none() => {
                return unclear(
                    line,
                    "what commands print is compared on pages of captures only",
                );
            }
            ("console", None) => {}
            _ => push_line(&mut script, text),
        }
    }
    Ok(Block {
        line,
        first: first.map(|commands| commands.trim().to_owned()),
        not_run: not_run.map(|why| why.trim().to_owned()),
        script,
    })
}

/// Text in single backticks, outside of blocks.
pub(crate) fn inline_code(text: &str) -> Vec<String> {
    let prose: String = text.split("\n```").step_by(2).collect();
    let code = prose.split('`').skip(1).step_by(2);
    code.map(|code| code.replace('\n', " ")).collect()
}

/// Where in a command a word stands.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    /// Where a program is named, after variables perhaps.
    Program,
    OfAnother,
    OfOurs,
}

/// The words of each call of `nerves-key` in a command, without its name.
pub(crate) fn calls(command: &str) -> Vec<Vec<String>> {
    let mut calls: Vec<Vec<String>> = Vec::new();
    let mut place = Place::Program;
    for word in words(command) {
        let is_ours = word == "nerves-key" || word.ends_with("/nerves-key");
        match (word.as_str(), place) {
            ("|" | "||" | "&&" | ";" | "&", _) => place = Place::Program,
            (">" | "<", _) => place = Place::OfAnother,
            (_, Place::Program) if is_ours => {
                place = Place::OfOurs;
                calls.push(Vec::new());
            }
            (word, Place::Program) if !word.contains('=') => place = Place::OfAnother,
            (_, Place::OfOurs) => calls.last_mut().unwrap().push(word),
            _ => {}
        }
    }
    calls
}

/// Words as a shell splits them, as far as documents go: quotation marks, and
/// comments left out. A quoted word that is a command is none here.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in command.chars() {
        match (quote, character) {
            (Some(mark), _) if mark == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, ' ') => words.push(String::new()),
            (None, '#') if words.last().is_some_and(String::is_empty) => break,
            (None, ')' | '(') => {}
            _ => words
                .last_mut()
                .into_iter()
                .for_each(|word| word.push(character)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn what_is_a_block_and_what_its_comment_says() {
    let text = "<!-- first:\na\nb -->\n```sh\nnerves-key info \\\n    --json # x\n\n# y\nls\n```\n\
                <!-- not run: build -->\n```console\n$ cargo build\nout\n# cargo x\n```\n\
                ```rust\n```sh\n```\n";
    let found = blocks(text).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].first.as_deref(), Some("a\nb"));
    assert_eq!(
        found[0].commands(),
        ["nerves-key info      --json # x", "ls"]
    );
    assert_eq!(
        (found[1].line, &*found[1].script),
        (12, "cargo build\ncargo x\n")
    );
    for (wrong, line) in [
        ("```sh\n", 1),
        ("\n<!-- not run: build -->\n\n```sh\n```\n", 3),
        ("<!-- not run: build -->\n```sh\nls\n```\n", 2),
        ("<!-- not run: rain -->\n```sh\nls\n```\n", 2),
        ("<!-- not run: another program, nc -->\n```sh\nls\n```\n", 2),
        ("<!-- first: ls -->\n```rust\n```\n", 2),
        ("```console\n$ ls\na\n```\n", 1),
    ] {
        assert_eq!(blocks(wrong).unwrap_err().line, line, "{wrong}");
    }
}

#[test]
fn what_is_a_call() {
    let found = calls("X=1 target/debug/nerves-key sign 'a b' | nerves-key verify # nerves-key x");
    assert_eq!(found, [vec!["sign", "a b"], vec!["verify"]]);
    assert_eq!(calls("cargo install nerves-key"), [[""; 0]; 0]);
    assert_eq!(
        inline_code("a `b\nc` d\n```sh\n`e`\n```\n`f`"),
        ["b c", "f"]
    );
}
