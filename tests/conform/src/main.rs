//! conform.

use std::process::ExitCode;

use clap::Parser as _;
use conform::args::Arguments;
use conform::program;
use tokio_util::sync::CancellationToken;

/// Exit code of what could not even begin.
const TROUBLE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let stop = CancellationToken::new();
    if let Err(error) = reach::signals::cancel(&stop) {
        eprintln!(
            "error: signals cannot be heard, so what is changed could not be put back: {error}"
        );
        return ExitCode::from(TROUBLE);
    }
    match program::main(&arguments, &stop, &mut std::io::stdout()).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(TROUBLE)
        }
    }
}
