//! Wake, idle, sleep, watchdog and power.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::support::{ADDRESS, AWAKE, Host, SUCCESS, bytes, group};
use atecc_emulator::{Bus, BusError, Chip, Entropy, ExecutionTime, Image, Power, Revision};
use embedded_hal::i2c::{Error, ErrorKind, I2c, NoAcknowledgeSource};
use sha2::{Digest, Sha256};

/// Nonce: 40..5F passed through to `TempKey`.
fn load_temp_key() -> Vec<u8> {
    let value: Vec<u8> = (0x40..0x60).collect();
    group(0x16, 0x03, 0, &value)
}

/// Info state: `TempKey` is valid, from the host; and is not.
const INFO_STATE: [u8; 7] = [0x07, 0x30, 0x02, 0x00, 0x00, 0x00, 0xD8];
/// X then Y of the key pair of d = 0102..20.
const PUBLIC_KEY: &str = "515C3D6EB9E396B904D3FECA7F54FDCD0CC1E997BF375DCA515AD0A6C3B4035F
    4536BE3A50F318FBF9A5475902A221502BEF0D57E08C53B2CC0A56F17D9F9354";
const READ_CONFIG: [u8; 7] = [0x07, 0x02, 0x80, 0x00, 0x00, 0x09, 0xAD];
const INFO_REVISION: [u8; 7] = [0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];

fn temp_key_is_valid(host: &mut Host) -> bool {
    host.exchange(&INFO_STATE)[2] & 0x80 != 0
}

fn host(revision: Revision) -> Host {
    Host::of(Chip::blank(revision))
}

fn power(host: &Host) -> Power {
    host.bus.inspect(0, Chip::power).unwrap()
}

/// A chip whose configuration has one byte changed.
fn with_config_byte(revision: Revision, at: usize, value: u8) -> Chip {
    let image = Image::blank(revision);
    let mut config = *image.config();
    config[at] = value;
    Chip::new(image.with_config(config).unwrap(), Entropy::Seeded(0)).unwrap()
}

#[test]
fn asleep_after_power_up() {
    let mut host = host(Revision::Atecc608B);
    host.bus.set_scl_hz(NonZeroU32::new(400_000).unwrap());
    for _ in 0..3 {
        let error = host.i2c.write(ADDRESS, &[0x00]).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)
        );
        assert!(host.read(4).is_err());
    }
    assert_eq!(power(&host), Power::Asleep);
}

/// Trap 3 of `docs/sources.md`: the general call wakes and is never
/// acknowledged, not even by a chip that is awake.
#[test]
fn trap_03_general_call() {
    let mut host = host(Revision::Atecc608B);
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    host.pulse();
}

/// Two captures of a real 508A: from the START of the wake token to that of
/// the read 376 us and silence, 384 us and an answer. The token takes 110 us.
#[test]
fn ready_between_two_captured_moments() {
    for (us, answers) in [(376 - 110, false), (384 - 110, true)] {
        let mut host = host(Revision::Atecc508A);
        host.pulse();
        host.delay_us(us);
        assert_eq!(host.read(4).is_ok(), answers, "{us}");
    }
}

