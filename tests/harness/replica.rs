//! One process of ours, inside this one.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long what a replica does in threads of its own may go on after it was killed: it reads files.
const GONE: Duration = Duration::from_secs(5);

/// A replica has a runtime of its own: when that goes, everything of the replica is gone at once, as after SIGKILL.
pub(crate) struct Running {
    runtime: Runtime,
    shutdown: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Running {
    /// Starts what runs until it is told to end.
    pub(crate) fn start<F>(run: impl FnOnce(CancellationToken) -> F) -> Result<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
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

/// Puts flags behind others of a command line, and takes away those of the same name.
pub(crate) fn replace(arguments: &mut Vec<String>, flags: &[&str]) {
    for flag in flags {
        let name = flag.split('=').next().unwrap_or(flag);
        arguments.retain(|other| other.split('=').next() != Some(name));
        arguments.push((*flag).to_owned());
    }
}
