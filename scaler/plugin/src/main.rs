//! kubectl-bridgepool, a plugin of kubectl.

use std::process::ExitCode;

use bridgepool::args::CommandLine;
use bridgepool::{complete, run};
use clap::Parser as _;

/// Exit code of a wrong command line: sysexits.h's `EX_USAGE`.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let words: Vec<String> = std::env::args().collect();
    if let Some(typed) = complete::asked(&words) {
        return ExitCode::from(complete::run(typed));
    }
    match CommandLine::try_parse() {
        Ok(line) => ExitCode::from(run(line)),
        Err(error) if error.use_stderr() => {
            // A terminal that is gone cannot be told so.
            let _ = error.print();
            ExitCode::from(USAGE)
        }
        // Help and version are what was asked for.
        Err(error) => error.exit(),
    }
}
