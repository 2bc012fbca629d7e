//! What keeps others from evicting a bridge: a label, the annotation for the Cluster Autoscaler and a budget.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{EvictParams, ListParams, PostParams, WatchEvent, WatchParams};
use kube::{Api, ResourceExt};
use laboratory::Laboratory;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::answers::apart;
use super::stage::{PATIENCE, Stage, remembering};

/// Every version of every pod from some moment on, in their order.
struct Seen {
    pods: Arc<Mutex<Vec<Pod>>>,
    _watch: AbortOnDropHandle<Result<()>>,
}

impl Seen {
    async fn from_now_on(pods: Api<Pod>) -> Result<Self> {
        let list = pods.list(&ListParams::default()).await?;
        let version = list.metadata.resource_version.context("a list has one")?;
        let seen = Arc::new(Mutex::new(list.items));
        let all = Arc::clone(&seen);
        let watch = tokio::spawn(async move {
            let events = pods.watch(&WatchParams::default(), &version).await?;
            pin_mut!(events);
            while let Some(event) = events.next().await {
                if let WatchEvent::Added(pod) | WatchEvent::Modified(pod) = event? {
                    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push(pod);
                }
            }
            Ok(())
        });
        Ok(Self {
            pods: seen,
            _watch: AbortOnDropHandle::new(watch),
        })
    }

    fn all(&self) -> Vec<Pod> {
        let pods = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
        pods.clone()
    }
}

/// What protects a pod, by itself: its intent, whether it is protected, and whether it is safe to evict.
fn marks(pod: &Pod) -> (String, bool, Option<String>) {
    let note = |key: &str| pod.annotations().get(key).cloned();
    let protected = pod.labels().get("bridgetender.dev/protected");
    (
        note("bridgetender.dev/intent").unwrap_or_default(),
        protected.is_some_and(|value| value == "true"),
        note("cluster-autoscaler.kubernetes.io/safe-to-evict"),
    )
}

