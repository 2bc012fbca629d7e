//! jvb-adapter.

use std::process::ExitCode;

use adapter::args::Arguments;
use adapter::{Config, log, run};
use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use tokio_util::sync::CancellationToken;

mod signals;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wrong = |problem: String| {
        Arguments::command()
            .error(ErrorKind::ValueValidation, problem)
            .exit()
    };
    if let Err(error) = log::start(&arguments.log) {
        wrong(format!("--log: {error}"));
    }
    let config = Config::try_from(arguments).unwrap_or_else(|problems| wrong(problems.to_string()));
    let _ = rustls::crypto::ring::default_provider().install_default();
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    signals::cancel(&shutdown)?;
    run(config, shutdown).await
}
