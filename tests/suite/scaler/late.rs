//! Requests that are held up on their way, and what has changed when they arrive.

use anyhow::{Context, Result, bail, ensure};
use bridge::model::Stop;
use futures::{StreamExt as _, pin_mut};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{PostParams, WatchEvent, WatchParams};
use kube::{Api, Client};
use laboratory::{Bridge, Link, NAMESPACE, Never};
use scaler_api::BridgePool;

use super::answers::{apart, namesake, pin, through};
use super::stage::{Others, PATIENCE, Stage};

/// Somebody else holds the Lease for a moment: whoever leads ends, and the other one leads then.
async fn depose(stage: &mut Stage) -> Result<()> {
    let first = stage.scalers.until_one_leads().await?;
    let patch = r#"{"spec":{"holderIdentity":"somebody","leaseDurationSeconds":1}}"#;
    let words = [
        "-n",
        "bridgetender",
        "patch",
        "lease",
        "jvb-scaler",
        "--type=merge",
        "-p",
        patch,
    ];
    stage.lab.kubectl_text(&words).await?;
    let ended = stage.scalers.ended(first).await?;
    let said = format!("{:#}", ended.expect_err("its Lease is held by another one"));
    ensure!(said.contains("held by another replica"), "{said}");
    let second = stage.scalers.until_one_leads().await?;
    ensure!(second != first, "the one that ended leads");
    Ok(())
}

/// This request with another value of a parameter, where it has that one.
fn with(line: &str, parameter: &str, value: &str) -> String {
    let Some((before, rest)) = line.split_once(&format!("{parameter}=")) else {
        return line.to_owned();
    };
    let end = rest.find(['&', ' ']).unwrap_or(rest.len());
    format!("{before}{parameter}={value}{}", &rest[end..])
}

