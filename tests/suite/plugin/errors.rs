//! What is in the way is named, with what to do next.

use anyhow::{Context as _, Result, ensure};
use laboratory::Laboratory;
use scaler_api::{cases, crd};
use serde_json::{Value, json};

use super::Plugin;
use crate::scaler::{PATIENCE, Stage};

async fn refused(plugin: &Plugin, arguments: &[&str], code: i32, words: &[&str]) -> Result<()> {
    let said = plugin.run(arguments).await?;
    ensure!(
        said.code == Some(code) && said.out.is_empty(),
        "{arguments:?}: {said:?}"
    );
    for word in words {
        ensure!(
            said.err.contains(word),
            "{arguments:?}: {word:?} is not in\n{}",
            said.err
        );
    }
    Ok(())
}

fn pool(name: &str) -> Value {
    let mut pool = cases::pool(&json!({}));
    pool["metadata"] = json!({ "name": name, "namespace": "jitsi" });
    pool
}

async fn nothing_is_installed(plugin: &Plugin) -> Result<()> {
    let crd = [
        "the cluster does not know BridgePools",
        "hint: install them: kubectl apply",
    ];
    for arguments in [
        &["status"][..],
        &["status", "jvb"],
        &["pause"],
        &["watch"],
        &["status", "-A"],
    ] {
        refused(plugin, arguments, 2, &crd).await?;
    }
    Ok(())
}

async fn nobody_may(lab: &Laboratory) -> Result<()> {
    let nobody = Plugin::of_user(&lab.identity("nobody", &[])?, None)?;
    for (arguments, verb, resource) in [
        (&["status"][..], "list", "bridgepools"),
        (&["status", "north"], "get", "bridgepools"),
        (&["drain", "jvb-1"], "get", "pods"),
    ] {
        let rule = format!("resources: [{resource}]\n        verbs: [{verb}]");
        refused(&nobody, arguments, 2, &["error: you may not: ", &rule]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_obstacle_is_named_with_the_way_around_it() -> Result<()> {
    let lab = Laboratory::start().await?;
    let plugin = Plugin::of(&lab, None)?;
    nothing_is_installed(&plugin).await?;
    lab.apply(&crd::definition().to_string()).await?;
    lab.namespace("jitsi").await?;
    refused(
        &plugin,
        &["status"],
        2,
        &[
            "there is no pool in namespace jitsi",
            "-n names another namespace",
        ],
    )
    .await?;
    refused(
        &plugin,
        &["status", "-A"],
        2,
        &["there is no pool in this cluster"],
    )
    .await?;
    for name in ["north", "south"] {
        lab.put(&pool(name)).await?;
    }
    refused(
        &plugin,
        &["status", "noth"],
        2,
        &[
            "there is no pool noth in namespace jitsi",
            "did you mean north?",
        ],
    )
    .await?;
    refused(
        &plugin,
        &["status", "choir"],
        2,
        &["hint: there are north, south"],
    )
    .await?;
    for verb in ["pause", "resume", "release", "explain"] {
        refused(
            &plugin,
            &[verb],
            64,
            &[
                "several pools, and none is named",
                "hint: name one of north, south",
            ],
        )
        .await?;
    }
    refused(
        &plugin,
        &["pin", "jvb-1"],
        2,
        &["there is no bridge jvb-1 in namespace jitsi"],
    )
    .await?;
    lab.put(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web", "namespace": "jitsi" },
        "spec": { "containers": [{ "name": "web", "image": "web" }] },
    }))
    .await?;
    refused(
        &plugin,
        &["drain", "web"],
        2,
        &["the pod jitsi/web is no bridge of a pool: it has no label bridgetender.dev/pool"],
    )
    .await?;
    refused(
        &plugin,
        &["explain", "-p", "north"],
        2,
        &["no jvb-scaler has looked after this pool yet"],
    )
    .await?;
    // A pool that nobody looks after is told, and is not well.
    let said = plugin.run(&["status", "north"]).await?;
    ensure!(
        said.code == Some(1) && said.out.contains("NotLookedAfter"),
        "{said:?}"
    );
    nobody_may(&lab).await?;
    refused(
        &plugin,
        &["status", "--context=prod"],
        2,
        &["no context prod (--context)", "get-contexts"],
    )
    .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_is_down_is_named() -> Result<()> {
    let lab = Laboratory::start().await?;
    let plugin = Plugin::of(&lab, None)?;
    lab.kill_api_server().await?;
    refused(
        &plugin,
        &["status"],
        2,
        &[
            "the API server does not answer",
            "kubectl get --raw /readyz",
        ],
    )
    .await?;
    lab.stop().await
}

/// Whoever may read everything, and change this one pod.
fn one_pod(name: &str) -> String {
    let rules = json!([
        { "apiGroups": ["bridgetender.dev"], "resources": ["bridgepools"], "verbs": ["get", "list"] },
        { "apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"] },
        { "apiGroups": [""], "resources": ["pods"], "resourceNames": [name], "verbs": ["patch"] },
    ]);
    let named = json!({ "name": "one-pod", "namespace": "jitsi" });
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    let role = json!({ "apiVersion": version, "kind": "Role", "metadata": named, "rules": rules });
    let binding = json!({
        "apiVersion": version,
        "kind": "RoleBinding",
        "metadata": named,
        "roleRef": { "apiGroup": group, "kind": "Role", "name": "one-pod" },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": "berta" }],
    });
    format!("{role}\n---\n{binding}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_something_failed_is_told() -> Result<()> {
    let stage = Stage::of(3, &json!({}), 1).await?;
    let names: Vec<String> = stage
        .pool
        .bridges()
        .await?
        .into_iter()
        .map(|one| one.name)
        .collect();
    let [first, second, third] = [0, 1, 2].map(|n| names[n].as_str());
    stage.lab.apply(&one_pod(first)).await?;
    let may = format!("pods/{first}");
    let words = ["auth", "can-i", "patch", &may, "-n", "jitsi", "--as=berta"];
    stage
        .lab
        .eventually("berta may", PATIENCE, || async {
            stage.lab.kubectl_text(&words).await.map(drop)
        })
        .await?;
    let berta = stage.lab.identity("berta", &[])?;
    let plugin = Plugin::of_user(&berta, Some(&stage.scalers))?;

    let said = plugin
        .run(&["pin", first, second, third, "-o", "json"])
        .await?;
    ensure!(said.code == Some(2), "{said:?}");
    let told: Value = serde_json::from_str(&said.out).with_context(|| format!("{said:?}"))?;
    ensure!(
        told["changes"].as_array().map(Vec::len) == Some(1),
        "{told:#}"
    );
    ensure!(told["changes"][0]["name"] == first, "{told:#}");
    ensure!(told["failed"]["name"] == second, "{told:#}");
    for (field, word) in [("error", "you may not: "), ("hint", "verbs: [patch]")] {
        let text = told["failed"][field].as_str().unwrap_or_default();
        ensure!(text.contains(word), "{told:#}");
    }
    ensure!(told["notTried"] == json!([third]), "{told:#}");
    ensure!(said.err.contains("error: you may not: "), "{said:?}");

    // The same to people.
    let said = plugin.run(&["pin", first, second, third]).await?;
    ensure!(said.code == Some(2) && said.out.contains(first), "{said:?}");
    let failed = format!("{second} failed; not tried: {third}\nerror: you may not: ");
    ensure!(said.err.contains(&failed), "{said:?}");
    stage.unharmed().await
}
