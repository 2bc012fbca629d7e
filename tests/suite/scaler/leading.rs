//! Who leads, and who leads next; and two controllers that both do.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use laboratory::Never;
use serde_json::json;

use super::stage::{PATIENCE, Stage};
use crate::programs::built;

/// Whoever leads next need not wait until the Lease of a dead leader is over: as if that time had passed.
pub(super) async fn forget_lease(stage: &Stage) -> Result<()> {
    let words = [
        "-n",
        "bridgetender",
        "delete",
        "lease",
        "jvb-scaler",
        "--ignore-not-found",
    ];
    stage.lab.kubectl_text(&words).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_controllers_one_leads_and_the_other_takes_over_at_once_when_it_ends() -> Result<()>
{
    let mut stage = Stage::of_programs(2, 2).await?;
    let first = stage.scalers.until_one_leads().await?;
    let second = 1 - first;
    let waits = || async {
        let said = stage.scalers.says(second, "/readyz").await?;
        ensure!(said.trim() == "waits for the Lease", "{said}");
        Ok(())
    };
    stage
        .lab
        .eventually("the other one waits for the Lease", PATIENCE, waits)
        .await?;
    // What others wrote on the Lease stays.
    let label = [
        "-n",
        "bridgetender",
        "label",
        "lease",
        "jvb-scaler",
        "example.org/note=kept",
    ];
    stage.lab.kubectl_text(&label).await?;
    // By SIGTERM, and its exit code says that it ended well.
    stage.scalers.terminate(first).await?;
    // The Lease of one that only ended would be its own for many seconds.
    let holder = "jsonpath={.spec.holderIdentity}";
    let words = [
        "-n",
        "bridgetender",
        "get",
        "lease",
        "jvb-scaler",
        "-o",
        holder,
    ];
    let holder = stage.lab.kubectl_text(&words).await?;
    ensure!(
        holder != format!("jvb-scaler-{first}"),
        "it holds its Lease"
    );
    ensure!(stage.scalers.until_one_leads().await? == second);
    let labels = [
        "-n",
        "bridgetender",
        "get",
        "lease",
        "jvb-scaler",
        "--show-labels",
    ];
    let shown = stage.lab.kubectl_text(&labels).await?;
    ensure!(shown.contains("example.org/note=kept"), "{shown}");
    stage.scale(3).await?;
    stage.pool.until_active(3).await?;
    stage.unharmed().await
}

/// The right to another Lease than the usual one.
const ANOTHER_LEASE: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: another-lease, namespace: bridgetender }
rules:
  - { apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [another], verbs: [get, update] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: another-lease, namespace: bridgetender }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: another-lease }
subjects: [{ kind: ServiceAccount, name: jvb-scaler, namespace: bridgetender }]
";

