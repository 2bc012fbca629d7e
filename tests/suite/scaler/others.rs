//! What others in the cluster do: those who let no pod in, those who drain bridges, those whose pods look like ours.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::Api;
use kube::api::PostParams;
use laboratory::{Bridge, Never};
use serde_json::json;

use super::stage::{PATIENCE, Stage, remembering};

/// Lets no bridge in, as somebody's webhook or quota would.
const NO_MORE: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: no-more }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods] }]
  validations: [{ expression: 'false', message: no more bridges today }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: no-more }
spec: { policyName: no-more, validationActions: [Deny] }
";

/// A pod like a bridge's of the pool, whose controller is the ConfigMap with this UID.
fn pod(uid: &str) -> Result<Pod> {
    let pod = json!({
        "metadata": {
            "name": "alien",
            "labels": {
                "app": "jvb",
                "bridgetender.dev/pool": "jvb",
                "bridgetender.dev/counted": "true",
                "bridgetender.dev/protected": "true",
            },
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "ConfigMap", "controller": true,
                "name": "aliens", "uid": uid,
            }],
        },
        "spec": { "containers": [{ "name": "alien", "image": "laboratory/idle" }] },
    });
    Ok(serde_json::from_value(pod)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_new_bridge_is_let_in_a_draining_one_is_taken_back() -> Result<()> {
    let stage = Stage::of(3, &remembering(), 1).await?;
    stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    stage.scale(2).await?;
    stage.pool.until_draining(1).await?;
    stage.lab.apply(NO_MORE).await?;
    // A policy takes a moment to be heeded.
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let another = pod("0")?;
    stage
        .lab
        .eventually("no pod is let in", PATIENCE, || async {
            let asked = stage.pool.pods().create(&dry, &another).await;
            let refused = asked.err().context("it would be let in")?;
            ensure!(refused.to_string().contains("no more bridges"), "{refused}");
            Ok(())
        })
        .await?;

    stage.scale(3).await?;
    let after = stage.pool.until_active(3).await?;
    let same = |(one, other): (&Bridge, &Bridge)| one.uid == other.uid;
    ensure!(
        before.iter().zip(&after).all(same),
        "{before:#?} {after:#?}"
    );
    ensure!(stage.creations()?.len() == 3, "{:#?}", stage.creations()?);

    // One more there cannot be: it is said why, and asked for again when that may have changed.
    stage.scale(4).await?;
    let told = stage
        .until_told("ScalingLimited", "CreationRefused")
        .await?;
    ensure!(told.contains("no more bridges today"), "{told}");
    let words = ["delete", "validatingadmissionpolicybinding", "no-more"];
    stage.lab.kubectl_text(&words).await?;
    stage.pool.until_active(4).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bridges_that_a_stranger_drains_are_told_to_serve() -> Result<()> {
    let stage = Stage::of(3, &json!({}), 1).await?;
    stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    for bridge in &before {
        let drain = bridge::request::drain("127.0.0.1:8080");
        let answer = stage
            .pool
            .jitsi()
            .with(|jitsi, now| jitsi.bridge_request(&bridge.name, &drain, now));
        ensure!(answer.is_some_and(|answer| answer.status().is_success()));
    }
    let serves = |bridge: &Bridge| {
        stage.pool.jitsi().with(|jitsi, _| {
            let bridge = jitsi.bridge(&bridge.name);
            bridge.is_some_and(|bridge| !bridge.flags().drain)
        })
    };
    stage
        .lab
        .eventually("all serve again", PATIENCE, || async {
            let bridges = stage.pool.bridges().await?;
            let counted = bridges.iter().all(|bridge| bridge.intent == "active");
            ensure!(counted, Never(format!("one is to go: {bridges:#?}")));
            ensure!(bridges.iter().all(serves), "some drain");
            Ok(())
        })
        .await?;
    ensure!(stage.creations()?.len() == 3, "{:#?}", stage.creations()?);
    stage.pool.until_active(3).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_of_another_owner_is_neither_counted_nor_touched() -> Result<()> {
    let stage = Stage::of(2, &remembering(), 1).await?;
    stage.fill(2).await?;
    let owners: Api<ConfigMap> = Api::namespaced(stage.lab.client(), "jitsi");
    let owner = serde_json::from_value(json!({ "metadata": { "name": "aliens" } }))?;
    let owner = owners.create(&PostParams::default(), &owner).await?;
    let uid = owner.metadata.uid.context("every object has one")?;
    let pods = stage.pool.pods();
    pods.create(&PostParams::default(), &pod(&uid)?).await?;

    // With it the pool would be as large as is wanted.
    stage.scale(3).await?;
    for size in [3, 2] {
        stage.scale(size).await?;
        let what = format!("{size} bridges of its own serve, and it is there");
        stage
            .pool
            .until(&what, |status, bridges| {
                let own = bridges.iter().filter(|one| one.name != "alien").count();
                let told = status["active"] == size && status["replicas"] == size;
                told && own == size as usize && bridges.len() == own + 1
            })
            .await?;
    }
    let alien = pods.get("alien").await?;
    ensure!(alien.metadata.deletion_timestamp.is_none(), "{alien:#?}");
    let written = |request: &laboratory::Request| {
        let writes = ["patch", "update", "delete"].contains(&request.verb.as_str());
        writes && request.uri.contains("/pods/alien")
    };
    ensure!(stage.asked(written)?.is_empty(), "{alien:#?}");
    stage.unharmed().await
}
