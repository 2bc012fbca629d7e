//! The crate k8s-metrics.

use std::time::Duration;

use ::k8s_metrics::QuantityExt;
use ::k8s_metrics::custom_metrics::v1beta2::MetricValueList;
use anyhow::{Result, ensure};
use bridge::model::Load;
use k8s_openapi::api::core::v1::Pod;
use laboratory::{Laboratory, NAMESPACE};

#[tokio::test(flavor = "multi_thread")]
async fn the_crate_k8s_metrics_reads_the_stress_of_each_bridge() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(Load::Measured(0.25)).start().await?;
    let _adapters = lab.adapter().start().await?;
    let names = bridges.names().await?;
    let path =
        format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/{NAMESPACE}/pods/*/stress_level");
    let within = Duration::from_mins(2);
    lab.eventually("both bridges are told", within, || async {
        let request = http::Request::get(&path).body(Vec::new())?;
        let list: MetricValueList<Pod> = lab.client().request(request).await?;
        let mut told = Vec::new();
        for item in &list.items {
            ensure!(item.metric.name == "stress_level");
            ensure!(item.value.to_f64()? == 0.25);
            told.extend(item.described_object.name.clone());
        }
        told.sort();
        ensure!(told == names, "{told:?}");
        Ok(())
    })
    .await?;
    lab.stop().await
}
