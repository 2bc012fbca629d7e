//! jvb-sim.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use simulations::args::{Command, CommandLine};
use simulations::conformance;

fn main() -> ExitCode {
    match CommandLine::parse().command {
        Command::Conformance(arguments) => {
            let report = conformance::run(&arguments);
            let written = write!(std::io::stdout(), "{report}");
            let written = written.and_then(|()| std::io::stdout().flush());
            let _ = write!(std::io::stderr(), "{}", report.problems());
            match written {
                // Whoever reads only the first lines closes the pipe; the exit code says the rest.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    let _ = writeln!(
                        std::io::stderr(),
                        "error: the report cannot be written: {error}\nhint: make room, or send it elsewhere"
                    );
                    ExitCode::from(2)
                }
                _ => ExitCode::from(report.exit_code()),
            }
        }
    }
}
