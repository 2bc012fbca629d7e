//! Every size that an HPA wanted, none missed between two looks.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use tokio_util::task::AbortOnDropHandle;

/// How long a watch lasts: less than a silence that is taken for an API server that hangs.
const WATCH_SECONDS: u32 = 30;
/// How long to wait after a watch broke.
const RETRY: Duration = Duration::from_millis(200);

/// One size, from this moment on.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// When it was told.
    pub at: Timestamp,
    /// How many pods.
    pub size: i32,
}

/// What an HPA wanted (`status.desiredReplicas`) and what its target was told (`spec.replicas`) since this was made. It goes on
/// through outages of the API server.
#[derive(Debug)]
pub struct History {
    name: String,
    wishes: Arc<Mutex<Vec<Wish>>>,
    _task: AbortOnDropHandle<()>,
}

impl History {
    /// Of the HPA of this name, whose target has the same one.
    pub(crate) fn follow(client: Client, namespace: &str, name: &str) -> Self {
        let wishes = Arc::<Mutex<Vec<Wish>>>::default();
        let named = watcher::Config::default()
            .fields(&format!("metadata.name={name}"))
            .timeout(WATCH_SECONDS);
        let hpas: Api<HorizontalPodAutoscaler> = Api::namespaced(client.clone(), namespace);
        let targets: Api<Deployment> = Api::namespaced(client, namespace);
        let desired = watcher(hpas, named.clone())
            .applied_objects()
            .map_ok(|hpa| hpa.status.map(|status| status.desired_replicas));
        let written = watcher(targets, named)
            .applied_objects()
            .map_ok(|target| target.spec.and_then(|spec| spec.replicas));
        let sizes = futures::stream::select(desired.boxed(), written.boxed());
        let kept = Arc::clone(&wishes);
        let task = tokio::spawn(async move {
            let mut sizes = pin!(sizes);
            while let Some(size) = sizes.next().await {
                match size {
                    // No HPA wants nothing here: it is what an HPA says before it has looked.
                    Ok(None | Some(0)) => {}
                    Ok(Some(size)) => {
                        let at = Timestamp::now();
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.push(Wish { at, size });
                    }
                    // The watch begins anew.
                    Err(_) => tokio::time::sleep(RETRY).await,
                }
            }
        });
        Self {
            name: name.to_owned(),
            wishes,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// All sizes so far, oldest first, repeated ones included.
    pub fn wishes(&self) -> Vec<Wish> {
        self.wishes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// No size was ever another one than this.
    ///
    /// # Errors
    /// With all sizes that there were.
    pub fn is_always(&self, size: i32) -> Result<()> {
        let sizes: Vec<i32> = self.wishes().iter().map(|wish| wish.size).collect();
        ensure!(
            !sizes.is_empty(),
            "nobody has seen what the HPA {} wants",
            self.name
        );
        ensure!(
            sizes.iter().all(|seen| *seen == size),
            "the HPA {} was to want {size} all the time and wanted {sizes:?}",
            self.name
        );
        Ok(())
    }
}
