//! A process of a laboratory: started, asked to end, waited for, its log at hand when it fails.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::janitor;
use crate::laboratory::Laboratory;

/// How many lines of a log an error shows.
const LINES_SHOWN: usize = 15;
/// How often a process is looked at while something is waited for.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How long a process may take after SIGTERM.
const TERMINATION: Duration = Duration::from_secs(10);

/// A running program, whose output goes to a log in the laboratory's folder. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Laboratory {
    /// Starts a program that ends with the laboratory. One of its flags must name something in the laboratory's
    /// [folder](Self::folder): that is how the janitor knows it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, name: &str, program: &Path, flags: &[String]) -> Result<Process> {
        Process::start(self.folder(), name, program, flags)
    }

    /// The same, with another standard output than its log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run_into(
        &self,
        out: impl Into<Stdio>,
        name: &str,
        program: &Path,
        flags: &[String],
    ) -> Result<Process> {
        Process::start_into(out.into(), self.folder(), name, program, flags)
    }
}

impl Process {
    /// Starts the program; what it says is appended to `NAME.log` in the laboratory's folder.
    pub(crate) fn start(
        folder: &Path,
        name: &str,
        program: &Path,
        flags: &[String],
    ) -> Result<Self> {
        let out = append(&log_of(folder, name))?;
        Self::start_into(out.into(), folder, name, program, flags)
    }

    fn start_into(
        out: Stdio,
        folder: &Path,
        name: &str,
        program: &Path,
        flags: &[String],
    ) -> Result<Self> {
        let log = log_of(folder, name);
        let child = janitor::command(folder, program)
            .args(flags)
            .stdout(out)
            .stderr(append(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let name = name.to_owned();
        Ok(Self { name, child, log })
    }

    /// Its pid.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When it has ended by itself: with the end of its log.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.ended()? {
            bail!("{} has ended ({status}){}", self.name, self.said());
        }
        Ok(())
    }

    /// Where its log is.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The end of the log, to be put behind a message.
    pub(crate) fn said(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        if text.trim().is_empty() {
            return format!(
                "; it wrote nothing to {}; hint: is there room on that disk? BRIDGETENDER_LAB_DIR names another place",
                self.log.display()
            );
        }
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(LINES_SHOWN);
        format!(
            "; the end of {}:\n  {}",
            self.log.display(),
            lines[from..].join("\n  ")
        )
    }

    /// SIGTERM, then SIGKILL when it has not ended within 10 s. The process has exited when this returns.
    ///
    /// # Errors
    /// When it can neither be signalled nor waited for.
    pub async fn terminate(self) -> Result<ExitStatus> {
        self.terminate_within(TERMINATION).await
    }

    /// The same with another patience than 10 s.
    pub(crate) async fn terminate_within(mut self, patience: Duration) -> Result<ExitStatus> {
        let kill = Command::new("/bin/sh")
            .args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        kill.context("cannot run /bin/sh to signal a process")?;
        match self.end(patience).await? {
            Some(status) => Ok(status),
            None => self.kill(),
        }
    }

    /// With what it has ended, where it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot look at a process")
    }

    /// Waits until it has ended: with what; nothing when it has not within this time.
    pub(crate) async fn end(&mut self, within: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + within;
        loop {
            let ended = self.ended()?;
            if ended.is_some() || Instant::now() >= deadline {
                return Ok(ended);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// SIGKILL. The process has exited when this returns.
    pub(crate) fn kill(mut self) -> Result<ExitStatus> {
        self.child.kill().context("cannot kill a process")?;
        self.child.wait().context("cannot wait for a process")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before: both then say so, and nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a process of this name logs.
pub(crate) fn log_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.log"))
}

/// A log that is gone on with.
pub(crate) fn append(log: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))
}
