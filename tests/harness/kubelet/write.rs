//! Writes that get through: an API server that restarts, is busy or has changed its mind is asked again.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodStatus};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Shared;

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How often a conflict is tried again before it is taken for one that stays.
const CONFLICTS: u32 = 5;

/// Tries until the API server takes it or refuses it for good.
pub(super) async fn retried<T, F>(shared: &Shared, mut write: impl FnMut() -> F) -> kube::Result<T>
where
    F: Future<Output = kube::Result<T>>,
{
    let mut wait = FIRST_WAIT;
    let mut conflicts = 0;
    loop {
        let result = {
            // The semaphore is never closed; without a permit the write is merely not held back.
            let _permit = shared.writes.acquire().await.ok();
            write().await
        };
        match result {
            Err(kube::Error::Api(status)) if status.code == 409 && conflicts < CONFLICTS => {
                conflicts += 1;
            }
            Err(kube::Error::Api(status))
                if (400..500).contains(&status.code) && status.code != 429 =>
            {
                return Err(kube::Error::Api(status));
            }
            Err(error) => tracing::debug!(%error, "a write failed and is tried again"),
            Ok(written) => return Ok(written),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Gives a pod to a node, as the scheduler does.
pub(super) async fn bind(
    shared: &Shared,
    api: &Api<Pod>,
    name: &str,
    uid: &str,
    node: &str,
) -> kube::Result<()> {
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, "uid": uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    });
    let params = PostParams::default();
    let bound: Value = retried(shared, || {
        api.create_subresource("binding", name, &params, &binding)
    })
    .await?;
    drop(bound);
    Ok(())
}

/// The final delete, which only the kubelet of a pod's node makes: grace period 0, this very pod and no namesake.
pub(super) async fn remove(
    shared: &Shared,
    api: &Api<Pod>,
    name: &str,
    uid: &str,
) -> kube::Result<()> {
    let params = DeleteParams {
        grace_period_seconds: Some(0),
        preconditions: Some(Preconditions {
            uid: Some(uid.into()),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    retried(shared, || api.delete(name, &params))
        .await
        .map(drop)
}

/// Writes the latest status whenever it changes, until the sender is gone and the last one is written. What changes faster
/// than it can be written is seen by nobody, as with a real kubelet.
pub(super) async fn follow(
    shared: &Shared,
    api: &Api<Pod>,
    name: &str,
    uid: &str,
    mut latest: watch::Receiver<Option<PodStatus>>,
) {
    while latest.changed().await.is_ok() {
        let Some(status) = latest.borrow_and_update().clone() else {
            continue;
        };
        // Strategic: conditions of others (an eviction's, a readiness gate's) stay. The uid makes it this very pod.
        let patch = Patch::Strategic(json!({"metadata": {"uid": uid}, "status": status}));
        let params = PatchParams::default();
        if let Err(error) = retried(shared, || api.patch_status(name, &params, &patch)).await {
            tracing::debug!(pod = name, %error, "a status was refused");
        }
    }
}
