//! The last line of the log.

/// Logs what the process ends with: the causes on one line, a hint on its own.
pub fn end(error: &anyhow::Error) {
    tracing::error!(target: "jvb_scaler", "{}", reach::causes(error.as_ref()));
}
