//! `watch`.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::Plugin;
use crate::scaler::{PATIENCE, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_a_bridge_is_told_line_by_line_as_it_happens() -> Result<()> {
    let stage = Stage::of(2, &json!({}), 1).await?;
    let plugin = Plugin::of(&stage.lab, Some(&stage.scalers))?;
    let mut command = plugin.command(&["watch", "-o", "json"]);
    let mut watch = command.stdout(Stdio::piped()).spawn()?;
    let out = watch.stdout.take().context("its output")?;
    let mut lines = BufReader::new(out).lines();
    let mut seen: Vec<Value> = Vec::new();
    // Until something was told that is so.
    let mut until = async |what: &str, so: &dyn Fn(&Value) -> bool| -> Result<Value> {
        let told = tokio::time::timeout(PATIENCE, async {
            loop {
                let line = lines.next_line().await?.context("it ended")?;
                let change: Value = serde_json::from_str(&line)?;
                seen.push(change.clone());
                if so(&change) {
                    return anyhow::Ok(change);
                }
            }
        })
        .await;
        told.unwrap_or_else(|_| anyhow::bail!("it was not told that {what}: {seen:#?}"))
    };
    // At first all that is there.
    for _ in 0..2 {
        until("a bridge is active", &|change| change["to"] == "Active").await?;
    }
    stage.scale(1).await?;
    until("fewer are wanted", &|change| {
        change["change"] == "wanted" && change["to"] == 1
    })
    .await?;
    let chosen = until("one is drained", &|change| {
        change["to"] == "DrainRequested" || change["to"] == "Draining"
    })
    .await?;
    ensure!(
        chosen["from"] == "Active" && chosen["why"] == "ScaleDown",
        "{chosen}"
    );
    ensure!(
        chosen["deadline"].is_string() && chosen["pool"] == "jvb",
        "{chosen}"
    );
    let bridge = chosen["bridge"].clone();
    let gone = until("it is gone", &|change| change["to"] == "Gone").await?;
    ensure!(gone["bridge"] == bridge, "{gone}");
    let states: Vec<&Value> = seen
        .iter()
        .filter(|change| change["bridge"] == bridge)
        .map(|change| &change["to"])
        .collect();
    ensure!(states.len() >= 4, "{states:?}");
    watch.kill().await?;
    stage.unharmed().await
}
