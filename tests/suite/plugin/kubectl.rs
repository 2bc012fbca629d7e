//! As kubectl's own plugin.

use std::os::unix::fs::symlink;

use anyhow::{Result, ensure};
use serde_json::json;

use super::{Plugin, said};
use crate::scaler::{PATIENCE, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_finds_it_and_completes_its_words() -> Result<()> {
    let stage = Stage::of(1, &json!({}), 1).await?;
    let plugin = Plugin::of(&stage.lab, Some(&stage.scalers))?;
    let bin = tempfile::tempdir()?;
    for name in ["kubectl-bridgepool", "kubectl_complete-bridgepool"] {
        symlink(plugin.program(), bin.path().join(name))?;
    }
    let kubectl = laboratory::kubectl_path()?;
    let run = async |arguments: &[&str]| {
        let output = tokio::process::Command::new(&kubectl)
            .args(arguments)
            .env("PATH", bin.path())
            .env("KUBECONFIG", stage.lab.kubeconfig())
            .env(
                "BRIDGEPOOL_CONTROLLER",
                format!("http://{}", stage.scalers.address(0)),
            )
            .env("HOME", bin.path())
            .output()
            .await?;
        anyhow::Ok(said(&output))
    };
    let told = run(&["plugin", "list", "--name-only"]).await?;
    ensure!(told.out.contains("kubectl-bridgepool"), "{told:?}");
    let well = "jitsi/jvb: 1 bridge wanted, 1 counted, 1 active";
    stage
        .lab
        .eventually("the pool is well", PATIENCE, || async {
            let told = run(&["bridgepool", "status", "-n", "jitsi"]).await?;
            ensure!(told.code == Some(0) && told.out.contains(well), "{told:?}");
            Ok(())
        })
        .await?;
    let told = run(&["bridgepool", "statsu"]).await?;
    ensure!(
        told.code == Some(64) && told.err.contains("'status'"),
        "{told:?}"
    );
    let bridge = stage.pool.bridges().await?.remove(0).name;
    let told = run(&["bridgepool", "pin", &bridge, "-n", "jitsi"]).await?;
    ensure!(
        told.code == Some(0) && told.out.contains("is left alone"),
        "{told:?}"
    );
    for (words, proposal) in [
        (&["bridgepool", "expl"][..], "explain\t"),
        (&["bridgepool", "pause", "-n", "jitsi", ""], "jvb\n"),
        (
            &["bridgepool", "-n", "jitsi", "drain", "jvb"],
            bridge.as_str(),
        ),
    ] {
        // Whoever types waits for a cluster for two seconds, and gets no names then.
        stage
            .lab
            .eventually("the word is proposed", PATIENCE, || async {
                let told = run(&[&["__complete"], words].concat()).await?;
                ensure!(
                    told.code == Some(0) && told.out.contains(proposal),
                    "{words:?}: {told:?}"
                );
                ensure!(told.out.contains(":4"), "{words:?}: {told:?}");
                Ok(())
            })
            .await?;
    }
    stage.unharmed().await
}
