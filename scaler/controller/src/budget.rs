//! The PodDisruptionBudget of each pool: it forbids the eviction of every bridge with people on it.

mod keep;
mod tried;

use std::collections::BTreeMap;

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use kube::ResourceExt;
use kube::core::{Selector, SelectorExt as _};
use scaler_api::{BridgePool, labels};
use scaler_policy::world::Pool;
use serde_json::{Value, json};

pub(crate) use keep::keep;
pub(crate) use tried::Tried;

/// What is done with bridges that are not ready, unless somebody says otherwise: they are not evicted either.
const UNREADY: &str = "IfHealthyBudget";

/// What shall become of a budget.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wish {
    /// It shall be there, as we write it.
    Kept,
    /// It shall not be there.
    Absent,
    /// It shall be as it is: nothing is done about it.
    LeftAlone,
}

/// A pool's budget, as it shall be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    namespace: String,
    name: String,
    uid: String,
    wish: Wish,
    /// The labels that each of its bridges has.
    labels: BTreeMap<String, String>,
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
            wish: if pool.spec.dry_run || pool.spec.workload_ref.is_some() {
                Wish::LeftAlone
            } else if pool.spec.protect.disruption_budget {
                Wish::Kept
            } else {
                Wish::Absent
            },
            labels: of_bridges(pool),
        }
    }

    /// Namespace and name of the pool.
    pub(crate) fn key(&self) -> (String, String) {
        (self.namespace.clone(), self.name.clone())
    }

    /// The namespace of the pool.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name of the pool, and of its budget.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The names of the others among these budgets that cover the pool's bridges, where that makes two of them.
    pub(crate) fn others(&self, all: &[PodDisruptionBudget]) -> Vec<String> {
        let covers = |budget: &&PodDisruptionBudget| {
            let selector = budget.spec.as_ref().and_then(|spec| spec.selector.clone());
            let selector = selector.and_then(|selector| Selector::try_from(selector).ok());
            selector.is_some_and(|selector| selector.matches(&self.labels))
        };
        let others = all
            .iter()
            .filter(|budget| !self.owns(budget))
            .filter(covers);
        let names: Vec<String> = others.map(ResourceExt::name_any).collect();
        let ours = match self.wish {
            Wish::Kept => true,
            Wish::Absent => false,
            Wish::LeftAlone => all.iter().any(|budget| self.owns(budget)),
        };
        if ours || names.len() > 1 {
            names
        } else {
            Vec::new()
        }
    }

    fn owns(&self, budget: &PodDisruptionBudget) -> bool {
        let mut owners = budget.metadata.owner_references.iter().flatten();
        owners.any(|owner| owner.uid == self.uid && owner.controller == Some(true))
    }

    /// As JSON: an integer, because a percentage is taken of the pool's size, which leaves draining bridges out.
    fn body(&self) -> Value {
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
        return match wanted.wish {
            Wish::Kept => Step::Create,
            Wish::Absent | Wish::LeftAlone => Step::Nothing,
        };
    };
    let body: Option<PodDisruptionBudget> = serde_json::from_value(wanted.body()).ok();
    let same = body.is_some_and(|body| gist(&body) == gist(there));
    match (wanted.wish, wanted.owns(there)) {
        (Wish::Kept, false) => Step::Foreign,
        (Wish::LeftAlone, _) | (Wish::Absent, false) => Step::Nothing,
        (Wish::Absent, true) => Step::Remove,
        (Wish::Kept, true) if same => Step::Nothing,
        (Wish::Kept, true) => Step::Correct,
    }
}

/// What of a budget says who is evicted.
fn gist(budget: &PodDisruptionBudget) -> Option<PodDisruptionBudgetSpec> {
    let mut spec = budget.spec.clone()?;
    spec.unhealthy_pod_eviction_policy
        .get_or_insert_with(|| UNREADY.to_owned());
    Some(spec)
}

/// A merge patch that makes of what is there what is wanted: whatever else it says is taken away.
fn correction(wanted: &Wanted, there: &PodDisruptionBudget) -> Value {
    let mut body = wanted.body();
    body["metadata"]["resourceVersion"] = json!(there.metadata.resource_version);
    let spec = &mut body["spec"];
    spec["maxUnavailable"] = Value::Null;
    spec["unhealthyPodEvictionPolicy"] = Value::Null;
    spec["selector"]["matchExpressions"] = Value::Null;
    let selector = there.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let there = selector.and_then(|selector| selector.match_labels.as_ref());
    if let Some(labels) = spec["selector"]["matchLabels"].as_object_mut() {
        for key in there.into_iter().flat_map(BTreeMap::keys) {
            labels.entry(key).or_insert(Value::Null);
        }
    }
    body
}

