//! Metrics of Services, whose selectors choose the bridges.

use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::model::Load;
use laboratory::Laboratory;

const SOON: Duration = Duration::from_mins(2);

const TOTAL: &str =
    "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/services/media/stress_level_total";
const PODS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level";

const SERVICE: &str = "
{apiVersion: v1, kind: Service, metadata: {name: media, namespace: jitsi},
 spec: {selector: {app: jvb}, ports: [{name: metrics, port: 8080}]}}
";

/// What kubectl prints and complains of, whether it succeeds or not.
async fn read(lab: &Laboratory, path: &str) -> Result<String> {
    let output = lab.kubectl(&["get", "--raw", path]).await?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).into_owned())
}

async fn says(lab: &Laboratory, path: &str, words: &str) -> Result<()> {
    lab.eventually(words, SOON, || async {
        let said = read(lab, path).await?;
        ensure!(said.contains(words), "{said}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hpa_scales_on_the_bridges_that_a_service_chooses() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(Load::Measured(0.5)).start().await?;
    // Those that come are idle: two and a half bridges' worth is all there is, and three stay three.
    bridges
        .jitsi()
        .configure_bridges(|bridge| bridge.load = Load::Measured(0.0));
    let _adapters = lab.adapter().start().await?;
    says(&lab, TOTAL, "has no Service of this name").await?;
    lab.apply(SERVICE).await?;
    let hpa = lab
        .hpa(&bridges)
        .on_service("media", "stress_level_total", "400m")
        .start()
        .await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    hpa.until_desired(3).await?;
    says(&lab, TOTAL, r#""kind":"Service""#).await?;

    lab.apply(&SERVICE.replace("app: jvb", "app: web")).await?;
    says(&lab, TOTAL, "no running bridge belongs to it").await?;
    hpa.until("ScalingActive", "False", "FailedGetObjectMetric")
        .await?;
    lab.kubectl_text(&["-n", "jitsi", "delete", "service", "media"])
        .await?;
    says(&lab, TOTAL, "has no Service of this name").await?;
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_services_all_else_is_told() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(true)
        .start()
        .await?;
    let _bridges = lab.bridges(2).load(Load::Measured(0.5)).start().await?;
    let mut adapters = lab.adapter().start().await?;
    lab.apply(SERVICE).await?;
    says(&lab, TOTAL, r#""value":"1""#).await?;

    let narrow = r#"[{"op": "replace", "path": "/rules/0/resources", "value": ["pods"]}]"#;
    let role = ["patch", "clusterrole", "jvb-adapter", "--type=json", "-p"];
    let command: Vec<&str> = role.iter().copied().chain([narrow]).collect();
    lab.kubectl_text(&command).await?;
    adapters.kill(0);
    adapters.start(0)?;
    says(&lab, TOTAL, "list and watch services").await?;
    says(&lab, PODS, r#""value":"500m""#).await?;

    lab.apply(include_str!("../../../adapter/rbac.yaml"))
        .await?;
    says(&lab, TOTAL, r#""value":"1""#).await?;
    lab.stop().await
}
