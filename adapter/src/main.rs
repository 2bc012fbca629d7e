//! jvb-adapter.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use adapter::args::{Arguments, Command, CommandLine};
use adapter::check::{self, CheckArguments, Output};
use adapter::{Config, run};
use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use tokio_util::sync::CancellationToken;

/// Exit code of `check` with a wrong command line: its 2 is the report's. The number is sysexits.h's `EX_USAGE`.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return refuse(&error),
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    match line.command {
        Some(Command::Check(arguments)) => walk(&arguments),
        None => adapt(line.arguments),
    }
}

fn refuse(error: &clap::Error) -> ExitCode {
    let checking = std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == "check");
    if !(error.use_stderr() && checking) {
        error.exit();
    }
    // A terminal that is gone cannot be told so.
    let _ = error.print();
    ExitCode::from(USAGE)
}

fn adapt(arguments: Arguments) -> ExitCode {
    let wrong = |problem: String| {
        CommandLine::command()
            .error(ErrorKind::ValueValidation, problem)
            .exit()
    };
    if let Err(error) = reach::log::start(&arguments.log.filter, arguments.log.format) {
        wrong(format!("--log: {error}"));
    }
    let config = Config::try_from(arguments)
        // One prefix for each: clap puts the first.
        .unwrap_or_else(|problems| wrong(problems.to_string().replace('\n', "\nerror: ")));
    reach::files::raise();
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            reach::log::end(&error);
            ExitCode::FAILURE
        }
    }
}

/// On one thread: it asks ten thousand bridges with half of a core, and more threads, of which there would be one for each core
/// of the node, each keep memory of their own.
#[tokio::main(flavor = "current_thread")]
async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    reach::signals::cancel(&shutdown)?;
    run(config, shutdown).await
}

#[tokio::main]
async fn walk(arguments: &CheckArguments) -> ExitCode {
    let report = check::run(arguments).await;
    let mut out = std::io::stdout();
    let printed = match arguments.output {
        Output::Text => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            check::text(&report, out.is_terminal() && !plain)
        }
        Output::Json => check::json(&report),
    };
    // Whoever reads only the first lines closes the pipe; the exit code says the rest.
    let _ = out.write_all(printed.as_bytes());
    ExitCode::from(report.exit_code())
}
