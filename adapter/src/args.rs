//! The command line.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use reach::log::Format;

use crate::authority::Named;
use crate::check::CheckArguments;
use crate::telling::ExtraMetric;

/// Serves the custom metrics API of Kubernetes straight from Jitsi's videobridges.
///
/// Runs as an aggregated API server: a HorizontalPodAutoscaler reads from it how much stress each bridge has, how many people are
/// on it, and so on, without any other metrics system. A value that is not known is left out, never zero.
///
/// Durations are written with their unit: 500ms, 5s, 5m.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "jvb-adapter",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
pub struct CommandLine {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve.
    #[command(flatten)]
    pub arguments: Arguments,
}

/// What the binary does besides serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Walks the whole chain from the HPA to the bridges, and says what is wrong, why it matters and the command that mends it.
    ///
    /// Changes nothing. What your rights or your place in the network do not let it see is skipped with the reason. From a pod of
    /// the adapter it sees what the adapter sees: kubectl -n NAMESPACE exec service/jvb-adapter -- jvb-adapter check.
    ///
    /// Exit code: 0 all is well, 1 warnings, 2 errors, 3 what matters could not be checked, 64 the command line is wrong.
    #[command(max_term_width = 100)]
    Check(Box<CheckArguments>),
}

/// What the adapter serves with.
#[derive(Clone, Debug, Parser)]
pub struct Arguments {
    /// Serving.
    #[command(flatten)]
    pub(crate) serving: Serving,
    /// The API server.
    #[command(flatten)]
    pub(crate) cluster: Cluster,
    /// Questions to bridges.
    #[command(flatten)]
    pub(crate) scraping: Scraping,
    /// What is told.
    #[command(flatten)]
    pub(crate) telling: Telling,
    /// The log.
    #[command(flatten)]
    pub log: Log,
}

/// Where and how to serve.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Serving")]
pub struct Serving {
    /// Address and port to serve HTTPS on; on `[::]` for IPv4 too, and for IPv4 alone where the system has no IPv6.
    #[arg(
        long,
        env = "JVB_ADAPTER_BIND",
        value_name = "ADDRESS:PORT",
        default_value = "[::]:6443",
        value_parser = address
    )]
    pub(crate) bind: SocketAddr,

    /// Certificate chain in PEM; it must carry the DNS name SERVICE.NAMESPACE.svc. A replaced file is taken up within seconds.
    #[arg(long, env = "JVB_ADAPTER_TLS_CERT_FILE", value_name = "FILE")]
    pub(crate) tls_cert_file: Option<PathBuf>,

    /// Private key of the certificate in PEM.
    #[arg(long, env = "JVB_ADAPTER_TLS_PRIVATE_KEY_FILE", value_name = "FILE")]
    pub(crate) tls_private_key_file: Option<PathBuf>,

    /// Secret in which an own authority is kept, where no certificate files are given. It must exist, empty.
    ///
    /// All replicas share it. The authority is published in the caBundle of the APIServices that lead to --service, and of no
    /// other; authority and certificate are replaced in time, without a gap.
    #[arg(
        long,
        env = "JVB_ADAPTER_TLS_SECRET",
        value_name = "NAMESPACE/NAME",
        conflicts_with_all = ["tls_cert_file", "tls_private_key_file"]
    )]
    pub(crate) tls_secret: Option<Named>,

    /// Service that leads to the adapter, for which the own authority vouches [default: jvb-adapter beside the Secret].
    #[arg(
        long,
        env = "JVB_ADAPTER_SERVICE",
        value_name = "NAMESPACE/NAME",
        requires = "tls_secret"
    )]
    pub(crate) service: Option<Named>,

    /// How long the own authority is good. A new one is published when two thirds are over, and signs after five sixths.
    #[arg(long, env = "JVB_ADAPTER_CA_LIFETIME", value_name = "DURATION", default_value = "365days", value_parser = humantime::parse_duration)]
    pub(crate) ca_lifetime: Duration,

    /// How long a certificate of the own authority is good. It is replaced when two thirds are over.
    #[arg(long, env = "JVB_ADAPTER_LEAF_LIFETIME", value_name = "DURATION", default_value = "30days", value_parser = humantime::parse_duration)]
    pub(crate) leaf_lifetime: Duration,

    /// Serve the totals of groups of bridges as external metrics too.
    ///
    /// Only one server of a cluster can own external.metrics.k8s.io: leave it off where KEDA or another one does.
    #[arg(long, env = "JVB_ADAPTER_EXTERNAL_METRICS")]
    pub(crate) external_metrics: bool,

    /// Speak HTTP/1.1 alone. For API servers that lose requests on connections of HTTP/2 which broke (kubernetes/kubernetes
    /// issue 141318).
    #[arg(long, env = "JVB_ADAPTER_HTTP1_ONLY")]
    pub(crate) http1_only: bool,

    /// Requests that one user may make in a second in the long run; 0 is no limit. More are refused with 429.
    ///
    /// Never limited are the API server's own requests, the group system:masters, and --unlimited-users.
    #[arg(
        long,
        env = "JVB_ADAPTER_USER_REQUESTS_PER_SECOND",
        value_name = "NUMBER",
        default_value = "50"
    )]
    pub(crate) user_requests_per_second: u32,

    /// Requests that one user may make at once after a rest.
    #[arg(
        long,
        env = "JVB_ADAPTER_USER_REQUESTS_BURST",
        value_name = "NUMBER",
        default_value = "200",
        value_parser = positive::<NonZeroU32>
    )]
    pub(crate) user_requests_burst: NonZeroU32,

    /// Users without a limit. The HPA paces itself: it asks one question after another, and a refused one would keep bridges from
    /// coming.
    #[arg(
        long,
        env = "JVB_ADAPTER_UNLIMITED_USERS",
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "system:serviceaccount:kube-system:horizontal-pod-autoscaler,system:kube-controller-manager"
    )]
    pub(crate) unlimited_users: Vec<String>,

    /// Time between SIGTERM and the last new connection; meanwhile the adapter is not ready and answers as before.
    ///
    /// The cluster needs it to send requests elsewhere. Together with the 20 s that requests under way get after it, it must fit
    /// into the pod's grace period of 30 s.
    #[arg(long, env = "JVB_ADAPTER_SHUTDOWN_DELAY", value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) shutdown_delay: Duration,
}

