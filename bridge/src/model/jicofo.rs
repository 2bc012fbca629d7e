//! What jicofo knows: the bridges in its brewery as their presence tells, and what it counts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::agenda::Name;
use super::config::Health;
use super::jicofo_config::JicofoConfig;
use super::load::Timer;
use super::videobridge::Process;
use crate::stats::Flags;
use crate::time::Time;

/// By how much a bridge with failing ICE is above the threshold of stress at least (jicofo's source).
const FAILING_ICE_MARGIN: f64 = 0.01;

/// One bridge as jicofo sees it, from its joining of the brewery until it has left.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of the real thing, each independent of the others"
)]
pub(super) struct Known {
    pub(super) drain: bool,
    /// Sticky: stays until the bridge has left.
    pub(super) graceful: bool,
    /// Sticky: stays until the bridge has left.
    pub(super) shutting_down: bool,
    pub(super) version: String,
    pub(super) release: Option<String>,
    /// Version and release together: that by which bridges are told apart.
    pub(super) full_version: String,
    pub(super) region: Option<String>,
    pub(super) relay_id: Option<String>,
    pub(super) average_stress: f64,
    /// Endpoints that jicofo has put there.
    pub(super) endpoints: u32,
    /// Conferences that jicofo has put there.
    pub(super) rooms: BTreeSet<Name>,
    /// When it ticks, jicofo checks the bridge's health.
    pub(super) checks: Timer,
    /// Its node vanished: the stress and health last told.
    pub(super) ghost: Option<(f64, bool)>,
    /// Jicofo sees media of too many people there fail.
    pub(super) failing_ice: bool,
    /// When jicofo last moved people away by itself, and how many it has moved so.
    pub(super) redistributed: Option<(Time, u64)>,
    used: bool,
    recent: VecDeque<Time>,
    /// Health checks fail or time out.
    out: bool,
    failed_until: Option<Time>,
}

impl Known {
    pub(super) fn new(process: &Process, config: &JicofoConfig, told: Flags, now: Time) -> Self {
        let (version, release) = (&process.config.version, &process.config.release);
        Self {
            drain: told.drain,
            graceful: told.graceful_shutdown,
            shutting_down: told.shutting_down,
            version: version.clone(),
            release: release.clone(),
            full_version: match release {
                Some(release) => format!("{version}-{release}"),
                None => version.clone(),
            },
            region: process.config.region.clone(),
            relay_id: process.config.relay_id.clone(),
            average_stress: process.config.average_participant_stress,
            endpoints: 0,
            rooms: BTreeSet::new(),
            checks: Timer::new(now + config.health_interval, config.health_interval),
            ghost: None,
            failing_ice: false,
            redistributed: None,
            used: false,
            recent: VecDeque::new(),
            out: false,
            failed_until: None,
        }
    }

    /// Jicofo puts an endpoint there.
    pub(super) fn added(&mut self, config: &JicofoConfig, now: Time) {
        self.endpoints += 1;
        self.used = true;
        while self
            .recent
            .front()
            .is_some_and(|at| *at + config.rampup <= now)
        {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
    }

    /// Endpoints put there within the ramp-up.
    pub(super) fn recently_added(&self, config: &JicofoConfig, now: Time) -> usize {
        self.recent.len() - self.recent.partition_point(|at| *at + config.rampup <= now)
    }

    /// A health check failed, or an allocation did: until when the bridge gets nobody at least.
    pub(super) fn failed(&mut self, checks: bool, config: &JicofoConfig, now: Time) -> Time {
        self.out |= checks;
        let until = now + config.failure_reset;
        self.failed_until = Some(until);
        until
    }

    /// A health check passed after failed ones.
    pub(super) fn passed(&mut self) {
        self.out = false;
    }

    /// Whether jicofo has ever put anybody there.
    pub(super) fn used(&self) -> bool {
        self.used
    }

    /// The health that the last presence told.
    pub(super) fn healthy(&self, process: Option<&Process>, now: Time) -> bool {
        match (self.ghost, process) {
            (Some((_, healthy)), _) => healthy,
            (None, Some(process)) => *process.told_health(now) == Health::Good,
            (None, None) => true,
        }
    }

    pub(super) fn operational(&self, now: Time) -> bool {
        !self.out && self.failed_until.is_none_or(|until| until <= now)
    }

    /// The stress that the last presence told.
    pub(super) fn stress(&self, process: Option<&Process>, now: Time) -> f64 {
        match (self.ghost, process) {
            (Some((stress, _)), _) => stress,
            (None, Some(process)) => process.told_stress(now),
            (None, None) => 0.0,
        }
    }

    /// Stress with what the people just sent there will add; with failing ICE just above the threshold at least.
    pub(super) fn corrected(&self, stress: f64, config: &JicofoConfig, now: Time) -> f64 {
        let corrected =
            (self.recently_added(config, now) as f64).mul_add(self.average_stress, stress);
        if self.failing_ice {
            corrected.max(config.stress_threshold + FAILING_ICE_MARGIN)
        } else {
            corrected
        }
    }
}

/// A conference that may only be put on bridges of one version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Pin {
    pub(super) version: String,
    pub(super) until: Time,
}

/// What jicofo has counted since its start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct JicofoTotals {
    pub(super) conferences_created: u64,
    pub(super) participants: u64,
    pub(super) participants_moved: u64,
    pub(super) bridges_removed: u64,
    pub(super) lost_bridges: u64,
    pub(super) conference_millis: u64,
    pub(super) initiated: u64,
    pub(super) terminated: u64,
    pub(super) accepted: u64,
    pub(super) redistributed: u64,
}

/// A running jicofo.
#[derive(Clone, Debug)]
pub(super) struct Jicofo {
    pub(super) started: Time,
    pub(super) known: BTreeMap<Name, Known>,
    pub(super) pins: BTreeMap<Name, Pin>,
    pub(super) totals: JicofoTotals,
    /// Rooms with people for whom there was no bridge.
    pub(super) waiting: BTreeSet<Name>,
    /// Rooms for which refusing bridges are asked in a loop.
    pub(super) trapped: BTreeSet<Name>,
}

impl Jicofo {
    pub(super) fn new(started: Time) -> Self {
        Self {
            started,
            known: BTreeMap::new(),
            pins: BTreeMap::new(),
            totals: JicofoTotals::default(),
            waiting: BTreeSet::new(),
            trapped: BTreeSet::new(),
        }
    }

    /// The version that a conference is pinned to.
    pub(super) fn pinned(&self, conference: &Name, now: Time) -> Option<&str> {
        self.pins
            .get(conference)
            .filter(|pin| pin.until > now)
            .map(|pin| pin.version.as_str())
    }
}
