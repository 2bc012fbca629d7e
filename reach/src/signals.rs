//! Signals to the process.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Exit code of a process that was told twice to end: the shell's for SIGTERM.
const TOLD_TWICE: i32 = 143;

/// The first SIGTERM or SIGINT cancels, so that what is under way can be finished; the second ends the process at once.
///
/// # Errors
/// When the system does not let signals be heard.
pub fn cancel(shutdown: &CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if shutdown.is_cancelled() {
                warn!("told twice to end: requests that are under way are cut off");
                std::process::exit(TOLD_TWICE);
            }
            info!("told to end: requests that are under way are finished");
            shutdown.cancel();
        }
    });
    Ok(())
}