/// Which pods to watch, and through which API server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cluster")]
pub struct Cluster {
    /// Kubeconfig of the cluster [default: $KUBECONFIG, then the pod's own service account].
    #[arg(long, env = "JVB_ADAPTER_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Namespaces with videobridges; without it all, which takes a ClusterRole.
    #[arg(
        long,
        env = "JVB_ADAPTER_NAMESPACES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub(crate) namespaces: Vec<String>,

    /// Label selector of the pods with a videobridge.
    ///
    /// The bridge is asked on the pod's port named `metrics`, else on the port in the annotation
    /// `bridgetender.dev/metrics-port`, else on 8080.
    #[arg(
        long,
        env = "JVB_ADAPTER_BRIDGES",
        value_name = "SELECTOR",
        default_value = "app.kubernetes.io/component=jvb"
    )]
    pub(crate) bridges: String,

    /// Time after which each watch of the API server is opened anew, whole seconds; one that has fallen silent without being
    /// closed is noticed 5 s later.
    #[arg(long, env = "JVB_ADAPTER_WATCH_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) watch_timeout: Duration,

    /// Time that the API server has at the start to say whom to believe and, with --tls-secret, to keep a certificate; then the
    /// adapter ends with what stood in the way.
    #[arg(long, env = "JVB_ADAPTER_START_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) start_timeout: Duration,
}

/// How bridges are asked.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Asking bridges")]
pub struct Scraping {
    /// Time between two questions to one bridge.
    #[arg(long, env = "JVB_ADAPTER_INTERVAL", value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) interval: Duration,

    /// Time that a bridge has for its whole answer.
    #[arg(long, env = "JVB_ADAPTER_DEADLINE", value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) deadline: Duration,

