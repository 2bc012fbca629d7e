//! A certificate is always verified: who cannot be verified is not read.

use std::time::Duration;

use adapter::check::{Severity, Step};
use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bridge::model::Load;
use laboratory::{Authority, Laboratory};
use serde_json::{Value, json};

use crate::check::{has, until};

const GROUP: &str = "custom.metrics.k8s.io";
const VERSIONS: [&str; 2] = ["v1beta2", "v1beta1"];
const STRESS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level";
const SOON: Duration = Duration::from_mins(2);

/// Publishes an authority as the one to trust.
pub(super) async fn trust(lab: &Laboratory, authority: &str) -> Result<()> {
    let patch = json!({"spec": {"caBundle": STANDARD.encode(authority)}}).to_string();
    for version in VERSIONS {
        let name = format!("{version}.{GROUP}");
        lab.kubectl_text(&["patch", "apiservice", &name, "--type=merge", "-p", &patch])
            .await?;
    }
    Ok(())
}

/// Waits until the API server reads nothing of the adapter.
async fn refused(lab: &Laboratory) -> Result<()> {
    lab.eventually("a read is refused", SOON, || async {
        let read = lab.kubectl(&["get", "--raw", STRESS]).await?;
        let said = String::from_utf8_lossy(&read.stderr).into_owned();
        ensure!(
            !read.status.success() && said.contains("unable to handle the request"),
            "{said}"
        );
        Ok(())
    })
    .await
}

/// Waits until the APIService says that the certificate does not verify, where the API server looks at it for that.
async fn told(lab: &Laboratory) -> Result<()> {
    let judged = lab.availability_needs_trust().await?;
    let words = if judged {
        "x509: certificate signed by unknown authority"
    } else {
        "all checks passed"
    };
    for version in VERSIONS {
        lab.aggregated(GROUP, version, !judged, SOON).await?;
        // It may have been found unavailable for another reason before.
        lab.eventually(words, SOON, || async {
            let why = condition(lab, version).await?;
            ensure!(why.contains(words), "{why}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// What the API server says of whether the APIService is available.
async fn condition(lab: &Laboratory, version: &str) -> Result<String> {
    let name = format!("{version}.{GROUP}");
    let service = lab
        .kubectl_text(&["get", "apiservice", &name, "-o", "json"])
        .await?;
    let service: Value = serde_json::from_str(&service)?;
    let conditions = service["status"]["conditions"].as_array();
    let available = conditions.and_then(|all| all.iter().find(|one| one["type"] == "Available"));
    Ok(available.context("no condition")?["message"].to_string())
}

async fn read(lab: &Laboratory) -> Result<()> {
    for version in VERSIONS {
        lab.aggregated(GROUP, version, true, SOON).await?;
    }
    lab.eventually("a read is answered", SOON, || async {
        let list: Value =
            serde_json::from_str(&lab.kubectl_text(&["get", "--raw", STRESS]).await?)?;
        ensure!(list["items"].as_array().map(Vec::len) == Some(2), "{list}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_another_authority_published_the_api_server_reads_nothing_and_the_check_says_why()
-> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(Load::Measured(0.4)).start().await?;
    let adapters = lab.adapter().start().await?;
    let hpa = lab.hpa(&bridges).start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    let ours = std::fs::read_to_string(adapters.place().ca())?;

    trust(&lab, &Authority::new("stranger")?.pem()).await?;
    refused(&lab).await?;
    told(&lab).await?;
    hpa.until("ScalingActive", "False", "FailedGetPodsMetric")
        .await?;
    let mut words =
        vec!["certificate does not verify: it is not signed by an authority in caBundle"];
    if lab.availability_needs_trust().await? {
        words.push("is not available: FailedDiscoveryCheck");
    }
    let report = until(&lab, "the bundle is found wrong from both ends", |report| {
        let found = |words: &&str| has(report, Step::Aggregation, Severity::Error, words);
        words.iter().all(found)
    })
    .await?;
    ensure!(report.exit_code() == 2);

    trust(&lab, &ours).await?;
    read(&lab).await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_the_published_authority_does_not_vouch_for_is_not_ready_and_says_so()
-> Result<()> {
    let lab = Laboratory::start().await?;
    let _bridges = lab.bridges(2).load(Load::Measured(0.4)).start().await?;
    let flags = ["--ca-lifetime=10m", "--leaf-lifetime=1m"];
    let adapters = lab.adapter().own_authority().flags(&flags).start().await?;
    read(&lab).await?;
    ensure!(adapters.until_ready(0, true).await? == "ok");

    // It would put its own authority back at once, if it might.
    let verbs = |verbs: Value| {
        json!([{"op": "replace", "path": "/rules/0/verbs", "value": verbs}]).to_string()
    };
    let role = [
        "patch",
        "clusterrole",
        "jvb-adapter:certificates",
        "--type=json",
        "-p",
    ];
    lab.kubectl_text(&[&role[..], &[&verbs(json!(["get"]))]].concat())
        .await?;
    trust(&lab, &Authority::new("stranger")?.pem()).await?;
    // A probe that was not answered in time says no reason.
    lab.eventually("it says why it is not ready", SOON, || async {
        let said = adapters.until_ready(0, false).await?;
        ensure!(
            said.contains("vouches for the serving certificate"),
            "{said}"
        );
        Ok(())
    })
    .await?;
    refused(&lab).await?;
    // Where the API server does not judge the certificate, it goes on asking over the connections that it has.
    let (step, words) = if lab.availability_needs_trust().await? {
        (Step::Aggregation, "is not available")
    } else {
        (Step::Discovery, "cannot be read")
    };
    until(&lab, "the chain is found broken", |report| {
        has(report, step, Severity::Error, words)
    })
    .await?;

    lab.kubectl_text(&[&role[..], &[&verbs(json!(["get", "patch"]))]].concat())
        .await?;
    adapters.until_ready(0, true).await?;
    read(&lab).await?;
    lab.stop().await
}
