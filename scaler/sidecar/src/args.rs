//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use reach::log::Format;
use scaler_token::contract;

/// Stands before the videobridge in its pod: serves what may be read of it, lets the controller alone change it, holds its drain
/// mode over restarts, and moves its people before the pod ends.
///
/// Durations are written with their unit: 500ms, 5s, 5m.
#[derive(Clone, Debug, Parser)]
#[command(name = "jvb-sidecar", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The log.
    #[command(flatten)]
    pub log: Log,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run beside the bridge until SIGTERM: what the sidecar's container runs.
    Serve(Serve),
    /// Tell `serve` that the pod ends, and return: the preStop of the sidecar's container.
    Terminate(Terminate),
    /// Wait until the bridge is empty or has left, but not beyond the grace period: the preStop of the bridge's container.
    ///
    /// It works in any image and without `serve`: then it drains the bridge and has its people moved itself. What is not given is
    /// taken from what `serve` wrote down.
    Wait(Wait),
}

/// Run beside the bridge.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// Address and port to serve on, over plain HTTP; on `[::]` for IPv4 too.
    #[arg(
        long,
        env = "JVB_SIDECAR_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "[::]:8090"
    )]
    pub(crate) listen: SocketAddr,

    /// Address and port of the bridge's private HTTP interface.
    #[arg(
        long,
        env = "JVB_SIDECAR_BRIDGE",
        value_name = "ADDRESS:PORT",
        default_value = contract::BRIDGE_HTTP
    )]
    pub(crate) bridge: SocketAddr,

    /// The volume that the pod's containers share.
    #[arg(
        long,
        env = "JVB_SIDECAR_STATE",
        value_name = "FOLDER",
        default_value = contract::SHARED_PATH
    )]
    pub(crate) state: PathBuf,

    /// The controller's public keys. While there are none, nobody may change the bridge.
    #[arg(
        long,
        env = "JVB_SIDECAR_KEYS",
        value_name = "FILE",
        default_value = "/run/bridgetender-keys/keys.json"
    )]
    pub(crate) keys: PathBuf,

    /// The pod's annotations, as the downward API writes them.
    #[arg(
        long,
        env = "JVB_SIDECAR_ANNOTATIONS",
        value_name = "FILE",
        default_value = "/run/bridgetender-pod/annotations"
    )]
    pub(crate) annotations: PathBuf,

    /// The pod's UID, for which tokens are signed; set by the downward API, from metadata.uid [default: $POD_UID].
    #[arg(long, env = "JVB_SIDECAR_POD_UID", value_name = "UID")]
    pub(crate) pod_uid: Option<String>,

    /// Time between two looks at the bridge: within it a bridge that was started anew gets its mode back.
    #[arg(long, env = "JVB_SIDECAR_INTERVAL", value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
    pub(crate) interval: Duration,

    /// Time that the bridge has for its whole answer.
    #[arg(long, env = "JVB_SIDECAR_DEADLINE", value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) deadline: Duration,

    /// The pod's terminationGracePeriodSeconds.
    #[arg(long, env = "JVB_SIDECAR_GRACE", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) grace: Duration,

    /// The end of the pod.
    #[command(flatten)]
    pub(crate) ending: Ending,
}

/// How the end of the pod is divided.
#[derive(Args, Clone, Copy, Debug)]
pub struct Ending {
    /// The bridge's videobridge.shutdown.shutting-down-delay: so long after its people were moved it leaves.
    #[arg(long, env = "JVB_SIDECAR_SHUTTING_DOWN_DELAY", value_name = "DURATION", default_value = "1m", value_parser = humantime::parse_duration)]
    pub(crate) shutting_down_delay: Duration,

    /// What the bridge and jicofo need besides; a third of it before the end of the grace period nobody waits any longer.
    #[arg(long, env = "JVB_SIDECAR_MARGIN", value_name = "DURATION", default_value = "15s", value_parser = humantime::parse_duration)]
    pub(crate) margin: Duration,

    /// Time from the moment on at which the bridge is hidden until nobody is on the way to it: jicofo learns of it with the
    /// bridge's next presence, within 5 s.
    #[arg(long, env = "JVB_SIDECAR_SETTLE", value_name = "DURATION", default_value = "6s", value_parser = humantime::parse_duration)]
    pub(crate) settle: Duration,
}

/// Tell `serve` that the pod ends.
#[derive(Args, Clone, Debug)]
pub struct Terminate {
    /// The volume that the pod's containers share.
    #[arg(
        long,
        env = "JVB_SIDECAR_STATE",
        value_name = "FOLDER",
        default_value = contract::SHARED_PATH
    )]
    pub(crate) state: PathBuf,
}

/// Wait until the bridge is empty or has left.
#[derive(Args, Clone, Debug)]
pub struct Wait {
    /// The volume that the pod's containers share.
    #[arg(
        long,
        env = "JVB_SIDECAR_STATE",
        value_name = "FOLDER",
        default_value = contract::SHARED_PATH
    )]
    pub(crate) state: PathBuf,

    /// Address and port of the bridge's private HTTP interface [default: what `serve` wrote down, else 127.0.0.1:8080].
    #[arg(long, env = "JVB_SIDECAR_BRIDGE", value_name = "ADDRESS:PORT")]
    pub(crate) bridge: Option<SocketAddr>,

    /// The pod's terminationGracePeriodSeconds [default: what `serve` wrote down; without either people may finish until the
    /// kubelet ends it all].
    #[arg(long, env = "JVB_SIDECAR_GRACE", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) grace: Option<Duration>,
}

/// How to log.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct Log {
    /// What to log, for example `scaler_sidecar=debug,warn`.
    #[arg(
        long = "log",
        env = "JVB_SIDECAR_LOG",
        value_name = "FILTER",
        default_value = "info",
        global = true
    )]
    pub filter: String,

    /// Form of the log.
    #[arg(
        long = "log-format",
        env = "JVB_SIDECAR_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text",
        global = true
    )]
    pub format: Format,
}
