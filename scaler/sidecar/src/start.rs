//! From the command line to the exit code.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use tokio_util::sync::CancellationToken;

use crate::args::{Arguments, Command};
use crate::config::Config;
use crate::run::run;
use crate::{terminate, wait};

/// Does what the command line says.
pub fn start() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = reach::log::start(&arguments.log.filter, arguments.log.format) {
        wrong(&format!("--log: {error}"));
    }
    match begin(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            reach::log::end(&error);
            ExitCode::FAILURE
        }
    }
}

/// On one thread: it waits for others most of the time.
fn begin(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(obey(command));
    // Not even for a disk that hangs.
    runtime.shutdown_background();
    outcome
}

async fn obey(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(serve) => {
            let config = Config::new(serve, std::env::var("POD_UID").ok());
            let config = config.unwrap_or_else(|problems| wrong(&problems.to_string()));
            let shutdown = CancellationToken::new();
            reach::signals::cancel(&shutdown)?;
            run(config, shutdown).await
        }
        Command::Terminate(arguments) => Ok(terminate::run(&arguments)?),
        Command::Wait(arguments) => {
            wait::run(arguments).await;
            Ok(())
        }
    }
}

fn wrong(problems: &str) -> ! {
    // One prefix for each: clap puts the first.
    let problems = problems.replace('\n', "\nerror: ");
    let error = Arguments::command().error(ErrorKind::ValueValidation, problems);
    error.exit()
}
