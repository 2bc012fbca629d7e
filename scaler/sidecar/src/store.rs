//! What is written down in the volume that the pod's containers share, so that it outlives us.
//!
//! Who wants something written down leaves it here; one loop writes the newest of each file, and again until it is written. A
//! volume that is full, read-only or slow makes nobody wait for longer than a second, and stops nothing.

pub mod disk;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scaler_token::contract;
use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::telemetry::Telemetry;

/// How long somebody waits at most until something is written.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pause before what could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// A file of the volume.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum File {
    /// The last signed command.
    Command,
    /// The run of the bridge that has joined its brewery.
    Ready,
    /// Since when the bridge has been hidden.
    Hidden,
    /// Where the bridge is and how long the pod's end may take, for `wait`.
    Settings,
    /// The pod ends: there is no way back.
    Terminating,
    /// The bridge's container ends, if not the whole pod: the kubelet starts it anew when it is told that it does not live.
    Waiting,
    /// This program, for the other containers.
    Program,
}

impl File {
    /// Its path within the volume.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Command => contract::COMMAND_FILE,
            Self::Ready => contract::READY_FILE,
            Self::Hidden => "state/hidden",
            Self::Settings => "state/settings",
            Self::Terminating => contract::TERMINATING_FILE,
            Self::Waiting => "state/waiting",
            Self::Program => "bin/jvb-sidecar",
        }
    }

    /// As a metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Ready => "ready",
            Self::Hidden => "hidden",
            Self::Settings => "settings",
            Self::Terminating => "terminating",
            Self::Waiting => "waiting",
            Self::Program => "program",
        }
    }
}

/// What is to be written, and what is.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    waiting: Mutex<Waiting>,
    wanted: Notify,
    written: watch::Sender<()>,
    telemetry: Arc<Telemetry>,
}

#[derive(Debug, Default)]
struct Waiting {
    files: BTreeMap<File, Vec<u8>>,
    /// Whether the last try failed.
    failing: bool,
    /// Whether this program is still to be put there.
    program: bool,
}

impl Store {
    /// Nothing waits yet.
    pub(crate) fn new(folder: &Path, telemetry: Arc<Telemetry>) -> Self {
        Self {
            folder: folder.to_owned(),
            waiting: Mutex::default(),
            wanted: Notify::new(),
            written: watch::channel(()).0,
            telemetry,
        }
    }

    /// Where the volume is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Leaves something to be written, in place of what of the same file still waits.
    pub(crate) fn put(&self, file: File, content: &impl Serialize) {
        // Numbers and names always have a form in JSON.
        let content = serde_json::to_vec(content).unwrap_or_default();
        self.waiting().files.insert(file, content);
        self.wanted.notify_one();
    }

    /// Waits until this file is written, but not long, and not at all while nothing can be written. Tells whether it is.
    pub(crate) async fn settled(&self, file: File) -> bool {
        let mut written = self.written.subscribe();
        let settled = written.wait_for(|()| {
            let waiting = self.waiting();
            waiting.failing || !waiting.files.contains_key(&file)
        });
        let _ = timeout(PATIENCE, settled).await;
        !self.waiting().files.contains_key(&file)
    }

    /// Writes what is left here, and puts this program beside it, for ever.
    pub(crate) async fn keep(&self) -> std::convert::Infallible {
        tokio::join!(self.install(), self.write()).1
    }

    /// Puts this program into the volume. It takes longer than all else, which does not wait for it.
    async fn install(&self) {
        self.waiting().program = true;
        let path = self.folder.join(File::Program.path());
        let mut was_failing = false;
        loop {
            let to = path.clone();
            let Err(error) = unblocked(move || disk::install(&to)).await else {
                let mut waiting = self.waiting();
                waiting.program = false;
                self.count(&waiting);
                return;
            };
            self.failed(File::Program, &error, was_failing);
            self.count(&self.waiting());
            was_failing = true;
            sleep(AGAIN).await;
        }
    }

