//! A run that is stopped from outside, before each of its steps.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use atecc::Device;
use atecc_emulator::{Bus, Chip, Revision};
use nerves_key::{ReadSnapshot, Stage};
use nerves_key_provision::{
    Challenges, Event, KeySigner, Plan, ProvisionError, Request, RunError, Runner, Step,
};
use nerves_key_schema::Layout;

const CHALLENGES: Challenges = Challenges {
    before_certificate: [0xCE; 32],
    before_lock: [0xB0; 32],
    after_lock: [0xAF; 32],
};

fn request() -> Result<Request, Box<dyn std::error::Error>> {
    Ok(include!("../doc/request.rs"))
}

/// Each step that has begun is done, none begins after it, and the chip goes on
/// from there to its end.
#[test]
fn a_run_stops_between_any_two_steps() {
    let request = request().unwrap();
    let mut at = 0;
    loop {
        let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
        let mut device = Device::new(bus.i2c(), bus.delay());
        let plan = Plan::new(&device.run(ReadSnapshot::new()).unwrap(), &request).unwrap();
        let steps = plan.steps().len();
        assert!(steps > 20, "{steps}");
        if at == steps {
            break;
        }
        let stop = AtomicBool::new(at == 0);
        let (started, done) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        let on_event = |event: Event<'_>| match event {
            Event::Started { index, .. } => {
                started.borrow_mut().push(index);
                stop.store(index + 1 == at, Ordering::Relaxed);
            }
            Event::Done { index, .. } => done.borrow_mut().push(index),
            _ => {}
        };
        let mut signer = KeySigner::from_bytes(&[0x42; 32]).unwrap();
        let runner = Runner::new(&plan, CHALLENGES, on_event).stop_on(&stop);
        match runner.provision(&mut device, &mut signer) {
            Err(ProvisionError::Run(RunError::Stopped(next))) => {
                assert_eq!(next, plan.steps()[done.borrow().len()], "{at}");
            }
            other => panic!("{at}: {other:?}"),
        }
        let through: Vec<_> = (0..at).collect();
        assert_eq!(*started.borrow(), through);
        // With the signature at hand its step is not begun.
        let is_signing = at > 0 && plan.steps()[at - 1] == Step::IssueCertificate;
        let through = through.get(..at - usize::from(is_signing));
        assert_eq!(Some(&done.borrow()[..]), through);
        let plan = Plan::new(&device.run(ReadSnapshot::new()).unwrap(), &request).unwrap();
        let runner = Runner::new(&plan, CHALLENGES, |_| {});
        let report = runner.provision(&mut device, &mut signer).unwrap();
        assert_eq!(report.is_some(), !plan.steps().is_empty(), "{at}");
        let snapshot = device.run(ReadSnapshot::new()).unwrap();
        assert_eq!(snapshot.stage(), Stage::Finished(Layout::Standard), "{at}");
        at += 1;
    }
}
