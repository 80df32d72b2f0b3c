//! One station with four buses in real time, against one bus.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use xtask_support::error::Error;
use xtask_support::{run, table};

use crate::bench::Bench;

/// Rounds of each: a unit on each bus.
const ROUNDS: u32 = 5;
/// For the server of the chips to be there.
const START: Duration = Duration::from_secs(10);

/// Chips that are served, ended when this is dropped.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // Nothing of them is wanted any more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measure and print.
pub(crate) fn run(program: &Path) -> Result<(), Error> {
    let bench = Bench::new(program, "line.db".to_owned())?;
    bench.load("b", 1000)?;
    let mut chip = 0;
    let mut rows = Vec::new();
    for buses in [1, 4] {
        let mut time = Duration::ZERO;
        for _ in 0..ROUNDS {
            time += round(&bench, program, buses, &mut chip)?;
        }
        let units = f64::from(buses * ROUNDS);
        let each = time.as_secs_f64() / f64::from(ROUNDS);
        rows.push([
            buses.to_string(),
            format!("{each:.2}"),
            format!("{:.0}", units * 3600.0 / time.as_secs_f64()),
        ]);
    }
    table::print(
        ["buses", "seconds for one unit on each", "units an hour"],
        &rows,
    );
    println!();
    Ok(())
}

/// A blank chip on each bus, until the last one is done.
fn round(bench: &Bench, program: &Path, buses: u32, chip: &mut u32) -> Result<Duration, Error> {
    let socket = bench.path(&format!("socket-{chip}"));
    let mut serve = Command::new(program);
    serve.args(["emulator", "serve", "--socket"]).arg(&socket);
    let mut run = vec![
        "line".to_owned(),
        "run".to_owned(),
        "--batch".to_owned(),
        "b".to_owned(),
        "--signer-key".to_owned(),
        "signer.key".to_owned(),
        "--once".to_owned(),
        "--yes".to_owned(),
    ];
    for bus in 1..=buses {
        let name = format!("bus-{chip}.img");
        bench.chip(&name, *chip)?;
        *chip += 1;
        let image = bench.path(&name);
        serve.arg("--bus").arg(format!("{bus}={}", image.display()));
        let device = format!("unix:{}?bus={bus}", socket.display());
        run.extend(["--device".to_owned(), device]);
    }
    serve.stdout(Stdio::null());
    let served = serve.spawn().map_err(|error| Error::Start {
        command: run::line(&serve),
        error,
    })?;
    let served = Served(served);
    let begin = Instant::now();
    while !socket.exists() && begin.elapsed() < START {
        thread::sleep(Duration::from_millis(5));
    }
    let arguments: Vec<_> = run.iter().map(String::as_str).collect();
    let begin = Instant::now();
    bench.done(&arguments)?;
    let time = begin.elapsed();
    drop(served);
    Ok(time)
}
