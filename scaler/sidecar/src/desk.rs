//! What the server and the loop that holds the mode share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge::Time;
use http::{HeaderValue, Method};
use reach::Clock;
use scaler_token::{Claims, Denied, PublicKeys};
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::config::Config;
use crate::followed::Followed;
use crate::mode::{By, Mode, Overruled, Word, Words};
use crate::ready::{Joined, Latch};
use crate::sight::Sight;
use crate::store::{File, Store, disk};
use crate::telemetry::Telemetry;

/// How many readers' requests may be under way to the bridge.
const READS: usize = 4;

/// What is known, and what it takes to act on it.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Where the bridge is.
    pub(crate) bridge: SocketAddr,
    /// The same, as requests name it.
    pub(crate) authority: String,
    /// How long the bridge has for a whole answer.
    pub(crate) deadline: Duration,
    /// The shared volume.
    pub(crate) store: Arc<Store>,
    /// What is counted.
    pub(crate) telemetry: Arc<Telemetry>,
    /// Held by whoever changes the bridge: what is decided about it is sent before something else is.
    pub(crate) commanding: tokio::sync::Mutex<()>,
    /// A place for each reader.
    pub(crate) reading: Semaphore,
    pod: String,
    clock: Clock,
    words: Mutex<Words>,
    latch: Mutex<Latch>,
    keys: Mutex<Keys>,
    beat: Mutex<Time>,
    denials: Mutex<Denials>,
}

#[derive(Debug)]
struct Keys {
    file: Followed,
    known: PublicKeys,
}

/// Denials that were not logged, and when one last was.
#[derive(Debug, Default)]
struct Denials {
    logged: Option<Time>,
    since: u64,
}

/// One denial is logged in so long, whatever strangers send.
const SELDOM: Duration = Duration::from_secs(10);

impl Desk {
    /// With what was written down before.
    pub(crate) fn new(config: &Config, store: Arc<Store>, telemetry: Arc<Telemetry>) -> Self {
        let command = kept::<Word>(&store, &telemetry, File::Command);
        let joined = kept::<Joined>(&store, &telemetry, File::Ready);
        let clock = Clock::system();
        Self {
            bridge: config.bridge,
            authority: config.bridge.to_string(),
            deadline: config.deadline,
            store,
            telemetry,
            commanding: tokio::sync::Mutex::default(),
            reading: Semaphore::new(READS),
            pod: config.pod_uid.clone(),
            words: Mutex::new(Words::kept(command)),
            latch: Mutex::new(Latch::kept(joined)),
            keys: Mutex::new(Keys {
                file: Followed::new(&config.keys),
                known: PublicKeys::default(),
            }),
            beat: Mutex::new(clock.now()),
            denials: Mutex::default(),
            clock,
        }
    }

    /// What a token says, if it is the controller's and good for this.
    ///
    /// # Errors
    /// Why it is not.
    pub(crate) fn verify(
        &self,
        header: Option<&HeaderValue>,
        method: &Method,
        path: &str,
    ) -> Result<Claims, Denied> {
        self.read_keys();
        // The system's clock as it is now: the controller's was corrected, and ours may have been.
        let now = self.clock.correction().of(self.clock.now());
        let keys = lock(&self.keys);
        let verified = keys.known.verify(header, &self.pod, method, path, now);
        if let Err(denied) = &verified {
            self.telemetry.denied(denied.label());
        }
        verified
    }

    /// Tells of a denial, seldom. The log is not theirs who may not ask.
    pub(crate) fn log_denial(&self, from: std::net::IpAddr, path: &str, denied: Denied) {
        let mut denials = lock(&self.denials);
        let now = self.clock.now();
        if denials
            .logged
            .is_some_and(|logged| now.since(logged) < SELDOM)
        {
            denials.since += 1;
            return;
        }
        warn!(%from, path, unlogged = denials.since, "a command was denied: {denied}");
        *denials = Denials {
            logged: Some(now),
            since: 0,
        };
    }

    /// Reads the controller's public keys if they have changed. Those that cannot be understood change nothing.
    pub(crate) fn read_keys(&self) {
        let mut keys = lock(&self.keys);
        let Some(read) = keys.file.changed() else {
            return;
        };
        let understood = read.map_err(|error| error.to_string()).and_then(|text| {
            // None is no key: whoever takes the ConfigMap away takes the right to command away.
            text.map_or(Ok(PublicKeys::default()), |text| {
                PublicKeys::parse(&text).map_err(|error| error.to_string())
            })
        });
        match understood {
            Ok(known) => {
                let count = known.ids().count();
                info!(keys = count, file = %keys.file.path().display(), "the controller's public keys are read");
                self.telemetry.keys(count);
                keys.known = known;
            }
            Err(error) => {
                self.telemetry.failed_file("keys", "read");
                warn!(
                    file = %keys.file.path().display(), error,
                    "cannot read the controller's public keys (--keys), and keeps those from before: the controller writes them to \
                     the ConfigMap bridgetender-keys"
                );
            }
        }
    }

    /// Which mode is wanted, and by whose word.
    pub(crate) fn wanted(&self) -> Option<(Mode, By)> {
        let wanted = lock(&self.words).wanted();
        self.telemetry.wanted(wanted);
        wanted
    }

    /// The annotations were read: what they say about the mode.
    pub(crate) fn annotated(&self, word: Option<Word>) {
        lock(&self.words).annotated(word);
    }

    /// A command with a good token was heard: what it says is written down.
    ///
    /// # Errors
    /// When it is not to be followed.
    pub(crate) async fn commanded(&self, word: Word) -> Result<(), Overruled> {
        let is_new = lock(&self.words).commanded(word)?;
        if is_new {
            self.store.put(File::Command, &word);
            // Before the bridge is told: one that is started anew in this moment, and we with it, shall not forget it.
            self.store.settled(File::Command).await;
        }
        Ok(())
    }

    /// Whether the bridge ends.
    pub(crate) fn ends(&self, ending: bool) {
        lock(&self.words).ends(ending);
        self.telemetry.terminates(ending);
    }

    /// The bridge was heard.
    pub(crate) fn hear(&self, sight: &Sight) {
        let mut latch = lock(&self.latch);
        if let Some(joined) = latch.hear(sight) {
            info!(
                startup_time = joined.startup_time.0.as_millis(),
                "the bridge has joined its brewery: the pod is ready for as long as this run of the bridge lasts"
            );
            self.store.put(File::Ready, &joined);
        }
        self.telemetry.ready(latch.is_ready());
    }

    /// What is known of the bridge's join.
    pub(crate) fn latch(&self) -> Latch {
        *lock(&self.latch)
    }

    /// The loop that holds the mode has come round.
    pub(crate) fn beat(&self) {
        *lock(&self.beat) = self.clock.now();
    }

    /// How long ago it did.
    pub(crate) fn silence(&self) -> Duration {
        self.clock.now().since(*lock(&self.beat))
    }
}

/// What an earlier one of us wrote down, where it can be understood.
pub(crate) fn kept<T: serde::de::DeserializeOwned>(
    store: &Store,
    telemetry: &Telemetry,
    file: File,
) -> Option<T> {
    let path = store.folder().join(file.path());
    disk::read(&path).unwrap_or_else(|error| {
        telemetry.file_failed(file, "read");
        warn!(file = %path.display(), %error, "what was written down before cannot be understood, and is found out anew");
        None
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
