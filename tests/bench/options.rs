//! The command line.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use laboratory::ADAPTER_PORT;

use crate::candidate::{Candidate, usual_path};

/// Measures jvb-adapter, and other adapters beside it, with a real kube-apiserver and mock bridges that tell the time.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Options {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the binary does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measures, and writes results, page and charts: about a quarter of an hour.
    Run(Run),
    /// Writes page and charts anew from results that are there.
    Report {
        /// Folder of benchmarks.md and benchmarks/.
        #[arg(long, value_name = "FOLDER", default_value = "docs")]
        out: PathBuf,
    },
    /// Measures jvb-scaler, and writes benchmarks/scaler.md and its charts: about ten minutes.
    Scaler(Scaler),
    /// Writes that page and its charts anew from results that are there.
    ScalerReport {
        /// Folder of benchmarks/.
        #[arg(long, value_name = "FOLDER", default_value = "docs")]
        out: PathBuf,
    },
}

/// How jvb-scaler is measured.
#[derive(Args, Debug)]
pub(crate) struct Scaler {
    /// Few bridges for a short time, to see that everything works. No figure is reached by it.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Folder of benchmarks/.
    #[arg(long, value_name = "FOLDER", default_value = "docs")]
    pub(crate) out: PathBuf,

    /// The program jvb-scaler [default: the one beside this program].
    #[arg(long = "scaler", value_name = "FILE")]
    program: Option<PathBuf>,
}

/// What is measured, and where it is written.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Few bridges for a short time, to see that everything works. No figure is reached by it.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Numbers of bridges instead of the usual ones; most is measured with the second smallest. What must be reached with another
    /// number is not measured then.
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    pub(crate) bridges: Vec<usize>,

    /// Folder of benchmarks.md and benchmarks/.
    #[arg(long, value_name = "FOLDER", default_value = "docs")]
    pub(crate) out: PathBuf,

    /// The program jvb-adapter [default: the one beside this program].
    #[arg(long, value_name = "FILE")]
    adapter: Option<PathBuf>,

    /// Leave out the test adapter of custom-metrics-apiserver.
    #[arg(long)]
    without_test_adapter: bool,

    #[command(flatten)]
    peer: Peer,
}

/// One more adapter.
#[derive(Args, Debug)]
#[command(next_help_heading = "Another adapter")]
struct Peer {
    /// Command line of one more adapter; {address}, {port}, {certificate}, {key} and {kubeconfig} are filled in.
    #[arg(id = "peer-command", long = "peer-command", value_name = "COMMAND")]
    command: Option<String>,

    /// Its name in the report.
    #[arg(
        id = "peer-name",
        long = "peer-name",
        value_name = "NAME",
        default_value = "another adapter"
    )]
    name: String,

    /// The port on which it serves HTTPS.
    #[arg(id = "peer-port", long = "peer-port", value_name = "PORT", default_value_t = ADAPTER_PORT)]
    port: u16,

    /// Path and query of a read of all bridges [default: that of an HPA for stress_level].
    #[arg(id = "peer-path", long = "peer-path", value_name = "PATH")]
    path: Option<String>,

    /// Where each value is posted before, for an adapter that asks no bridge; {namespace}, {pod} and {metric} are filled in.
    #[arg(id = "peer-push", long = "peer-push", value_name = "URL")]
    push: Option<String>,
}

/// A program of ours: the one that was given, or the one beside this one.
fn program(given: Option<&Path>, name: &str, flag: &str, target: &str) -> Result<PathBuf> {
    let program = match given {
        Some(program) => program.to_owned(),
        None => std::env::current_exe()?.with_file_name(name),
    };
    let program = std::path::absolute(program)?;
    if !program.is_file() {
        bail!(
            "{} is missing\nhint: `make {target}` builds it; {flag} names another one",
            program.display()
        );
    }
    Ok(program)
}

impl Scaler {
    /// The program of the controller.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        program(
            self.program.as_deref(),
            "jvb-scaler",
            "--scaler",
            "bench-scaler",
        )
    }
}

impl Run {
    /// The program of our adapter.
    pub(crate) fn adapter(&self) -> Result<PathBuf> {
        program(
            self.adapter.as_deref(),
            "jvb-adapter",
            "--adapter",
            "bench-adapter",
        )
    }

    /// Other adapters that can be measured, and why one cannot.
    pub(crate) fn peers(&self) -> Result<(Vec<Candidate>, Vec<String>)> {
        let (mut peers, mut remarks) = (Vec::new(), Vec::new());
        if self.without_test_adapter {
            remarks.push("custom-metrics-apiserver's test adapter was not wanted".to_owned());
        } else {
            match laboratory::test_adapter_path() {
                Ok(program) => peers.push(Candidate::test_adapter(program)),
                Err(error) => remarks.push(format!("{error:#}")),
            }
        }
        let Peer {
            command,
            name,
            port,
            path,
            push,
        } = &self.peer;
        if let Some(command) = command {
            let mut words = command.split_whitespace().map(ToOwned::to_owned);
            let program = words.next().context("--peer-command is empty")?;
            peers.push(Candidate {
                name: name.clone(),
                program: program.into(),
                flags: words.collect(),
                port: *port,
                path: path.clone().unwrap_or_else(usual_path),
                push: push.clone(),
            });
        }
        Ok((peers, remarks))
    }
}
