//! One bridge's process: what it is and says at a moment.

use super::agenda::Name;
use super::config::{BridgeConfig, Health};
use super::load::{Load, Sampler, Timer};
use super::statistics::{Refreshed, Statistics};
use super::stats;
use crate::state::State;
use crate::stats::{Flags, StartupTime};
use crate::time::Time;

/// How a process that has ended ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Exit {
    /// When.
    pub at: Time,
    /// The exit status: 0 after a shutdown through the API, 78 when the configuration of DTLS is wrong, 143 after SIGTERM, 130 after
    /// SIGINT, 129 after SIGHUP, 137 after SIGKILL; none when nobody can know.
    pub code: Option<i32>,
}

/// What is done to a bridge's process from outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// SIGTERM: a clean stop at once, whoever is there.
    Terminate,
    /// SIGINT: the same, with another exit status.
    Interrupt,
    /// SIGHUP: the same, with another exit status.
    HangUp,
    /// SIGKILL: gone at once, the kernel closes its connections.
    Kill,
    /// The node is gone: no connection is closed, and the XMPP server needs a while to notice.
    Vanish,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Http {
    Booting,
    Open,
    Closed,
}

#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) config: BridgeConfig,
    pub(super) http: Http,
    pub(super) in_brewery: bool,
    /// Whether it has turned to its brewery: until then it says that it has none.
    pub(super) configured: bool,
    pub(super) flags: Flags,
    /// The flags that its last presence told.
    pub(super) told: Flags,
    /// The exit status of the signal that it got, if it got one.
    pub(super) terminated: Option<i32>,
    pub(super) exit: Option<Exit>,
    pub(super) statistics: Statistics,
    pub(super) presence: Timer,
    pub(super) checks: Timer,
    sampler: Sampler,
    startup: Time,
    found: Health,
    found_ticks: i64,
}

impl Process {
    pub(super) fn new(config: BridgeConfig, launched: Time) -> Self {
        let startup = launched + config.jvm_start;
        let presence = Timer::new(startup, config.presence_interval);
        let samples = Timer::new(startup + config.sample_interval, config.sample_interval);
        let statistics = Timer::new(
            startup + config.statistics_offset,
            config.statistics_interval,
        );
        Self {
            http: Http::Booting,
            in_brewery: false,
            configured: false,
            flags: Flags {
                drain: config.initial_drain_mode,
                ..Flags::default()
            },
            told: Flags::default(),
            terminated: None,
            exit: None,
            statistics: Statistics::new(statistics, launched),
            presence,
            checks: Timer::new(startup + config.health_interval, config.health_interval),
            sampler: Sampler::new(
                samples,
                presence,
                config.stress_placeholder,
                config.stress_of_start,
            ),
            startup,
            found: Health::Good,
            found_ticks: 0,
            config,
        }
    }

    fn measured(&self) -> f64 {
        self.config.load.stress(self.statistics.local())
    }

    /// Something will change: work out what was so until now.
    pub(super) fn settle(&mut self, now: Time) {
        let measured = self.measured();
        self.sampler.settle(now, measured);
        self.statistics.settle(now);
    }

    pub(super) fn set_load(&mut self, load: Load, now: Time) {
        self.settle(now);
        self.config.load = load;
    }

    pub(super) fn set_health(&mut self, health: Health, now: Time) {
        self.found = self.health(now).clone();
        self.found_ticks = self.checks.ticks(now);
        self.config.health = health;
    }

    /// What the bridge's own last check found; good before the first.
    pub(super) fn health(&self, now: Time) -> &Health {
        let stuck = self.stuck() && self.config.health == Health::Good;
        let counts = if self.config.health == Health::Hung {
            now > self.checks.at(self.found_ticks) + self.config.health_timeout
        } else {
            self.checks.ticks(now) > self.found_ticks
        };
        if counts && !stuck {
            &self.config.health
        } else {
            &self.found
        }
    }

