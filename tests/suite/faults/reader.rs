//! Reads what the adapter tells, through the API server, as an HPA does: once, whatever the answer.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http::Request;
use kube::Client;
use laboratory::{Bridges, Laboratory};
use serde_json::Value;

const STRESS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level";
const TOTAL: &str =
    "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/deployments.apps/jvb/stress_level_total";

/// An answer comes at once or not at all, but for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Every bridge has been asked after so long, on a busy machine too.
const FIRST: Duration = Duration::from_mins(2);

pub(super) struct Reader(Client);

impl Reader {
    pub(super) async fn new(lab: &Laboratory) -> Result<Self> {
        // A 503 is an answer here.
        let config = lab.config_of(&lab.kubeconfig()).await?;
        Ok(Self(Client::try_from(config)?))
    }

    /// The pods whose stress is told, with it in thousandths, sorted by name.
    pub(super) async fn stress(&self) -> Result<Vec<(String, i64)>> {
        self.read(STRESS).await
    }

    /// The total of the Deployment's stress in thousandths.
    pub(super) async fn total(&self) -> Result<i64> {
        let values = self.read(TOTAL).await?;
        ensure!(values.len() == 1, "{values:?}");
        Ok(values[0].1)
    }

    /// Waits until the total is told.
    pub(super) async fn until_total(&self) -> Result<()> {
        laboratory::eventually("the total is told", FIRST, || async {
            self.total().await.map(drop)
        })
        .await
    }

    /// Waits until the stress of every bridge is told, and of nobody else.
    pub(super) async fn until_told(&self, bridges: &Bridges) -> Result<()> {
        laboratory::eventually("the stress of every bridge is told", FIRST, || async {
            let names = bridges.names().await?;
            let told = self.stress().await?;
            ensure!(told.iter().map(|(name, _)| name).eq(&names), "{told:?}");
            Ok(())
        })
        .await
    }

    async fn read(&self, path: &str) -> Result<Vec<(String, i64)>> {
        let request = Request::get(path).body(Vec::new())?;
        let answer = tokio::time::timeout(PATIENCE, self.0.request_text(request));
        let list: Value = serde_json::from_str(&answer.await.context("no answer in time")??)?;
        let mut values = Vec::new();
        for item in list["items"].as_array().into_iter().flatten() {
            let value = item["value"].as_str().unwrap_or_default();
            let milli = match value.strip_suffix('m') {
                Some(milli) => milli.parse()?,
                None => value.parse::<i64>()? * 1000,
            };
            let name = item["describedObject"]["name"].as_str();
            values.push((name.unwrap_or_default().to_owned(), milli));
        }
        values.sort();
        Ok(values)
    }
}
