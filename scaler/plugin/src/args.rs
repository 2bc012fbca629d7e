//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

/// How pools of videobridges are, why, and what an operator may ask of them.
///
/// `status` tells it, `explain` tells why; what writes says what will come of it, with --dry-run without writing. POOL is the name of a BridgePool, BRIDGE
/// that of a bridge's pod.
///
/// Exit codes: 0 all is well, or done; 1 something is wrong with a pool (status); 2 it could not be asked or done; 64 the command
/// line is wrong.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "kubectl-bridgepool",
    bin_name = "kubectl bridgepool",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = false
)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Which cluster, and how to tell it.
    #[command(flatten)]
    pub common: Common,
}

/// Which cluster, and how to tell it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of all commands")]
pub struct Common {
    /// Namespace of pools and bridges [default: that of the kubeconfig's context].
    #[arg(short, long, global = true, value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// Context of the kubeconfig [default: the current one].
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,

    /// Kubeconfig of the cluster [default: $KUBECONFIG, then ~/.kube/config].
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub kubeconfig: Option<PathBuf>,

    /// Where jvb-scaler serves its HTTP, such as http://127.0.0.1:8081 after `kubectl port-forward`: for clusters whose API server
    /// does not reach pods, or may not be asked to [default: the leader, through the API server].
    #[arg(long, global = true, env = "BRIDGEPOOL_CONTROLLER", value_name = "URL", value_parser = controller)]
    pub controller: Option<String>,

    /// Form of what is told.
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORM",
        default_value = "table"
    )]
    pub output: Output,

    /// How long each answer may take.
    #[arg(long, global = true, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub request_timeout: Duration,
}

/// Form of what is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Output {
    /// For a person.
    Table,
    /// JSON, for a program: its form is versioned.
    Json,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// How a pool and its bridges are, and how many more people fit.
    Status(StatusArguments),
    /// Which bridge would be drained next and which taken back, in order and with the reasons; or all about one bridge.
    ///
    /// It is the list by which jvb-scaler decides, told by the one that decides: without it there is none.
    Explain(ExplainArguments),
    /// Tell what changes, as it happens, until Ctrl-C.
    Watch(WatchArguments),
    /// Have bridges emptied: no new conferences, and removed when the last person has left. Others take their place.
    Drain(BridgeArguments),
    /// Call off what `drain` asked for: the bridges take new conferences again.
    Undrain(BridgeArguments),
    /// Have bridges left alone: never drained to make the pool smaller or newer, nor when their node leaves.
    Pin(BridgeArguments),
    /// Call off what `pin` asked for.
    Unpin(BridgeArguments),
    /// Have a pool left as it is: nothing is started, drained, taken back, moved or removed.
    Pause(PoolArguments),
    /// Call off what `pause` asked for.
    Resume(PoolArguments),
    /// Let a pool go that is being deleted and waits for its bridges to drain: they are deleted with the people on them.
    Release(PoolArguments),
    /// The template of a new bridge's pod, as YAML: the pool's, with what is added to it and why.
    ///
    /// Exit code 1, with what is in the way and what to do, where none can be made.
    Template(TemplateArguments),
    /// Print what makes a shell complete the words of this command.
    ///
    /// For `kubectl bridgepool` itself, with the names of pools and bridges: put what `completion kubectl` prints into an executable
    /// file kubectl_complete-bridgepool on your PATH, beside kubectl's own completion.
    Completion(CompletionArguments),
}

/// Arguments of `status`.
#[derive(Args, Clone, Debug)]
pub struct StatusArguments {
    /// The pool [default: all of the namespace].
    pub pool: Option<String>,

    /// The pools of all namespaces.
    #[arg(short = 'A', long, conflicts_with_all = ["pool", "namespace"])]
    pub all_namespaces: bool,
}

/// Arguments of `explain`.
#[derive(Args, Clone, Debug)]
pub struct ExplainArguments {
    /// The bridge [default: the order of all].
    pub bridge: Option<String>,

    /// The pool, where the namespace has several.
    #[arg(short, long, value_name = "POOL", conflicts_with = "bridge")]
    pub pool: Option<String>,
}

/// Arguments of `watch`.
#[derive(Args, Clone, Debug)]
pub struct WatchArguments {
    /// The pool [default: all of the namespace].
    pub pool: Option<String>,

    /// The pools of all namespaces.
    #[arg(short = 'A', long, conflicts_with_all = ["pool", "namespace"])]
    pub all_namespaces: bool,
}

/// Arguments of what is asked for bridges.
#[derive(Args, Clone, Debug)]
pub struct BridgeArguments {
    /// The bridges.
    #[arg(required = true, value_name = "BRIDGE")]
    pub bridges: Vec<String>,

    /// Say what would happen, have the API server check it, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of what is asked for a pool.
#[derive(Args, Clone, Debug)]
pub struct PoolArguments {
    /// The pool, where the namespace has several.
    pub pool: Option<String>,

    /// Say what would happen, have the API server check it, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `template`.
#[derive(Args, Clone, Debug)]
pub struct TemplateArguments {
    /// The pool, where the namespace has several.
    pub pool: Option<String>,

    /// The bridge's slot, in a pool with slots [default: 0].
    #[arg(long, value_name = "NUMBER")]
    pub slot: Option<u32>,

    /// Image of the sidecar [default: the one that jvb-scaler gives].
    #[arg(long, value_name = "IMAGE")]
    pub sidecar_image: Option<String>,
}

/// Arguments of `completion`.
#[derive(Args, Clone, Debug)]
pub struct CompletionArguments {
    /// For whom.
    pub shell: For,
}

/// For whom completions are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[expect(missing_docs, reason = "they are the names of programs")]
pub enum For {
    Bash,
    Elvish,
    Fish,
    Kubectl,
    Powershell,
    Zsh,
}

impl For {
    /// The shell; `None` is kubectl.
    pub const fn shell(self) -> Option<Shell> {
        match self {
            Self::Bash => Some(Shell::Bash),
            Self::Elvish => Some(Shell::Elvish),
            Self::Fish => Some(Shell::Fish),
            Self::Kubectl => None,
            Self::Powershell => Some(Shell::PowerShell),
            Self::Zsh => Some(Shell::Zsh),
        }
    }
}

fn controller(text: &str) -> Result<String, String> {
    let wrong = || "want http://HOST:PORT".to_owned();
    let url: http::Uri = text.parse().map_err(|_| wrong())?;
    let port = url.authority().and_then(http::uri::Authority::port_u16);
    if url.scheme_str() == Some("http") && port.is_some() && ["", "/"].contains(&url.path()) {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(wrong())
    }
}
