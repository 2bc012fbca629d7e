//! The log, on standard error.

use std::io::IsTerminal;

use reach::causes;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::args::{Log, LogFormat};

/// Logs from here on as the command line wants; called once, by the binary.
///
/// # Errors
/// When the filter cannot be read.
pub fn start(log: &Log) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colours are for eyes: a file or a log collector gets none.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// Logs what the process ends with: the causes on one line, a hint on its own.
pub fn end(error: &anyhow::Error) {
    tracing::error!(target: "jvb_adapter", "{}", causes(error.as_ref()));
}
