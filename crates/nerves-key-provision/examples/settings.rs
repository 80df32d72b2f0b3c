//! A value that survives power cuts: the typed settings.

mod finished;

use finished::{Result, finished};
use nerves_key::settings::{Area, ReadSettings};
use nerves_key_schema::Layout;

fn main() -> Result {
    let mut device = finished(Layout::Standard)?;
    for boot in 1..=3_u32 {
        let settings = device.run(ReadSettings::new(Area::NervesKey))?;
        let boots: u32 = settings.get()?.unwrap_or(0);
        // A write that is cut off leaves the last value.
        device.run(settings.set(&(boots + 1))?)?;
        println!("boots: {}", boots + 1);
        assert_eq!(boots + 1, boot);
    }
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