#[tokio::test(flavor = "multi_thread")]
async fn two_controllers_that_both_lead_hang_up_on_nobody() -> Result<()> {
    /// Whoever is the faster one leaves the other one nothing to decide, but not for ever.
    const ROUNDS: u32 = 10;
    let stage = Stage::of(4, &json!({}), 1).await?;
    stage.lab.apply(ANOTHER_LEASE).await?;
    // As if an election had gone wrong: it has a Lease of its own, and looks after the same pool.
    let second = stage
        .lab
        .scaler()
        .beside(1)
        .flags(&["--lease-name=another"]);
    let mut second = second.start().await?;
    let people = stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    let decided = || anyhow::Ok((stage.scalers.decisions()?.len(), second.decisions()?.len()));
    for _ in 0..ROUNDS {
        for size in [2, 4, 1, 3] {
            stage.scale(size).await?;
            stage
                .pool
                .until(&format!("{size} are counted"), |status, _| {
                    status["replicas"] == size
                })
                .await?;
        }
        let (ours, theirs) = decided()?;
        if ours > 0 && theirs > 0 {
            break;
        }
    }
    let there = stage.pool.bridges().await?;
    for known in &before {
        let stays = there
            .iter()
            .any(|bridge| bridge.uid == known.uid && !bridge.deleted);
        ensure!(stays, "one with people is gone: {there:#?}");
    }
    stage.empty(&people, 2);
    stage.pool.until_active(3).await?;
    let (ours, theirs) = decided()?;
    ensure!(
        ours > 0 && theirs > 0,
        "only one decided: {ours} and {theirs}"
    );
    second.unbroken()?;
    drop(second);
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_leader_asks_no_cache_which_bridges_there_are_and_drains_no_second_one()
-> Result<()> {
    let mut stage = Stage::of(3, &json!({}), 1).await?;
    let people = stage.fill(2).await?;
    let lists = |stage: &Stage| {
        stage.asked(|request| request.verb == "list" && request.uri.contains("/pods"))
    };
    let before = lists(&stage)?.len();
    stage.scale(2).await?;
    let drains = || async {
        let bridges = stage.pool.bridges().await?;
        let draining = bridges.into_iter().find(|one| one.intent == "drain");
        draining.context("none drains yet")
    };
    let chosen = stage.lab.eventually("a bridge drains", PATIENCE, drains);
    let chosen = chosen.await?;
    stage.scalers.kill(0)?;
    forget_lease(&stage).await?;
    stage.scalers.start(0)?;
    stage.scalers.until_one_leads().await?;
    stage
        .pool
        .until("one drains, as before", |status, bridges| {
            let draining = bridges.iter().filter(|one| one.intent == "drain");
            status["draining"] == 1 && draining.map(|one| &one.uid).eq([&chosen.uid])
        })
        .await?;
    // All of that was so before it had looked.
    stage
        .lab
        .eventually("it has asked which bridges there are", PATIENCE, || async {
            let lists = lists(&stage)?;
            let anew = lists.get(before..).unwrap_or_default();
            // A list of any version may be older than what the last leader wrote.
            let cached = anew
                .iter()
                .find(|list| list.uri.contains("resourceVersion"));
            ensure!(cached.is_none(), Never(format!("{anew:#?}")));
            ensure!(!anew.is_empty(), "not yet");
            Ok(())
        })
        .await?;
    stage.empty(&people, 2);
    let left = stage.pool.until_active(2).await?;
    ensure!(left.iter().all(|one| one.uid != chosen.uid), "{left:#?}");
    // A drain that meets another version of its pod is decided anew, of the same bridge.
    let decisions = stage.scalers.decisions()?;
    let drained: BTreeSet<&str> = decisions
        .iter()
        .filter(|line| line["decision"]["transition"] == "Drain")
        .filter_map(|line| line["decision"]["pod"]["uid"].as_str())
        .collect();
    ensure!(
        drained == BTreeSet::from([chosen.uid.as_str()]),
        "{drained:?} were drained"
    );
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_connections_fall_silent_goes_on_leading_on_new_ones() -> Result<()> {
    let lab = laboratory::Laboratory::builder()
        .audit_log(true)
        .start()
        .await?;
    let link = lab.link().await?;
    let pool = lab.pool(3).start().await?;
    let scalers = lab.scaler().through(&link).program(built("jvb-scaler")?);
    let scalers = scalers.start().await?;
    pool.until_active(3).await?;
    let stage = Stage { lab, pool, scalers };
    stage.fill(2).await?;
    link.lose_connections();
    stage.scale(2).await?;
    // It notices a silent watch within the watch's time, and has led all the while.
    stage
        .pool
        .until("a bridge drains", |status, _| status["draining"] == 1)
        .await?;
    let metrics = stage.scalers.says(0, "/metrics").await?;
    ensure!(metrics.contains("jvb_scaler_leader 1"), "{metrics}");
    // One that hears nothing at all ends, and nothing happens until it can be heard again.
    link.stall();
    let mut stage = stage;
    let ended = tokio::time::timeout(PATIENCE, stage.scalers.ended(0)).await??;
    let said = format!("{:#}", ended.expect_err("it cannot lead without a Lease"));
    ensure!(said.contains("Lease"), "{said}");
    ensure!(said.starts_with("exit status: 1"), "{said}");
    link.resume();
    stage.scalers.start(0)?;
    stage.scalers.until_one_leads().await?;
    stage.scale(3).await?;
    stage.pool.until_active(3).await?;
    stage.unharmed().await
}