    async fn write(&self) -> std::convert::Infallible {
        loop {
            let Some((file, content)) = self.next() else {
                self.wanted.notified().await;
                continue;
            };
            let (to, bytes) = (self.folder.join(file.path()), content.clone());
            let outcome = unblocked(move || disk::write(&to, &bytes)).await;
            let failed = outcome.is_err();
            self.tried(file, &content, outcome);
            self.written.send_replace(());
            if failed {
                sleep(AGAIN).await;
            }
        }
    }

    fn tried(&self, file: File, content: &[u8], outcome: io::Result<()>) {
        let mut waiting = self.waiting();
        let was_failing = std::mem::replace(&mut waiting.failing, outcome.is_err());
        match outcome {
            Ok(()) => {
                // Something newer may have been left meanwhile.
                if waiting.files.get(&file).is_some_and(|now| now == content) {
                    waiting.files.remove(&file);
                }
                if was_failing {
                    info!(file = file.path(), "the shared volume is written again");
                }
            }
            Err(error) => self.failed(file, &error, was_failing),
        }
        self.count(&waiting);
    }

    /// Something could not be written: told once until it can be.
    fn failed(&self, file: File, error: &io::Error, was_failing: bool) {
        self.telemetry.file_failed(file, "write");
        if !was_failing {
            warn!(
                file = %self.folder.join(file.path()).display(), %error,
                "cannot write to the shared volume (--state), and goes on without: what is not written there does not outlive a \
                 restart of the sidecar; the pod needs an emptyDir with room at that path that this user may write"
            );
        }
    }

    fn count(&self, waiting: &Waiting) {
        let files = waiting.files.len() + usize::from(waiting.program);
        self.telemetry.files_unwritten(files);
    }

    /// The next that waits: first what cannot be found out again.
    fn next(&self) -> Option<(File, Vec<u8>)> {
        let waiting = self.waiting();
        let (file, content) = waiting.files.iter().next()?;
        Some((*file, content.clone()))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What waits for a disk, on a thread of its own.
async fn unblocked(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(folder: &Path) -> Arc<Store> {
        Arc::new(Store::new(folder, Arc::new(Telemetry::new())))
    }

    #[test]
    fn the_program_is_where_the_bridges_container_looks_for_it() {
        let path = Path::new(contract::SHARED_PATH).join(File::Program.path());
        assert_eq!(path, Path::new(contract::BINARY));
    }

    #[tokio::test]
    async fn the_newest_of_each_file_is_written() {
        let volume = tempfile::tempdir().unwrap();
        let store = store(volume.path());
        for number in 0..10 {
            store.put(File::Command, &number);
        }
        store.put(File::Ready, &"x");
        let writer = Arc::clone(&store);
        let keeping = tokio::spawn(async move { writer.write().await });
        assert!(store.settled(File::Command).await);
        assert!(store.settled(File::Ready).await);
        let command = volume.path().join("state/command");
        assert_eq!(disk::read::<u32>(&command).unwrap(), Some(9));
        keeping.abort();
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_told_and_written_when_it_can_be() {
        let volume = tempfile::tempdir().unwrap();
        // Where the folder should be there is a file: no user may write there, root neither.
        std::fs::write(volume.path().join("state"), "").unwrap();
        let store = store(volume.path());
        let writer = Arc::clone(&store);
        let keeping = tokio::spawn(async move { writer.write().await });
        store.put(File::Command, &1);
        assert!(!store.settled(File::Command).await);
        let began = std::time::Instant::now();
        assert!(
            !store.settled(File::Command).await,
            "and nobody waits again"
        );
        assert!(began.elapsed() < PATIENCE / 2);
        let told = store.telemetry.render().unwrap();
        let line = r#"jvb_sidecar_file_errors_total{file="command",tried="write"} 1"#;
        assert!(told.contains(line), "{told}");
        assert!(told.contains("jvb_sidecar_files_unwritten 1"), "{told}");
        std::fs::remove_file(volume.path().join("state")).unwrap();
        let command = volume.path().join("state/command");
        let written = async {
            while disk::read::<u32>(&command).ok().flatten() != Some(1) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(AGAIN * 3, written)
            .await
            .expect("it is tried again");
        keeping.abort();
    }
}
