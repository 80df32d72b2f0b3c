//! Results for people and programs: counts, coverage, JSON, XML.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use atecc_transcript::Provenance;
use serde_json::{Value, json};

use crate::judgement::{Finding, Judge, Judged, Verdict};

/// Judgements, by outcome.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Count {
    /// As recorded.
    pub passed: usize,
    /// Not as recorded.
    pub failed: usize,
    /// Not determined.
    pub skipped: usize,
}

impl Count {
    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped(_) => self.skipped += 1,
        }
    }
}

/// The transcripts of one provenance.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Total {
    /// Transcripts, and recordings with data alone.
    pub transcripts: usize,
    /// Groups in both directions.
    pub frames: usize,
    /// Judgements.
    pub judgements: Count,
}

/// By provenance, the strongest evidence first, without those that none has.
#[must_use]
pub fn totals(judged: &[Judged]) -> Vec<(Provenance, Total)> {
    let mut totals: BTreeMap<Provenance, Total> = BTreeMap::new();
    for one in judged {
        let total = totals.entry(one.provenance).or_default();
        total.transcripts += 1;
        total.frames += one.frames;
        for finding in &one.findings {
            total.judgements.add(&finding.verdict);
        }
    }
    totals.into_iter().collect()
}

/// What was judged of one command.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Coverage {
    /// Judgements of each judge.
    pub judges: BTreeMap<Judge, Count>,
    /// The parts that were recorded, without what their maker put into them.
    pub chips: BTreeSet<String>,
    /// How the bytes were obtained.
    pub provenances: BTreeSet<Provenance>,
}

/// By the command's name.
#[must_use]
pub fn coverage(judged: &[Judged]) -> BTreeMap<String, Coverage> {
    let mut all: BTreeMap<String, Coverage> = BTreeMap::new();
    for one in judged {
        let part = one.chip.split(['-', ' ']).next().unwrap_or_default();
        for finding in &one.findings {
            let coverage = all.entry(finding.what.clone()).or_default();
            coverage
                .judges
                .entry(finding.judge)
                .or_default()
                .add(&finding.verdict);
            coverage.chips.insert(part.to_owned());
            coverage.provenances.insert(one.provenance);
        }
    }
    all
}

