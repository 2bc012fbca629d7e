//! A jicofo and its bridges, running.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridge::Time;
use bridge::model::{BridgeConfig, JicofoConfig, Jitsi, Load, Stop};
use bytes::Bytes;
use http::{Method, Request, Response};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Fault, driver};

/// A mock jicofo and its mock bridges: cheap to clone, everything ends when the last clone is dropped or
/// [`MockJitsi::stop`] is called.
#[derive(Clone)]
pub struct MockJitsi {
    pub(super) shared: Arc<Shared>,
    _stop_on_drop: Arc<tokio_util::sync::DropGuard>,
}

pub(super) struct Shared {
    model: Mutex<Jitsi>,
    places: Mutex<Places>,
    config: Mutex<BridgeConfig>,
    /// Wakes the driver after something happened to the model.
    pub(super) changed: Notify,
    /// Told to everybody when a port was closed.
    pub(super) closed: Notify,
    pub(super) stopped: CancellationToken,
}

/// Where the bridges listen, and what is wrong with them.
#[derive(Default)]
pub(super) struct Places {
    pub(super) addresses: BTreeMap<String, SocketAddr>,
    /// The bridges that listen.
    pub(super) open: BTreeSet<String>,
    faults: BTreeMap<String, (Fault, BTreeMap<String, Response<Bytes>>)>,
}

/// The moment of this machine's clock: mocks are the edge where time comes in.
pub(super) fn now() -> Time {
    Time::from_millis(jiff::Timestamp::now().as_millisecond())
}

impl MockJitsi {
    /// Starts a jicofo that listens on `jicofo`, if anywhere, and no bridge yet. `bridges` is how every bridge is configured
    /// that starts from now on.
    ///
    /// # Errors
    /// When jicofo's address cannot be listened on.
    pub async fn start(
        config: JicofoConfig,
        bridges: BridgeConfig,
        jicofo: Option<SocketAddr>,
    ) -> anyhow::Result<Self> {
        reach::files::raise();
        let shared = Arc::new(Shared {
            model: Mutex::new(Jitsi::new(config, now())),
            places: Mutex::default(),
            config: Mutex::new(bridges),
            changed: Notify::new(),
            closed: Notify::new(),
            stopped: CancellationToken::new(),
        });
        driver::spawn(Arc::downgrade(&shared), shared.stopped.clone(), jicofo).await?;
        let guard = Arc::new(shared.stopped.clone().drop_guard());
        Ok(Self {
            shared,
            _stop_on_drop: guard,
        })
    }

    /// Ends all servers; bridges and people stay where they are in the model.
    pub fn stop(&self) {
        self.shared.stopped.cancel();
    }

    /// Starts the process of a bridge, whose HTTP will listen on `address` once it has booted.
    pub fn start_bridge(&self, nick: &str, address: SocketAddr) {
        self.shared
            .places()
            .addresses
            .insert(nick.to_owned(), address);
        let config = self.shared.config().clone();
        self.shared.model().start_bridge(nick, config, now());
        self.shared.changed.notify_one();
    }

    /// Stops the process of a bridge.
    pub fn stop_bridge(&self, nick: &str, how: Stop) {
        self.shared.model().stop_bridge(nick, how, now());
        self.shared.changed.notify_one();
    }

    /// Changes how bridges are configured that start from now on.
    pub fn configure_bridges(&self, change: impl FnOnce(&mut BridgeConfig)) {
        change(&mut self.shared.config());
    }

    /// Breaks a bridge's answers from now on; `None` mends them.
    pub fn break_bridge(&self, nick: &str, fault: impl Into<Option<Fault>>) {
        let mut places = self.shared.places();
        match fault.into() {
            Some(fault) => places
                .faults
                .insert(nick.to_owned(), (fault, BTreeMap::new())),
            None => places.faults.remove(nick),
        };
    }

    /// Says what the sampler of every present bridge measures from its next sample on.
    pub fn load_all(&self, load: Load) {
        let mut model = self.shared.model();
        let nicks: Vec<String> = model.bridges().map(|(nick, _)| nick.to_owned()).collect();
        for nick in nicks {
            model.set_load(&nick, load);
        }
        drop(model);
        self.shared.config().load = load;
    }

    /// Looks at the model as it was when its time last passed, a moment ago.
    pub fn look<T>(&self, look: impl FnOnce(&Jitsi) -> T) -> T {
        look(&self.shared.model())
    }

    /// Waits until nobody listens on a bridge's address any more.
    pub(super) async fn until_closed(&self, nick: &str) {
        loop {
            let closed = self.shared.closed.notified();
            tokio::pin!(closed);
            // Before the look: a port that is closed between the two is noticed.
            closed.as_mut().enable();
            if !self.shared.places().open.contains(nick) {
                return;
            }
            closed.await;
        }
    }

    /// Changes the model with the present moment; whatever follows from a change happens at its time.
    pub fn with<T>(&self, change: impl FnOnce(&mut Jitsi, Time) -> T) -> T {
        let now = now();
        let mut model = self.shared.model();
        model.advance(now);
        let result = change(&mut model, now);
        drop(model);
        self.shared.changed.notify_one();
        result
    }
}

impl Shared {
    /// Whether what is left of this bridge's process goes on answering.
    pub(super) fn haunts(&self, nick: &str) -> bool {
        let places = self.places();
        matches!(places.faults.get(nick), Some((Fault::Haunting(_), _)))
    }

    pub(super) fn model(&self) -> MutexGuard<'_, Jitsi> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn config(&self) -> MutexGuard<'_, BridgeConfig> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What bridge `nick` answers, and what is wrong with it. `None`: nobody listens.
    pub(super) fn ask(
        &self,
        nick: &str,
        request: &Request<Vec<u8>>,
    ) -> (Option<Response<Bytes>>, Option<Fault>) {
        let key = format!(
            "{} {} {:?}",
            request.method(),
            request.uri(),
            request.headers().get(http::header::ACCEPT)
        );
        let fault = self
            .places()
            .faults
            .get(nick)
            .map(|(fault, kept)| (fault.clone(), kept.get(&key).cloned()));
        if let Some((Fault::Frozen, Some(kept))) = fault {
            return (Some(kept), Some(Fault::Frozen));
        }
        if let Some((Fault::Deaf, _)) = fault
            && request.method() != Method::GET
        {
            return (Some(Response::default()), Some(Fault::Hung));
        }
        let reply = self
            .model()
            .bridge_request(nick, request, now())
            .map(|reply| reply.map(Bytes::from));
        match (fault, reply) {
            // The process is gone, and what was kept of it answers.
            (Some((Fault::Haunting(stress), Some(kept))), None) => {
                (Some(kept), Some(Fault::Lying(stress)))
            }
            (Some((fault, _)), Some(reply)) => {
                if matches!(fault, Fault::Frozen | Fault::Haunting(_))
                    && let Some((_, kept)) = self.places().faults.get_mut(nick)
                {
                    kept.insert(key, reply.clone());
                }
                (Some(reply), Some(fault))
            }
            (fault, reply) => (reply, fault.map(|(fault, _)| fault)),
        }
    }
}
