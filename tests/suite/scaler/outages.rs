//! What the controller depends on goes away.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bridge::model::{BridgeConfig, Health};
use laboratory::Bridge;
use serde_json::{Value, json};

use super::stage::{Others, PATIENCE, Stage};

const SECOND: Duration = Duration::from_secs(1);

/// Waits until one bridge drains: by the status, by what is written on it, and by itself.
async fn until_one_drains(stage: &Stage) -> Result<Vec<Bridge>> {
    let bridges = stage.pool.until_draining(1).await?;
    stage
        .lab
        .eventually("a bridge heard that it drains", PATIENCE, || async {
            let draining = draining(stage, &bridges);
            ensure!(draining == 1, "{draining} bridges drain");
            Ok(())
        })
        .await?;
    Ok(bridges)
}

/// How many of these bridges drain.
fn draining(stage: &Stage, bridges: &[Bridge]) -> usize {
    stage.pool.jitsi().with(|jitsi, _| {
        let drains = |bridge: &&Bridge| {
            let bridge = jitsi.bridge(&bridge.name);
            bridge.is_some_and(|bridge| bridge.flags().drain)
        };
        bridges.iter().filter(drains).count()
    })
}

/// Waits until the controller has seen people on each bridge.
async fn until_seen_busy(stage: &Stage) -> Result<()> {
    stage
        .lab
        .eventually("people are seen on each bridge", PATIENCE, || async {
            let report = stage.report().await?;
            let bridges = report["bridges"].as_array().context("bridges")?;
            let busy = |bridge: &Value| bridge["last"]["people"].as_u64() > Some(0);
            ensure!(bridges.iter().all(busy), "{report:#}");
            Ok(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_api_server_is_down_drains_go_on_and_nobody_is_harmed() -> Result<()> {
    let mut stage = Stage::of(2, &json!({}), 1).await?;
    for conference in ["physics", "history"] {
        stage.pool.join(conference, 4);
    }
    stage.scale(1).await?;
    let bridges = until_one_drains(&stage).await?;
    stage.lab.kill_api_server().await?;
    // Longer than the leader waits for its Lease.
    let ended = stage.scalers.ended(0).await?;
    let said = format!("{:#}", ended.expect_err("it cannot lead without a Lease"));
    ensure!(said.contains("Lease"), "{said}");
    let drained = draining(&stage, &bridges);
    ensure!(drained == 1, "{drained} bridges drain");
    stage.lab.start_api_server().await?;
    stage.scalers.start(0)?;
    stage.scalers.until_one_leads().await?;
    let there = stage.pool.bridges().await?;
    ensure!(there.len() == 2, "{there:#?}");
    for conference in ["physics", "history"] {
        stage.pool.leave(conference, 4);
    }
    stage.pool.until_active(1).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_does_not_answer_is_never_removed() -> Result<()> {
    let stage = Stage::of(2, &json!({}), 1).await?;
    for conference in ["physics", "history"] {
        stage.pool.join(conference, 4);
    }
    stage.scale(1).await?;
    let bridges = until_one_drains(&stage).await?;
    let draining = bridges.iter().find(|bridge| bridge.intent == "drain");
    let name = draining.context("a bridge drains")?.name.clone();
    stage
        .pool
        .jitsi()
        .break_bridge(&name, laboratory::mocks::Fault::Hung);
    for conference in ["physics", "history"] {
        stage.pool.leave(conference, 4);
    }
    // Many times the settle time.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let there = stage.pool.bridges().await?;
    let kept = |bridge: &&Bridge| bridge.name == name && bridge.protected && !bridge.deleted;
    ensure!(there.iter().filter(kept).count() == 1, "{there:#?}");
    stage.pool.jitsi().break_bridge(&name, None);
    stage.pool.until_active(1).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passes_while_the_api_server_is_down_moves_people_and_cuts_nobody()
-> Result<()> {
    // The API server is to be gone before it, however busy this machine is.
    const DEADLINE: Duration = Duration::from_secs(30);
    let spec = json!({ "drain": { "deadline": "30s" } });
    let mut stage = Stage::of(3, &spec, 1).await?;
    let people = stage.fill(2).await?;
    let began = Instant::now();
    stage.scale(2).await?;
    until_one_drains(&stage).await?;
    stage.lab.kill_api_server().await?;
    stage
        .scalers
        .ended(0)
        .await?
        .expect_err("it cannot lead without a Lease");
    // Nobody has touched anybody, and the deadline passes.
    let (there, lost) = stage.pool.truth();
    let untouched = there.moved + there.cut == 0 && there.on_bridges == 2 * people.len() as u64;
    ensure!(untouched && lost == Some(0), "{there:?} {lost:?}");
    tokio::time::sleep(DEADLINE.saturating_sub(began.elapsed()) + SECOND).await;
    stage.lab.start_api_server().await?;
    stage.scalers.start(0)?;
    stage.pool.until_active(2).await?;
    ensure!(stage.scalers.decided("Expel")? > 0);
    let (there, _) = stage.pool.truth();
    ensure!(there.moved > 0, "{there:?}");
    stage.until_on_bridges(2 * people.len() as u64).await?;
    stage.uncut().await
}

/// The controller's own pace.
const PRODUCTION: [&str; 12] = [
    "--interval=5s",
    "--interval-closely=1s",
    "--presence-interval=5s",
    "--command-retry=2s",
    "--creation-backoff=10s",
    "--status-interval=5s",
    "--mass-window=2m",
    "--watch-timeout=30s",
    "--surroundings-interval=30s",
    "--lease-duration=15s",
    "--renew-deadline=10s",
    "--retry-period=2s",
];

/// Everything at its production value but the deadline of a drain: bridges, pool and controller.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes about five minutes at production's own pace; `make test-long` runs it"]
async fn two_minutes_without_an_api_server_in_the_middle_of_a_drain_at_productions_own_pace()
-> Result<()> {
    let lab = laboratory::Laboratory::builder()
        .audit_log(true)
        .start()
        .await?;
    let spec = json!({
        "drain": {
            "deadline": "90s", "settle": "15s", "maxConcurrent": "25%",
            "moveInterval": "2s", "shutdownTimeout": "75s", "expelTimeout": "5m",
        },
        "evidence": { "freshness": "10s", "removalFreshness": "2s" },
    });
    let pool = lab.pool(3).spec(&spec).configure(|bridge| {
        *bridge = BridgeConfig {
            colibri_rest: true,
            shutdown_rest: true,
            ..BridgeConfig::default()
        };
    });
    let pool = pool.start().await?;
    let scalers = lab.scaler().flags(&PRODUCTION).start().await?;
    pool.until_active(3).await?;
    let mut stage = Stage { lab, pool, scalers };
    let people = stage.fill(2).await?;
    let all = 2 * people.len() as u64;
    stage.scale(2).await?;
    until_one_drains(&stage).await?;
    stage.lab.kill_api_server().await?;
    let down = Instant::now();
    stage
        .scalers
        .ended(0)
        .await?
        .expect_err("it cannot lead without a Lease");
    println!(
        "the controller ended {:.0} s after the API server",
        down.elapsed().as_secs_f64()
    );
    tokio::time::sleep(Duration::from_mins(2).saturating_sub(down.elapsed())).await;
    let (there, lost) = stage.pool.truth();
    let untouched = there.moved + there.cut == 0 && there.on_bridges == all;
    ensure!(untouched && lost == Some(0), "{there:?} {lost:?}");
    stage.lab.start_api_server().await?;
    stage.scalers.start(0)?;
    let back = Instant::now();
    stage.pool.until_active(2).await?;
    println!(
        "the drained bridge is gone {:.0} s after it came back",
        back.elapsed().as_secs_f64()
    );
    let (there, _) = stage.pool.truth();
    ensure!(there.moved > 0, "{there:?}");
    stage.until_on_bridges(all).await?;
    stage.uncut().await
}

/// An API server that has one place for the controller's requests, and no queue: whatever comes meanwhile it refuses.
const ONE_PLACE: &str = "
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: one-place }
spec:
  type: Limited
  limited: { nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: { type: Reject } }
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: { name: one-place }
spec:
  priorityLevelConfiguration: { name: one-place }
  matchingPrecedence: 2
  distinguisherMethod: { type: ByUser }
  rules:
    - subjects: [{ kind: ServiceAccount, serviceAccount: { name: jvb-scaler, namespace: bridgetender } }]
      resourceRules: [{ verbs: [create, patch, delete], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }]
";

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_refuses_most_requests_is_left_alone_and_all_is_done_in_the_end()
-> Result<()> {
    let stage = Stage::of(2, &json!({}), 1).await?;
    stage.fill(2).await?;
    stage.lab.apply(ONE_PLACE).await?;
    // That a schema leads somewhere is told when it is heeded.
    let dangling = r#"jsonpath={.status.conditions[?(@.type=="Dangling")].status}"#;
    let words = ["get", "flowschema", "one-place", "-o", dangling];
    stage
        .lab
        .eventually("the one place is heeded", PATIENCE, || async {
            let dangling = stage.lab.kubectl_text(&words).await?;
            ensure!(dangling == "False", "{dangling:?}");
            Ok(())
        })
        .await?;
    stage.scale(24).await?;
    stage.pool.until_active(24).await?;
    let refused = |request: &laboratory::Request| {
        let answer = request.response_status.as_ref();
        answer.is_some_and(|answer| answer.code == 429)
    };
    let refused = stage.asked(refused)?;
    ensure!(!refused.is_empty(), "it never had too much to do");
    // What was refused is not asked again at once: a second is a long time to those who ask on and on.
    let seconds: BTreeSet<&str> = refused
        .iter()
        .map(|request| {
            request
                .request_received_timestamp
                .split('.')
                .next()
                .unwrap_or_default()
        })
        .collect();
    let most = 40 * seconds.len();
    ensure!(
        refused.len() <= most,
        "{} in {} s",
        refused.len(),
        seconds.len()
    );
    // Each of those that were to start a bridge is told behind the decision.
    let failures = stage.scalers.failures("Create")?;
    let (decided, started) = (stage.scalers.decided("Create")?, stage.creations()?);
    let answered = |request: &laboratory::Request| {
        let answer = request.response_status.as_ref();
        answer.is_some_and(|answer| answer.code == 201)
    };
    let started = started.into_iter().filter(answered).count();
    ensure!(
        decided == started + failures.len() && started == 24,
        "{decided} decided, {started} started, {failures:?}"
    );
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_deleted_comes_back_and_a_second_one_is_told_of() -> Result<()> {
    let stage = Stage::of(1, &json!({}), 1).await?;
    stage.until_budgeted().await?;
    let words = ["-n", "jitsi", "delete", "pdb", "jvb"];
    stage.lab.kubectl_text(&words).await?;
    stage.until_budgeted().await?;
    let second = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": { "name": "theirs", "namespace": "jitsi" },
        "spec": { "maxUnavailable": 1, "selector": { "matchLabels": { "app": "jvb" } } },
    });
    stage.lab.put(&second).await?;
    let told = stage.until_told("ForeignPDB", "SecondPdb").await?;
    ensure!(told.contains("theirs"), "{told}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bridges_that_fall_to_zero_all_at_once_are_an_outage_and_none_is_removed() -> Result<()> {
    let laboratory = laboratory::Laboratory::builder();
    // Long enough to be seen, and to be looked at, however busy this machine is.
    let flags = ["--mass-window=30s"];
    let stage = Stage::in_a(laboratory, 4, &json!({}), 1, &flags).await?;
    let people = stage.fill(2).await?;
    until_seen_busy(&stage).await?;
    stage.scale(2).await?;
    stage.pool.until_draining(2).await?;
    // As bridges say when prosody restarts.
    stage.empty(&people, 2);
    stage.until_told("MassEmpty", "TooManyAtOnce").await?;
    // Three times the settle time.
    tokio::time::sleep(SECOND * 3).await;
    let there = stage.pool.bridges().await?;
    ensure!(
        there.len() == 4 && stage.removals()?.is_empty(),
        "{there:#?}"
    );
    // They have been empty for long: that is no outage any more.
    stage.pool.until_active(2).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bridges_that_find_themselves_unhealthy_all_at_once_are_an_outage_and_none_is_drained()
-> Result<()> {
    let lab = laboratory::Laboratory::builder()
        .audit_log(true)
        .start()
        .await?;
    let pool = lab
        .pool(4)
        .configure(|bridge| bridge.health_interval = SECOND / 2);
    let pool = pool.start().await?;
    let scalers = lab.scaler().start().await?;
    let before = pool.until_active(4).await?;
    let stage = Stage { lab, pool, scalers };
    let find = |health: &Health| {
        stage.pool.jitsi().with(|jitsi, _| {
            for bridge in &before {
                jitsi.set_health(&bridge.name, health.clone());
            }
        });
    };
    find(&Health::Bad("no valid address".to_owned()));
    let told = stage.until_told("BridgesUnknown", "MassUnhealthy").await?;
    ensure!(told.contains("unhealthy"), "{told}");
    // Nobody is on them: each could be drained and removed within seconds.
    stage.scale(1).await?;
    stage.until_told("ScalingLimited", "Stale").await?;
    tokio::time::sleep(SECOND * 4).await;
    let there = stage.pool.bridges().await?;
    let serves = |bridge: &Bridge| bridge.intent == "active" && bridge.protected;
    ensure!(
        there.len() == 4 && there.iter().all(serves),
        "one was drained: {there:#?}"
    );
    ensure!(
        stage.creations()?.len() == 4 && stage.removals()?.is_empty(),
        "{there:#?}"
    );
    find(&Health::Good);
    stage.until_told("BridgesUnknown", "AsExpected").await?;
    stage.pool.until_active(1).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_gone_bridge_is_believed_of_the_next_one_at_its_address() -> Result<()> {
    // It settles until it is taken away.
    let stage = Stage::of(2, &json!({ "drain": { "settle": "10m" } }), 1).await?;
    let people = stage.fill(2).await?;
    stage.scale(1).await?;
    let bridges = stage.pool.until_draining(1).await?;
    let draining = bridges.iter().find(|bridge| bridge.intent == "drain");
    let draining = draining.context("a bridge drains")?;
    let address = |pod: &k8s_openapi::api::core::v1::Pod| pod.status.as_ref()?.pod_ip.clone();
    let pods = stage.pool.pods();
    let theirs = address(&pods.get(&draining.name).await?).context("an address")?;
    // It is empty and settles, when somebody takes it away and its address goes to a new bridge.
    stage.empty(&people, 2);
    stage.pool.kubelet().next_address(theirs.parse()?);
    let words = [
        "-n",
        "jitsi",
        "delete",
        "pod",
        &draining.name,
        "--force",
        "--grace-period=0",
    ];
    stage.lab.kubectl_text(&words).await?;
    stage.scale(2).await?;
    let after = stage.pool.until_active(2).await?;
    let new = after
        .iter()
        .find(|bridge| bridges.iter().all(|known| known.uid != bridge.uid));
    let new = new.context("a new bridge")?;
    let ours = address(&pods.get(&new.name).await?).context("an address")?;
    ensure!(ours == theirs, "{ours} {theirs}");
    stage.pool.join("staff", 2);
    tokio::time::sleep(SECOND * 3).await;
    let there = stage.pool.bridges().await?;
    let serves = |bridge: &Bridge| bridge.uid == new.uid && bridge.intent == "active";
    ensure!(there.iter().any(serves), "{there:#?}");
    // Nobody was on the one that was taken away.
    stage.harmed_only_by(Others { cut: 0, lost: 1 }).await
}
