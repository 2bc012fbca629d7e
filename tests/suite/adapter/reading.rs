//! What operators see of the adapter with kubectl.

use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::model::Load;
use laboratory::Laboratory;
use serde_json::Value;

/// The API server finds an APIService available at one moment and shows what it serves at a later one: where its first question was
/// not answered, it asks again after a minute.
const PATIENCE: Duration = Duration::from_mins(2);

/// Waits until the API server finds both versions available, and lists what they serve.
async fn is_found(lab: &Laboratory) -> Result<()> {
    lab.eventually("both versions are available", PATIENCE, || async {
        let services = lab.kubectl_text(&["get", "apiservices"]).await?;
        for version in ["v1beta1", "v1beta2"] {
            let line = services
                .lines()
                .find(|line| line.starts_with(&format!("{version}.custom.metrics.k8s.io")));
            ensure!(
                line.is_some_and(
                    |line| line.contains("bridgetender/jvb-adapter") && line.contains("True")
                ),
                "{services}"
            );
        }
        Ok(())
    })
    .await?;

    lab.eventually("the resources are listed", PATIENCE, || async {
        let resources = lab
            .kubectl_text(&["api-resources", "--api-group=custom.metrics.k8s.io"])
            .await?;
        for name in ["pods", "deployments.apps", "namespaces"] {
            let line = resources
                .lines()
                .find(|line| line.split_whitespace().next() == Some(name));
            ensure!(
                line.is_some_and(|line| line.contains("custom.metrics.k8s.io/v1beta2")
                    && line.contains("MetricValueList")),
                "{name} is not listed:\n{resources}"
            );
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_shows_the_metrics_their_resources_and_the_services_behind_them() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(Load::Measured(0.25)).start().await?;
    let _adapters = lab.adapter().start().await?;

    is_found(&lab).await?;
    // Whoever asks for pods still gets pods.
    let pods = lab
        .kubectl_text(&["get", "pods", "-n", "jitsi", "-o", "name"])
        .await?;
    ensure!(
        pods.lines().count() == 2 && pods.lines().all(|line| line.starts_with("pod/jvb-")),
        "{pods}"
    );

    let services = lab
        .kubectl_text(&["get", "services", "-n", "default", "-o", "name"])
        .await?;
    ensure!(services.trim() == "service/kubernetes", "{services}");

    // Aggregated discovery is what kube-apiserver made of ours.
    let discovery = lab
        .kubectl_text(&["get", "--raw", "/apis/custom.metrics.k8s.io/v1beta2"])
        .await?;
    let discovery: Value = serde_json::from_str(&discovery)?;
    let names: Vec<&str> = discovery["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["name"].as_str())
        .collect();
    for name in [
        "pods/stress_level",
        "pods/participants",
        "deployments.apps/stress_level_total",
        "namespaces/stress_level_max",
    ] {
        ensure!(names.contains(&name), "{name} is not among {names:?}");
    }

    let values = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level?labelSelector=app%3Djvb";
    lab.eventually("both bridges are told", PATIENCE, || async {
        let list: Value =
            serde_json::from_str(&lab.kubectl_text(&["get", "--raw", values]).await?)?;
        ensure!(list["kind"] == "MetricValueList", "{list}");
        let items = list["items"].as_array().cloned().unwrap_or_default();
        ensure!(
            items.len() == 2 && items.iter().all(|item| item["value"] == "250m"),
            "{list}"
        );
        Ok(())
    })
    .await?;

    let pod = &bridges.names().await?[0];
    let one =
        format!("/apis/custom.metrics.k8s.io/v1beta1/namespaces/jitsi/pods/{pod}/stress_level");
    let list: Value = serde_json::from_str(&lab.kubectl_text(&["get", "--raw", &one]).await?)?;
    ensure!(
        list["items"][0]["metricName"] == "stress_level"
            && list["items"].as_array().map(Vec::len) == Some(1),
        "{list}"
    );

    let unknown = lab
        .kubectl(&[
            "get",
            "--raw",
            "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/cpu",
        ])
        .await?;
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    ensure!(
        !unknown.status.success() && said.contains("stress_level"),
        "the error names what there is: {said}"
    );
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_may_read_to_whom_rbac_allows_it() -> Result<()> {
    let lab = Laboratory::start().await?;
    let _bridges = lab.bridges(1).load(Load::Measured(0.25)).start().await?;
    let _adapters = lab.adapter().start().await?;
    let path = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level";
    let stranger = lab.kubectl(&["get", "--raw", path, "--as=jane"]).await?;
    let said = String::from_utf8_lossy(&stranger.stderr).into_owned();
    ensure!(
        !stranger.status.success() && said.contains("Forbidden"),
        "{said}"
    );
    lab.apply(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: jitsi}
rules: [{apiGroups: [custom.metrics.k8s.io], resources: [pods/stress_level], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: jitsi}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
",
    )
    .await?;
    lab.eventually("jane may read", PATIENCE, || async {
        lab.kubectl_text(&["get", "--raw", path, "--as=jane"])
            .await
            .map(|_| ())
    })
    .await?;
    lab.stop().await
}
