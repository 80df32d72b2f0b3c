//! What is refused before any chip is touched.

use crate::bench::{BATCH, Bench};

#[test]
fn batches_that_are_none() {
    let bench = Bench::new();
    bench.write("twice.csv", "serial\nA\nB\nA\n");
    bench.write("mark.csv", "\u{FEFF}serial,x\n\"A,1\",1\n");
    bench.write("columns.csv", "A,1\nB,2\n");
    bench.write("heads.csv", "x,serial,serial\n1,A,B\n2,C,D\n");
    let list = |text: &str| BATCH.replace("pattern = \"ACME-{:06}\"\nfirst = 1", text);
    for (text, part) in [
        (
            BATCH.replace("count = 100", "count = 0"),
            "1 to 1000000 units",
        ),
        (
            BATCH.replace("count = 100", "cuont = 100"),
            "line 3: unknown field `cuont`",
        ),
        (BATCH.replace("{:06}", "{:01}"), "its scheme has 9 serials"),
        (BATCH.replace("ACME-", "ACME/"), "would be refused"),
        (BATCH.replace("ACME-", &"A".repeat(43)), "would be refused"),
        (BATCH.replace("{:06}", "x"), "no counter"),
        (BATCH.replace("signer.cert", "none.cert"), "none.cert"),
        (BATCH.replace("signer.cert", "signer.key"), "signer.key"),
        (BATCH.replace("Sensor", ""), "product"),
        (BATCH.replace("Sensor", "Sen\u{202E}sor"), "product"),
        (
            BATCH.replace("count", "board = \"elevenbytes\"\ncount"),
            "board",
        ),
        (BATCH.replace("count", "format = 2\ncount"), "format 2"),
        (
            BATCH.replace("first = 1", "scanned = true"),
            "one of pattern, list",
        ),
        (list("chip = true\nfirst = 1"), "first belongs to pattern"),
        (
            list("list = \"twice.csv\"\ncolumn = \"serial\""),
            "stands in the list twice",
        ),
        (
            list("list = \"twice.csv\"\ncolumn = \"sn\""),
            "no column \"sn\"",
        ),
        (list("list = \"columns.csv\""), "2 columns"),
        (
            list("list = \"heads.csv\"\ncolumn = \"serial\""),
            "heads.csv: the column \"serial\" stands in its head twice, as the 2. and the 3.",
        ),
        (list("list = \"none.csv\""), "none.csv"),
        (
            list("list = \"mark.csv\"\ncolumn = \"serial\""),
            "its scheme has 1 serial:",
        ),
        (list(""), "one of pattern, list"),
        ("name = ".to_owned(), "b.toml: line 1: "),
        (
            BATCH.replace("product = \"Sensor\"\n", ""),
            "b.toml: missing field `product`",
        ),
        (
            BATCH.replace("count = 100", "count = -1"),
            "count = -1: 1 to 1000000",
        ),
        (
            BATCH.replace("count = 100", "count = \"100\""),
            "line 3: invalid type: string \"100\", expected a whole number",
        ),
        (
            BATCH.replace("count", "format = 300\ncount"),
            "format = 300: 0 or 1",
        ),
        (
            BATCH.replace("first = 1", "first = -1"),
            "first = -1: 0 or more",
        ),
        (
            BATCH.replace("[serials]", "serials = 3\n[x]"),
            "line 6: invalid type: integer `3`, expected a table",
        ),
    ] {
        bench.write("b.toml", &text);
        let (code, said) = bench.refused(&["line", "batch", "b.toml"]);
        assert_eq!(code, 5, "{text}: {said}");
        assert!(said.contains(part), "{text}: {said}");
        let is_one_line = said.lines().count() == 1 && !said.contains("\\n");
        assert!(is_one_line, "{text}: {said}");
    }
    assert_eq!(
        bench.json(&["line", "status"])["batches"],
        serde_json::json!([])
    );
}

#[test]
fn a_batch_never_changes() {
    let bench = Bench::with_batch();
    bench.done(&["line", "batch", "b.toml"]);
    bench.write("b.toml", &BATCH.replace("100", "99"));
    let (code, said) = bench.refused(&["line", "batch", "b.toml"]);
    assert!(
        code == 5 && said.contains("give this one another name"),
        "{said}"
    );
}

