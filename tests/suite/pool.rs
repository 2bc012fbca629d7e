//! A real API server and a real kubectl with the CRD of the BridgePool.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::core::Status;
use kube::discovery::ApiResource;
use kube::{Api, ResourceExt};
use laboratory::Laboratory;
use scaler_api::{BridgePool, Problem, cases, crd, duration, limit, read};
use serde_json::{Value, json};

/// How long what takes seconds on an idle machine may take.
const PATIENCE: Duration = Duration::from_mins(2);

async fn with_the_crd() -> Result<Laboratory> {
    let lab = Laboratory::start().await?;
    lab.apply(&crd::definition().to_string()).await?;
    // What is established is served a moment later.
    let pools: Api<BridgePool> = Api::all(lab.client());
    lab.eventually("pools are served", PATIENCE, || async {
        pools.list(&ListParams::default()).await?;
        Ok(())
    })
    .await?;
    Ok(lab)
}

/// What the API server finds wrong with a pool; nothing is written.
async fn asked(lab: &Laboratory, pool: &Value) -> Result<Option<Status>> {
    let kind = ApiResource::erase::<BridgePool>(&());
    let pools: Api<DynamicObject> = Api::namespaced_with(lab.client(), "default", &kind);
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    match pools
        .create(&dry, &serde_json::from_value(pool.clone())?)
        .await
    {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) => Ok(Some(*status)),
        Err(other) => Err(other.into()),
    }
}

/// Whether a cause that the API server gives says what our problem says, of the same field.
fn says(cause: &kube::core::response::StatusCause, problem: &Problem) -> bool {
    let general = [duration::MESSAGE, limit::MESSAGE];
    let general = general
        .iter()
        .find(|text| problem.message.ends_with(**text));
    let message = general.copied().unwrap_or(&problem.message);
    let of_the_whole = problem.at.is_empty() && ["", "<nil>"].contains(&cause.field.as_str());
    cause.message.ends_with(message) && (of_the_whole || cause.field == problem.at)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_takes_and_refuses_the_same_pools_in_the_same_words() -> Result<()> {
    let lab = with_the_crd().await?;
    for case in serde_saphyr::from_multiple::<Value>(cases::GOOD)? {
        let refused = asked(&lab, &cases::pool(&case)).await?;
        ensure!(refused.is_none(), "{}: {refused:?}", case["name"]);
    }
    let mut bad = serde_saphyr::from_multiple::<Value>(cases::BAD)?;
    bad.extend(cases::beyond());
    ensure!(bad.len() > 60, "only {} bad pools were read", bad.len());
    for case in bad {
        let (name, pool) = (&case["name"], cases::pool(&case));
        let Err(ours) = read(pool.clone()) else {
            bail!("{name}: we take it");
        };
        let theirs = asked(&lab, &pool).await?;
        let theirs = theirs.with_context(|| format!("{name}: the API server takes it"))?;
        let causes = theirs.details.map(|details| details.causes);
        let mut causes = causes.unwrap_or_default();
        // The schema's format says it too, in its own words and twice.
        let of_the_format = ["format int32 in spec.replicas", "equal to 2147483647"];
        causes.retain(|cause| !of_the_format.iter().any(|end| cause.message.ends_with(end)));
        let told = format!("{name}\n{ours}\n{causes:#?}");
        // Of values that are no number or duration at all we tell the first, the API server all, and what else follows from them.
        let first = serde_json::from_value::<BridgePool>(pool).is_err();
        let as_many = causes.len() == ours.0.len() || (first && causes.len() > ours.0.len());
        ensure!(as_many, "{told}");
        for problem in &ours.0 {
            ensure!(causes.iter().any(|cause| says(cause, problem)), "{told}");
        }
    }
    lab.stop().await
}

/// A laboratory in which an operator has applied the committed CRD.
async fn installed() -> Result<Laboratory> {
    let lab = Laboratory::start().await?;
    let committed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scaler/api/crd/bridgepools.yaml"
    );
    lab.kubectl_text(&["apply", "-f", committed]).await?;
    let name = "crd/bridgepools.bridgetender.dev";
    lab.kubectl_text(&["wait", "--for=condition=Established", "--timeout=60s", name])
        .await?;
    // What is established is served, and known to kubectl by name, category and schema, each a moment later.
    for words in [
        &["get", "bp"][..],
        &["get", "jitsi"],
        &["explain", "bridgepool.spec.drain"],
    ] {
        lab.eventually("kubectl knows pools", PATIENCE, || async {
            lab.kubectl_text(words).await.map(drop)
        })
        .await?;
    }
    Ok(lab)
}

