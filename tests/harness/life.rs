//! One life of a replica: within this process, or as the program itself.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};

use crate::process::Process;
use crate::replica::Running;

/// A replica that was started.
pub(crate) enum Life {
    /// It shares this process.
    Within(Running),
    /// It is the program that is shipped.
    Program(Process),
}

impl Life {
    /// Starts the program with these flags; what it says goes to `NAME.log` in the laboratory's folder.
    pub(crate) fn program(
        folder: &Path,
        name: &str,
        program: &Path,
        flags: &[String],
    ) -> Result<Self> {
        Process::start(folder, name, program, flags).map(Self::Program)
    }

    /// Whether it has ended by itself.
    pub(crate) fn ended(&mut self) -> Result<bool> {
        match self {
            Self::Within(running) => Ok(running.ended()),
            Self::Program(process) => Ok(process.ended()?.is_some()),
        }
    }

    /// Ends it at once: a program by SIGKILL. Nothing of it is left when this returns.
    ///
    /// # Errors
    /// When it had ended by itself before.
    pub(crate) fn kill(mut self) -> Result<()> {
        let before = self.ended()?;
        match self {
            Self::Within(running) => running.kill(),
            Self::Program(process) => {
                let said = process.said();
                let status = process.kill()?;
                ensure!(!before, "it had ended by itself ({status}){said}");
            }
        }
        ensure!(!before, "it had ended by itself");
        Ok(())
    }

    /// Asks it to end, a program by SIGTERM, and waits until it has.
    ///
    /// # Errors
    /// What it ended with, where that is no success.
    pub(crate) async fn terminate(self, within: Duration) -> Result<()> {
        match self {
            Self::Within(running) => running.terminate(within).await,
            Self::Program(process) => {
                let log = process.log().to_owned();
                let status = process.terminate_within(within).await?;
                ensure!(
                    status.success(),
                    "it ended with {status}: see {}",
                    log.display()
                );
                Ok(())
            }
        }
    }

    /// Waits until it has ended by itself: with what. A program tells it by its exit code and the end of its log.
    ///
    /// # Errors
    /// When it does not end in time.
    pub(crate) async fn end(self, within: Duration) -> Result<Result<()>> {
        match self {
            Self::Within(mut running) => {
                let ended = tokio::time::timeout(within, running.end()).await;
                running.kill();
                ended.map_err(|_| anyhow!("it does not end"))
            }
            Self::Program(mut process) => {
                let Some(status) = process.end(within).await? else {
                    bail!("it does not end{}", process.said());
                };
                Ok(if status.success() {
                    Ok(())
                } else {
                    Err(anyhow!("{status}{}", process.said()))
                })
            }
        }
    }
}
