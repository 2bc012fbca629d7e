//! `make demo`: a real control plane, mock bridges, and a morning and an evening in two minutes.

mod chart;
mod pace;
mod scene;
mod table;
mod verdict;
mod watch;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

/// Plays a compressed morning and evening on a real Kubernetes control plane, and shows how the HPA follows it.
///
/// Succeeds only if the HPA's own events show a scale-up above the starting size first and a scale-down later.
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
struct Arguments {
    /// Leave everything running at the end, to look around with kubectl.
    #[arg(long)]
    keep: bool,

    /// How many people there are at the peak.
    #[arg(long, default_value = "240", value_parser = clap::value_parser!(u32).range(40..=2000))]
    people: u32,

    /// Which people: the same seed gives the same conferences.
    #[arg(long, default_value = "1")]
    seed: u64,

    /// Plain lines, as where the output is no terminal.
    #[arg(long)]
    plain: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments {
        keep,
        people,
        seed,
        plain,
    } = Arguments::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "off".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let live = !plain && std::io::stdout().is_terminal();
    let played = tokio::select! {
        played = scene::play(people, seed, live, keep) => played,
        _ = tokio::signal::ctrl_c() => {
            println!("\ninterrupted: everything that was started is being ended");
            return ExitCode::from(130);
        }
    };
    match played {
        Ok(verdict) if verdict.succeeded() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
