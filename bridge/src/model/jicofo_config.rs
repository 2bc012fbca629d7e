//! What can be set of a jicofo: identity, switches, how it chooses bridges, and every delay with its production value.

use std::collections::BTreeSet;
use std::time::Duration;

use super::strategy::SelectionStrategy;

/// How jicofo is set up, and how long things take on it and between it and people.
#[derive(Clone, Debug, PartialEq)]
pub struct JicofoConfig {
    /// Version that `/about/version` reports.
    pub version: String,
    /// Address of the brewery room.
    pub brewery: String,
    /// Domain of rooms: a conference named without one gets it.
    pub muc_domain: String,
    /// XMPP address of jicofo's own account.
    pub focus: String,
    /// `octo.enabled`: conferences may spread over bridges that have a relay id, if the strategy spreads them.
    pub octo: bool,
    /// `bridge.selection-strategy`.
    pub strategy: SelectionStrategy,
    /// `bridge.region-groups`: regions that are close to each other. One that is in no group is close to itself alone.
    pub region_groups: Vec<BTreeSet<String>>,
    /// `jicofo.local-region`: jicofo's own region, in which it looks for bridges for people whose region has none.
    pub local_region: Option<String>,
    /// `bridge.load-redistribution`; none: it is off, as it is unless it is enabled.
    pub load_redistribution: Option<LoadRedistribution>,
    /// `octo.allow-mixed-versions`.
    pub allow_mixed_versions: bool,
    /// `JICOFO_ENABLE_HEALTH_CHECKS`: `/about/health` exists and health-check rooms show up in dumps.
    pub health_checks: bool,
    /// `bridge.stress-threshold`: from this corrected stress on a bridge counts as overloaded.
    pub stress_threshold: f64,
    /// `bridge.max-bridge-participants`, per conference and bridge.
    pub max_bridge_participants: usize,
    /// `bridge.max-bridge-participants-per-interval`, per conference and bridge; none: jicofo's -1, no limit. With octo a bridge that
    /// got so many people of a conference within the interval counts as overloaded for it.
    pub max_bridge_participants_per_interval: Option<usize>,
    /// `bridge.max-bridge-participants-interval`.
    pub max_bridge_participants_interval: Duration,
    /// `conference.min-participants`: with fewer people in the room nobody is sent to a bridge.
    pub min_participants: usize,
    /// `conference.single-participant-timeout`: then whoever was left alone leaves the bridge (not the room).
    pub single_participant_timeout: Duration,
    /// `bridge.participant-rampup-interval`: how long people just sent to a bridge count extra.
    pub rampup: Duration,
    /// `bridge.failure-reset-threshold`: how long a failed bridge gets nobody.
    pub failure_reset: Duration,
    /// `bridge.health-checks.interval`.
    pub health_interval: Duration,
    /// From the first unanswered health check until the bridge counts as timed out (inferred: reply time-out, retry, reply time-out).
    pub health_timeout: Duration,
    /// How long jicofo waits for a bridge's answer before it takes a conference elsewhere.
    pub allocation_timeout: Duration,
    /// How long the XMPP server keeps a bridge whose connection was never closed (inferred).
    pub xmpp_timeout: Duration,
    /// From an invitation until the endpoint is on its bridge.
    pub invite: Duration,
    /// From losing or being taken off a bridge until media flows on the next one.
    pub reinvite: Duration,
    /// Between two attempts when the only bridges that selection leaves refuse (1,561 attempts in 11 s were seen).
    pub refused_retry: Duration,
    /// From the launch of jicofo until it answers and knows its bridges.
    pub boot: Duration,
}

impl Default for JicofoConfig {
    fn default() -> Self {
        Self {
            version: "1.1.SNAPSHOT".to_owned(),
            brewery: "jvbbrewery@internal.auth.meet.local".to_owned(),
            muc_domain: "conference.meet.local".to_owned(),
            focus: "focus@auth.meet.local".to_owned(),
            octo: false,
            strategy: SelectionStrategy::Single,
            region_groups: Vec::new(),
            local_region: None,
            load_redistribution: None,
            allow_mixed_versions: false,
            health_checks: true,
            stress_threshold: 0.8,
            max_bridge_participants: 80,
            max_bridge_participants_per_interval: None,
            max_bridge_participants_interval: Duration::from_mins(1),
            min_participants: 2,
            single_participant_timeout: Duration::from_secs(20),
            rampup: Duration::from_secs(20),
            failure_reset: Duration::from_mins(1),
            health_interval: Duration::from_secs(10),
            health_timeout: Duration::from_secs(35),
            allocation_timeout: Duration::from_secs(15),
            xmpp_timeout: Duration::from_mins(1),
            invite: Duration::ZERO,
            reinvite: Duration::from_millis(800),
            refused_retry: Duration::from_millis(7),
            boot: Duration::from_secs(4),
        }
    }
}

/// How jicofo moves people away from overloaded bridges by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadRedistribution {
    /// Between two looks at all bridges; the first comes so long after the start of jicofo.
    pub interval: Duration,
    /// From this corrected stress on people are moved away, if any bridge is below [`JicofoConfig::stress_threshold`].
    pub stress_threshold: f64,
    /// For so long a bridge is left alone after people were moved away from it.
    pub timeout: Duration,
    /// How many endpoints are moved away at a time.
    pub endpoints: usize,
}

impl Default for LoadRedistribution {
    fn default() -> Self {
        Self {
            interval: Duration::from_mins(1),
            stress_threshold: 0.9,
            timeout: Duration::from_mins(3),
            endpoints: 10,
        }
    }
}

impl JicofoConfig {
    /// Regions that are close to this one, itself among them.
    pub(super) fn region_group<'a>(&'a self, region: &'a str) -> impl Fn(&str) -> bool + 'a {
        // Of several groups with one region the last counts.
        let mut groups = self.region_groups.iter().rev();
        let group = groups.find(|group| group.contains(region));
        move |other| group.map_or(other == region, |group| group.contains(other))
    }
}
