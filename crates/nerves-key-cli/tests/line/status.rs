//! `line status`: what is made, how fast, where, and what fails.

use serde_json::json;

use crate::bench::{BATCH, Bench};

#[test]
fn what_is_made_where_and_what_fails_is_said() {
    let bench = Bench::new();
    bench.write("b.toml", &BATCH.replace("count = 100", "count = 6"));
    bench.done(&["line", "batch", "b.toml"]);
    let devices = bench.chips(5);
    bench.done(&Bench::line_run(&devices[..2], &["--station", "one"]));
    // A signer that says no: both chips are begun.
    let mut failing = Bench::line_run(&devices[2..4], &["--station", "two"]);
    failing[5] = "exec:false";
    bench.run(&failing);
    bench.run(&failing);
    // One of them goes on.
    bench.done(&Bench::line_run(&devices[2..3], &["--station", "two"]));
    // A chip that somebody else has begun comes into no batch.
    bench.done(&[
        "provision",
        "--device",
        &devices[4],
        "--signer-cert",
        "signer.cert",
        "--request",
        "request",
        "--yes",
    ]);
    bench.run(&Bench::line_run(&devices[4..], &[]));
    let status = bench.json(&["line", "status"]);
    let activity = &status["activity"]["batches"][0];
    let is = |member: &str, value: u64| assert_eq!(activity[member], value, "{activity}");
    is("made", 3);
    is("failed", 1);
    is("in_work", 0);
    is("left", 3);
    assert!(activity["units_an_hour"].as_f64().unwrap() >= 3.0);
    assert!(activity["seconds_left"].is_u64(), "{activity}");
    let stations = activity["stations"].as_array().unwrap();
    let stations = stations
        .iter()
        .map(|it| (&it["station"], &it["made"], &it["failed_runs"]));
    let stations: Vec<_> = stations.collect();
    assert_eq!(
        stations,
        [
            (&json!("one"), &json!(2), &json!(0)),
            (&json!("two"), &json!(1), &json!(4))
        ]
    );
    // Four runs of two chips failed of one cause.
    let failures = activity["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{activity}");
    assert_eq!(failures[0]["runs"], 4);
    let outside = status["activity"]["outside"].as_array().unwrap();
    assert_eq!((outside.len(), &outside[0]["runs"]), (1, &json!(1)));
    let text = bench.done(&["line", "status"]);
    for part in [
        "3 made, 1 failed, 0 in work, 3 left",
        " an hour; ",
        "station \"two\": 1 made, 4 failed runs, last seen ",
        "failed 4 times: the signer failed",
        "chips of no batch:\n  failed 1 time: the chip … has a key already",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// A later batch that begins far above: what lies between is one line.
#[test]
fn serials_that_were_passed_over_are_a_range() {
    let bench = Bench::with_batch();
    let later = BATCH.replace("\"b\"", "\"c\"");
    bench.write("c.toml", &later.replace("first = 1\n", "first = 100000\n"));
    bench.done(&["line", "batch", "c.toml"]);
    let devices = bench.chips(2);
    bench.done(&Bench::line_run(&devices[..1], &[]));
    let mut arguments = Bench::line_run(&devices[1..], &[]);
    arguments[3] = "c";
    bench.done(&arguments);
    let said = bench.done(&["line", "status"]);
    let passed = "99998 passed over, since a later batch begins above them: ACME-000002 to \
                  ACME-099999\n";
    assert!(said.contains(passed), "{said}");
    let passed = json!([{ "first": "ACME-000002", "last": "ACME-099999", "count": 99998 }]);
    let numbers = &bench.json(&["line", "audit"])["numbers"]["b"];
    assert_eq!(numbers["passed"], passed);
    assert_eq!(numbers["skipped"], json!([]));
}
