//! `cargo bench --package xtask-bench`: the time of each operation, and of a
//! thousand commands of an emulated chip.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use xtask_bench::emulator;
use xtask_bench::operation::{Bench, Operation};

fn operations(criterion: &mut Criterion) {
    let bench = Bench::new().expect("a right library");
    for operation in Operation::ALL {
        criterion.bench_function(operation.name(), |bencher| {
            bencher.iter(|| bench.run(operation).expect("a right library"));
        });
    }
}

fn commands(criterion: &mut Criterion) {
    criterion.bench_function("a thousand emulated commands", |bencher| {
        bencher.iter(|| emulator::time(1_000).expect("a right emulator"));
    });
}

criterion_group!(processor, operations, commands);
criterion_main!(processor);
