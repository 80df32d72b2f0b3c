//! What goes out, read by what is not ours.

use serde_json::Value;

use crate::bench::{BATCH, Bench};

fn export(bench: &Bench, form: &str) -> String {
    bench.done(&["line", "export", "--batch", "b", "--for", form])
}

#[test]
fn each_form_is_what_its_reader_expects() {
    let bench = Bench::with_batch();
    let devices = bench.chips(11);
    bench.done(&Bench::line_run(&devices, &[]));

    let text = export(&bench, "nerves-hub");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        &["identifier", "tags", "description"][..]
    );
    assert_eq!(
        reader
            .records()
            .map(Result::unwrap)
            .filter(|row| row.len() == 3)
            .count(),
        11
    );

    let text = export(&bench, "csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for row in reader.records().map(Result::unwrap) {
        assert!(
            row[5].starts_with("-----BEGIN CERTIFICATE-----\n"),
            "{row:?}"
        );
    }

    let text = export(&bench, "aws");
    let things: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(things.len(), 11);
    assert!(
        things
            .iter()
            .all(|thing| thing["ThingName"].as_str().unwrap().starts_with("ACME-"))
    );

    let text = export(&bench, "azure");
    let calls: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sizes: Vec<_> = calls
        .iter()
        .map(|call| call["enrollments"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [10, 1]);
    assert_eq!(calls[0]["mode"], "create");
}

#[test]
fn a_serial_that_a_service_does_not_take_is_named() {
    let bench = Bench::new();
    bench.write("b.toml", &BATCH.replace("ACME-{:06}", "A+{:03}."));
    bench.done(&["line", "batch", "b.toml"]);
    let devices = bench.chips(1);
    bench.done(&Bench::line_run(&devices, &[]));
    for form in ["aws", "azure"] {
        let (code, said) = bench.refused(&["line", "export", "--batch", "b", "--for", form]);
        assert!(code == 5 && said.contains("A+001."), "{form}: {said}");
    }
}
