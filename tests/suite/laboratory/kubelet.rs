use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kube::api::DeleteParams;
use laboratory::{Deed, Kubelet, Laboratory, Recorder, objects};
use serde_json::json;

use super::bench::{Bench, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_becomes_available_and_goes_by_pre_stop() -> Result<()> {
    let lab = Laboratory::start().await?;
    let runtime = Arc::new(Recorder::default());
    // Long enough for kubectl to see all of them being created.
    let boot = Duration::from_secs(10);
    let kubelet = Kubelet::builder(&lab, Arc::clone(&runtime)).boot(boot);
    let _kubelet = kubelet.nodes(&["one", "two"]).start().await?;
    let mut bridges = objects::bridges("default", "jvb", 3);
    let spec = bridges.spec.as_mut();
    let spec = spec.and_then(|spec| spec.template.spec.as_mut());
    let drain = json!({"preStop": {"exec": {"command": ["drain", "--wait"]}}});
    spec.context("a pod spec")?.containers[0].lifecycle = serde_json::from_value(drain)?;

    let begun = Instant::now();
    lab.put(&bridges).await?;
    lab.eventually("all three are being created", SOON, || async {
        let pods = lab.kubectl_text(&["get", "pods", "--no-headers"]).await?;
        ensure!(pods.matches("ContainerCreating").count() == 3, "{pods}");
        Ok(())
    })
    .await?;
    let available = "--for=condition=Available";
    lab.kubectl_text(&["wait", "deployment/jvb", available, "--timeout=2m"])
        .await?;
    ensure!(begun.elapsed() >= boot, "creating takes its time");
    let on = ["get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}"];
    let on = lab.kubectl_text(&on).await?;
    ensure!(on.contains("one") && on.contains("two"), "{on}");
    let nodes = lab.kubectl_text(&["get", "nodes", "--no-headers"]).await?;
    ensure!(nodes.matches(" Ready ").count() == 2, "{nodes}");
    let leases = ["get", "leases", "-n", "kube-node-lease", "-o", "name"];
    let leases = lab.kubectl_text(&leases).await?;
    ensure!(
        leases.contains("/one") && leases.contains("/two"),
        "{leases}"
    );

    lab.kubectl_text(&["scale", "deployment/jvb", "--replicas=0"])
        .await?;
    let gone = [
        "wait",
        "pod",
        "-l",
        "app=jvb",
        "--for=delete",
        "--timeout=2m",
    ];
    lab.kubectl_text(&gone).await?;
    let names = runtime.entries().into_iter().map(|entry| entry.pod.name);
    let names: BTreeSet<String> = names.collect();
    ensure!(names.len() == 3, "{names:?}");
    for name in names {
        let deeds = runtime.deeds(&name).into_iter().map(|(_, deed)| deed);
        let deeds: Vec<Deed> = deeds.collect();
        let drain = Deed::Exec(vec!["drain".into(), "--wait".into()]);
        ensure!(
            deeds == [Deed::Start, drain, Deed::Terminate],
            "{name}: {deeds:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_does_not_end_is_killed_when_its_grace_period_is_over() -> Result<()> {
    let bench = Bench::start().await?;
    bench.runtime.set_stubborn(true);
    for (name, grace) in [("stubborn", 3), ("shortened", 600), ("forced", 600)] {
        let containers = "containers: [{name: jvb, image: bridge}]";
        let spec = format!("{{terminationGracePeriodSeconds: {grace}, {containers}}}");
        bench.pod(name, &spec).await?;
        bench.ready(name).await?;
    }
    let begun = Instant::now();
    let delete = async |name, seconds| {
        let params = DeleteParams {
            grace_period_seconds: seconds,
            ..DeleteParams::default()
        };
        bench.pods.delete(name, &params).await.map(drop)
    };
    delete("stubborn", None).await?;
    delete("shortened", None).await?;
    bench.done("shortened", "jvb Terminate").await?;
    // The object stays, and the container runs, until the grace period is over; a second delete may shorten it.
    let pod = bench.pods.get("shortened").await?;
    ensure!(pod.metadata.deletion_timestamp.is_some());
    delete("shortened", Some(1)).await?;
    bench.gone("shortened").await?;
    bench.gone("stubborn").await?;
    let took = begun.elapsed();
    ensure!(took >= Duration::from_secs(3), "gone too soon: {took:?}");
    for name in ["stubborn", "shortened"] {
        let deeds = bench.deeds(name);
        ensure!(
            deeds == ["jvb Start", "jvb Terminate", "jvb Kill"],
            "{name}: {deeds:?}"
        );
    }

    // By force the object is gone at once, the container a little later.
    delete("forced", Some(0)).await?;
    ensure!(bench.pods.get_opt("forced").await?.is_none());
    bench.done("forced", "jvb Kill").await
}

#[tokio::test(flavor = "multi_thread")]
async fn sidecars_start_before_the_bridge_and_end_after_it() -> Result<()> {
    let bench = Bench::start().await?;
    let sidecar = "image: sidecar, restartPolicy: Always";
    let hook = "lifecycle: {preStop: {exec: {command: [drain]}}}";
    let init = format!(
        "[{{name: init, image: init}}, {{name: one, {sidecar}, {hook}}}, {{name: two, {sidecar}}}]"
    );
    let bridge = "containers: [{name: jvb, image: bridge}]";
    let grace = "terminationGracePeriodSeconds: 600";
    let spec = format!("{{{grace}, initContainers: {init}, {bridge}}}");
    bench.pod("pod", &spec).await?;
    bench.done("pod", "init Start").await?;
    ensure!(bench.deeds("pod") == ["init Start"], "it runs alone");
    ensure!(bench.runtime.exit("pod", "init", 0));
    let pod = bench.ready("pod").await?;
    let status = pod.0.status.clone().unwrap_or_default();
    let init = status.init_container_statuses.unwrap_or_default();
    let runs = init.iter().map(|status| status.started == Some(true));
    ensure!(runs.collect::<Vec<_>>() == [false, true, true], "{init:?}");
    let deeds = bench.deeds("pod");
    ensure!(
        deeds == ["init Start", "one Start", "two Start", "jvb Start"],
        "{deeds:?}"
    );

    // The sidecar's preStop does not wait for the bridge; its SIGTERM does, and the last one started goes first.
    bench.runtime.set_stubborn(true);
    bench.pods.delete("pod", &DeleteParams::default()).await?;
    bench.done("pod", "one Exec([\"drain\"])").await?;
    for (ends, next) in [("jvb", Some("two")), ("two", Some("one")), ("one", None)] {
        bench.done("pod", &format!("{ends} Terminate")).await?;
        if let Some(next) = next {
            let deeds = bench.deeds("pod");
            ensure!(!deeds.contains(&format!("{next} Terminate")), "{deeds:?}");
        }
        ensure!(bench.runtime.exit("pod", ends, 0), "{ends} does not run");
    }
    bench.gone("pod").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_given_again_only_when_a_test_wants_it() -> Result<()> {
    let bench = Bench::start().await?;
    let spec = "{containers: [{name: jvb, image: bridge}]}";
    bench.pod("first", spec).await?;
    let first = bench.ready("first").await?.address().to_owned();
    bench.pods.delete("first", &DeleteParams::default()).await?;
    bench.gone("first").await?;
    bench.pod("next", spec).await?;
    ensure!(bench.ready("next").await?.address() != first);
    bench.kubelet.next_address(first.parse()?);
    bench.pod("heir", spec).await?;
    ensure!(bench.ready("heir").await?.address() == first);
    Ok(())
}
