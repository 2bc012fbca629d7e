//! `status` and `explain`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Plugin;
use crate::scaler::{PATIENCE, Stage, remembering};

/// The bridge of this name in what `status -o json` says.
fn row<'a>(status: &'a Value, name: &str) -> Result<&'a Value> {
    let rows = status["pools"][0]["bridges"].as_array();
    rows.and_then(|rows| rows.iter().find(|row| row["name"] == name))
        .with_context(|| format!("no {name} in {status:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_the_people_on_each_bridge_and_how_many_more_fit() -> Result<()> {
    let stage = Stage::of(2, &json!({}), 1).await?;
    let plugin = Plugin::of(&stage.lab, Some(&stage.scalers))?;
    for conference in ["physics", "history"] {
        stage.pool.join(conference, 15);
    }
    let bridges = stage.pool.bridges().await?;
    let status = stage
        .lab
        .eventually("30 people are told, and their stress", PATIENCE, || async {
            let status = plugin.json(&["status"]).await?;
            for bridge in &bridges {
                let row = row(&status, &bridge.name)?;
                ensure!(row["people"] == stage.pool.people(&bridge.name), "{row}");
                ensure!(
                    row["state"] == "Active" && row["stress"].as_f64() > Some(0.0),
                    "{row}"
                );
            }
            let pool = &status["pools"][0];
            ensure!(pool["well"] == true, "{status:#}");
            ensure!(
                pool["counts"]["active"] == 2 && pool["counts"]["wanted"] == 2,
                "{pool:#}"
            );
            Ok(status)
        })
        .await?;
    let pool = &status["pools"][0];
    ensure!(status["form"] == 1, "{status:#}");
    let room = &pool["room"];
    let (people, stress, free) = (
        room["people"].as_f64(),
        room["stress"].as_f64(),
        room["freeStress"].as_f64(),
    );
    let (people, stress, free) = (
        people.context("people")?,
        stress.context("stress")?,
        free.context("free")?,
    );
    ensure!(
        room["more"] == (people / stress * free) as u64 && people == 30.0,
        "{room}"
    );
    let told = "jitsi/jvb: 2 bridges wanted, 2 counted, 2 active\nRoom for about ";
    let table = stage
        .lab
        .eventually("the same is told in words", PATIENCE, || async {
            let table = plugin.text(&["status"]).await?;
            ensure!(table.starts_with(told), "{table}");
            Ok(table)
        })
        .await?;
    ensure!(
        !table.contains('\u{1b}') && table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_explained_is_what_is_then_decided() -> Result<()> {
    let stage = Stage::of(3, &remembering(), 1).await?;
    let plugin = Plugin::of(&stage.lab, Some(&stage.scalers))?;
    for (conference, people) in [("physics", 9), ("history", 5), ("staff", 2)] {
        stage.pool.join(conference, people);
    }
    let bridges = stage.pool.bridges().await?;
    let fewest = bridges
        .iter()
        .min_by_key(|bridge| stage.pool.people(&bridge.name));
    let fewest = fewest.context("there are bridges")?;
    // The busiest one is pinned, and so would never be drained.
    let busiest = bridges
        .iter()
        .max_by_key(|bridge| stage.pool.people(&bridge.name));
    let busiest = busiest.context("there are bridges")?;
    plugin.text(&["pin", &busiest.name]).await?;
    stage
        .lab
        .eventually("the order knows the people", PATIENCE, || async {
            let order = plugin.json(&["explain"]).await?["order"].take();
            ensure!(order["drained"][0]["key"]["uid"] == fewest.uid, "{order:#}");
            ensure!(order["drained"][0]["kept"].is_null(), "{order:#}");
            ensure!(order["drained"][2]["kept"] == "Pinned", "{order:#}");
            let text = plugin.text(&["explain"]).await?;
            ensure!(
                text.contains("next: fewest people") && text.contains("not now: pinned"),
                "{text}"
            );
            let story = plugin.text(&["explain", &fewest.name]).await?;
            ensure!(story.contains("place 1 of 2"), "{story}");
            Ok(())
        })
        .await?;
    stage.scale(2).await?;
    let left = stage.pool.until_draining(1).await?;
    let drained = left.iter().find(|bridge| bridge.intent == "drain");
    ensure!(
        drained.is_some_and(|bridge| bridge.uid == fewest.uid),
        "{left:#?}"
    );
    // At first it waits for its bridge to confirm that it takes no new conferences.
    stage
        .lab
        .eventually("it waits for its people", PATIENCE, || async {
            let story = plugin.text(&["explain", &fewest.name]).await?;
            ensure!(
                story.contains("fewer bridges are wanted")
                    && story.contains("for its last person to leave"),
                "{story}"
            );
            Ok(())
        })
        .await?;
    let decisions = stage.scalers.decisions()?;
    let decided = decisions
        .iter()
        .find(|line| line["decision"]["transition"] == "Drain")
        .context("a drain")?;
    ensure!(decided["decision"]["evidence"]["rank"] == 1, "{decided:#}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_controller_it_says_so_and_tells_what_is_written() -> Result<()> {
    let mut stage = Stage::of(2, &json!({}), 1).await?;
    let plugin = Plugin::of(&stage.lab, Some(&stage.scalers))?;
    // What is told without it is what it has written on the pods before.
    stage
        .lab
        .eventually("both are written to be active", PATIENCE, || async {
            let label = "bridgetender.dev/state=Active";
            let words = ["-n", "jitsi", "get", "pods", "-l", label, "-o", "name"];
            let active = stage.lab.kubectl_text(&words).await?;
            ensure!(active.lines().count() == 2, "{active}");
            Ok(())
        })
        .await?;
    stage.scalers.kill(0)?;
    let said = plugin.run(&["explain"]).await?;
    ensure!(
        said.code == Some(2)
            && said
                .words()
                .contains("only jvb-scaler, which decides, can explain it"),
        "{said:?}"
    );
    let said = plugin.run(&["status"]).await?;
    ensure!(
        said.words()
            .contains("People, stress and room are not known"),
        "{said:?}"
    );
    for bridge in stage.pool.bridges().await? {
        let row = [bridge.name.as_str(), "Active"];
        let active = |line: &str| line.split_whitespace().take(2).eq(row);
        ensure!(said.out.lines().any(active), "{said:?}");
    }
    // When its Lease is over that is more than a silence: nobody looks after the pool.
    stage
        .lab
        .eventually("nobody leads", PATIENCE, || async {
            let said = plugin.run(&["status"]).await?;
            ensure!(
                said.code == Some(1) && said.words().contains("no jvb-scaler leads"),
                "{said:?}"
            );
            Ok(())
        })
        .await?;
    stage.scalers.start(0)?;
    stage.scalers.until_one_leads().await?;
    stage
        .lab
        .eventually("all is well again", PATIENCE, || async {
            let said = plugin.run(&["status"]).await?;
            ensure!(said.code == Some(0), "{said:?}");
            Ok(())
        })
        .await?;
    stage.unharmed().await
}
