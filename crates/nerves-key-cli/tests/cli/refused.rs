//! "Execution error" (0x0F) with its causes.

use crate::bench::Bench;

/// A blank chip, and a volatile key that rests: the cause is in the
/// configuration, which is read for it.
#[test]
fn a_refusal_is_told_with_its_causes() {
    let bench = Bench::new();
    bench.ok(&["emulator", "create", "blank.img"]);
    for (name, key) in [("activation", [0x11; 16]), ("encryption", [0x22; 16])] {
        std::fs::write(bench.path().join(name), key).unwrap();
    }
    let volatile = [
        "--yes",
        "--serial",
        "V1",
        "--layout",
        "volatile",
        "--activation-key",
        "activation",
        "--encryption-key",
        "encryption",
    ];
    bench.ok(&Bench::provision("emu:v.img?chip=atecc608a", &volatile));
    let digest = "5A".repeat(32);
    for command in [&["sign", "--digest", &digest][..], &["jwt"]] {
        for (device, cause) in [
            (
                "emu:blank.img",
                "cause: the configuration is not locked (byte 87 is 55)",
            ),
            (
                "emu:v.img",
                "the persistent latch set (KeyConfig.PersistentDisable",
            ),
        ] {
            let (code, message) = bench.fails(&[command, &["--device", device]].concat());
            assert_eq!(code, 1, "{message}");
            assert!(message.contains(cause), "{message}");
            assert!(
                message.contains("nerves-key config why sign 0"),
                "{message}"
            );
        }
    }
}
