//! A value that survives power cuts: the typed settings.

mod finished;

use finished::{Result, finished};
use nerves_key::settings::{Area, UpdateSettings};
use nerves_key_schema::Layout;

fn main() -> Result {
    let mut device = finished(Layout::Standard)?;
    for boot in 1..=3_u32 {
        // In one session: what another process writes is not lost. A write that
        // is cut off leaves the last value.
        let count = UpdateSettings::new(Area::NervesKey, |settings| {
            let boots: u32 = settings.get()?.unwrap_or(0);
            settings.set(&(boots + 1))
        });
        let boots: Option<u32> = device.run(count)?.settings.get()?;
        println!("boots: {boots:?}");
        assert_eq!(boots, Some(boot));
    }
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
