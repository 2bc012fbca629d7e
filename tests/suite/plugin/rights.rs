//! What the plugin needs to be allowed: nothing else, and all of it.

use anyhow::{Result, ensure};
use serde_json::json;

use super::Plugin;
use crate::rights;
use crate::scaler::{PATIENCE, Stage};

const RBAC: &str = include_str!("../../../scaler/plugin/rbac.yaml");

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_are_given_to_operators_are_those_that_it_uses() -> Result<()> {
    let flags = ["--pod=jvb-scaler-0"];
    let mut stage = Stage::with(1, &json!({}), 1, &flags).await?;
    stage.lab.apply(RBAC).await?;
    let operators = stage.lab.identity("anna", &["bridgepool-operators"])?;
    // Rights that were given just now are heeded a moment later.
    for (namespace, verb, what) in [
        ("jitsi", "watch", "pods"),
        ("bridgetender", "get", "leases/jvb-scaler"),
    ] {
        let asked = ["auth", "can-i", verb, what, "-n", namespace];
        let whom = ["--as=anna", "--as-group=bridgepool-operators"];
        let words = [&asked[..], &whom].concat();
        stage
            .lab
            .eventually("anna may", PATIENCE, || async {
                stage.lab.kubectl_text(&words).await.map(drop)
            })
            .await?;
    }
    let plugin = Plugin::of_user(&operators, Some(&stage.scalers))?;
    let bridge = stage.pool.bridges().await?.remove(0).name;
    for arguments in [
        &["status"][..],
        &["status", "jvb"],
        &["explain"],
        &["pin", &bridge],
        &["pause"],
        &["resume"],
    ] {
        plugin.text(arguments).await?;
    }
    let mut watch = plugin
        .command(&["watch"])
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    // Without the address of the controller it is asked through the API server, which finds no pod of that name here; then its Lease
    // and the pods tell what they can.
    let through = Plugin::of_user(&operators, None)?;
    stage
        .lab
        .eventually("all is well without it", PATIENCE, || async {
            let said = through.run(&["status"]).await?;
            let words = said.words();
            ensure!(
                said.code == Some(0)
                    && words.contains("jvb-scaler's pod bridgetender/jvb-scaler-0 is gone"),
                "{said:?}"
            );
            Ok(())
        })
        .await?;
    stage.scalers.kill(0)?;
    rights::exactly(&stage.lab, "anna", RBAC, &[]).await?;
    watch.kill().await?;
    stage.fenced().await
}
