//! `watch`.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::Plugin;
use crate::scaler::{PATIENCE, Stage};

/// Whether a change is the one that is waited for.
type So<'a> = &'a dyn Fn(&Value) -> bool;

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_a_bridge_is_told_line_by_line_as_it_happens() -> Result<()> {
    // Each state lasts until it was told: while people stay, and then while a bridge is to settle.
    let stage = Stage::of(2, &json!({ "drain": { "settle": "10m" } }), 1).await?;
    let meetings = ["physics", "history"];
    for conference in meetings {
        stage.pool.join(conference, 4);
    }
    let plugin = Plugin::of(&stage.lab, Some(&stage.scalers))?;
    let mut command = plugin.command(&["watch", "-o", "json"]);
    let mut watch = command.stdout(Stdio::piped()).spawn()?;
    let out = watch.stdout.take().context("its output")?;
    let mut lines = BufReader::new(out).lines();
    let mut seen: Vec<Value> = Vec::new();
    // Until so many changes were told that are so: pools and pods are watched each by itself, so that either may be told first.
    let mut until = async |what: &str, many: usize, so: So<'_>| -> Result<Value> {
        let told = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(change) = seen.iter().filter(|change| so(change)).nth(many - 1) {
                    return anyhow::Ok(change.clone());
                }
                let line = lines.next_line().await?.context("it ended")?;
                seen.push(serde_json::from_str(&line)?);
            }
        })
        .await;
        told.unwrap_or_else(|_| anyhow::bail!("it was not told that {what}: {seen:#?}"))
    };
    // At first all that is there.
    until("both are active", 2, &|change| change["to"] == "Active").await?;
    stage.scale(1).await?;
    until("fewer are wanted", 1, &|change| {
        change["change"] == "wanted" && change["to"] == 1
    })
    .await?;
    let chosen = until("one is drained", 1, &|change| {
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
    until("it waits for its people", 1, &|change| {
        change["to"] == "Draining"
    })
    .await?;
    for conference in meetings {
        stage.pool.leave(conference, 4);
    }
    until("it settles", 1, &|change| change["to"] == "Settling").await?;
    let settle = json!({ "spec": { "drain": { "settle": "1s" } } });
    stage.pool.patch(&settle).await?;
    let gone = until("it is gone", 1, &|change| change["to"] == "Gone").await?;
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