/// Whether a watch of pods from this version on is refused, because the API server knows no longer what happened since (410).
async fn is_gone(stage: &Stage, version: &str) -> Result<bool> {
    let pods = stage.pool.pods();
    let told = pods.watch(&WatchParams::default(), version).await?;
    pin_mut!(told);
    let first = told.next().await.context("the watch ended")??;
    Ok(matches!(first, WatchEvent::Error(status) if status.code == 410))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_is_under_way_is_not_repeated_however_often_everything_is_listed_anew()
-> Result<()> {
    const ANEW: usize = 4;
    /// A version of before the API server's start.
    const FORGOTTEN: &str = "1";
    // What is under way stays so for as long as this test wants, and no watch lasts.
    let flags = ["--request-timeout=2m", "--watch-timeout=1m"];
    let (lab, link) = apart().await?;
    // It forgets what was before, as after five minutes.
    lab.stop_api_server().await?;
    lab.start_api_server().await?;
    link.rewrite(|line| with(line, "timeoutSeconds", "1"));
    let stage = through(&link, lab, 2, 1, &flags).await?;
    ensure!(is_gone(&stage, FORGOTTEN).await?, "it is not forgotten");
    let lists =
        || stage.asked(|request| request.verb == "list" && request.uri.starts_with("/api/v1/pods"));
    link.hold(|line| line.starts_with("POST /api/v1/namespaces/jitsi/pods"));
    stage.scale(4).await?;
    link.until_held().await?;
    link.rewrite(|line| with(line, "resourceVersion", FORGOTTEN));
    let before = lists()?.len();
    let anew = || async {
        let times = lists()?.len() - before;
        ensure!(times >= ANEW, "{times} times");
        Ok(())
    };
    let what = "everything was listed again and again";
    stage.lab.eventually(what, PATIENCE, anew).await?;
    let creations = stage.scalers.decided("Create")?;
    ensure!(creations == 4, "{creations} creations for four bridges");
    let code = link.let_go().await?;
    ensure!(code == 201, "the late creation was answered with {code}");
    stage.pool.until_active(4).await?;
    let creations = stage.scalers.decided("Create")?;
    ensure!(creations == 4, "{creations} creations for four bridges");
    stage.unharmed().await
}

/// How often the bridge in this pod was started anew, and whether it runs.
async fn runs(stage: &Stage, bridge: &Bridge) -> Result<(i32, bool)> {
    let pod = stage.pool.pods().get(&bridge.name).await?;
    let statuses = pod.status.and_then(|status| status.container_statuses);
    let container = statuses.and_then(|statuses| statuses.into_iter().next());
    let container = container.context("nothing is told of its container")?;
    let runs = container.state.is_some_and(|state| state.running.is_some());
    Ok((container.restart_count, runs))
}

/// A deletion is held up, and meanwhile its bridge is started anew, people come to it, and it is taken back. It arrives, and is refused.
async fn late_deletion(stage: &mut Stage, link: &Link, deposed: bool) -> Result<()> {
    let before = stage.pool.bridges().await?;
    link.hold(|line| line.starts_with("DELETE /api/v1/namespaces/jitsi/pods/"));
    stage.scale(1).await?;
    link.until_held().await?;
    let doomed = stage.pool.bridges().await?;
    let doomed = doomed.into_iter().find(|one| one.intent == "remove");
    let doomed = doomed.context("none is to be removed")?;

    let (runs_before, _) = runs(stage, &doomed).await?;
    stage.pool.jitsi().stop_bridge(&doomed.name, Stop::Kill);
    let anew = || async {
        let (times, runs) = runs(stage, &doomed).await?;
        ensure!(runs && times > runs_before, "{times} starts, {runs}");
        let known = stage.pool.jitsi().with(|jitsi, _| {
            let bridge = jitsi.bridge(&doomed.name);
            bridge.is_some_and(bridge::model::Videobridge::in_brewery)
        });
        ensure!(known, "jicofo does not know it");
        Ok(())
    };
    let what = "the bridge runs again";
    stage.lab.eventually(what, PATIENCE, anew).await?;
    // Nobody has told this run of it to drain.
    let people = stage.fill(2).await?;
    if deposed {
        depose(stage).await?;
    } else {
        link.break_off()?;
    }
    let drains = |one: &Bridge| one.uid == doomed.uid && one.intent == "drain";
    let until = stage
        .pool
        .until("it drains again", |_, bridges| bridges.iter().any(drains));
    until.await?;
    stage.scale(2).await?;
    let serve = |bridges: &[Bridge]| {
        let known = |one: &Bridge| before.iter().any(|known| known.uid == one.uid);
        let serves = |one: &Bridge| one.intent == "active" && one.counted && !one.deleted;
        bridges.len() == 2 && bridges.iter().all(|one| known(one) && serves(one))
    };
    let what = "the same two bridges serve as before";
    let until = stage.pool.until(what, |status, bridges| {
        status["active"] == 2 && status["replicas"] == 2 && serve(bridges)
    });
    until.await?;
    let code = link.let_go().await?;
    ensure!(code == 409, "the late deletion was answered with {code}");
    let after = stage.pool.bridges().await?;
    ensure!(serve(&after), "{after:#?}");
    ensure!(stage.pool.people(&doomed.name) > 0, "nobody is on it");
    stage.empty(&people, 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_arrives_late_does_not_hit_a_bridge_that_serves_again_whoever_leads()
-> Result<()> {
    // Who sent it does not give it up before this test wants.
    let flags = ["--request-timeout=1m", "--watch-timeout=1m"];
    let (lab, link) = apart().await?;
    let mut stage = through(&link, lab, 2, 2, &flags).await?;
    late_deletion(&mut stage, &link, false).await?;
    late_deletion(&mut stage, &link, true).await?;
    ensure!(stage.creations()?.len() == 2, "{:#?}", stage.creations()?);
    stage.unharmed().await
}

/// The one bridge of the pool that is not pinned.
async fn other_than(stage: &Stage, pinned: &Bridge) -> Result<Bridge> {
    let bridges = stage.pool.bridges().await?;
    let other = bridges.into_iter().find(|one| one.uid != pinned.uid);
    other.context("there are two")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_of_a_bridge_that_is_gone_brings_nothing_back_and_leaves_its_namesake_alone()
-> Result<()> {
    const AT_ONCE: [&str; 2] = ["--force", "--grace-period=0"];
    let such = |line: &str| line.starts_with("PATCH /api/v1/namespaces/jitsi/pods/");
    let (lab, link) = apart().await?;
    let stage = through(&link, lab, 2, 1, &[]).await?;
    let mut others = Others::default();
    let bridges = stage.pool.bridges().await?;
    let stays = bridges.first().context("there are two")?;
    // It is the other one that is drained.
    pin(&stage, &stays.name, "=true").await?;

    let gone = other_than(&stage, stays).await?;
    link.hold(such);
    stage.scale(1).await?;
    link.until_held().await?;
    others.deletes(&stage, &gone, &AT_ONCE).await?;
    let code = link.let_go().await?;
    ensure!(code == 404, "the late patch was answered with {code}");
    let left = stage.pool.until_active(1).await?;
    ensure!(left.iter().all(|one| one.uid == stays.uid), "{left:#?}");
    ensure!(stage.creations()?.len() == 2, "{:#?}", stage.creations()?);

    stage.scale(2).await?;
    stage.pool.until_active(2).await?;
    let gone = other_than(&stage, stays).await?;
    let pods = stage.pool.pods();
    let mut anew = namesake(&pods.get(&gone.name).await?);
    // It stays, though there will be one too many.
    let pinned = ("bridgetender.dev/pinned".to_owned(), "true".to_owned());
    let annotations = anew.metadata.annotations.get_or_insert_default();
    annotations.extend([pinned]);
    link.hold(such);
    stage.scale(1).await?;
    link.until_held().await?;
    others.deletes(&stage, &gone, &AT_ONCE).await?;
    let anew = pods.create(&PostParams::default(), &anew).await?;
    let code = link.let_go().await?;
    ensure!(code == 409, "the late patch was answered with {code}");
    stage.scale(2).await?;
    let left = stage.pool.until_active(2).await?;
    let uid = anew.metadata.uid.context("every object has one")?;
    let kept = left
        .iter()
        .any(|one| one.uid == uid && one.intent == "active");
    ensure!(kept, "{left:#?}");
    ensure!(stage.creations()?.len() == 3, "{:#?}", stage.creations()?);
    let drains = stage.scalers.decided("Drain")?;
    ensure!(drains == 2, "{drains} were drained");
    let failures = stage.scalers.failures("Drain")?;
    ensure!(failures == ["gone", "conflict"], "{failures:?}");
    stage.harmed_only_by(others).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_arrives_after_its_writer_was_deposed_is_corrected() -> Result<()> {
    let (lab, link) = apart().await?;
    let mut stage = through(&link, lab, 2, 2, &[]).await?;
    link.hold(|line| {
        line.starts_with("PATCH ") && line.contains("/namespaces/jitsi/bridgepools/jvb/status")
    });
    stage.scale(3).await?;
    link.until_held().await?;
    depose(&mut stage).await?;
    stage.scale(4).await?;
    stage.pool.until_active(4).await?;

    let pools: Api<BridgePool> = Api::namespaced(stage.lab.client(), NAMESPACE);
    let now = stage.pool.object().await?.metadata.resource_version;
    let now = now.context("every object has one")?;
    let told = pools.watch(&WatchParams::default(), &now).await?;
    pin_mut!(told);
    let code = link.let_go().await?;
    ensure!(code == 200, "the late status was answered with {code}");
    // No version is left out: first the late one, then what it is corrected to.
    for right in [false, true] {
        let until = async {
            while let Some(event) = told.next().await {
                if let WatchEvent::Modified(pool) = event? {
                    let size = pool.status.map(|status| status.replicas);
                    if (size == Some(4)) == right {
                        return Ok(());
                    }
                }
            }
            bail!("the watch ended")
        };
        let told = tokio::time::timeout(PATIENCE, until).await;
        let what = if right {
            "the size is never told rightly again"
        } else {
            "no other size is told"
        };
        told.context(what)?.context(what)?;
    }
    stage.unharmed().await
}

/// Who holds the Lease, and when it was renewed last.
async fn lease(client: &Client) -> Result<(String, Option<MicroTime>)> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), "bridgetender");
    let spec = leases.get("jvb-scaler").await?.spec.unwrap_or_default();
    let holder = spec.holder_identity.unwrap_or_default();
    Ok((holder, spec.renew_time))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_to_end_leads_until_what_it_sent_is_answered() -> Result<()> {
    // Who sent it does not give it up before this test wants.
    let flags = ["--request-timeout=2m", "--watch-timeout=1m"];
    let (lab, link) = apart().await?;
    let mut stage = through(&link, lab, 2, 2, &flags).await?;
    let first = stage.scalers.until_one_leads().await?;
    link.hold(|line| line.starts_with("POST /api/v1/namespaces/jitsi/pods"));
    stage.scale(3).await?;
    link.until_held().await?;

    let client = stage.lab.client();
    let (holder, mut renewed) = lease(&client).await?;
    let name = format!("jvb-scaler-{first}_");
    ensure!(holder.starts_with(&name), "{holder} leads, not {first}");
    let lab = &stage.lab;
    let goes_on = async {
        // It was told before the second time at the latest.
        for _ in 0..3 {
            let again = || async {
                let (now, at) = lease(&client).await?;
                ensure!(now == holder, Never(format!("{now:?} leads, not {holder}")));
                ensure!(at != renewed, "not yet");
                Ok(at)
            };
            renewed = lab
                .eventually("the Lease is renewed", PATIENCE, again)
                .await?;
        }
        link.let_go().await
    };
    let ends = stage.scalers.terminate(first);
    let (code, ended) = tokio::join!(goes_on, ends);
    let code = code?;
    ended?;
    ensure!(code == 201, "the late creation was answered with {code}");
    let second = stage.scalers.until_one_leads().await?;
    ensure!(second != first, "the one that ended leads");
    stage.pool.until_active(3).await?;
    ensure!(stage.creations()?.len() == 3, "{:#?}", stage.creations()?);
    stage.unharmed().await
}
