//! A batch of the volatile layout, whose keys the line takes and never keeps.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::bench::{BATCH, Bench};

const ACTIVATION: &str = "3D0C5E8A91B74F26A0D3E1C4728B6F95";
const ENCRYPTION: &str = "9F1E7C3352A8D04B6E85B1F7C20A4D68";
const KEYS: [&str; 4] = ["--activation-key", "a.key", "--encryption-key", "e.key"];

fn bench() -> Bench {
    let bench = Bench::new();
    let batch = BATCH.replace("count", "layout = \"volatile\"\ncount");
    bench.write("b.toml", &batch);
    bench.done(&["line", "batch", "b.toml"]);
    for (name, key) in [("a.key", ACTIVATION), ("e.key", ENCRYPTION)] {
        bench.write(name, key);
        let path = bench.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    bench
}

#[test]
fn its_keys_are_on_the_chips_and_nowhere_else() {
    let bench = bench();
    let devices = bench.chips(2);
    let said = bench.run(&Bench::line_run(
        &devices,
        &[&KEYS[..], &["--json", "--reports", "."]].concat(),
    ));
    assert!(said.status.success(), "{said:?}");
    assert!(said.stderr.is_empty(), "{said:?}");
    let status = bench.json(&["line", "status"]);
    assert_eq!(status["batches"][0]["units"]["verified"], 2);
    // An image that is opened has just been given its supply: the key rests.
    let said = bench.done(&Bench::line_run(&devices, &KEYS));
    assert_eq!(said.matches("made before").count(), 2, "{said}");
    bench.audit(&devices);
    // Whatever was written or printed, no key is in it, in no form.
    let mut looked_at = vec![said.into_bytes()];
    for entry in fs::read_dir(bench.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("line.db") || name.ends_with("EE.json") {
            looked_at.push(fs::read(&path).unwrap());
        }
    }
    assert!(looked_at.len() >= 4);
    let base64 = |key: &[u8]| data_encoding::BASE64.encode(key)[..20].to_owned();
    for key in [ACTIVATION, ENCRYPTION] {
        let bytes = data_encoding::HEXUPPER.decode(key.as_bytes()).unwrap();
        let forms = [
            key.as_bytes().to_vec(),
            key.to_lowercase().into_bytes(),
            base64(&bytes).into_bytes(),
            bytes,
        ];
        for (form, bytes) in forms
            .iter()
            .flat_map(|it| looked_at.iter().map(move |of| (it, of)))
        {
            let found = bytes.windows(form.len()).any(|part| part == form);
            assert!(!found, "{form:?}");
        }
    }
}

/// A chip that the ledger does not know, and one that is taken away in the middle.
#[test]
fn a_chip_goes_on_or_is_recorded() {
    let bench = bench();
    let devices = bench.chips(2);
    let provision = [
        "provision",
        "--layout",
        "volatile",
        "--serial",
        "OLD-1",
        "--yes",
    ];
    let signer = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
    let device = ["--device", &devices[0]];
    bench.done(&[&provision[..], &signer, &KEYS, &device].concat());
    // No room for the certificate: the run ends before the data lock.
    let script = |text: &str| {
        use nerves_key_line::Database;
        let path = bench.path().join("line.db");
        let mut ledger = nerves_key_line::Sqlite::open(&path).unwrap();
        ledger.script(text).unwrap();
    };
    script(
        "CREATE TRIGGER no BEFORE INSERT ON certificate BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
    );
    bench.run(&Bench::line_run(&devices[1..], &KEYS));
    script("DROP TRIGGER no");
    let said = bench.done(&Bench::line_run(&devices, &KEYS));
    assert!(
        said.contains("OLD-1") && said.contains("recorded"),
        "{said}"
    );
    assert!(said.contains("ACME-000001"), "{said}");
    bench.audit(&devices);
}

#[test]
fn keys_and_layout_belong_together() {
    let bench = bench();
    let devices = bench.chips(1);
    let blank = fs::read(bench.path().join("chip0.img")).unwrap();
    let refused = |arguments: &[&str], exit, part: &str| {
        let (code, said) = bench.refused(arguments);
        assert_eq!((code, said.contains(part)), (exit, true), "{said}");
        assert_eq!(fs::read(bench.path().join("chip0.img")).unwrap(), blank);
    };
    refused(&Bench::line_run(&devices, &[]), 5, "--activation-key");
    refused(
        &Bench::line_run(&devices, &KEYS[..2]),
        2,
        "--encryption-key",
    );
    let digits = ["--activation-key", ACTIVATION, "--encryption-key", "e.key"];
    let arguments = Bench::line_run(&devices, &digits);
    refused(&arguments, 5, "in place of a key's file");
    assert!(!bench.refused(&arguments).1.contains(ACTIVATION));
    // Keys for a batch that has no use for them.
    bench.write("c.toml", &BATCH.replace("\"b\"", "\"c\""));
    bench.done(&["line", "batch", "c.toml"]);
    let mut arguments = Bench::line_run(&devices, &KEYS);
    arguments[3] = "c";
    refused(&arguments, 5, "standard layout");
    // A key that others may read is told of, as by provision.
    let path = bench.path().join("a.key");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let said = bench.run(&Bench::line_run(&devices, &KEYS));
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("chmod 600 a.key"), "{said}");
    // Another key than the chip was made with does not open it.
    bench.write("a.key", &ACTIVATION.replace('3', "4"));
    let said = bench.run(&Bench::line_run(&devices, &KEYS));
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("another activation key"), "{said}");
    // Nor is one key taken for both.
    bench.write("a.key", ENCRYPTION);
    let (code, said) = bench.refused(&Bench::line_run(&devices, &KEYS));
    assert_eq!((code, said.contains("give two")), (5, true), "{said}");
}
