//! The volatile layout: a chip that only who has its keys can use, and keys
//! that nothing shows.

use std::fs;

use crate::bench::Bench;

const KEYS: [&str; 4] = [
    "--activation-key",
    "activation",
    "--encryption-key",
    "encryption",
];

#[test]
fn provisioned_in_silence() {
    let bench = Bench::new();
    let file = |name: &str, bytes: &[u8]| fs::write(bench.path().join(name), bytes).unwrap();
    file("activation", b"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n");
    file("encryption", b"SecretSecretKey!");
    let layout = ["--layout", "volatile", "--serial", "V1"];
    let device = "emu:v.img?chip=atecc608a";
    let with = |more: &[&'static str]| [&layout[..], &KEYS[..], more].concat();

    let plan = bench.ok(&Bench::provision(device, &with(&["--dry-run"])));
    assert!(
        plan.contains("activation key") && plan.contains("not shown"),
        "{plan}"
    );
    let done = bench.ok(&Bench::provision(
        device,
        &with(&["--yes", "--report", "report", "--record", "record"]),
    ));
    let info = bench.json(&["info", "--device", "emu:v.img"]);
    assert_eq!(
        (&info["stage"], &info["layout"]),
        (&"finished".into(), &"volatile".into())
    );

    let read = |name: &str| fs::read_to_string(bench.path().join(name)).unwrap();
    for text in [plan, done, read("report"), read("record")] {
        let text = text.to_uppercase().replace([' ', ','], "");
        for secret in ["A5A5A5A5", "5365637265745365", "SECRETSECRET"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    // The chip itself has both.
    let image = read("v.img").to_uppercase().replace(' ', "");
    for secret in ["A5A5A5A5", "5365637265745365"] {
        assert!(image.contains(secret), "{secret} not in {image}");
    }

    // Again, and as another layout.
    bench.ok(&Bench::provision(device, &with(&["--yes"])));
    let (code, message) = bench.fails(&Bench::provision(device, &["--serial", "V1", "--yes"]));
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("volatile layout"), "{message}");
}
