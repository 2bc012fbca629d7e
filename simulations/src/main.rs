//! jvb-sim.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use simulations::args::{Command, CommandLine};
use simulations::conformance;

fn main() -> ExitCode {
    match CommandLine::parse().command {
        Command::Conformance(arguments) => {
            let report = conformance::run(&arguments);
            // Whoever reads only the first lines closes the pipe; the exit code says the rest.
            let _ = write!(std::io::stdout(), "{report}");
            let _ = write!(std::io::stderr(), "{}", report.problems());
            ExitCode::from(report.exit_code())
        }
    }
}