/// The labels that every bridge of a pool has while it is not to be removed.
fn of_bridges(pool: &Pool) -> BTreeMap<String, String> {
    let template = pool.spec.template.as_ref();
    let given = template.and_then(|template| template.metadata("labels"));
    let given = given.into_iter().flatten();
    let ours = [
        (labels::POOL.name(), pool.name.as_str()),
        (labels::COUNTED.name(), "true"),
        (labels::PROTECTED.name(), "true"),
    ];
    given
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .chain(ours)
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn wanted(wish: Wish) -> Wanted {
        Wanted {
            namespace: "jitsi".to_owned(),
            name: "jvb".to_owned(),
            uid: "u".to_owned(),
            wish,
            labels: [("app", "jvb"), ("bridgetender.dev/pool", "jvb")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    }

    fn there(change: impl FnOnce(&mut Value)) -> PodDisruptionBudget {
        let mut body = wanted(Wish::Kept).body();
        change(&mut body);
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_budget_is_made_corrected_and_removed_and_somebody_elses_is_left_alone() {
        let ours = there(|_| {});
        let told = there(|body| body["spec"]["unhealthyPodEvictionPolicy"] = UNREADY.into());
        let other = there(|body| body["metadata"]["ownerReferences"] = json!([]));
        let weaker = there(|body| body["spec"]["minAvailable"] = 1.into());
        let lax = there(|body| body["spec"]["unhealthyPodEvictionPolicy"] = "AlwaysAllow".into());
        let narrow = there(|body| body["spec"]["selector"]["matchLabels"]["app"] = "x".into());
        for (wish, there, expected) in [
            (Wish::Kept, None, Step::Create),
            (Wish::Absent, None, Step::Nothing),
            (Wish::LeftAlone, None, Step::Nothing),
            (Wish::Kept, Some(&ours), Step::Nothing),
            (Wish::Kept, Some(&told), Step::Nothing),
            (Wish::Absent, Some(&ours), Step::Remove),
            (Wish::LeftAlone, Some(&ours), Step::Nothing),
            (Wish::Kept, Some(&weaker), Step::Correct),
            (Wish::Kept, Some(&lax), Step::Correct),
            (Wish::Kept, Some(&narrow), Step::Correct),
            (Wish::LeftAlone, Some(&weaker), Step::Nothing),
            (Wish::Kept, Some(&other), Step::Foreign),
            (Wish::Absent, Some(&other), Step::Nothing),
            (Wish::LeftAlone, Some(&other), Step::Nothing),
        ] {
            assert_eq!(step(&wanted(wish), there), expected, "{wish:?} {there:?}");
        }
    }

    #[test]
    fn a_correction_takes_away_what_somebody_added() {
        let changed = there(|body| {
            body["spec"]["selector"]["matchLabels"]["app"] = "x".into();
            body["spec"]["selector"]["matchExpressions"] =
                json!([{ "key": "app", "operator": "Exists" }]);
        });
        let patch = correction(&wanted(Wish::Kept), &changed);
        let selector = &patch["spec"]["selector"];
        assert_eq!(selector["matchExpressions"], Value::Null);
        assert_eq!(selector["matchLabels"]["app"], Value::Null);
        assert_eq!(selector["matchLabels"]["bridgetender.dev/pool"], "jvb");
        assert_eq!(patch["spec"]["minAvailable"], i32::MAX);
    }

    #[test]
    fn others_that_cover_the_bridges_are_named() {
        let other = |name: &str, selector: Value| {
            there(|body| {
                body["metadata"] = json!({ "name": name });
                body["spec"]["selector"] = selector;
            })
        };
        let all = [
            there(|_| {}),
            other("same-app", json!({ "matchLabels": { "app": "jvb" } })),
            other("another-app", json!({ "matchLabels": { "app": "web" } })),
            other("everything", json!({})),
            other(
                "all-but-web",
                json!({ "matchExpressions": [{ "key": "app", "operator": "NotIn", "values": ["web"] }] }),
            ),
            other("nothing", Value::Null),
        ];
        let named = ["same-app", "everything", "all-but-web"];
        assert_eq!(wanted(Wish::Kept).others(&all), named);
        // One that somebody has in the pool's place is no trouble.
        assert_eq!(wanted(Wish::Absent).others(&all[..3]), Vec::<String>::new());
        assert_eq!(wanted(Wish::Absent).others(&all), named);
        // One beside the pool's own is, whoever leaves that alone.
        assert_eq!(wanted(Wish::LeftAlone).others(&all[..3]), named[..1]);
        assert_eq!(
            wanted(Wish::LeftAlone).others(&all[1..3]),
            Vec::<String>::new()
        );
    }
}