    /// How many bridges may be asked at the same time.
    ///
    /// Three quarters of them at most took longer than a second last time: those that hang keep no others from being asked.
    #[arg(
        long,
        env = "JVB_ADAPTER_MAX_SCRAPES_IN_FLIGHT",
        value_name = "NUMBER",
        default_value = "256",
        value_parser = positive::<NonZeroUsize>
    )]
    pub(crate) max_scrapes_in_flight: NonZeroUsize,

    /// How many questions may start in one second.
    #[arg(
        long,
        env = "JVB_ADAPTER_MAX_SCRAPES_PER_SECOND",
        value_name = "NUMBER",
        default_value = "4000",
        value_parser = positive::<NonZeroU32>
    )]
    pub(crate) max_scrapes_per_second: NonZeroU32,

    /// Age at which a value has its bridge asked before it is told; 0s never asks for a reader's sake.
    ///
    /// All who read at the same time share one question to each bridge.
    #[arg(long, env = "JVB_ADAPTER_FRESH_WITHIN", value_name = "DURATION", default_value = "1s", value_parser = humantime::parse_duration)]
    pub(crate) fresh_within: Duration,

    /// Time that a read waits for bridges that are asked for its sake; then it is answered with what is known.
    #[arg(long, env = "JVB_ADAPTER_FRESH_BUDGET", value_name = "DURATION", default_value = "300ms", value_parser = humantime::parse_duration)]
    pub(crate) fresh_budget: Duration,

    /// Ask bridges on loopback addresses too, which no pod of a cluster has: for a laboratory on one machine.
    #[arg(long, env = "JVB_ADAPTER_LOOPBACK_BRIDGES")]
    pub(crate) loopback_bridges: bool,

    /// One more metric, from the bridge's own key; may be given several times.
    #[arg(
        long = "extra-metric",
        env = "JVB_ADAPTER_EXTRA_METRICS",
        value_name = "NAME=KEY",
        value_delimiter = ','
    )]
    pub(crate) extra_metrics: Vec<ExtraMetric>,
}

/// What may be told of a bridge.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telling the truth")]
pub struct Telling {
    /// Age at which a value is left out.
    #[arg(long, env = "JVB_ADAPTER_MAX_AGE", value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) max_age: Duration,

    /// Time after a bridge's start in which its stress is left out: its first value is a placeholder, the second is of the start
    /// itself.
    #[arg(long, env = "JVB_ADAPTER_STRESS_UNKNOWN_FOR", value_name = "DURATION", default_value = "20s", value_parser = humantime::parse_duration)]
    pub(crate) stress_unknown_for: Duration,

    /// Time for which a bridge that stopped answering keeps its last value in totals; after it the bridge counts as the mean of
    /// the others.
    #[arg(long, env = "JVB_ADAPTER_HOLD_LAST", value_name = "DURATION", default_value = "5m", value_parser = humantime::parse_duration)]
    pub(crate) hold_last: Duration,

    /// Part of the known bridges that must answer for a total to be told; below it the HPA holds.
    #[arg(
        long,
        env = "JVB_ADAPTER_MIN_COVERAGE",
        value_name = "FRACTION",
        default_value = "0.5"
    )]
    pub(crate) min_coverage: f64,

    /// Stress at which jicofo takes a bridge for overloaded; what is below it is free capacity.
    #[arg(
        long,
        env = "JVB_ADAPTER_FULL_STRESS",
        value_name = "STRESS",
        default_value = "0.8"
    )]
    pub(crate) full_stress: f64,
}

/// How to log.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct Log {
    /// What to log, for example `adapter=debug,warn`.
    ///
    /// The client of the API server is silent because it would repeat at each attempt what is said once here.
    #[arg(
        long = "log",
        env = "JVB_ADAPTER_LOG",
        value_name = "FILTER",
        default_value = "info,kube_client=off"
    )]
    pub filter: String,

    /// Form of the log.
    #[arg(
        long = "log-format",
        env = "JVB_ADAPTER_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub format: Format,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "want an address and a port, for example 10.0.0.7:6443, or [::]:6443 for all of IPv4 and IPv6".to_owned()
    })
}

fn positive<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse()
        .map_err(|_| "want a whole number from 1 on".to_owned())
}
