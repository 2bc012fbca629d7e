//! What becomes of the pods of a namespace, as the API server tells it, none missed between two looks.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use scaler_api::annotations::INTENT;
use scaler_api::state::Intent;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::AbortOnDropHandle;

use crate::story::Sighting;

/// How long a watch lasts: less than a silence that is taken for an API server that hangs.
const WATCH_SECONDS: u32 = 30;
/// How long to wait after a watch broke.
const RETRY: Duration = Duration::from_millis(200);

/// The changes of a namespace's pods, in their order.
pub(crate) struct Sightings {
    news: UnboundedReceiver<Sighting>,
    _task: AbortOnDropHandle<()>,
}

impl Sightings {
    /// Follows the pods of a namespace from now on; those that are there come first.
    pub(crate) fn follow(client: Client, namespace: &str) -> Self {
        let (sender, news) = unbounded_channel();
        let pods = Api::namespaced(client, namespace);
        let task = tokio::spawn(tell(pods, sender));
        Self {
            news,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// What came since the last time.
    pub(crate) fn take(&mut self) -> Vec<Sighting> {
        std::iter::from_fn(|| self.news.try_recv().ok()).collect()
    }
}

async fn tell(pods: Api<Pod>, sender: UnboundedSender<Sighting>) {
    let config = watcher::Config::default().timeout(WATCH_SECONDS);
    let mut events = pin!(watcher(pods, config));
    let (mut known, mut listed) = (BTreeSet::new(), BTreeSet::new());
    while let Some(event) = events.next().await {
        let told = match event {
            Ok(Event::Init) => {
                listed.clear();
                vec![]
            }
            Ok(Event::InitApply(pod)) => {
                listed.insert(pod.name_any());
                known.insert(pod.name_any());
                vec![sighting(&pod)]
            }
            // Those that went while nobody looked.
            Ok(Event::InitDone) => {
                let gone = known.extract_if(.., |name| !listed.contains(name));
                gone.map(Sighting::gone).collect()
            }
            Ok(Event::Apply(pod)) => {
                known.insert(pod.name_any());
                vec![sighting(&pod)]
            }
            Ok(Event::Delete(pod)) => {
                known.remove(&pod.name_any());
                vec![Sighting::gone(pod.name_any())]
            }
            // The watch begins anew.
            Err(_) => {
                tokio::time::sleep(RETRY).await;
                vec![]
            }
        };
        for one in told {
            if sender.send(one).is_err() {
                return;
            }
        }
    }
}

fn sighting(pod: &Pod) -> Sighting {
    // Pods of a Deployment have none.
    let intent = INTENT.read(pod.annotations()).ok().flatten();
    Sighting {
        name: pod.name_any(),
        intent: intent.unwrap_or(Intent::Active),
        deleted: pod.metadata.deletion_timestamp.is_some(),
        gone: false,
    }
}
