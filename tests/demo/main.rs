//! `make demo`: a real control plane, mock bridges, and a morning and an evening in minutes, for a plain Deployment and a
//! BridgePool side by side.

mod around;
mod chart;
mod column;
mod compare;
mod day;
mod outcome;
mod pace;
mod rescale;
mod screen;
mod setup;
mod show;
mod sightings;
mod stage;
mod story;
mod summary;
mod table;
mod verdict;
mod words;

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use screen::Screen;
use stage::Stage;

/// Plays a compressed morning and evening on a real Kubernetes control plane, for a plain Deployment of videobridges and for a
/// BridgePool, and shows what happens to people in both.
///
/// Succeeds only if the Deployment cut people off and the pool nobody, bridges of the pool were drained empty and removed and
/// others taken back, its jicofo lost no bridge, and both HPAs' own events show that they went up and then down.
#[derive(Debug, Parser)]
#[command(name = "demo", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// Leave everything running at the end, to look around with kubectl.
    #[arg(long)]
    keep: bool,

    /// How many people there are at the peak; with fewer than 160 too few bridges come and go.
    #[arg(long, default_value = "240", value_parser = clap::value_parser!(u32).range(160..=400))]
    people: u32,

    /// Which people: the same seed gives the same conferences.
    #[arg(long, default_value = "1")]
    seed: u64,

    /// Plain lines, as where the output is no terminal.
    #[arg(long)]
    plain: bool,
}

/// What else can be played.
#[derive(Debug, Subcommand)]
enum Command {
    /// Plays no day: people come and go in both, and you look around with kubectl, until Ctrl-C.
    Around,
    /// Plays several days for a plain Deployment, one with a preStop drain and a BridgePool, and writes docs/compare.md.
    Compare(compare::Options),
}

/// As a shell reports a program that was interrupted, and one whose reader went away.
const INTERRUPTED: u8 = 130;
const NOBODY_READS: u8 = 141;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "off".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    match Box::pin(run(arguments)).await {
        Ok(code) => code,
        Err(error) if nobody_reads(&error) => ExitCode::from(NOBODY_READS),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let screen = Screen::new(arguments.plain);
    let (stage, code) = tokio::select! {
        // Ctrl-C is listened for before anything is started that it must end.
        biased;
        _ = tokio::signal::ctrl_c() => {
            screen.line("\ninterrupted: everything that was started is being ended")?;
            return Ok(ExitCode::from(INTERRUPTED));
        }
        played = play(&arguments, &screen) => played?,
    };
    if let Some(stage) = stage {
        around::look_around(&stage, &screen).await?;
        screen.line("\neverything that was started is being ended")?;
        stage.strike().await?;
    }
    Ok(code)
}

/// Plays what is asked for: the stage, where somebody wants to look around on it, and how the process is to end.
async fn play(arguments: &Arguments, screen: &Screen) -> Result<(Option<Stage>, ExitCode)> {
    match &arguments.command {
        Some(Command::Compare(options)) => {
            compare::compare(options, screen).await?;
            Ok((None, ExitCode::SUCCESS))
        }
        Some(Command::Around) => Ok((Some(show::set(screen).await?), ExitCode::SUCCESS)),
        None => {
            let mut stage = show::set(screen).await?;
            let (people, seed) = (arguments.people, arguments.seed);
            let verdict = show::perform(&mut stage, people, seed, screen).await?;
            let code = if verdict.succeeded() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
            if arguments.keep {
                return Ok((Some(stage), code));
            }
            stage.strike().await?;
            Ok((None, code))
        }
    }
}

/// Whether the output went into a pipe that is closed, as with `| head`.
fn nobody_reads(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
