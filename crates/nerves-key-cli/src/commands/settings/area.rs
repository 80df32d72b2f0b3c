//! Where a chip keeps settings, found in the session that reads or writes them: the
//! chip cannot be another one in between, and its configuration is read once.

use atecc::procedure::{Answer, Next};
use atecc::procedures::ReadConfig;
use atecc::{ConfigZone, Procedure, SerialNumber};
use nerves_key::settings::Area;
use nerves_key::{ReadSnapshot, Stage};
use nerves_key_schema::{Layout, check_for_use};

/// A procedure that `make` gives once the area is known. Where the chip has no
/// settings, its stage is the result.
#[derive(Debug)]
pub(super) struct InArea<M, P> {
    make: Option<M>,
    phase: Phase<P>,
}

/// What came of it, and where.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) area: Area,
    pub(super) chip: SerialNumber,
    pub(super) output: T,
}

#[derive(Debug)]
enum Phase<P> {
    Config(ReadConfig),
    /// The configuration alone does not tell.
    Stage(Box<ReadSnapshot>),
    Settings {
        area: Area,
        chip: SerialNumber,
        procedure: P,
    },
}

impl<M: FnOnce(Area) -> P, P: Procedure> InArea<M, P> {
    pub(super) fn new(make: M) -> Self {
        Self {
            make: Some(make),
            phase: Phase::Config(ReadConfig::new()),
        }
    }

    fn after_config(&mut self, config: ConfigZone) -> Next<<Self as Procedure>::Output, P::Error> {
        let ours = [Layout::Standard, Layout::Volatile]
            .iter()
            .any(|layout| check_for_use(&config, *layout));
        if ours && config.data_lock().is_locked() {
            return self.go_on(Area::NervesKey, &config);
        }
        self.phase = Phase::Stage(Box::new(ReadSnapshot::from_known(config, None)));
        self.resume(Answer::Start)
    }

    fn go_on(
        &mut self,
        area: Area,
        config: &ConfigZone,
    ) -> Next<<Self as Procedure>::Output, P::Error> {
        if let Some(make) = self.make.take() {
            let (chip, procedure) = (config.serial_number(), make(area));
            self.phase = Phase::Settings {
                area,
                chip,
                procedure,
            };
        }
        self.resume(Answer::Start)
    }
}

impl<M: FnOnce(Area) -> P, P: Procedure> Procedure for InArea<M, P> {
    type Output = Result<Found<P::Output>, Stage>;
    type Error = P::Error;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Self::Output, P::Error> {
        match &mut self.phase {
            Phase::Config(read) => {
                let next = read.resume(answer).or_else(Next::failed);
                next.and_then(|config| self.after_config(config))
            }
            Phase::Stage(read) => {
                let next = read.resume(answer).or_else(Next::failed);
                next.and_then(|snapshot| match snapshot.stage() {
                    Stage::TrustPart => self.go_on(Area::TrustPart, &snapshot.config),
                    stage => Next::Done(Ok(Err(stage))),
                })
            }
            Phase::Settings {
                area,
                chip,
                procedure,
            } => {
                let (area, chip) = (*area, *chip);
                procedure
                    .resume(answer)
                    .map(|output| Ok(Found { area, chip, output }))
            }
        }
    }
}