/// What kubectl says when an operator applies a pool.
async fn apply(lab: &Laboratory, pool: &Value) -> Result<String> {
    let input = pool.to_string();
    let output = lab.kubectl_with(&["apply", "-f", "-"], &input).await?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_applies_and_scales_a_pool_like_a_deployment() -> Result<()> {
    let lab = installed().await?;
    let of_tomorrow = json!({ "spec": { "template": { "spec": {
        "containers": [{ "name": "jvb", "image": "jitsi/jvb:stable", "fieldOfTomorrow": { "deep": [1] } }],
        "anotherOfTomorrow": true,
    } } } });
    let pool = cases::pool(&of_tomorrow);
    let said = apply(&lab, &pool).await?;
    ensure!(said == "bridgepool.bridgetender.dev/jvb created", "{said}");

    // A typed client reads it, and gets what was written: nothing of the template is lost, and the defaults are ours.
    let pools: Api<BridgePool> = Api::namespaced(lab.client(), "default");
    let read_back = pools.get("jvb").await?;
    ensure!(read_back.name_any() == "jvb" && read_back.spec == read(pool.clone())?.spec);
    ensure!(serde_json::to_value(&read_back.spec.template)? == pool["spec"]["template"]);

    // The scale sub-resource, to zero as well, which Kubernetes leaves out of the reply.
    for replicas in ["7", "0"] {
        let flag = format!("--replicas={replicas}");
        lab.kubectl_text(&["scale", "bp/jvb", &flag]).await?;
        let scale = "/apis/bridgetender.dev/v1alpha1/namespaces/default/bridgepools/jvb/scale";
        let scale: Value =
            serde_json::from_str(&lab.kubectl_text(&["get", "--raw", scale]).await?)?;
        ensure!(
            scale["spec"]["replicas"].as_u64().unwrap_or(0) == replicas.parse::<u64>()?,
            "{scale}"
        );
    }
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_pools_shows_what_the_controller_said() -> Result<()> {
    let lab = installed().await?;
    apply(&lab, &cases::pool(&json!({ "spec": { "replicas": 5 } }))).await?;

    // The columns, before and after the controller has said something.
    let header = "NAME   DESIRED   ACTIVE   READY   DRAINING   WARM   UNKNOWN   OUTDATED   OLDEST-DRAIN   AGE";
    let columns = async || -> Result<(String, Vec<String>)> {
        let table = lab.kubectl_text(&["get", "bp"]).await?;
        let (header, row) = table.split_once('\n').context("no row")?;
        let cells = row.split_whitespace().map(str::to_owned);
        Ok((header.trim().to_owned(), cells.collect()))
    };
    let (told, cells) = columns().await?;
    ensure!(told == header, "{told}");
    ensure!(cells[..2] == ["jvb", "5"] && cells.len() == 3, "{cells:?}");
    let status = json!({ "status": {
        "replicas": 6, "selector": "a=b", "active": 5, "readyReplicas": 4, "draining": 3, "warm": 2, "unknown": 1,
        "outdated": 8, "oldestDrain": "2020-01-01T00:00:00Z",
        "conditions": [{ "type": "Available", "status": "True", "reason": "MinActiveMet", "message": "",
            "lastTransitionTime": "2020-01-01T00:00:00Z" }],
    } });
    lab.kubectl_text(&[
        "patch",
        "bp",
        "jvb",
        "--subresource=status",
        "--type=merge",
        "-p",
        &status.to_string(),
    ])
    .await?;
    let (_, cells) = columns().await?;
    ensure!(
        cells[..8] == ["jvb", "5", "5", "4", "3", "2", "1", "8"],
        "{cells:?}"
    );
    ensure!(
        cells[8].ends_with('y') || cells[8].ends_with('d'),
        "{cells:?}"
    );

    let category = lab.kubectl_text(&["get", "jitsi", "-o", "name"]).await?;
    ensure!(
        category.trim() == "bridgepool.bridgetender.dev/jvb",
        "{category}"
    );
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_told_what_is_wrong_and_what_there_is() -> Result<()> {
    let lab = installed().await?;
    let typo = cases::pool(&json!({ "spec": { "drian": {} } }));
    let said = apply(&lab, &typo).await?;
    ensure!(said.contains("unknown field \"spec.drian\""), "{said}");
    let bad = cases::pool(&json!({ "spec": { "drain": { "deadline": "-5m" } } }));
    let said = apply(&lab, &bad).await?;
    let told = said.contains("spec.drain.deadline") && said.contains(duration::MESSAGE);
    ensure!(told, "{said}");

    let explained = lab
        .kubectl_text(&["explain", "bridgepool.spec.drain"])
        .await?;
    let words: Vec<_> = explained.split_whitespace().collect();
    let explained = words.join(" ");
    for line in [
        "How bridges are emptied before they are removed.",
        "deadline <string> How long a bridge may drain before onDeadline happens.",
        "a changed deadline holds for new drains only",
        "onDeadline <string> enum: Move, Wait, Kill",
    ] {
        ensure!(explained.contains(line), "{line:?} is not in: {explained}");
    }
    lab.stop().await
}