/// What is said of a file before it is loaded is what is said then.
#[test]
fn a_dry_run_says_what_loading_would() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.done(&Bench::line_run(&devices, &[]));
    let pattern = "pattern = \"ACME-{:06}\"\nfirst = 1";
    let list = BATCH.replace(pattern, "list = \"few.csv\"");
    let list = list.replace("\"b\"", "\"c\"").replace("100", "2");
    bench.write("few.csv", "ACME-000001\nQ\n");
    for (text, part) in [
        (BATCH.replace("100", "99"), "give this one another name"),
        (list, "such as \"ACME-000001\""),
        (BATCH.replace("100", "0"), "1 to 1000000 units"),
    ] {
        bench.write("x.toml", &text);
        let dry = bench.refused(&["line", "batch", "x.toml", "--dry-run"]);
        assert!(dry.0 == 5 && dry.1.contains(part), "{dry:?}");
        assert_eq!(dry, bench.refused(&["line", "batch", "x.toml"]));
    }
    let missing = ["line", "batch", "b.toml", "--ledger", "none.db"];
    let dry = bench.refused(&[&missing[..], &["--dry-run"]].concat());
    assert!(dry.0 == 5 && dry.1.contains("line init"), "{dry:?}");
    assert_eq!(dry, bench.refused(&missing));
    assert!(!bench.path().join("none.db").exists());
    let again = bench.done(&["line", "batch", "b.toml", "--dry-run"]);
    assert!(again.contains("was loaded before"), "{again}");
    bench.write("x.toml", &BATCH.replace("\"b\"", "\"x\""));
    let new = bench.done(&["line", "batch", "x.toml", "--dry-run"]);
    assert!(new.contains("can be loaded"), "{new}");
    assert_eq!(
        bench.json(&["line", "status"])["batches"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn what_stops_a_run_before_the_first_chip() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.done(&["signer", "create", "other"]);
    let run = Bench::line_run(&devices, &[]);
    let with = |from: &str, to: &'static str| {
        run.iter()
            .map(|word| if *word == from { to } else { *word })
            .collect::<Vec<_>>()
    };
    let twice = [devices[0].clone(), devices[0].clone()];
    let of_a_server = |code, part| {
        if cfg!(feature = "line-postgres") {
            (code, part)
        } else {
            (5, "line-postgres")
        }
    };
    let no_host = of_a_server(5, "invalid configuration");
    let no_ca = of_a_server(5, "--ledger-ca");
    for (arguments, code, part) in [
        (with("b", "x"), 5, "no batch \"x\""),
        (with("signer.key", "other.key"), 5, "does not belong"),
        (with("--yes", "--json"), 5, "give --yes"),
        (Bench::line_run(&twice, &[]), 5, "given twice"),
        (Bench::line_run(&["emu:".to_owned()], &[]), 5, "thrown away"),
        (
            Bench::line_run(&devices, &["--ledger", ":memory:"]),
            5,
            "line init",
        ),
        (
            Bench::line_run(&devices, &["--ledger", "user=a dbname=b"]),
            no_host.0,
            no_host.1,
        ),
        (
            Bench::line_run(&devices, &["--schema", "s"]),
            5,
            "a file has none",
        ),
        (
            Bench::line_run(&devices, &["--ledger-ca", "signer.cert"]),
            5,
            "--ledger-ca is of a server",
        ),
        (
            Bench::line_run(&devices, &["--ledger", "host=ledger.example"]),
            no_ca.0,
            no_ca.1,
        ),
        (
            Bench::line_run(&devices, &["--ledger", "none.db"]),
            5,
            "line init",
        ),
        (
            Bench::line_run(&devices, &["--ledger", "signer.cert"]),
            5,
            "not a database",
        ),
        (
            Bench::line_run(&devices, &["--station", ""]),
            5,
            "--station",
        ),
        (
            Bench::line_run(&devices, &["--station", "a\u{202E}b"]),
            5,
            "--station",
        ),
    ] {
        let (found, said) = bench.refused(&arguments);
        assert_eq!(found, code, "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    assert_eq!(bench.units().len(), 0);
    assert_eq!(
        bench.json(&["info", "--device", &devices[0]])["stage"],
        "blank"
    );
}
