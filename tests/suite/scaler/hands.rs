//! What people do to a pool and its pods by hand.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{EvictParams, Patch, PatchParams};
use laboratory::{Bridge, Never};
use scaler_api::crd;
use serde_json::{Value, json};

use super::stage::{Others, PATIENCE, Stage, remembering};

/// Changes a pod's metadata by hand.
async fn write(stage: &Stage, pod: &str, metadata: &Value) -> Result<()> {
    let patch = Patch::Merge(json!({ "metadata": metadata }));
    let pods = stage.pool.pods();
    pods.patch(pod, &PatchParams::default(), &patch).await?;
    Ok(())
}

impl Others {
    /// Deletes a bridge's pod by hand, and returns once its people are in their conferences again, on other bridges.
    pub(super) async fn deletes(
        &mut self,
        stage: &Stage,
        bridge: &Bridge,
        flags: &[&str],
    ) -> Result<()> {
        self.cut += u64::from(stage.pool.people(&bridge.name));
        self.lost += 1;
        let pod = bridge.name.as_str();
        let words = [
            &["-n", "jitsi", "delete", "pod", pod, "--wait=false"],
            flags,
        ]
        .concat();
        stage.lab.kubectl_text(&words).await?;
        stage
            .lab
            .eventually("those who were cut off are back", PATIENCE, || async {
                let (people, lost) = stage.pool.truth();
                let back = people.on_bridges == people.people && people.cut >= self.cut;
                ensure!(back && lost >= Some(self.lost), "{people:?}, {lost:?}");
                Ok(())
            })
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_bridge_that_somebody_deletes_is_replaced_at_once_and_no_other_one_is_touched()
-> Result<()> {
    let stage = Stage::of(3, &remembering(), 1).await?;
    stage.until_budgeted().await?;
    stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    let [first, second, third] = &before[..] else {
        anyhow::bail!("{before:#?}");
    };
    // Whoever goes through the eviction API, as `kubectl drain` does, is refused.
    let pods = stage.pods_asked_once().await?;
    let evicted = pods.evict(&first.name, &EvictParams::default()).await;
    let refused = matches!(&evicted, Err(kube::Error::Api(status)) if status.code == 429);
    ensure!(refused, "{evicted:?}");

    // A deletion cannot be refused: who was there is cut off by whoever did it. Another bridge takes its place.
    let mut others = Others::default();
    for (victim, flags) in [(first, &[][..]), (second, &["--force", "--grace-period=0"])] {
        others.deletes(&stage, victim, flags).await?;
        if flags.is_empty() {
            let (on_pool, on_pod) = (["BridgePool", "jvb"], ["Pod", victim.name.as_str()]);
            let says = format!("somebody else deleted {}", victim.name);
            for (on, beside) in [(on_pool, on_pod), (on_pod, on_pool)] {
                stage
                    .until_event(["Warning", "Preempt"], on, beside, &says)
                    .await?;
            }
        }
        stage
            .pool
            .until("another bridge took its place", |status, bridges| {
                status["active"] == 3
                    && bridges.len() == 3
                    && bridges
                        .iter()
                        .all(|bridge| bridge.counted && bridge.uid != victim.uid)
            })
            .await?;
    }
    ensure!(others.cut > 0, "nobody was on them");
    ensure!(stage.creations()?.len() == 5, "{:#?}", stage.creations()?);

    // One that drains already is taken back before another one is started.
    stage.fill(2).await?;
    stage.scale(2).await?;
    let bridges = stage.pool.until_draining(1).await?;
    let victim = bridges.iter().find(|bridge| bridge.counted);
    let victim = victim.context("two serve")?;
    others.deletes(&stage, victim, &[]).await?;
    stage
        .pool
        .until("the one that drained serves again", |status, bridges| {
            let serves = |bridge: &Bridge| bridge.counted && bridge.uid != victim.uid;
            status["active"] == 2 && bridges.len() == 2 && bridges.iter().all(serves)
        })
        .await?;
    ensure!(stage.creations()?.len() == 5, "{:#?}", stage.creations()?);
    ensure!(stage.scalers.decided("Rescue")? > 0);
    let there = stage.pool.bridges().await?;
    let untouched = there.iter().any(|bridge| bridge.uid == third.uid) || victim.uid == third.uid;
    ensure!(untouched, "{there:#?}");
    ensure!(stage.removals()?.is_empty(), "{:#?}", stage.removals()?);
    stage.harmed_only_by(others).await
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_that_somebody_forged_are_put_right_or_left_alone() -> Result<()> {
    let stage = Stage::of(3, &json!({}), 1).await?;
    stage.fill(4).await?;
    let before = stage.pool.bridges().await?;
    let [bare, emptied, odd] = &before[..] else {
        anyhow::bail!("{before:#?}");
    };
    // Protection and counting that were taken away come back, and a state that is none is written over.
    let taken = json!({ "labels": {
        "bridgetender.dev/protected": null,
        "bridgetender.dev/counted": null,
        "bridgetender.dev/state": "Removing",
    } });
    write(&stage, &bare.name, &taken).await?;
    stage
        .pool
        .until("it is protected and counted again", |_, bridges| {
            bridges
                .iter()
                .all(|bridge| bridge.protected && bridge.counted)
        })
        .await?;
    // A forged proof of emptiness is none: its bridge is asked. It is even of the run that goes on.
    let pods = stage.pool.pods();
    let annotation = "bridgetender.dev/drain-acked";
    let what = "that it serves is written down";
    let acked = stage
        .lab
        .eventually(what, PATIENCE, || async {
            let object = pods.get(&emptied.name).await?;
            let acked = object.metadata.annotations.as_ref();
            let acked = acked.and_then(|all| all.get(annotation));
            let acked = acked.context("nothing is")?;
            ensure!(acked.contains("\"drain\":false"), "{acked}");
            Ok(acked.replace("\"drain\":false", "\"drain\":true"))
        })
        .await?;
    for intent in ["drain", "remove"] {
        let mut forged = json!({ "annotations": {
            "bridgetender.dev/intent": intent,
            "bridgetender.dev/zero-since": "2020-01-01T00:00:00Z",
            annotation: acked,
        } });
        if intent == "remove" {
            forged["labels"] =
                json!({ "bridgetender.dev/protected": null, "bridgetender.dev/counted": null });
        }
        write(&stage, &emptied.name, &forged).await?;
        let what = format!("a bridge whose intent was forged to be {intent} serves again");
        let serves =
            |bridge: &Bridge| bridge.intent == "active" && bridge.counted && bridge.protected;
        stage
            .lab
            .eventually(&what, PATIENCE, || async {
                let bridges = stage.pool.bridges().await?;
                let alive = bridges.iter().filter(|bridge| !bridge.deleted).count();
                ensure!(alive >= 3, Never(format!("one was removed: {bridges:#?}")));
                ensure!(bridges.iter().all(serves), "{bridges:#?}");
                Ok(())
            })
            .await?;
    }
    // What cannot be understood is left alone, and told.
    write(
        &stage,
        &odd.name,
        &json!({ "annotations": { "bridgetender.dev/deadline": "soon" } }),
    )
    .await?;
    let told = stage.until_told("BridgesUnknown", "Malformed").await?;
    ensure!(told.contains(&odd.name), "{told}");
    stage.scale(1).await?;
    // Long enough for a bridge that is empty to be settled and removed.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let there = stage.pool.bridges().await?;
    for known in &before {
        let stays = there
            .iter()
            .any(|bridge| bridge.uid == known.uid && !bridge.deleted);
        ensure!(stays, "{there:#?}");
    }
    let left = there.iter().find(|bridge| bridge.uid == odd.uid);
    ensure!(
        left.is_some_and(|bridge| bridge.intent == "active"),
        "{there:#?}"
    );
    ensure!(stage.removals()?.is_empty(), "{:#?}", stage.removals()?);
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_version_wrote_is_gone_on_with() -> Result<()> {
    let mut stage = Stage::of(3, &json!({}), 1).await?;
    let people = stage.fill(2).await?;
    stage.scale(2).await?;
    let bridges = stage.pool.until_draining(1).await?;
    stage.scalers.terminate(0).await?;
    let draining = bridges.iter().find(|bridge| bridge.intent == "drain");
    let draining = draining.context("a bridge drains")?;
    let before = stage.pool.pods().get(&draining.name).await?;
    let deadline = |pod: &Pod| {
        let annotations = pod.metadata.annotations.clone().unwrap_or_default();
        annotations.get("bridgetender.dev/deadline").cloned()
    };
    // What it does not know it lets pass; of an intent that it does not know it keeps its hands.
    let known = json!({
        "labels": { "bridgetender.dev/state": "Hibernating" },
        "annotations": { "bridgetender.dev/forecast": "sunny" },
    });
    write(&stage, &draining.name, &known).await?;
    let serving = bridges.iter().find(|bridge| bridge.counted);
    let serving = serving.context("two serve")?;
    let unknown = json!({ "annotations": { "bridgetender.dev/intent": "hibernate" } });
    write(&stage, &serving.name, &unknown).await?;
    stage.scalers.start(0)?;
    stage.scalers.until_one_leads().await?;
    let told = stage.until_told("BridgesUnknown", "Malformed").await?;
    ensure!(told.contains(&serving.name), "{told}");
    let after = stage.pool.pods().get(&draining.name).await?;
    ensure!(deadline(&before) == deadline(&after), "another deadline");
    stage.empty(&people, 2);
    let kept = |bridge: &Bridge| bridge.uid == serving.uid && !bridge.deleted;
    stage
        .pool
        .until("the drained one is gone, and no other one", |_, bridges| {
            bridges.len() == 2 && bridges.iter().any(kept)
        })
        .await?;
    // The later version is back, and takes its word back.
    let back = json!({ "annotations": { "bridgetender.dev/intent": "active" } });
    write(&stage, &serving.name, &back).await?;
    stage.pool.until_active(2).await?;
    stage.unharmed().await
}

/// The CRD of a later version, in which a drain's deadline has one more way to end.
fn later_crd() -> Result<String> {
    let mut crd: Value = serde_saphyr::from_str(&crd::definition().to_string())?;
    let schema = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let ways = &mut schema["properties"]["spec"]["properties"]["drain"]["properties"]["onDeadline"];
    let ways = ways["enum"].as_array_mut();
    ways.context("spec.drain.onDeadline is one of several")?
        .push("Freeze".into());
    Ok(crd.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_cannot_be_understood_is_told_of_and_its_bridges_are_left_alone() -> Result<()>
{
    const OF_POOL: &str = r#"jvb_scaler_bridges{namespace="jitsi",pool="jvb""#;
    let stage = Stage::of(2, &json!({}), 1).await?;
    let before = stage.pool.bridges().await?;
    stage.lab.apply(&later_crd()?).await?;
    let ends_with = async |way: &str| {
        let patch = json!({ "spec": { "drain": { "onDeadline": way } } }).to_string();
        let words = [
            "-n",
            "jitsi",
            "patch",
            "bp/jvb",
            "--type=merge",
            "-p",
            &patch,
        ];
        // The API server takes a moment to heed a new schema.
        stage
            .lab
            .eventually("the pool is changed", PATIENCE, || async {
                stage.lab.kubectl_text(&words).await.map(drop)
            })
            .await
    };
    ends_with("Freeze").await?;
    let told = async || {
        let words = ["-n", "jitsi", "describe", "bp/jvb"];
        let told = stage.lab.kubectl_text(&words).await?;
        let event = told.lines().find(|line| line.contains("Unreadable"));
        let event = event.with_context(|| told.clone())?;
        ensure!(event.contains("spec.drain.onDeadline"), "{event}");
        Ok(())
    };
    let what = "an event tells what cannot be understood";
    stage.lab.eventually(what, PATIENCE, told).await?;
    let metrics = stage.scalers.says(0, "/metrics").await?;
    ensure!(!metrics.contains(OF_POOL), "{metrics}");
    stage.scale(1).await?;
    // Long enough for an empty bridge to be drained and removed.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let there = stage.pool.bridges().await?;
    let same = |(one, other): (&Bridge, &Bridge)| {
        one.uid == other.uid && other.intent == "active" && other.protected && !other.deleted
    };
    let untouched = there.len() == 2 && before.iter().zip(&there).all(same);
    ensure!(untouched, "{there:#?}");
    // It is looked after again as soon as it is understood.
    ends_with("Move").await?;
    stage.pool.until_active(1).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_image_drains_no_good_bridge_and_a_good_one_replaces_them_all() -> Result<()> {
    let stage = Stage::of(2, &json!({ "update": { "progressDeadline": "3s" } }), 1).await?;
    stage.pool.join("physics", 4);
    let before = stage.pool.bridges().await?;
    // From now on bridges start and never join their brewery.
    stage
        .pool
        .jitsi()
        .configure_bridges(|bridge| bridge.brewery_join = Duration::from_hours(1));
    stage.pool.patch(&image("laboratory/jvb:bad")).await?;
    let told = stage
        .until_told("UpdateStalled", "ProgressDeadline")
        .await?;
    ensure!(told.contains("old ones are kept"), "{told}");
    // Long enough for the next one to be tried, and to fail.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let there = stage.pool.bridges().await?;
    for good in &before {
        let serves = there
            .iter()
            .any(|bridge| bridge.uid == good.uid && bridge.counted && bridge.intent == "active");
        ensure!(serves, "{there:#?}");
    }
    ensure!(stage.scalers.decided("StartFailed")? > 0);
    // A good one replaces them: the new come first, then the old drain until their people leave.
    stage
        .pool
        .jitsi()
        .configure_bridges(|bridge| bridge.brewery_join = Duration::from_millis(300));
    stage.pool.patch(&image("laboratory/jvb:good")).await?;
    let old = |bridge: &&Bridge| before.iter().any(|known| known.uid == bridge.uid);
    stage
        .pool
        .until(
            "new bridges serve, and an old one waits for its people",
            |status, bridges| {
                status["active"] == 2
                    && status["outdated"] == 1
                    && bridges.iter().filter(old).count() == 1
            },
        )
        .await?;
    stage.pool.leave("physics", 4);
    let after = stage.pool.until_active(2).await?;
    ensure!(after.iter().filter(old).count() == 0, "{after:#?}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_wants_a_sidecar_without_an_image_says_so_and_goes_on_when_it_wants_none()
-> Result<()> {
    let stage = Stage::of(1, &json!({}), 1).await?;
    let wants = |sidecar: &str| json!({ "spec": { "sidecar": sidecar } });
    stage.pool.patch(&wants("native")).await?;
    stage.scale(2).await?;
    let told = stage
        .until_told("TemplateInvalid", "InjectionRefused")
        .await?;
    ensure!(told.contains("--sidecar-image"), "{told}");
    let told = async || {
        let words = ["-n", "jitsi", "describe", "bp/jvb"];
        let told = stage.lab.kubectl_text(&words).await?;
        let event = told
            .lines()
            .find(|line| line.contains("Warning") && line.contains("InjectionRefused"));
        ensure!(event.is_some(), "{told}");
        Ok(())
    };
    let what = "an event tells what is in the way of the sidecar";
    stage.lab.eventually(what, PATIENCE, told).await?;
    stage.pool.patch(&wants("none")).await?;
    stage.pool.until_active(2).await?;
    stage.unharmed().await
}

/// A template with another image.
fn image(image: &str) -> Value {
    json!({ "spec": { "template": { "spec": { "containers": [{
        "name": "jvb",
        "image": image,
        "ports": [{ "name": "metrics", "containerPort": laboratory::BRIDGE_PORT }],
    }] } } } })
}