    /// Whether a failure that was found stays, whatever later checks find.
    fn stuck(&self) -> bool {
        self.config.sticky_health_failures && self.found != Health::Good
    }

    /// Whether its checks fail from now on.
    pub(super) fn unwell(&self) -> bool {
        self.config.health != Health::Good || self.stuck()
    }

    /// The health that the last presence told.
    pub(super) fn told_health(&self, now: Time) -> &Health {
        self.health(self.presence.last(now).unwrap_or(self.startup))
    }

    /// A presence out of turn.
    pub(super) fn tell(&mut self, now: Time) {
        let measured = self.measured();
        self.sampler.tell(now, measured);
    }

    pub(super) fn stress(&self, now: Time) -> f64 {
        self.sampler.stress(now, self.measured())
    }

    pub(super) fn told_stress(&self, now: Time) -> f64 {
        self.sampler.told(now, self.measured())
    }

    pub(super) fn sampled(&self, now: Time) -> bool {
        self.sampler.sampled(now)
    }

    pub(super) fn startup(&self) -> Time {
        self.startup
    }

    /// Whether it refuses conferences that it does not hold: only in the graceful phase itself, not in SHUTTING_DOWN.
    pub(super) fn refuses(&self, conference: &Name) -> bool {
        self.flags.graceful_shutdown
            && !self.flags.shutting_down
            && !self.statistics.sessions.contains_key(conference)
    }
}

/// A bridge at the moment up to which its deployment was advanced.
#[derive(Clone, Copy, Debug)]
pub struct Videobridge<'a> {
    pub(super) process: &'a Process,
    pub(super) now: Time,
}

impl<'a> Videobridge<'a> {
    /// What it does with people, by its flags; says nothing about whether the process runs.
    pub fn state(self) -> State {
        State::from(self.process.flags)
    }

    /// Its three flags.
    pub fn flags(self) -> Flags {
        self.process.flags
    }

    /// People on it.
    pub fn local_endpoints(self) -> u32 {
        self.process.statistics.local()
    }

    /// Endpoints, relayed ones included, as the bridge last refreshed the number.
    pub fn all_endpoints(self) -> u32 {
        self.refreshed().endpoints()
    }

    /// Conferences on it.
    pub fn conferences(self) -> usize {
        self.process.statistics.sessions.len()
    }

    /// Addresses of the conferences on it, each with its local endpoints.
    pub fn sessions(self) -> impl Iterator<Item = (&'a str, impl Iterator<Item = &'a str>)> {
        self.process
            .statistics
            .sessions
            .iter()
            .map(|(name, session)| {
                (
                    name.as_ref(),
                    session.local.iter().map(std::convert::AsRef::as_ref),
                )
            })
    }

    /// Stress as it tells it: the placeholder before the first sample.
    pub fn stress(self) -> f64 {
        self.process.stress(self.now)
    }

    /// The identity of this start of it.
    pub fn startup_time(self) -> StartupTime {
        StartupTime(self.process.startup())
    }

    /// Whether HTTP answers.
    pub fn listening(self) -> bool {
        self.process.http == Http::Open
    }

    /// What its presence of this moment tells the brewery, as XML. That only some presences reach jicofo is up to it.
    pub fn presence(self) -> String {
        stats::presence(self)
    }

    /// Whether it is in the brewery.
    pub fn in_brewery(self) -> bool {
        self.process.in_brewery
    }

    /// What its own health check last found.
    pub fn health(self) -> &'a Health {
        self.process.health(self.now)
    }

    /// How the process ended, if it has.
    pub fn exit(self) -> Option<Exit> {
        self.process.exit
    }

    /// How it is set up.
    pub fn config(self) -> &'a BridgeConfig {
        &self.process.config
    }

    pub(super) fn refreshed(self) -> Refreshed {
        self.process.statistics.refreshed(self.now)
    }
}
