//! One watch over all pods, and a task for each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Shared;
use super::pod::{self, Seen};

/// How long to wait after the watch broke: an API server that restarts should be found soon.
const RETRY: Duration = Duration::from_millis(200);

/// How long a watch lasts: less than a silence that is taken for an API server that hangs.
const WATCH_SECONDS: u32 = 30;

/// Plays all pods for ever.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut pods = Pods::default();
    let api: Api<Pod> = Api::all(shared.client.clone());
    let config = watcher::Config::default().timeout(WATCH_SECONDS);
    let mut events = std::pin::pin!(watcher(api, config));
    let mut leases = std::pin::pin!(super::node::keep(&shared));
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) => pods.apply(&shared, event),
                Some(Err(error)) => {
                    tracing::debug!(%error, "the watch of pods broke");
                    tokio::time::sleep(RETRY).await;
                }
                None => return,
            },
            Some(ended) = pods.tasks.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "the task of a pod failed");
            },
            () = &mut leases => {}
        }
    }
}

#[derive(Default)]
struct Pods {
    /// By uid.
    known: BTreeMap<String, watch::Sender<Seen>>,
    /// What a list has shown so far.
    listed: BTreeSet<String>,
    tasks: JoinSet<()>,
    turn: usize,
}

impl Pods {
    fn apply(&mut self, shared: &Arc<Shared>, event: Event<Pod>) {
        match event {
            Event::Apply(pod) => self.see(shared, pod),
            Event::Delete(pod) => {
                let uid = pod.uid().unwrap_or_default();
                self.forget(&uid, Some(pod));
            }
            Event::Init => self.listed.clear(),
            Event::InitApply(pod) => {
                self.listed.insert(pod.uid().unwrap_or_default());
                self.see(shared, pod);
            }
            Event::InitDone => {
                let gone = |uid: &&String| !self.listed.contains(*uid);
                let gone: Vec<String> = self.known.keys().filter(gone).cloned().collect();
                for uid in gone {
                    self.forget(&uid, None);
                }
            }
        }
    }

    fn see(&mut self, shared: &Arc<Shared>, pod: Pod) {
        let uid = pod.uid().unwrap_or_default();
        let seen = Seen {
            pod: Arc::new(pod),
            gone: false,
        };
        if let Some(known) = self.known.get(&uid) {
            known.send_replace(seen);
            return;
        }
        let (sender, receiver) = watch::channel(seen);
        self.known.insert(uid, sender);
        self.tasks
            .spawn(pod::run(Arc::clone(shared), receiver, self.turn));
        self.turn += 1;
    }

    fn forget(&mut self, uid: &str, last: Option<Pod>) {
        if let Some(known) = self.known.remove(uid) {
            known.send_modify(|seen| {
                seen.gone = true;
                if let Some(pod) = last {
                    seen.pod = Arc::new(pod);
                }
            });
        }
    }
}
