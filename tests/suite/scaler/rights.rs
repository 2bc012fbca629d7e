//! What the controller does with its rights: it needs nothing else, and all of them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::api::{Patch, PatchParams};
use laboratory::Laboratory;
use serde_json::json;

use super::stage::{CONTROLLER, PATIENCE, Stage};
use crate::rights;

/// What everybody may ask: which version this is, and with it what time it is there.
const OF_EVERYBODY: &[[&str; 4]] = &[["", "/version", "", "get"]];

/// Whether the controller has asked so.
fn asked(lab: &Laboratory, verb: &str, of: &str) -> Result<bool> {
    let mut asked = lab.audit()?.into_iter();
    Ok(asked.any(|request| {
        request.user.username == CONTROLLER && request.verb == verb && request.uri.contains(of)
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_controller_needs_no_other_right_and_uses_each_that_it_has() -> Result<()> {
    let spec = json!({ "deletionPolicy": "Drain" });
    // A key is replaced every few seconds: each step of that takes rights of its own.
    let keys = ["--key-rotation=5s", "--key-refresh=1s"];
    let stage = Stage::with(2, &spec, 1, &keys).await?;
    let (lab, pool) = (&stage.lab, &stage.pool);
    // Somebody writes on the pods all the time: what the controller writes meets another version, and is read before it goes on.
    let meddling = async {
        let pods = pool.pods();
        for n in 0.. {
            for bridge in pool.bridges().await? {
                let note =
                    json!({ "metadata": { "annotations": { "example.org/note": n.to_string() } } });
                let patch = Patch::Merge(note);
                // One that has just gone cannot be written on.
                let _ = pods
                    .patch(&bridge.name, &PatchParams::default(), &patch)
                    .await;
            }
        }
        anyhow::Ok(())
    };
    let scaling = async {
        while !asked(lab, "get", "/pods/")? {
            for size in [1, 2] {
                stage.scale(size).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        anyhow::Ok(())
    };
    // Who meddles looks at nothing else, and so is quick enough on a busy machine too.
    let both = async {
        tokio::select! {
            meddled = meddling => meddled,
            scaled = scaling => scaled,
        }
    };
    tokio::time::timeout(PATIENCE, both)
        .await
        .context("the controller met no other version")??;
    stage.scale(1).await?;
    pool.until_active(1).await?;
    // Nobody wants the budget, then somebody does, and widens it.
    for wanted in [false, true] {
        pool.patch(&json!({ "spec": { "protect": { "disruptionBudget": wanted } } }))
            .await?;
        lab.eventually("the budget is as it should be", PATIENCE, || async {
            let found = lab.kubectl(&["-n", "jitsi", "get", "pdb", "jvb"]).await?;
            ensure!(found.status.success() == wanted, "{found:?}");
            Ok(())
        })
        .await?;
    }
    let wide = json!({ "spec": { "minAvailable": 0 } }).to_string();
    lab.kubectl_text(&[
        "-n",
        "jitsi",
        "patch",
        "pdb",
        "jvb",
        "--type=merge",
        "-p",
        &wide,
    ])
    .await?;
    // Somebody takes a bridge from its pool, which takes it up again once it has seen that it is still there to own it.
    let bridges = pool.bridges().await?;
    let bridge = &bridges.first().context("there is a bridge")?.name;
    let nobody = Patch::Merge(json!({ "metadata": { "ownerReferences": null } }));
    pool.pods()
        .patch(bridge, &PatchParams::default(), &nobody)
        .await?;
    lab.eventually("the bridge has its owner again", PATIENCE, || async {
        let owners = pool.pods().get(bridge).await?.metadata.owner_references;
        ensure!(owners.as_ref().is_some_and(|owners| !owners.is_empty()));
        Ok(())
    })
    .await?;
    let file = include_str!("../../../scaler/controller/rbac.yaml");
    rights::exactly(lab, CONTROLLER, file, OF_EVERYBODY).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_of_one_namespace_asks_for_nothing_outside_it() -> Result<()> {
    let lab = Laboratory::builder().audit_log(true).start().await?;
    let pool = lab.pool(2).start().await?;
    let scalers = lab.scaler().namespaced().start().await?;
    pool.until_active(2).await?;
    let stage = Stage { lab, pool, scalers };
    stage.scale(1).await?;
    stage.pool.until_active(1).await?;
    for request in stage.asked(|_| true)? {
        let code = request.response_status.map_or(0, |status| status.code);
        ensure!(
            code != 401 && code != 403,
            "{} {}: {code}",
            request.verb,
            request.uri
        );
        let inside = [
            "/namespaces/jitsi/",
            "/namespaces/bridgetender/leases",
            "/namespaces/bridgetender/secrets",
        ]
        .iter()
        .any(|place| request.uri.contains(place))
            || request.uri == "/version";
        ensure!(inside, "{} {}", request.verb, request.uri);
    }
    stage.unharmed().await
}
