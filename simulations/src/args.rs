//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use hpa::Class;

/// Tries scaling policies for Jitsi's videobridges without a cluster.
#[derive(Clone, Debug, Parser)]
#[command(name = "jvb-sim", version, max_term_width = 100)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary does.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Replays recorded decisions of a real HorizontalPodAutoscaler, and tells every field in which the simulator's differs.
    ///
    /// A recording holds one JSON object, an episode, in a line; gzip or plain. The form is told in
    /// simulations/hpa/tests/recorded/README.md, beside recordings of Kubernetes 1.32.13, 1.35.4 and 1.36.3.
    ///
    /// Exit code: 0 no differences, 1 differences, 2 a file could not be replayed or held nothing, or the command line is wrong.
    #[command(max_term_width = 100)]
    Conformance(Conformance),
}

/// What to replay, and how.
#[derive(Args, Clone, Debug)]
pub struct Conformance {
    /// Recordings.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Decide as this version of Kubernetes does, such as 1.33 [default: the version that each episode names].
    ///
    /// There are three classes: up to 1.32, 1.33 to 1.35, from 1.36 on.
    #[arg(long, value_name = "VERSION")]
    pub class: Option<Class>,

    /// How many differences to show; all are counted.
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub show: usize,
}
