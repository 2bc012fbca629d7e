//! The decision log: a line of JSON for each decision, with its evidence, and a short one for each that failed.
//!
//! A thread of its own writes it, so that nobody who reads it slowly, and no disk, holds up what is decided. What cannot be written
//! is counted, and said once.

mod writer;

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use bridge::Time;
use scaler_api::key::timestamp;
use scaler_policy::world::Pool;
use scaler_policy::{Decision, Plan};
use serde_json::json;

use self::writer::Writer;
use super::Number;
use crate::shared::Shared;
use crate::transport::Failure;

/// So many lines wait to be written: those about a thousand bridges may come at once.
const WAITING: usize = 2048;

/// How long the end of the program waits for lines that are not written yet.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where decisions are written down.
pub(crate) struct DecisionLog {
    /// The way to whoever writes; `None` once no more lines come.
    lines: Option<SyncSender<String>>,
    /// Ends when the last line is written.
    written: Receiver<Infallible>,
    shared: Arc<Shared>,
    /// So many lines must find room before it is said again that there is none.
    said: usize,
}

impl DecisionLog {
    /// A file that is appended to; `-` is standard output.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn open(file: &Path, shared: Arc<Shared>) -> anyhow::Result<Self> {
        let opened = if file == Path::new("-") {
            // Not through its buffer, which keeps what could not be written.
            let stdout = io::stdout().as_fd().try_clone_to_owned();
            stdout.map(|stdout| (File::from(stdout), false))
        } else {
            let opened = OpenOptions::new().create(true).append(true).open(file);
            opened.map(|opened| (opened, writer::is_torn(file)))
        };
        let (opened, torn) = opened.with_context(|| {
            format!(
                "cannot write decisions to {} (--decision-log)",
                file.display()
            )
        })?;
        Self::to(opened, torn, shared)
    }

    /// To this, which may end within a line.
    fn to(
        file: impl Write + Send + 'static,
        torn: bool,
        shared: Arc<Shared>,
    ) -> anyhow::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING);
        let (done, written) = channel();
        let writer = Writer::new(file, torn, Arc::clone(&shared));
        thread::Builder::new()
            .name("decisions".to_owned())
            .spawn(move || {
                writer.run(waiting);
                drop(done);
            })
            .context("cannot start the thread that writes decisions down")?;
        Ok(Self {
            lines: Some(lines),
            written,
            shared,
            said: 0,
        })
    }

    /// Has one decision written down, as a whole line; waits for nobody.
    ///
    /// # Errors
    /// When too many lines wait already: the first time, not each. It is counted each time.
    pub(crate) fn write(
        &mut self,
        number: Number,
        pool: &Pool,
        plan: &Plan,
        decision: &Decision,
    ) -> io::Result<()> {
        let line = json!({
            "time": timestamp(plan.at),
            "number": number,
            "pool": of(pool),
            "dryRun": plan.dry_run,
            "decision": decision,
        });
        self.put(format!("{line}\n"))
    }

    /// Has it written down that the decision of this number was not carried out, or that nobody knows; waits for nobody.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(crate) fn write_failure(
        &mut self,
        number: Number,
        pool: &Pool,
        failure: &Failure<'_>,
        at: Time,
    ) -> io::Result<()> {
        let mut line = json!({
            "time": timestamp(at),
            "number": number,
            "pool": of(pool),
            "outcome": failure.outcome,
        });
        if let Some(why) = failure.why {
            line["why"] = why.into();
        }
        self.put(format!("{line}\n"))
    }

    fn put(&mut self, line: String) -> io::Result<()> {
        let lines = self.lines.as_ref();
        if lines.is_some_and(|lines| lines.try_send(line).is_ok()) {
            self.said = self.said.saturating_sub(1);
            return Ok(());
        }
        self.shared.telemetry.decision_unlogged();
        if std::mem::replace(&mut self.said, WAITING) > 0 {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "{WAITING} others wait already, because nobody reads what --decision-log writes or it writes too slowly; \
             jvb_scaler_decisions_unlogged_total counts those that are left out"
        )))
    }
}

/// Which pool, in a line.
fn of(pool: &Pool) -> String {
    format!("{}/{}", pool.namespace, pool.name)
}

impl Drop for DecisionLog {
    fn drop(&mut self) {
        self.lines = None;
        // What cannot be written by then is lost with the program.
        let _ = self.written.recv_timeout(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::time::Instant;

    use super::*;

    /// Longer than anything here takes that waits for nobody.
    const HANGS: Duration = Duration::from_secs(30);

    fn unlogged(shared: &Shared) -> u64 {
        let text = shared.telemetry.render().unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("jvb_scaler_decisions_unlogged_total "));
        line.unwrap().parse().unwrap()
    }

    fn line(n: usize) -> String {
        format!("{{\"n\":{n},\"why\":\"{}\"}}\n", "x".repeat(200))
    }

    #[test]
    fn a_disk_that_is_full_is_counted_and_stops_nothing() {
        let shared = Arc::new(Shared::new());
        let mut log = DecisionLog::open(Path::new("/dev/full"), Arc::clone(&shared)).unwrap();
        for n in 0..10 {
            log.put(line(n)).unwrap();
        }
        drop(log);
        assert_eq!(unlogged(&shared), 10);
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_said_once_counted_and_stops_nothing() {
        const LINES: usize = 3 * WAITING;
        let shared = Arc::new(Shared::new());
        let (reader, writer) = io::pipe().unwrap();
        let mut log = DecisionLog::to(writer, false, Arc::clone(&shared)).unwrap();
        let began = Instant::now();
        let said = (0..LINES).filter(|n| log.put(line(*n)).is_err()).count();
        assert_eq!(said, 1);
        let lost = unlogged(&shared);
        assert!(lost > 0, "there is room for {LINES} lines in a pipe");
        // Nor does the end wait for it.
        drop(log);
        assert!(began.elapsed() < HANGS);
        // Somebody reads it after all: what had found room is there, and whole.
        let there = BufReader::new(reader).lines();
        let there = there.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()));
        let there = there.map(Result::unwrap).count();
        assert_eq!(there as u64 + lost, LINES as u64);
    }

    #[test]
    fn a_pipe_that_was_closed_is_counted_and_stops_nothing() {
        let shared = Arc::new(Shared::new());
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut log = DecisionLog::to(writer, false, Arc::clone(&shared)).unwrap();
        log.put(line(0)).unwrap();
        drop(log);
        assert_eq!(unlogged(&shared), 1);
    }

    #[test]
    fn a_file_that_ends_within_a_line_is_gone_on_with_on_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decisions.jsonl");
        for (before, after) in [
            ("", "{}\n"),
            ("{}\n", "{}\n{}\n"),
            ("{\"n\":", "{\"n\":\n{}\n"),
        ] {
            std::fs::write(&path, before).unwrap();
            let mut log = DecisionLog::open(&path, Arc::new(Shared::new())).unwrap();
            log.put("{}\n".to_owned()).unwrap();
            drop(log);
            let mut text = String::new();
            File::open(&path)
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, after, "after {before:?}");
        }
    }
}
