//! The PodDisruptionBudget of each pool: it forbids the eviction of every bridge with people on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use reach::causes;
use scaler_api::{BridgePool, labels};
use scaler_policy::world::Pool;
use serde_json::json;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::shared::Shared;

/// How often each is looked at, so that one that somebody deleted comes back.
const EVERY: Duration = Duration::from_secs(30);

/// As which field manager it is written.
const MANAGER: &str = "bridgetender.dev/jvb-scaler";

/// A budget that shall be, or shall not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    namespace: String,
    name: String,
    uid: String,
    exists: bool,
}

/// The budgets of all pools, by namespace and name.
pub(crate) type Budgets = BTreeMap<(String, String), Wanted>;

impl Wanted {
    /// What a pool wants. While it is deleted its budget stays, until the garbage collector takes it with the pool.
    pub(crate) fn of(pool: &Pool) -> Self {
        Self {
            namespace: pool.namespace.clone(),
            name: pool.name.clone(),
            uid: pool.uid.0.clone(),
            exists: pool.spec.protect.disruption_budget
                && pool.spec.workload_ref.is_none()
                && !pool.spec.dry_run,
        }
    }

    /// As JSON: an integer, because a percentage is taken of the pool's size, which leaves draining bridges out.
    fn body(&self) -> serde_json::Value {
        json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": { labels::POOL.name(): self.name },
                "ownerReferences": [{
                    "apiVersion": <BridgePool as k8s_openapi::Resource>::API_VERSION,
                    "kind": <BridgePool as k8s_openapi::Resource>::KIND,
                    "name": self.name,
                    "uid": self.uid,
                    "controller": true,
                }],
            },
            "spec": {
                "minAvailable": i32::MAX,
                "selector": { "matchLabels": {
                    labels::POOL.name(): self.name,
                    labels::PROTECTED.name(): "true",
                } },
            },
        })
    }
}

/// What is to be done about a budget.
#[derive(Debug, Eq, PartialEq)]
enum Step {
    Nothing,
    Create,
    Correct,
    Remove,
    /// One of this name is somebody else's.
    Foreign,
}

fn step(wanted: &Wanted, there: Option<&PodDisruptionBudget>) -> Step {
    let Some(there) = there else {
        return if wanted.exists {
            Step::Create
        } else {
            Step::Nothing
        };
    };
    let mut owners = there.metadata.owner_references.iter().flatten();
    let ours = owners.any(|owner| owner.uid == wanted.uid && owner.controller == Some(true));
    let spec: Option<PodDisruptionBudget> = serde_json::from_value(wanted.body()).ok();
    let same = spec.is_some_and(|body| {
        let spec = |budget: &PodDisruptionBudget| {
            let spec = budget.spec.as_ref()?;
            Some((
                spec.min_available.clone(),
                spec.max_unavailable.clone(),
                spec.selector.clone(),
            ))
        };
        spec(&body) == spec(there)
    });
    match (ours, wanted.exists) {
        (false, true) => Step::Foreign,
        (false, false) => Step::Nothing,
        (true, false) => Step::Remove,
        (true, true) if same => Step::Nothing,
        (true, true) => Step::Correct,
    }
}

/// Keeps the budgets as they are wanted.
pub(crate) async fn keep(
    client: kube::Client,
    timeout: Duration,
    shared: Arc<Shared>,
    mut wanted: watch::Receiver<Budgets>,
) {
    let mut told = BTreeMap::new();
    loop {
        let budgets = wanted.borrow_and_update().clone();
        told.retain(|key, _| budgets.contains_key(key));
        for (key, wanted) in &budgets {
            let api = Api::namespaced(client.clone(), &wanted.namespace);
            let kept = tokio::time::timeout(timeout, keep_one(&api, wanted, &shared)).await;
            let problem = match kept {
                Ok(Ok(problem)) => problem,
                Ok(Err(error)) => Some(causes(&error)),
                Err(_) => Some("no answer".to_owned()),
            };
            // Said once, not at each look.
            if let Some(problem) = &problem
                && told.get(key) != Some(problem)
            {
                warn!(
                    "the PodDisruptionBudget {}/{} is not as it should be, and bridges with people may be evicted: {problem}",
                    wanted.namespace, wanted.name
                );
            }
            match problem {
                Some(problem) => told.insert(key.clone(), problem),
                None => told.remove(key),
            };
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn keep_one(
    api: &Api<PodDisruptionBudget>,
    wanted: &Wanted,
    shared: &Shared,
) -> kube::Result<Option<String>> {
    if !shared.leads() {
        return Ok(None);
    }
    let there = api.get_opt(&wanted.name).await?;
    let what = step(wanted, there.as_ref());
    match what {
        Step::Nothing => return Ok(None),
        Step::Foreign => {
            return Ok(Some(
                "one of this name belongs to somebody else: delete it, or rename the pool"
                    .to_owned(),
            ));
        }
        Step::Create => {
            let body = serde_json::from_value(wanted.body()).map_err(kube::Error::SerdeError)?;
            api.create(&PostParams::default(), &body).await?;
        }
        Step::Correct => {
            let mut body = wanted.body();
            let there = there.as_ref().map(|there| &there.metadata);
            body["metadata"]["resourceVersion"] =
                json!(there.and_then(|meta| meta.resource_version.clone()));
            body["spec"]["maxUnavailable"] = serde_json::Value::Null;
            let params = PatchParams {
                field_manager: Some(MANAGER.to_owned()),
                ..PatchParams::default()
            };
            api.patch(&wanted.name, &params, &Patch::Merge(body))
                .await?;
        }
        Step::Remove => {
            let params = DeleteParams {
                preconditions: Some(Preconditions {
                    uid: there.and_then(|there| there.metadata.uid),
                    resource_version: None,
                }),
                ..DeleteParams::default()
            };
            api.delete(&wanted.name, &params).await?;
        }
    }
    info!(
        "PodDisruptionBudget {}/{}: {what:?}",
        wanted.namespace, wanted.name
    );
    Ok(None)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn wanted(exists: bool) -> Wanted {
        Wanted {
            namespace: "jitsi".to_owned(),
            name: "jvb".to_owned(),
            uid: "u".to_owned(),
            exists,
        }
    }

    fn there(change: impl FnOnce(&mut Value)) -> PodDisruptionBudget {
        let mut body = wanted(true).body();
        change(&mut body);
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_budget_is_made_corrected_and_removed_and_somebody_elses_is_left_alone() {
        let ours = there(|_| {});
        let other = there(|body| body["metadata"]["ownerReferences"] = json!([]));
        let weaker = there(|body| body["spec"]["minAvailable"] = 1.into());
        for (exists, there, expected) in [
            (true, None, Step::Create),
            (false, None, Step::Nothing),
            (true, Some(&ours), Step::Nothing),
            (false, Some(&ours), Step::Remove),
            (true, Some(&weaker), Step::Correct),
            (true, Some(&other), Step::Foreign),
            (false, Some(&other), Step::Nothing),
        ] {
            assert_eq!(step(&wanted(exists), there), expected, "{exists} {there:?}");
        }
    }
}
