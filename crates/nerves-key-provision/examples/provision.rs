//! Make a blank chip a NervesKey: read, plan, look at the plan, run it.

mod finished;

use finished::{CHALLENGES, Result, blank, request, signer_key};
use nerves_key::{ReadSnapshot, Stage};
use nerves_key_provision::{Plan, provision};
use nerves_key_schema::Layout;

fn main() -> Result {
    let mut device = blank();
    let snapshot = device.run(ReadSnapshot::new())?;
    let plan = Plan::new(&snapshot, &request(Layout::Standard)?)?;
    // Every step and every byte; locks are marked, they cannot be undone.
    print!("{plan}");
    let report = provision(
        &mut device,
        &plan,
        &mut signer_key()?,
        CHALLENGES,
        |event| {
            println!("{event:?}");
        },
    )?;
    assert!(report.is_some(), "there was something to do");

    let snapshot = device.run(ReadSnapshot::new())?;
    assert_eq!(snapshot.stage(), Stage::Finished(Layout::Standard));
    println!("{}", snapshot.identity()?.device_certificate.to_pem());
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
