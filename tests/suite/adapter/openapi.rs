//! What kubectl explains of the adapter's answers.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use laboratory::Laboratory;
use serde_json::Value;

/// The API server fetches the documents when it finds an APIService, and looks for changes every minute.
const PATIENCE: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_explains_what_the_values_are_made_of() -> Result<()> {
    let lab = Laboratory::start().await?;
    let _adapters = lab.adapter().external(true).start().await?;
    for (resource, version, words) in [
        (
            "pods",
            "custom.metrics.k8s.io/v1beta2",
            ["MetricValueList", "windowSeconds", "describedObject"],
        ),
        (
            "pods",
            "custom.metrics.k8s.io/v1beta1",
            ["MetricValueList", "metricName", "describedObject"],
        ),
        (
            "stress_level_total",
            "external.metrics.k8s.io/v1beta1",
            ["ExternalMetricValueList", "metricLabels", "timestamp"],
        ),
    ] {
        let version = format!("--api-version={version}");
        lab.eventually(
            &format!("{resource} {version} is explained"),
            PATIENCE,
            || async {
                let said = lab
                    .kubectl_text(&["explain", resource, &version, "--recursive"])
                    .await?;
                ensure!(words.iter().all(|word| said.contains(word)), "{said}");
                Ok(())
            },
        )
        .await?;
    }
    let index = lab.kubectl_text(&["get", "--raw", "/openapi/v3"]).await?;
    let index: Value = serde_json::from_str(&index)?;
    let place = &index["paths"]["apis/custom.metrics.k8s.io/v1beta2"]["serverRelativeURL"];
    let place = place.as_str().with_context(|| format!("not in {index}"))?;
    let document = lab.kubectl_text(&["get", "--raw", place]).await?;
    ensure!(document.contains("deployments.apps"), "{document}");
    // Whoever asks for pods still gets pods explained.
    let pods = lab.kubectl_text(&["explain", "pods"]).await?;
    ensure!(pods.contains("collection of containers"), "{pods}");
    lab.stop().await
}
