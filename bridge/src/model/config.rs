//! What can be set of a bridge and of a jicofo: identities, switches, and every delay with its production value.

use std::time::Duration;

use super::load::{Load, Media};

/// How one bridge is set up, and how long things take on it.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the switches of the real thing, each independent of the others"
)]
pub struct BridgeConfig {
    /// Version that the bridge reports.
    pub version: String,
    /// Operating system that `/about/version` reports.
    pub os: String,
    /// `videobridge.relay.region`; none: the key is missing from every reply.
    pub region: Option<String>,
    /// Name under which other bridges relay to this one; none: relays are off.
    pub relay_id: Option<String>,
    /// `COLIBRI_REST_ENABLED`: `/colibri/stats` exists. Off in the image.
    pub colibri_rest: bool,
    /// `SHUTDOWN_REST_ENABLED`: `/colibri/shutdown` exists, if colibri REST is on too. Off in the image.
    pub shutdown_rest: bool,
    /// `videobridge.initial-drain-mode`: the bridge starts draining.
    pub initial_drain_mode: bool,
    /// The configuration of DTLS is wrong: the process ends at boot with status 78, and HTTP never answers.
    pub broken_dtls: bool,
    /// Whether counters and histograms come with `_created`; `PROMETHEUS_DISABLE_CREATED_SERIES` leaves it out of the text forms.
    pub created_series: bool,
    /// Whether the bridge is configured to join a brewery at all.
    pub brewery: bool,
    /// What the bridge's own health check would find.
    pub health: Health,
    /// `videobridge.health.sticky-failures`: once a check has failed, the bridge stays failed although the cause is gone.
    pub sticky_health_failures: bool,
    /// What the sampler measures.
    pub load: Load,
    /// What each endpoint sends and receives.
    pub media: Media,
    /// Stress in replies before the first sample: 0.0 or 1.111 were seen, neither means anything.
    pub stress_placeholder: f64,
    /// Added to the first real sample, because the start itself burns CPU (0.11 was seen).
    pub stress_of_start: f64,
    /// `average-participant-stress`, which jicofo adds for people it has just sent.
    pub average_participant_stress: f64,

    /// From the launch of the process to its `startup_time`, from which all its timers count.
    pub jvm_start: Duration,
    /// From launch until HTTP answers (2 to 4.5 s were seen).
    pub boot: Duration,
    /// From launch until the brewery is joined and jicofo knows the bridge.
    pub brewery_join: Duration,
    /// From then until jicofo has read the bridge's first presence, for which it takes the bridge for draining (jicofo's source).
    pub first_presence: Duration,
    /// Between two samples of load.
    pub sample_interval: Duration,
    /// `videobridge.stats.interval`: between two refreshes of the numbers that are not instant.
    pub statistics_interval: Duration,
    /// From `startup_time` to the first refresh of these numbers.
    pub statistics_offset: Duration,
    /// Between two presences in the brewery.
    pub presence_interval: Duration,
    /// `videobridge.health.interval`: between two checks; the first comes this long after `startup_time`, and until then the bridge
    /// calls itself healthy.
    pub health_interval: Duration,
    /// `graceful-shutdown-max-duration`: then a graceful shutdown becomes SHUTTING_DOWN with people still there.
    pub graceful_shutdown_max: Duration,
    /// `graceful-shutdown-min-participants`: with so many people left or fewer, a graceful shutdown becomes SHUTTING_DOWN.
    pub graceful_shutdown_min_participants: u32,
    /// `shutting-down-delay`: from SHUTTING_DOWN until the bridge leaves the brewery.
    pub shutting_down_delay: Duration,
    /// From leaving the brewery until HTTP is gone.
    pub close_delay: Duration,
    /// From leaving the brewery until the process has exited.
    pub exit_delay: Duration,
    /// From SIGTERM until HTTP, media and the XMPP connection are closed.
    pub terminate_close: Duration,
    /// From SIGTERM until the process has exited (1.6 to 2.5 s were seen).
    pub terminate_exit: Duration,
    /// How long an endpoint stays without ever having connected, and a conference without endpoints.
    pub expiry: Duration,
}

impl Default for BridgeConfig {
    fn default() -> Self {
        Self {
            version: "2.3.SNAPSHOT".to_owned(),
            os: "Linux".to_owned(),
            region: None,
            relay_id: None,
            colibri_rest: false,
            shutdown_rest: false,
            initial_drain_mode: false,
            broken_dtls: false,
            created_series: true,
            brewery: true,
            health: Health::Good,
            sticky_health_failures: false,
            load: Load::default(),
            media: Media::default(),
            stress_placeholder: 0.0,
            stress_of_start: 0.1,
            average_participant_stress: 0.01,
            jvm_start: Duration::from_millis(1500),
            boot: Duration::from_secs(2),
            brewery_join: Duration::from_secs(6),
            first_presence: Duration::ZERO,
            sample_interval: Duration::from_secs(10),
            statistics_interval: Duration::from_secs(5),
            statistics_offset: Duration::from_millis(3500),
            presence_interval: Duration::from_secs(5),
            health_interval: Duration::from_mins(1),
            graceful_shutdown_max: Duration::from_hours(24),
            graceful_shutdown_min_participants: 0,
            shutting_down_delay: Duration::from_mins(1),
            close_delay: Duration::from_millis(500),
            exit_delay: Duration::from_secs(2),
            terminate_close: Duration::from_millis(200),
            terminate_exit: Duration::from_secs(2),
            expiry: Duration::from_mins(1),
        }
    }
}

/// What a bridge's own health check finds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Health {
    /// Nothing wrong.
    #[default]
    Good,
    /// A hard failure, with the text that `/about/health` then gives.
    Bad(String),
    /// A soft failure, with the text: `/about/health` then gives 503.
    Soft(String),
    /// A hard failure of a check that names its own response code, with the text; what is no status of HTTP becomes a 500.
    Coded(u16, String),
}

impl Health {
    /// The text of a failure.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Good => None,
            Self::Bad(message) | Self::Soft(message) | Self::Coded(_, message) => Some(message),
        }
    }
}

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
    /// `octo.enabled`: conferences may spread over bridges that have a relay id, selected by region.
    pub octo: bool,
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
