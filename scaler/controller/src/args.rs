//! The command line.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser};
use reach::log::Format;

/// Starts, drains, takes back and removes the videobridges of BridgePools, and hangs up on nobody to do so.
///
/// Runs as a controller in the cluster. Of several replicas one leads, the others wait for its Lease. Without it nothing is
/// started or removed, and no bridge and no conference is harmed.
///
/// Durations are written with their unit: 500ms, 5s, 5m.
#[derive(Clone, Debug, Parser)]
#[command(name = "jvb-scaler", version, max_term_width = 100)]
pub struct Arguments {
    /// The API server.
    #[command(flatten)]
    pub(crate) cluster: Cluster,
    /// Which replica leads.
    #[command(flatten)]
    pub(crate) election: Election,
    /// Questions to bridges and jicofo.
    #[command(flatten)]
    pub(crate) asking: Asking,
    /// The keys by which bridges know who tells them something.
    #[command(flatten)]
    pub(crate) signing: Signing,
    /// What bridges' pods get.
    #[command(flatten)]
    pub(crate) pods: Pods,
    /// Decisions.
    #[command(flatten)]
    pub(crate) deciding: Deciding,
    /// What is told of all that.
    #[command(flatten)]
    pub(crate) telling: Telling,
    /// The log.
    #[command(flatten)]
    pub log: Log,
}

/// Which pools, and through which API server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cluster")]
pub struct Cluster {
    /// Kubeconfig of the cluster [default: $KUBECONFIG, then the pod's own service account].
    #[arg(long, env = "JVB_SCALER_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Namespaces with BridgePools; without it all, which takes a ClusterRole.
    #[arg(
        long,
        env = "JVB_SCALER_NAMESPACES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub(crate) namespaces: Vec<String>,

    /// Time after which each watch of the API server is opened anew, whole seconds; one that has fallen silent without being
    /// closed is noticed 5 s later.
    #[arg(long, env = "JVB_SCALER_WATCH_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) watch_timeout: Duration,

    /// Time that the API server has for an answer to anything but a watch. Nothing is sent twice: what became of a request
    /// without an answer is read first.
    #[arg(long, env = "JVB_SCALER_REQUEST_TIMEOUT", value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) request_timeout: Duration,

    /// How many requests may be under way to the API server at the same time.
    #[arg(
        long,
        env = "JVB_SCALER_MAX_REQUESTS_IN_FLIGHT",
        value_name = "NUMBER",
        default_value = "16"
    )]
    pub(crate) max_requests_in_flight: NonZeroUsize,

    /// How many requests may leave for the API server in a second; as many again may leave at once, and a tenth as many events.
    /// When it has too much to do, the status of pools and events wait, then all else.
    #[arg(
        long,
        env = "JVB_SCALER_MAX_REQUESTS_PER_SECOND",
        value_name = "NUMBER",
        default_value = "100"
    )]
    pub(crate) max_requests_per_second: NonZeroU32,

    /// How often what is not watched is looked at: PodDisruptionBudgets, HorizontalPodAutoscalers and the API server's clock.
    #[arg(long, env = "JVB_SCALER_SURROUNDINGS_INTERVAL", value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) surroundings_interval: Duration,
}

/// Which replica leads.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Leader election")]
pub struct Election {
    /// Namespace of the Lease [default: the kubeconfig's or the pod's own].
    #[arg(long, env = "JVB_SCALER_LEASE_NAMESPACE", value_name = "NAME")]
    pub(crate) lease_namespace: Option<String>,

    /// Name of the Lease. Two controllers with different Leases must not share a pool.
    #[arg(
        long,
        env = "JVB_SCALER_LEASE_NAME",
        value_name = "NAME",
        default_value = "jvb-scaler"
    )]
    pub(crate) lease_name: String,

    /// Name of this replica in the Lease and in events; something that no other has is put behind it.
    #[arg(
        long,
        env = "JVB_SCALER_IDENTITY",
        value_name = "NAME",
        default_value = "jvb-scaler"
    )]
    pub(crate) identity: String,

    /// Time that the Lease is good for after it was last renewed, for those who wait for it: whole seconds.
    #[arg(long, env = "JVB_SCALER_LEASE_DURATION", value_name = "DURATION", default_value = "15s", value_parser = humantime::parse_duration)]
    pub(crate) lease_duration: Duration,

    /// Time after which the leader, when it could not renew the Lease, stops and ends.
    #[arg(long, env = "JVB_SCALER_RENEW_DEADLINE", value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) renew_deadline: Duration,

    /// Pause between two tries to get or renew the Lease.
    #[arg(long, env = "JVB_SCALER_RETRY_PERIOD", value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
    pub(crate) retry_period: Duration,
}

/// How bridges and jicofo are asked.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Asking bridges and jicofo")]
pub struct Asking {
    /// Address and port of jicofo's HTTP interface.
    ///
    /// Without it conferences are not moved one by one, and nobody notices that jicofo is away: a bridge past its deadline moves
    /// its people by its own shutdown.
    #[arg(long, env = "JVB_SCALER_JICOFO", value_name = "HOST:PORT")]
    pub(crate) jicofo: Option<String>,

    /// Time between two questions to a bridge that serves.
    #[arg(long, env = "JVB_SCALER_INTERVAL", value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) interval: Duration,

    /// Time between two questions to one that starts, drains or leaves.
    #[arg(long, env = "JVB_SCALER_INTERVAL_CLOSELY", value_name = "DURATION", default_value = "1s", value_parser = humantime::parse_duration)]
    pub(crate) interval_closely: Duration,