/// Everything, for programs.
#[must_use]
pub fn to_json(judged: &[Judged], problems: &[String]) -> Value {
    let transcripts = judged.iter().map(|one| {
        let findings: Vec<_> = one.findings.iter().map(finding).collect();
        json!({
            "id": one.id,
            "chip": one.chip,
            "provenance": one.provenance.name(),
            "frames": one.frames,
            "findings": findings,
        })
    });
    let totals = totals(judged).into_iter().map(|(provenance, total)| {
        json!({
            "provenance": provenance.name(),
            "transcripts": total.transcripts,
            "frames": total.frames,
            "passed": total.judgements.passed,
            "failed": total.judgements.failed,
            "skipped": total.judgements.skipped,
        })
    });
    let coverage = coverage(judged).into_iter().map(|(command, coverage)| {
        let by_judge = coverage.judges.iter().map(|(judge, count)| {
            let count = json!({
                "passed": count.passed, "failed": count.failed, "skipped": count.skipped,
            });
            (judge.name().to_owned(), count)
        });
        let provenances = coverage.provenances.iter().map(|one| one.name());
        json!({
            "command": command,
            "judges": by_judge.collect::<serde_json::Map<_, _>>(),
            "chips": coverage.chips,
            "provenances": provenances.collect::<Vec<_>>(),
        })
    });
    json!({
        "totals": totals.collect::<Vec<_>>(),
        "coverage": coverage.collect::<Vec<_>>(),
        "problems": problems,
        "transcripts": transcripts.collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let (outcome, detail) = match &finding.verdict {
        Verdict::Passed => ("passed", None),
        Verdict::Failed(difference) => ("failed", Some(difference.to_string())),
        Verdict::Skipped(reason) => ("skipped", Some(reason.to_string())),
    };
    json!({
        "judge": finding.judge.name(),
        "item": finding.item.to_string(),
        "what": finding.what,
        "outcome": outcome,
        "detail": detail,
    })
}

/// XML as `JUnit` has it: a suite for each transcript, a case for each judgement.
#[must_use]
pub fn to_junit(judged: &[Judged], problems: &[String]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for one in judged {
        let mut count = Count::default();
        one.findings
            .iter()
            .for_each(|finding| count.add(&finding.verdict));
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
            escaped(&one.id),
            one.findings.len(),
            count.failed,
            count.skipped
        );
        for finding in &one.findings {
            let name = escaped(&format!("{}: {}", finding.item, finding.what));
            let _ = write!(
                xml,
                "    <testcase classname=\"{}.{}\" name=\"{name}\"",
                escaped(&one.id),
                finding.judge
            );
            match &finding.verdict {
                Verdict::Passed => xml.push_str("/>\n"),
                Verdict::Failed(difference) => {
                    let message = escaped(&difference.to_string());
                    let _ = writeln!(xml, "><failure message=\"{message}\"/></testcase>");
                }
                Verdict::Skipped(reason) => {
                    let _ = writeln!(xml, "><skipped message=\"{reason}\"/></testcase>");
                }
            }
        }
        xml.push_str("  </testsuite>\n");
    }
    if !problems.is_empty() {
        let count = problems.len();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"lists\" tests=\"{count}\" failures=\"{count}\">"
        );
        for problem in problems {
            let problem = escaped(problem);
            let _ = writeln!(
                xml,
                "    <testcase classname=\"lists\" name=\"{problem}\"><failure/></testcase>"
            );
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut text, character| {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            character if character.is_control() => text.push(' '),
            character => text.push(character),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::{Difference, Item};
    use crate::reason::Reason;

    fn judged() -> Judged {
        let finding = |judge, verdict| Finding {
            judge,
            item: Item::Action(3),
            what: "Info".to_owned(),
            verdict,
        };
        Judged {
            id: "an-id".to_owned(),
            chip: "ATECC608B-TNGTLS".to_owned(),
            provenance: Provenance::HardwareLog,
            frames: 2,
            findings: vec![
                finding(Judge::Codec, Verdict::Passed),
                finding(Judge::Driver, Verdict::Skipped(Reason::NoAnswer)),
                finding(
                    Judge::Emulator,
                    Verdict::Failed(Difference {
                        expected: "\"<00>\"".to_owned(),
                        got: "0F & more".to_owned(),
                    }),
                ),
            ],
        }
    }

    #[test]
    fn junit_has_every_judgement() {
        let xml = to_junit(&[judged()], &["a list".to_owned()]);
        assert!(
            xml.contains("<testsuite name=\"an-id\" tests=\"3\" failures=\"1\" skipped=\"1\">")
        );
        assert!(
            xml.contains("expected &quot;&lt;00&gt;&quot;, got 0F &amp; more"),
            "{xml}"
        );
        assert!(xml.contains("<skipped message=\"the answer is not recorded\"/>"));
        assert!(xml.contains("name=\"a list\"><failure/>"));
    }

    #[test]
    fn counts_add_up() {
        let judged = [judged(), judged()];
        let [(provenance, total)] = totals(&judged)[..] else {
            panic!("one provenance");
        };
        assert_eq!(provenance, Provenance::HardwareLog);
        assert_eq!((total.transcripts, total.frames), (2, 4));
        let Count {
            passed,
            failed,
            skipped,
        } = total.judgements;
        assert_eq!((passed, failed, skipped), (2, 2, 2));
        let coverage = &coverage(&judged)["Info"];
        assert_eq!(coverage.judges[&Judge::Emulator].failed, 2);
        assert!(coverage.chips.contains("ATECC608B"));
        let json = to_json(&judged, &[]);
        assert_eq!(json["totals"][0]["skipped"], 2);
        assert_eq!(json["transcripts"][1]["findings"][2]["outcome"], "failed");
    }
}