/// Whether whoever drains a pod's node, or takes it away, would be let.
pub(super) async fn evictable(pods: &Api<Pod>, name: &str) -> Result<bool> {
    let dry = EvictParams {
        post_options: PostParams {
            dry_run: true,
            ..PostParams::default()
        },
        ..EvictParams::default()
    };
    match pods.evict(name, &dry).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 429 => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A pod is protected while its bridge serves or drains, and not while nobody can be on it.
fn protected_while_it_holds(pod: &Pod) -> Result<()> {
    let (intent, protected, safe) = marks(pod);
    let holds = ["active", "drain"].contains(&intent.as_str());
    let expected = if holds { "false" } else { "true" };
    let so = protected == holds && safe.as_deref() == Some(expected);
    ensure!(so, "{pod:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_is_protected_from_its_first_moment_until_it_is_empty_and_when_it_is_woken()
-> Result<()> {
    let mut spec = remembering();
    spec["warm"] = json!({ "min": 1, "max": 1 });
    let stage = Stage::of(2, &spec, 1).await?;
    stage.until_budgeted().await?;
    let before = stage.pool.bridges().await?;
    let seen = Seen::from_now_on(stage.pool.pods()).await?;
    let asked_once = stage.pods_asked_once().await?;
    let evictable = async |name: &str| evictable(&asked_once, name).await;
    stage.scale(3).await?;
    // A pod that is Pending is evicted whatever its budget says (k/k pkg/registry/core/pod/storage/eviction.go): nothing runs in it.
    let runs = |pod: &Pod| {
        pod.status
            .as_ref()?
            .phase
            .clone()
            .filter(|phase| phase == "Running")
    };
    let born = || async {
        let there = stage.pool.pods().list(&ListParams::default()).await?;
        let new = |pod: &Pod| before.iter().all(|known| known.name != pod.name_any());
        let mut started = there.items.iter().filter(|pod| runs(pod).is_some());
        let born = started.find(|pod| new(pod)).context("none is new")?;
        Ok(born.name_any())
    };
    let born = stage.lab.eventually("a new bridge runs", PATIENCE, born);
    let born = born.await?;
    ensure!(!evictable(&born).await?, "{born} does not serve yet");
    stage.pool.until_active(3).await?;
    let people = stage.fill(2).await?;
    stage.scale(1).await?;
    let busy = stage
        .pool
        .until("two drain", |status, _| status["draining"] == 2)
        .await?;
    for bridge in &busy {
        ensure!(!evictable(&bridge.name).await?, "{bridge:#?}");
    }

    // Nobody is on them any more: one is kept warm, and the other is removed.
    stage.empty(&people, 2);
    let left = stage
        .pool
        .until("one serves and one is warm", |status, bridges| {
            let is = |intent: &str| bridges.iter().any(|bridge| bridge.intent == intent);
            let told = status["active"] == 1 && status["warm"] == 1;
            told && bridges.len() == 2 && is("active") && is("warm")
        })
        .await?;
    let [serves, warm] =
        ["active", "warm"].map(|intent| left.iter().find(|one| one.intent == intent));
    let (serves, warm) = (serves.context("one serves")?, warm.context("one is warm")?);
    ensure!(evictable(&warm.name).await?, "nobody is on it: {warm:#?}");
    ensure!(!evictable(&serves.name).await?, "{serves:#?}");

    // It is woken.
    stage.scale(2).await?;
    let after = stage.pool.until_active(2).await?;
    ensure!(after.iter().any(|one| one.uid == warm.uid), "{after:#?}");
    ensure!(!evictable(&warm.name).await?, "it serves: {warm:#?}");

    let what = "all versions of the pods were seen";
    let mut versions = Vec::new();
    stage
        .lab
        .eventually(what, PATIENCE, || {
            versions = seen.all();
            let last = versions.iter().rfind(|pod| pod.name_any() == warm.name);
            let woken = last.is_some_and(|pod| marks(pod).0 == "active");
            async move {
                ensure!(woken, "not yet");
                Ok(())
            }
        })
        .await?;
    versions.iter().try_for_each(protected_while_it_holds)?;
    let intents = |name: &str| -> Vec<String> {
        let of_it = versions.iter().filter(|pod| pod.name_any() == name);
        let mut intents: Vec<String> = of_it.map(|pod| marks(pod).0).collect();
        intents.dedup();
        intents
    };
    ensure!(intents(&warm.name) == ["active", "drain", "warm", "active"]);
    let removed = busy
        .iter()
        .find(|one| left.iter().all(|kept| kept.uid != one.uid));
    let removed = removed.context("one was removed")?;
    ensure!(intents(&removed.name) == ["active", "drain", "remove"]);
    ensure!(stage.removals()?.len() == 1, "{:#?}", stage.removals()?);

    stage
        .tells_numbers(&[
            r#"jvb_scaler_drain_duration_seconds_count{namespace="jitsi",pool="jvb",reason="ScaleDown",end="Empty"} 1"#,
            r#"jvb_scaler_drain_duration_seconds_count{namespace="jitsi",pool="jvb",reason="ScaleDown",end="Warm"} 1"#,
        ])
        .await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bridge_is_started_before_its_pool_has_a_budget() -> Result<()> {
    // Who sent it does not give it up before this test wants.
    let flags = ["--request-timeout=2m", "--watch-timeout=1m"];
    let (lab, link) = apart().await?;
    let pool = lab.pool(2).start().await?;
    link.hold(|line| {
        line.starts_with("POST /apis/policy/v1/namespaces/jitsi/poddisruptionbudgets")
    });
    let scalers = lab.scaler().through(&link).flags(&flags).start().await?;
    link.until_held().await?;
    let stage = Stage { lab, pool, scalers };
    let decided = || async {
        let decided = stage.scalers.decided("Create")?;
        ensure!(decided == 2, "{decided} bridges are to be started");
        Ok(())
    };
    let what = "two bridges are to be started";
    stage.lab.eventually(what, PATIENCE, decided).await?;
    // Many times what it takes to start them.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = stage.creations()?;
    ensure!(started.is_empty(), "{started:#?}");
    let code = link.let_go().await?;
    ensure!(code == 201, "the budget was answered with {code}");
    stage.pool.until_active(2).await?;
    let made = stage.asked(|request| {
        let ours = ["/pods", "/poddisruptionbudgets"];
        request.verb == "create" && ours.iter().any(|kind| request.uri.contains(kind))
    })?;
    let budgets: Vec<bool> = made
        .iter()
        .map(|request| request.uri.contains("/poddisruptionbudgets"))
        .collect();
    ensure!(budgets == [true, false, false], "{made:#?}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_whose_budget_cannot_be_made_has_its_bridges_all_the_same_and_says_so() -> Result<()>
{
    let lab = Laboratory::builder().audit_log(true).start().await?;
    let pool = lab.pool(2).start().await?;
    let theirs = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": { "name": "jvb", "namespace": "jitsi" },
        "spec": { "maxUnavailable": 1, "selector": { "matchLabels": { "app": "another" } } },
    });
    lab.put(&theirs).await?;
    let scalers = lab.scaler().start().await?;
    let stage = Stage { lab, pool, scalers };
    stage.pool.until_active(2).await?;
    let told = stage.until_told("ForeignPDB", "BudgetNotKept").await?;
    ensure!(told.contains("belongs to somebody else"), "{told}");
    stage.unharmed().await
}
