//! The pool's pods, watched from outside: when what was written on them arrives.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt};
use scaler_api::annotations::INTENT;
use scaler_api::labels::{COUNTED, POOL};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// What was seen of all pods together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// How many there are.
    pub(super) pods: usize,
    /// How many are counted.
    pub(super) counted: usize,
    /// How many are to drain.
    pub(super) draining: usize,
    /// When the last of it arrived.
    at: Instant,
}

/// Whoever watches. Dropping it ends the watch.
pub(super) struct Eyes {
    seen: watch::Receiver<Seen>,
    _task: AbortOnDropHandle<()>,
}

/// What matters of one pod: whether it is counted, whether it is to drain.
type Marks = (bool, bool);

impl Eyes {
    /// Begins to watch.
    pub(super) fn open(pods: Api<Pod>) -> Self {
        let none = Seen {
            pods: 0,
            counted: 0,
            draining: 0,
            at: Instant::now(),
        };
        let (tell, seen) = watch::channel(none);
        let config = watcher::Config::default().labels(POOL.name());
        let task = tokio::spawn(async move {
            let mut known: BTreeMap<String, Marks> = BTreeMap::new();
            let mut events = std::pin::pin!(watcher(pods, config));
            while let Some(event) = events.next().await {
                // One that is broken off is opened anew, and everything is told again.
                let Ok(event) = event else { continue };
                match event {
                    Event::Apply(pod) | Event::InitApply(pod) => {
                        known.insert(pod.name_any(), marks(&pod));
                    }
                    Event::Delete(pod) => drop(known.remove(&pod.name_any())),
                    Event::Init => known.clear(),
                    Event::InitDone => {}
                }
                tell.send_replace(Seen {
                    pods: known.len(),
                    counted: known.values().filter(|(counted, _)| *counted).count(),
                    draining: known.values().filter(|(_, draining)| *draining).count(),
                    at: Instant::now(),
                });
            }
        });
        Self {
            seen,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Waits until it is so: when it was.
    pub(super) async fn until(
        &self,
        what: &str,
        patience: Duration,
        so: impl Fn(Seen) -> bool,
    ) -> Result<Instant> {
        let mut seen = self.seen.clone();
        let found = tokio::time::timeout(patience, seen.wait_for(|seen| so(*seen))).await;
        let last = *self.seen.borrow();
        let found =
            found.with_context(|| format!("waited in vain until {what}; last seen: {last:?}"))?;
        Ok(found.context("the watch ended")?.at)
    }
}

fn marks(pod: &Pod) -> Marks {
    let counted = pod.labels().contains_key(COUNTED.name());
    let intent = pod.annotations().get(INTENT.name());
    (counted, intent.is_some_and(|intent| intent == "drain"))
}
