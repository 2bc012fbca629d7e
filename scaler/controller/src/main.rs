//! jvb-scaler.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use scaler_controller::args::Arguments;
use scaler_controller::{Config, run};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wrong = |problem: String| {
        Arguments::command()
            .error(ErrorKind::ValueValidation, problem)
            .exit()
    };
    if let Err(error) = reach::log::start(&arguments.log.filter, arguments.log.format) {
        wrong(format!("--log: {error}"));
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::try_from(arguments)
        // One prefix for each: clap puts the first.
        .unwrap_or_else(|problems| wrong(problems.to_string().replace('\n', "\nerror: ")));
    reach::files::raise();
    match control(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            reach::log::end(&error);
            ExitCode::FAILURE
        }
    }
}

/// On one thread, as it waits for others most of the time: decisions about a thousand bridges take milliseconds.
#[tokio::main(flavor = "current_thread")]
async fn control(config: Config) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    reach::signals::cancel(&shutdown)?;
    run(config, shutdown).await
}
