//! `make demo`: a real control plane, mock bridges, and a morning and an evening in two minutes.

mod chart;
mod pace;
mod scene;
mod screen;
mod table;
mod verdict;
mod watch;

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use scene::Stage;
use screen::Screen;

/// Plays a compressed morning and evening on a real Kubernetes control plane, and shows how the HPA follows it.
///
/// Succeeds only if the HPA's own events show a scale-up above the starting size first and a scale-down later.
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
struct Arguments {
    /// Leave everything running at the end, to look around with kubectl.
    #[arg(long)]
    keep: bool,

    /// How many people there are at the peak; with fewer than 120 two bridges would do all day.
    #[arg(long, default_value = "240", value_parser = clap::value_parser!(u32).range(120..=2000))]
    people: u32,

    /// Which people: the same seed gives the same conferences.
    #[arg(long, default_value = "1")]
    seed: u64,

    /// Plain lines, as where the output is no terminal.
    #[arg(long)]
    plain: bool,
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
    match run(arguments).await {
        Ok(code) => code,
        Err(error) if nobody_reads(&error) => ExitCode::from(NOBODY_READS),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments {
        keep,
        people,
        seed,
        plain,
    } = arguments;
    let screen = Screen::new(plain);
    let played = async {
        let stage = Stage::set(&screen).await?;
        let verdict = stage.perform(people, seed, &screen).await?;
        anyhow::Ok((stage, verdict))
    };
    let (stage, verdict) = tokio::select! {
        played = played => played?,
        _ = tokio::signal::ctrl_c() => {
            screen.line("\ninterrupted: everything that was started is being ended")?;
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    if keep {
        stage.look_around(&screen).await?;
    }
    stage.strike().await?;
    Ok(if verdict.succeeded() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether the output went into a pipe that is closed, as with `| head`.
fn nobody_reads(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
