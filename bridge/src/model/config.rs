//! What can be set of a bridge: identity, switches, and every delay with its production value.

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
    /// Release that the bridge reports (`videobridge.version.release`); to jicofo it is a part of the version.
    pub release: Option<String>,
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
    /// `stats-filter.enabled`: its presence carries only what jicofo reads.
    pub stats_filter: bool,
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
    /// `videobridge.health.timeout`: so long after the last result that result counts no more, and the bridge calls itself unhealthy.
    pub health_timeout: Duration,
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
            release: None,
            os: "Linux".to_owned(),
            region: None,
            relay_id: None,
            colibri_rest: false,
            shutdown_rest: false,
            initial_drain_mode: false,
            broken_dtls: false,
            created_series: true,
            stats_filter: false,
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
            health_timeout: Duration::from_secs(90),
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
    /// Checks begin and never end. What the last one that ended found holds on for [`BridgeConfig::health_timeout`]; then it is a hard
    /// failure (jicoco's source).
    Hung,
}

impl Health {
    /// The text of a failure.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Good => None,
            Self::Hung => Some("No health checks performed recently"),
            Self::Bad(message) | Self::Soft(message) | Self::Coded(_, message) => Some(message),
        }
    }
}
