//! What else in the namespaces of pools has a say about bridges: PodDisruptionBudgets, of which each pool keeps its own, and
//! HorizontalPodAutoscalers. Read now and then: nothing is decided by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::Resource as _;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{ApiResource, DynamicObject};
use kube::{Api, Client, ResourceExt as _};
use reach::causes;
use scaler_api::BridgePool;
use scaler_policy::world::{Autoscaler, Surroundings};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;
use tracing::warn;

use crate::budget::{self, Budgets, Wanted};
use crate::mind::PoolKey;
use crate::shared::Shared;
use crate::watch::all;

/// Whoever looks around.
pub(crate) struct Lookout {
    client: Client,
    timeout: Duration,
    shared: Arc<Shared>,
    /// What was complained about, so that it is said once and not at each look.
    told: BTreeMap<String, String>,
    /// What was last seen around each pool.
    seen: BTreeMap<PoolKey, Surroundings>,
}

impl Lookout {
    /// One that has not looked yet.
    pub(crate) const fn new(client: Client, timeout: Duration, shared: Arc<Shared>) -> Self {
        Self {
            client,
            timeout,
            shared,
            told: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Keeps the budgets as they are wanted, and tells of which that was tried and what else is there; at once when something else
    /// is wanted.
    pub(crate) async fn follow(
        mut self,
        every: Duration,
        mut wanted: watch::Receiver<Budgets>,
        tell: impl Fn(Wanted, Surroundings),
    ) {
        loop {
            let budgets = wanted.borrow_and_update().clone();
            let places: BTreeSet<&str> = budgets.values().map(Wanted::namespace).collect();
            for place in places {
                if self.shared.leads() {
                    self.look(place, &budgets, &tell).await;
                }
            }
            tokio::select! {
                changed = wanted.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    async fn look(&mut self, place: &str, wanted: &Budgets, tell: &impl Fn(Wanted, Surroundings)) {
        let budgets: Api<PodDisruptionBudget> = Api::namespaced(self.client.clone(), place);
        let kind = ApiResource::erase::<HorizontalPodAutoscaler>(&());
        let autoscalers = Api::namespaced_with(self.client.clone(), place, &kind);
        let there = self.list(&budgets, place, "PodDisruptionBudgets").await;
        let scaling = self
            .list(&autoscalers, place, "HorizontalPodAutoscalers")
            .await;
        for (key, wanted) in wanted
            .iter()
            .filter(|((namespace, _), _)| namespace == place)
        {
            // What cannot be read now is as it was when it was last read.
            let mut seen = self.seen.remove(key).unwrap_or_default();
            match &there {
                Ok(there) => {
                    seen.budgets_unread = None;
                    seen.budgets = wanted.others(there);
                    seen.budget_not_kept = self.keep(&budgets, wanted, there).await;
                }
                Err(why) => seen.budgets_unread = Some(why.clone()),
            }
            match &scaling {
                Ok(scaling) => {
                    seen.autoscalers_unread = None;
                    seen.autoscalers = scaling
                        .iter()
                        .filter_map(|object: &DynamicObject| scales(object, wanted.name()))
                        .collect();
                }
                Err(why) => seen.autoscalers_unread = Some(why.clone()),
            }
            self.seen.insert(key.clone(), seen.clone());
            tell(wanted.clone(), seen);
        }
        self.seen.retain(|key, _| wanted.contains_key(key));
    }

    async fn keep(
        &mut self,
        api: &Api<PodDisruptionBudget>,
        wanted: &Wanted,
        there: &[PodDisruptionBudget],
    ) -> Option<String> {
        let there = there
            .iter()
            .find(|budget| budget.name_any() == wanted.name());
        let kept = tokio::time::timeout(self.timeout, budget::keep(api, wanted, there)).await;
        let problem = match kept {
            Ok(Ok(problem)) => problem,
            Ok(Err(error)) => Some(causes(&error)),
            Err(_) => Some("no answer".to_owned()),
        };
        let of = format!(
            "PodDisruptionBudget {}/{}",
            wanted.namespace(),
            wanted.name()
        );
        let trouble = "is not as it should be, and bridges with people may be evicted";
        self.complain(of, trouble, problem.clone());
        problem
    }

    async fn list<K>(&mut self, api: &Api<K>, place: &str, what: &str) -> Result<Vec<K>, String>
    where
        K: kube::Resource + Clone + DeserializeOwned + Debug,
    {
        let found = match tokio::time::timeout(self.timeout, all(api, None)).await {
            Ok(Ok((found, _))) => Ok(found),
            Ok(Err(error)) => Err(causes(&error)),
            Err(_) => Err("no answer".to_owned()),
        };
        let of = format!("the {what} in {place}");
        let problem = found.as_ref().err().cloned();
        self.complain(
            of,
            "cannot be read, and nothing new is told of them",
            problem,
        );
        found
    }

    fn complain(&mut self, of: String, trouble: &str, problem: Option<String>) {
        match problem {
            Some(problem) => {
                if self.told.get(&of) != Some(&problem) {
                    warn!("{of} {trouble}: {problem}");
                }
                self.told.insert(of, problem);
            }
            None => drop(self.told.remove(&of)),
        }
    }
}

/// The autoscaler, where it scales the pool of this name. As JSON: it may say what this version of the API does not know yet.
fn scales(object: &DynamicObject, pool: &str) -> Option<Autoscaler> {
    let spec = object.data.get("spec")?;
    let target = spec.get("scaleTargetRef")?;
    let group = |version: &Value| {
        version
            .as_str()?
            .split_once('/')
            .map(|(group, _)| group.to_owned())
    };
    let ours = group(target.get("apiVersion")?)? == BridgePool::GROUP
        && target.get("kind")? == BridgePool::KIND
        && target.get("name")? == pool;
    let number = |field: &str| spec.get(field)?.as_u64()?.try_into().ok();
    ours.then(|| Autoscaler {
        name: object.name_any(),
        least: number("minReplicas").unwrap_or(1),
        most: number("maxReplicas").unwrap_or(u32::MAX),
        follows_owners: spec.get("selectionStrategy").and_then(Value::as_str)
            == Some("OwnerReferences"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(spec: &Value) -> DynamicObject {
        serde_json::from_value(json!({
            "metadata": { "name": "jvb" },
            "spec": spec,
        }))
        .unwrap()
    }

    #[test]
    fn an_autoscaler_is_seen_where_it_scales_the_pool() {
        let target = |version: &str, kind: &str, name: &str| json!({ "apiVersion": version, "kind": kind, "name": name });
        let ours = target("bridgetender.dev/v1alpha1", "BridgePool", "jvb");
        for (target, ours) in [
            (ours.clone(), true),
            (target("bridgetender.dev/v1", "BridgePool", "jvb"), true),
            (
                target("bridgetender.dev/v1alpha1", "BridgePool", "eu"),
                false,
            ),
            (target("apps/v1", "Deployment", "jvb"), false),
        ] {
            let seen = scales(
                &object(&json!({ "scaleTargetRef": target, "maxReplicas": 9 })),
                "jvb",
            );
            assert_eq!(seen.is_some(), ours, "{target}");
        }
        let spec = json!({ "scaleTargetRef": ours, "minReplicas": 2, "maxReplicas": 9, "selectionStrategy": "OwnerReferences" });
        let seen = scales(&object(&spec), "jvb").unwrap();
        assert_eq!((seen.least, seen.most, seen.follows_owners), (2, 9, true));
    }
}
