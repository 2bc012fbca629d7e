//! The watch of the bridges' pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::select_all;
use kube::Api;
use kube::runtime::watcher::{self, Event};
use reach::causes;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::scraping::scraper::Change;
use crate::scraping::watching::{Watcher, follow};
use crate::shared::Shared;
use crate::telling::{BridgePod, Pod};

#[cfg(test)]
mod tests;

/// A pod that goes unnoticed is a lie.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Watches the pods that the label selector means until `shutdown`, and tells the store and the loop at once: those of these
/// namespaces, each with a watch of its own, or those of the whole cluster where none is named.
///
/// An API server that cannot be reached changes nothing: the pods that are known are asked on. The watch is opened anew after
/// `watch_seconds`, or 5 s later if the API server did not end it: it has fallen silent.
pub(crate) async fn run(
    client: kube::Client,
    selector: String,
    namespaces: Vec<String>,
    watch_seconds: u32,
    shared: Arc<Shared>,
    changes: UnboundedSender<Change>,
    shutdown: CancellationToken,
) {
    let apis: Vec<Api<BridgePod>> = if namespaces.is_empty() {
        vec![Api::all(client)]
    } else {
        let of = |namespace: &String| Api::namespaced(client.clone(), namespace);
        namespaces.iter().map(of).collect()
    };
    let unlisted = Arc::new(AtomicUsize::new(apis.len()));
    let watches = apis.into_iter().map(|api| {
        let watch = Watch::new(Arc::clone(&shared), changes.clone(), Arc::clone(&unlisted));
        let config = watcher::Config::default().labels(&selector);
        Box::pin(follow(api, config, watch_seconds, LONGEST_WAIT, watch))
    });
    tokio::select! {
        () = shutdown.cancelled() => {}
        // One that ends is an error for whoever waits for this, however well the others do.
        _ = select_all(watches) => {}
    }
}

/// What has been told so far.
struct Watch {
    shared: Arc<Shared>,
    changes: UnboundedSender<Change>,
    known: BTreeMap<Box<str>, Arc<Pod>>,
    listed: BTreeSet<Box<str>>,
    /// Whether this watch has told all pods that were there when it began.
    complete: bool,
    /// How many watches have not.
    unlisted: Arc<AtomicUsize>,
    failing: bool,
}

impl Watch {
    fn new(
        shared: Arc<Shared>,
        changes: UnboundedSender<Change>,
        unlisted: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            shared,
            changes,
            known: BTreeMap::new(),
            listed: BTreeSet::new(),
            complete: false,
            unlisted,
            failing: false,
        }
    }

    fn see(&mut self, pod: Pod) {
        let now = self.shared.clock.now();
        let ticket = self.shared.store_mut().observe(pod, now);
        let pod = Arc::clone(&ticket.pod);
        self.known.insert(pod.uid.clone(), pod);
        self.tell(Change::Seen(ticket));
    }

    fn forget(&mut self, uid: &str) {
        if let Some(pod) = self.known.remove(uid) {
            self.shared.store_mut().forget(&pod);
            self.tell(Change::Gone(pod));
        }
    }

    /// What was known before and is not in the list went while nobody watched.
    fn forget_unlisted(&mut self) {
        let gone: Vec<Box<str>> = self
            .known
            .keys()
            .filter(|uid| !self.listed.contains(*uid))
            .cloned()
            .collect();
        for uid in gone {
            self.forget(&uid);
        }
        self.listed = BTreeSet::new();
    }

    fn tell(&self, change: Change) {
        // The loop ends only with the whole adapter.
        let _ = self.changes.send(change);
    }
}

impl Watcher<BridgePod> for Watch {
    fn take(&mut self, event: &Event<BridgePod>) {
        if self.failing && !matches!(event, Event::Init) {
            self.failing = false;
            info!("the pods are watched again");
        }
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(pod) => {
                if let Some(pod) = Pod::of(pod) {
                    self.listed.insert(pod.uid.clone());
                    self.see(pod);
                }
            }
            Event::InitDone => {
                self.forget_unlisted();
                if !std::mem::replace(&mut self.complete, true) {
                    self.unlisted.fetch_sub(1, Ordering::Relaxed);
                }
                if self.unlisted.load(Ordering::Relaxed) == 0 {
                    self.tell(Change::Synced);
                }
                info!(pods = self.known.len(), "all pods with bridges are known");
            }
            Event::Apply(pod) => {
                if let Some(pod) = Pod::of(pod) {
                    self.see(pod);
                }
            }
            Event::Delete(pod) => {
                if let Some(pod) = Pod::of(pod) {
                    self.forget(&pod.uid);
                }
            }
        }
    }

    fn complain(&mut self, error: &watcher::Error) {
        self.shared.telemetry.watch_failed("pods");
        // Said once, not at each attempt.
        if !std::mem::replace(&mut self.failing, true) {
            warn!(
                "the pods cannot be watched; those that are known are asked on: {}",
                causes(error)
            );
        }
    }
}
