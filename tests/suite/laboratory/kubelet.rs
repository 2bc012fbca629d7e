use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use laboratory::{Kubelet, Laboratory, Recorder};
use serde_json::json;

const SOON: Duration = Duration::from_secs(30);

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: jvb}
spec:
  replicas: 3
  selector: {matchLabels: {app: jvb}}
  template:
    metadata: {labels: {app: jvb}}
    spec:
      containers:
      - {name: jvb, image: bridge, ports: [{name: metrics, containerPort: 8080}]}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_becomes_available() -> Result<()> {
    let lab = Laboratory::start().await?;
    let runtime = Arc::new(Recorder::default());
    let _kubelet = Kubelet::builder(&lab, Arc::clone(&runtime)).start().await?;
    lab.apply(DEPLOYMENT).await?;
    let deployments: Api<Deployment> = Api::default_namespaced(lab.client());
    let available = async |n: i32| {
        lab.eventually(&format!("{n} are available"), SOON, || async {
            let status = deployments.get("jvb").await?.status.unwrap_or_default();
            ensure!(status.available_replicas.unwrap_or(0) == n, "{status:?}");
            Ok(())
        })
        .await
    };
    available(3).await?;
    println!(
        "{}",
        lab.kubectl_text(&["get", "pods,nodes,deploy", "-o", "wide"])
            .await?
    );
    let begun = Instant::now();
    let scale = |n: i32| Patch::Merge(json!({"spec": {"replicas": n}}));
    deployments
        .patch("jvb", &PatchParams::default(), &scale(1000))
        .await?;
    available(1000).await?;
    println!("1,000 pods in {:.1} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    deployments
        .patch("jvb", &PatchParams::default(), &scale(0))
        .await?;
    let pods: Api<Pod> = Api::default_namespaced(lab.client());
    lab.eventually("all are gone", SOON, || async {
        let left = pods.list(&ListParams::default()).await?.items.len();
        ensure!(left == 0, "{left} are left");
        Ok(())
    })
    .await?;
    println!("0 pods in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}
