use super::{Error, Row};
use crate::operations::{ALL, Operation};
use crate::setting::{MODELS, Part, Setting};

/// Seeds of the models that draw; the others are the same each time.
const SEEDS: u64 = 3;

/// The worst median of the ratios of `operation` at 100 kHz, on every chip and
/// model of execution times, and where that is; and the best of all runs.
fn worst(operation: &Operation) -> Result<(f64, String, f64), Error> {
    let (mut worst, mut at, mut best) = (0.0, String::new(), f64::MAX);
    for part in Part::ALL.into_iter().filter(|part| operation.is_for(*part)) {
        let image = operation.starts_from.image(part)?;
        for model in MODELS {
            let setting = Setting {
                part,
                model,
                scl_khz: 100,
            };
            let row = Row::new(operation, &image, setting, SEEDS)?;
            best = row.runs.iter().map(super::Run::ratio).fold(best, f64::min);
            let ratio = row.median().ratio();
            if ratio > worst {
                (worst, at) = (ratio, format!("{part}, {model}"));
            }
        }
    }
    Ok((worst, at, best))
}

/// In the middle of the runs, on the chip and with the execution times that are worst.
const PROMISED: [(&str, f64); 6] = [
    ("sign, cold", 1.03),
    ("sign, warm", 1.03),
    ("device certificate", 1.05),
    ("both certificates", 1.05),
    ("provision, standard", 1.10),
    ("provision, volatile", 1.10),
];

#[test]
fn each_operation_is_as_near_its_floor_as_promised() {
    for (name, promised) in PROMISED {
        let operation = ALL.iter().find(|operation| operation.name == name);
        let (worst, at, best) = worst(operation.expect(name)).expect(name);
        println!("{name}: {worst:.3} ({at}); promised {promised}");
        assert!(worst <= promised, "{name}: {worst:.3} ({at})");
        // Nothing is below the floor.
        assert!(best >= 1.0, "{name}: {best:.6}");
    }
}
