//! The log, on standard error.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::causes;

/// Form of the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// A line for eyes.
    Text,
    /// One JSON object in a line.
    Json,
}

/// Logs from here on as the command line wants; called once, by the binary.
///
/// # Errors
/// When the filter cannot be read.
pub fn start(filter: &str, format: Format) -> Result<(), ParseError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        // Colours are for eyes: a file or a log collector gets none.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        Format::Text => builder.init(),
        Format::Json => builder.json().init(),
    }
    Ok(())
}

/// Logs what a program ends with, as its last line: the causes on one line, a hint on its own.
pub fn end(error: &anyhow::Error) {
    tracing::error!(target: "main", "{}", causes(error.as_ref()));
}
