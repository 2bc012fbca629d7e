//! One process of ours, inside this one.

use std::fs::File;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{Dispatch, Level};

/// How long what a replica does in threads of its own may go on after it was killed: it reads files.
const GONE: Duration = Duration::from_secs(5);

/// A replica has a runtime of its own: when that goes, everything of the replica is gone at once, as after SIGKILL.
pub(crate) struct Running {
    runtime: Runtime,
    shutdown: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Running {
    /// Starts what runs until it is told to end. What it logs goes to this file, where there is one.
    pub(crate) fn start<F>(
        log: Option<File>,
        run: impl FnOnce(CancellationToken) -> F,
    ) -> Result<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all();
        if let Some(log) = log {
            // Others in this process have logs of their own: each thread of this runtime has this one for as long as it lives.
            let log = logging(log);
            builder.on_thread_start(move || {
                std::mem::forget(tracing::dispatcher::set_default(&log));
            });
        }
        let runtime = builder.build()?;
        let shutdown = CancellationToken::new();
        let running = run(shutdown.clone());
        let task = runtime.spawn(async move {
            let ended = running.await;
            // Whoever waits in vain for what it should have done learns why.
            if let Err(error) = &ended {
                eprintln!("a replica ended: {error:#}");
            }
            ended
        });
        Ok(Self {
            runtime,
            shutdown,
            task,
        })
    }

    /// Ends it at once: no request is finished, no connection is closed in good order. When this returns nothing of it is left,
    /// and its address can be listened on.
    pub(crate) fn kill(self) {
        let runtime = self.runtime;
        // By a thread of its own: within a runtime no other one may be waited for.
        let killer = std::thread::spawn(move || runtime.shutdown_timeout(GONE));
        // Should it panic, the runtime has gone with it.
        let _ = killer.join();
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn terminate(self, within: Duration) -> Result<()> {
        self.shutdown.cancel();
        let ended = tokio::time::timeout(within, self.task).await;
        self.runtime.shutdown_background();
        ended.context("it does not end")?.context("it panicked")?
    }

    /// Whether it has ended.
    pub(crate) fn ended(&self) -> bool {
        self.task.is_finished()
    }

    /// With what it ended; waits until it has.
    pub(crate) async fn end(&mut self) -> Result<()> {
        (&mut self.task).await.context("it panicked")?
    }
}

/// A log as the program itself would have one.
fn logging(file: File) -> Dispatch {
    let log = tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_ansi(false)
        .with_writer(Mutex::new(file));
    Dispatch::new(log.finish())
}

/// Puts flags behind others of a command line, and takes away those of the same name.
pub(crate) fn replace(arguments: &mut Vec<String>, flags: &[&str]) {
    for flag in flags {
        let name = flag.split('=').next().unwrap_or(flag);
        arguments.retain(|other| other.split('=').next() != Some(name));
        arguments.push((*flag).to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_replica_logs_is_in_its_own_log_whichever_of_its_tasks_says_it() {
        let folder = tempfile::tempdir().unwrap();
        let [ours, theirs] = ["ours", "theirs"].map(|name| folder.path().join(name));
        let [mut one, mut other] = [(&ours, "one"), (&theirs, "other")].map(|(log, says)| {
            let file = File::create(log).unwrap();
            Running::start(Some(file), |_| async move {
                tracing::error!("{says} begins");
                tokio::spawn(async move { tracing::error!("{says} has tasks") }).await?;
                tokio::task::spawn_blocking(move || tracing::error!("{says} has threads")).await?;
                tracing::debug!("nobody reads this");
                Ok(())
            })
            .unwrap()
        });
        one.end().await.unwrap();
        other.end().await.unwrap();
        one.kill();
        other.kill();
        for (log, says) in [(ours, "one"), (theirs, "other")] {
            let said = std::fs::read_to_string(log).unwrap();
            for what in ["begins", "has tasks", "has threads"] {
                assert!(said.contains(&format!("{says} {what}")), "{said}");
            }
            assert_eq!(said.lines().count(), 3, "{said}");
        }
    }
}