#[test]
fn wake_delay_is_configurable() {
    let delay = Duration::from_micros(1_500);
    let mut host = Host::of(Chip::blank(Revision::Atecc608B).with_wake_delay(delay));
    host.pulse();
    host.delay_us(1_400);
    assert!(host.read(4).is_err());
    host.delay_us(100);
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

#[test]
fn a_fast_bus_does_not_wake() {
    let mut host = host(Revision::Atecc608B);
    host.bus.set_scl_hz(NonZeroU32::new(134_000).unwrap());
    host.wake();
    assert_eq!(power(&host), Power::Asleep);
    host.bus.set_scl_hz(NonZeroU32::new(133_000).unwrap());
    host.wake();
    assert_eq!(power(&host), Power::Awake);
}

/// A recorded host wakes a 608A by a write to its own address: 0xC0 holds
/// six zero bits. The address that wakes is not acknowledged.
#[test]
fn own_address_wakes_at_100_khz() {
    let mut host = host(Revision::Atecc608A);
    assert!(matches!(
        host.i2c.write(ADDRESS, &[0x00]),
        Err(BusError::AddressNack(ADDRESS))
    ));
    host.delay_us(300);
    assert_eq!(host.read(4).unwrap(), AWAKE);
    host.sleep();
    // Five zero bits of the read address are too few.
    assert!(host.read(4).is_err());
    host.delay_us(1_500);
    assert_eq!(power(&host), Power::Asleep);
}

#[test]
fn a_wake_token_rewinds_an_awake_chip() {
    let mut host = host(Revision::Atecc508A);
    host.wake();
    assert_eq!(host.read(1).unwrap(), AWAKE[..1]);
    host.pulse();
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

/// Trap 1 of `docs/sources.md`: idle keeps `TempKey`; sleep does not.
#[test]
fn trap_01_idle_is_not_sleep() {
    for revision in Revision::ALL {
        let mut host = host(revision);
        host.wake();
        assert_eq!(host.exchange(&load_temp_key()), SUCCESS);
        host.idle();
        assert_eq!(power(&host), Power::Idle);
        assert!(host.read(4).is_err(), "idle chips do not answer");
        host.wake();
        assert!(temp_key_is_valid(&mut host), "{revision}");
        host.sleep();
        assert_eq!(power(&host), Power::Asleep);
        host.wake();
        assert!(!temp_key_is_valid(&mut host), "{revision}");
    }
}

/// Trap 1 of `docs/sources.md`, again: so do the message digest buffer, the SHA
/// context and an authorization.
#[test]
fn trap_01_other_registers_in_idle() {
    let sha = group(0x47, 0xC2, 1, &[7]);
    let image = Image::blank(Revision::Atecc608B);
    let mut config = *image.config();
    (config[86], config[87]) = (0, 0);
    // The key of slot 9 is FF.., the response all zeros a mismatch.
    let image = image.with_config(config).unwrap();
    let mut host = Host::of(Chip::new(image, Entropy::Seeded(0)).unwrap());
    let verify = [vec![1; 64], bytes(PUBLIC_KEY)].concat();
    let verify = group(0x45, 0x22, 4, &verify);
    assert_eq!(host.session(&group(0x16, 0x43, 0, &[7; 32])), SUCCESS);
    assert_eq!(host.session(&group(0x47, 0x00, 0, &[])), SUCCESS);
    let challenge = [vec![0; 32], key_ff_response(), vec![0; 13]].concat();
    assert_eq!(host.session(&group(0x28, 0x00, 9, &challenge)), SUCCESS);
    // MDB: a mismatch needs it; without it the answer is 0F.
    assert_eq!(host.session(&verify)[1], 0x01);
    assert_eq!(host.session(&sha).len(), 35);
    assert_eq!(host.session(&INFO_STATE)[2], 0x4C, "AuthValid, AuthKeyID 9");
    host.wake();
    host.sleep();
    assert_eq!(host.session(&verify)[1], 0x0F);
    assert_eq!(host.session(&sha)[1], 0x0F);
    assert_eq!(host.session(&INFO_STATE)[2] & 0x7C, 0x00);
}

/// The response to a challenge of zeros with a key of 32 x FF, serial number
/// 0123703AA642748FEE and `OtherData` of zeros.
fn key_ff_response() -> Vec<u8> {
    let message = [
        &[0xFF; 32][..],
        &[0; 32],
        &[0; 15],
        &[0xEE],
        &[0; 4],
        &[0x01, 0x23],
        &[0; 2],
    ];
    Sha256::digest(message.concat()).to_vec()
}

/// `Pause` sends all 508s but the selected one to idle, unanswered.
#[test]
fn pause_selects_a_chip() {
    let bus = Bus::with_chip(with_config_byte(Revision::Atecc508A, 85, 0x21));
    let mut other = Image::blank(Revision::Atecc508A);
    let mut config = *other.config();
    (config[16], config[85]) = (0x6A, 0x22);
    other = other.with_config(config).unwrap();
    bus.attach(Chip::new(other, Entropy::Seeded(0)).unwrap());
    let mut first = Host::on(&bus, 0x60);
    let mut second = Host::on(&bus, 0x35);
    first.wake();
    assert_eq!(second.exchange(&load_temp_key()), SUCCESS);
    let pause = group(0x01, 0x21, 0, &[]);
    assert_eq!(first.exchange(&pause), SUCCESS);
    second.send(&pause);
    second.delay_us(5_000);
    assert_eq!(bus.inspect(0, Chip::power), Some(Power::Awake));
    assert_eq!(bus.inspect(1, Chip::power), Some(Power::Idle));
    assert!(second.read(4).is_err());
    // Registers are kept, as in any idle; Pause itself cleared TempKey.
    second.wake();
    assert_eq!(second.read(4).unwrap(), AWAKE);
    assert!(!temp_key_is_valid(&mut second));
}

/// Trap 2 of `docs/sources.md`: after idle and wake there is the wake group,
/// not the old response.
#[test]
fn trap_02_no_old_response_after_idle() {
    let mut host = host(Revision::Atecc608B);
    host.wake();
    host.exchange(&INFO_REVISION);
    host.idle();
    host.wake();
    assert_eq!(
        host.read(7).unwrap(),
        [0x04, 0x11, 0x33, 0x43, 0xFF, 0xFF, 0xFF]
    );
}

/// Trap 4 of `docs/sources.md`: while busy nothing is acknowledged, neither
/// reads nor writes, not even the reset token that one library polls with.
#[test]
fn trap_04_busy_acknowledges_nothing() {
    let chip = Chip::blank(Revision::Atecc508A).with_execution_time(ExecutionTime::Longest);
    let mut host = Host::of(chip);
    host.wake();
    host.send(&READ_CONFIG); // 5 ms at most.
    for _ in 0..6 {
        assert_eq!(power(&host), Power::Busy);
        for token in [0x00, 0x01, 0x02, 0x03] {
            assert!(host.i2c.write(ADDRESS, &[token]).is_err());
        }
        assert!(host.read(1).is_err());
        host.delay_us(100);
    }
    host.delay_us(2_500);
    assert_eq!(host.read(1).unwrap(), [0x23]);
}

#[test]
fn execution_takes_the_time_of_the_model() {
    for (model, us) in [
        (ExecutionTime::Instant, 0..=0),
        (ExecutionTime::Fast, 30..=40),
        (ExecutionTime::Typical, 90..=110),
        (ExecutionTime::Uniform, 100..=1_000),
        (ExecutionTime::Longest, 5_000..=5_000),
    ] {
        let mut host = Host::of(Chip::blank(Revision::Atecc508A).with_execution_time(model));
        host.wake();
        host.send(&READ_CONFIG);
        let mut busy_us = 0;
        while power(&host) == Power::Busy {
            host.delay_us(10);
            busy_us += 10;
        }
        assert!(us.contains(&busy_us), "{model}: {busy_us} us");
    }
}

/// A library in the field looks 3 ms after a `Read` and gives up at 5 ms; others
/// wait a fixed time and read once: 5 ms for `Read`, 29 for `Nonce`.
#[test]
fn hosts_with_fixed_waits_find_the_answer() {
    for revision in Revision::ALL {
        let mut host = host(revision);
        host.wake();
        for (command, wait_us, length) in [
            (READ_CONFIG.to_vec(), 3_000, 35),
            (INFO_REVISION.to_vec(), 2_000, 7),
            (load_temp_key(), 29_000, 4),
        ] {
            host.send(&command);
            host.delay_us(wait_us);
            assert!(host.read(length).is_ok(), "{revision} {command:02X?}");
        }
    }
}

#[test]
fn bus_time_is_nine_clocks_a_byte() {
    let mut host = host(Revision::Atecc608B);
    let clock = host.bus.clock();
    host.pulse(); // START, nine clocks, STOP.
    assert_eq!(clock.now(), Duration::from_micros(110));
    host.delay_us(1_390);
    host.bus.set_scl_hz(NonZeroU32::new(400_000).unwrap());
    host.read(4).unwrap(); // START, five bytes, STOP: 47 clocks of 2.5 us.
    assert_eq!(clock.now(), Duration::from_nanos(1_500_000 + 117_500));
}

/// 1.3 s, or 10 s with `ChipMode` bit 2, from the wake, whatever happens.
#[test]
fn watchdog() {
    for (chip_mode, ms) in [(0x00, 1_300), (0x04, 10_000)] {
        let mut host = Host::of(with_config_byte(Revision::Atecc608B, 19, chip_mode));
        host.wake();
        for _ in 0..12 {
            host.delay_us(100_000);
            host.i2c.write(ADDRESS, &[0x00]).unwrap();
        }
        // 1.2 s and a little have passed.
        host.delay_us(1_000 * (ms - 1_200) - 20_000);
        assert_eq!(power(&host), Power::Awake, "{ms} ms");
        host.delay_us(20_000);
        assert_eq!(power(&host), Power::Asleep, "{ms} ms");
    }
}

/// The datasheet allows 0.7 to 1.7 s. The long one is not asked.
#[test]
fn the_watchdog_of_another_part() {
    for (chip_mode, asked, ms) in [
        (0x00, 700, 700),
        (0x00, 1_700, 1_700),
        (0x00, 0, 700),
        (0x00, 60_000, 1_700),
        (0x04, 700, 10_000),
    ] {
        let chip = with_config_byte(Revision::Atecc608B, 19, chip_mode)
            .with_watchdog(Duration::from_millis(asked));
        let mut host = Host::of(chip);
        host.wake();
        // The wake took 1.5 ms.
        host.delay_us(1_000 * ms - 2_000);
        assert_eq!(power(&host), Power::Awake, "{ms} ms");
        host.delay_us(1_000);
        assert_eq!(power(&host), Power::Asleep, "{ms} ms");
    }
}

/// Told to sleep, a chip is deaf at once and can be woken 1 ms later (assumed).
#[test]
fn sleep_takes_a_moment() {
    let chip = || Chip::blank(Revision::Atecc608B);
    let long = chip().with_sleep_delay(Duration::from_millis(20));
    for (chip, delay_us) in [(chip(), 1_000), (long, 20_000)] {
        let mut host = Host::of(chip);
        host.wake();
        host.sleep_token();
        for _ in 0..3 {
            assert_eq!(power(&host), Power::FallingAsleep);
            assert!(host.read(4).is_err());
            host.pulse();
        }
        // Three pulses of 110 us and three reads of 110.
        host.delay_us(delay_us - 661);
        assert_eq!(power(&host), Power::FallingAsleep);
        host.delay_us(1);
        assert_eq!(power(&host), Power::Asleep);
        assert!(host.read(4).is_err(), "the pulses were lost");
        host.wake();
        assert_eq!(host.read(4).unwrap(), AWAKE);
    }
}

/// Of a pulse during which a chip falls asleep it sees only the rest.
#[test]
fn a_pulse_that_comes_a_little_early_is_lost() {
    // The pulse of the general call begins 10 us after its START and takes 80.
    for (wait_us, woken) in [(1_000 - 90, false), (1_000 - 31, false), (1_000 - 30, true)] {
        let mut host = host(Revision::Atecc608B);
        host.wake();
        host.sleep_token();
        host.delay_us(wait_us);
        host.wake();
        assert_eq!(host.read(4).is_ok(), woken, "{wait_us}");
    }
}

#[test]
fn no_sleep_delay() {
    let chip = Chip::blank(Revision::Atecc508A).with_sleep_delay(Duration::ZERO);
    let mut host = Host::of(chip);
    host.wake();
    host.sleep_token();
    assert_eq!(power(&host), Power::Asleep);
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

#[test]
fn watchdog_clears_registers_and_idle_stops_it() {
    let mut host = host(Revision::Atecc608B);
    host.wake();
    assert_eq!(host.exchange(&load_temp_key()), SUCCESS);
    host.idle();
    host.delay_us(5_000_000);
    assert_eq!(power(&host), Power::Idle);
    host.wake();
    assert!(temp_key_is_valid(&mut host));
    host.delay_us(1_300_000);
    assert_eq!(power(&host), Power::Asleep);
    host.wake();
    assert!(!temp_key_is_valid(&mut host));
}

/// Asleep in the middle of an answer: nothing more comes, not even from a chip
/// that a byte's own low bits have woken since.
#[test]
fn the_watchdog_cuts_an_answer_short() {
    let whole = [0x07, 0x00, 0x00, 0x60, 0x03, 0x83, 0xBB];
    let mut cut = 0;
    // The wake took a little of the 1.3 s.
    for wait_us in (1_290_000..1_300_000).step_by(20) {
        let mut host = host(Revision::Atecc608B);
        host.wake();
        assert_eq!(host.exchange(&INFO_REVISION), whole);
        host.i2c.write(ADDRESS, &[0x00]).unwrap();
        host.delay_us(wait_us - 1_000);
        let Ok(answer) = host.read(7) else { break };
        let sent = answer.iter().zip(whole).take_while(|(a, b)| **a == *b);
        let sent = sent.count();
        cut += usize::from(sent < whole.len());
        let rest = &answer[sent..];
        assert!(rest.iter().all(|byte| *byte == 0xFF), "{answer:02X?}");
    }
    assert!(cut > 10, "{cut}");
}

/// What cannot finish in time answers 0xEE and changes nothing; what can is
/// executed.
#[test]
fn too_little_time_left() {
    let mut host = host(Revision::Atecc608B);
    host.wake();
    host.delay_us(1_270_000);
    // Write takes up to 45 ms, Info 5 ms.
    let write = group(0x12, 0x00, 0x04, &[0xC2, 0x00, 0x00, 0x00]);
    assert_eq!(host.exchange(&write), bytes("04EE3141"));
    assert_eq!(
        host.exchange(&INFO_REVISION)[..5],
        [0x07, 0x00, 0x00, 0x60, 0x03]
    );
    assert_eq!(host.bus.image(0).unwrap().config()[16], 0xC0);
}

#[test]
fn a_changed_address_counts_after_sleep() {
    let mut host = host(Revision::Atecc608B);
    let write = group(0x12, 0x00, 0x04, &[0x6A, 0x00, 0x00, 0x00]);
    assert_eq!(host.session(&write), SUCCESS);
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE, "idle keeps the old address");
    host.sleep();
    host.wake();
    assert!(host.read(4).is_err());
    host.address = 0x35;
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

#[test]
fn a_power_cycle_loads_the_address() {
    let mut host = host(Revision::Atecc608B);
    let write = group(0x12, 0x00, 0x04, &[0x6A, 0x00, 0x00, 0x00]);
    assert_eq!(host.session(&write), SUCCESS);
    host.bus.power_cycle();
    host.address = 0x35;
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

#[test]
fn one_pulse_wakes_all_chips() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    bus.attach(with_config_byte(Revision::Atecc508A, 16, 0x6A));
    let mut first = Host::on(&bus, 0x60);
    let mut second = Host::on(&bus, 0x35);
    first.wake();
    assert_eq!(first.read(4).unwrap(), AWAKE);
    assert_eq!(second.read(4).unwrap(), AWAKE);
    assert_eq!(
        first.exchange(&INFO_REVISION)[..5],
        [0x07, 0x00, 0x00, 0x60, 0x03]
    );
    assert_eq!(
        second.exchange(&INFO_REVISION)[..5],
        [0x07, 0x00, 0x00, 0x50, 0x00]
    );
    first.sleep();
    assert_eq!(bus.inspect(0, Chip::power), Some(Power::Asleep));
    assert_eq!(bus.inspect(1, Chip::power), Some(Power::Awake));
}

/// Zeros on their way to one chip wake its sleeping neighbour.
#[test]
fn traffic_wakes_a_sleeping_neighbour() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    bus.attach(with_config_byte(Revision::Atecc508A, 16, 0x6A));
    let mut first = Host::on(&bus, 0x60);
    let mut second = Host::on(&bus, 0x35);
    first.wake();
    second.sleep();
    first.exchange(&READ_CONFIG);
    assert_eq!(bus.inspect(1, Chip::power), Some(Power::Awake));
}

/// Source: cryptoauthlib `calib_execution.c`, the ATECC508A table: Read 5 ms; what
/// is refused takes the time of Info, 2 ms.
#[test]
fn what_was_executed_and_how_long_it_took() {
    let chip = Chip::blank(Revision::Atecc508A).with_execution_time(ExecutionTime::Longest);
    let mut host = Host::of(chip);
    host.wake();
    host.exchange(&READ_CONFIG);
    host.bus.log_executions(0);
    let read = host.exchange(&READ_CONFIG);
    let check_mac = group(0x28, 0x00, 0, &[0; 77]);
    host.exchange(&check_mac);
    let executed = host.bus.take_executions(0);
    let told: Vec<_> = executed
        .iter()
        .map(|entry| (&entry.command[..], &entry.answer[..], entry.time))
        .collect();
    assert_eq!(
        told,
        [
            (&READ_CONFIG[..], &read[1..33], Duration::from_millis(5)),
            (&check_mac[..], &[0x0F][..], Duration::from_millis(2)),
        ]
    );
    assert_eq!(host.bus.take_executions(0), []);
    assert_eq!(host.bus.take_executions(1), []);
}