    /// Time that a bridge or jicofo has for its whole answer.
    #[arg(long, env = "JVB_SCALER_DEADLINE", value_name = "DURATION", default_value = "3s", value_parser = humantime::parse_duration)]
    pub(crate) deadline: Duration,

    /// How many bridges may be asked at the same time.
    #[arg(
        long,
        env = "JVB_SCALER_MAX_LOOKS_IN_FLIGHT",
        value_name = "NUMBER",
        default_value = "256"
    )]
    pub(crate) max_looks_in_flight: NonZeroUsize,

    /// Ask bridges on loopback addresses too, which no pod of a cluster has: for a laboratory on one machine.
    #[arg(long, env = "JVB_SCALER_LOOPBACK_BRIDGES")]
    pub(crate) loopback_bridges: bool,
}

/// The keys that sign what the bridges of pods with a sidecar are told.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Signing what bridges are told")]
pub struct Signing {
    /// Time that a key signs before the next one is made. The seeds are in Secret bridgetender-signing-keys beside the Lease.
    #[arg(long = "key-rotation", env = "JVB_SCALER_KEY_ROTATION", value_name = "DURATION", default_value = "30days", value_parser = humantime::parse_duration)]
    pub(crate) rotation: Duration,

    /// Time that a public key was published in every namespace with a pool before its other half signs. The kubelet brings
    /// ConfigMap bridgetender-keys to the pods within about 2m; clocks that differ, and half a minute, come on top.
    #[arg(long = "key-refresh", env = "JVB_SCALER_KEY_REFRESH", value_name = "DURATION", default_value = "3m", value_parser = humantime::parse_duration)]
    pub(crate) refresh: Duration,

    /// Time that a public key stays published after its other half signed for the last time. A controller that could not read the
    /// Secret for nearly as long signs no more.
    #[arg(long = "key-overlap", env = "JVB_SCALER_KEY_OVERLAP", value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    pub(crate) overlap: Duration,
}

/// What bridges' pods get besides their pool's template.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Bridges' pods")]
pub struct Pods {
    /// Image of jvb-sidecar, in the version of this program.
    ///
    /// Without it no bridge of a pool with `spec.sidecar: native` is started, and its condition TemplateInvalid says so. Bridges that
    /// run keep the image that they have.
    #[arg(long, env = "JVB_SCALER_SIDECAR_IMAGE", value_name = "IMAGE")]
    pub(crate) sidecar_image: Option<String>,
}

/// Times that decisions rest on and that are no pool's own.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Deciding")]
pub struct Deciding {
    /// How often bridges tell jicofo how they are; jicofo knows of a drain or a shutdown after two of these.
    #[arg(long, env = "JVB_SCALER_PRESENCE_INTERVAL", value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) presence_interval: Duration,

    /// Pause before a bridge is told again what it did not follow; doubled each time.
    #[arg(long, env = "JVB_SCALER_COMMAND_RETRY", value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
    pub(crate) command_retry: Duration,

    /// Pause after a bridge that did not come up; doubled each time up to 5m.
    #[arg(long, env = "JVB_SCALER_CREATION_BACKOFF", value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) creation_backoff: Duration,

    /// Pause between two writes of a pool's status in which the number of bridges does not change.
    #[arg(long, env = "JVB_SCALER_STATUS_INTERVAL", value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) status_interval: Duration,

    /// Bridges that lose their last people within this time lose them at once, which may be an outage. A leader that has watched the
    /// bridges for a shorter time removes none.
    #[arg(long, env = "JVB_SCALER_MASS_WINDOW", value_name = "DURATION", default_value = "2m", value_parser = humantime::parse_duration)]
    pub(crate) mass_window: Duration,

    /// Nothing new is begun when the watches of the API server have told nothing for so long.
    #[arg(long, env = "JVB_SCALER_WATCH_SILENCE", value_name = "DURATION", default_value = "150s", value_parser = humantime::parse_duration)]
    pub(crate) watch_silence: Duration,
}

/// What is told of all that.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telling")]
pub struct Telling {
    /// Address and port to serve /healthz, /readyz, /metrics and /pools/NAMESPACE/NAME on, over plain HTTP; on `[::]` for IPv4 too.
    #[arg(
        long,
        env = "JVB_SCALER_BIND",
        value_name = "ADDRESS:PORT",
        default_value = "[::]:8081"
    )]
    pub(crate) bind: SocketAddr,

    /// Name of the pod that this replica runs in: `kubectl bridgepool` asks the leader through the API server by it, how each bridge
    /// is and who would be drained next. Set by the downward API, from metadata.name.
    #[arg(long, env = "JVB_SCALER_POD", value_name = "NAME")]
    pub(crate) pod: Option<String>,

    /// File to which each decision is appended as a line of JSON with its evidence; `-` is standard output.
    #[arg(
        long,
        env = "JVB_SCALER_DECISION_LOG",
        value_name = "FILE",
        default_value = "-"
    )]
    pub(crate) decision_log: PathBuf,
}

/// How to log.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct Log {
    /// What to log, for example `scaler_controller=debug,warn`.
    #[arg(
        long = "log",
        env = "JVB_SCALER_LOG",
        value_name = "FILTER",
        default_value = "info,kube_client=off"
    )]
    pub filter: String,

    /// Form of the log.
    #[arg(
        long = "log-format",
        env = "JVB_SCALER_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub format: Format,
}
