//! Judges codec, driver and emulator of ATECC508A, ATECC608A and ATECC608B by
//! what real chips said: by [`atecc_transcript`]s.
#![forbid(unsafe_code)]
