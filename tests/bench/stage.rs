//! A laboratory with many bridges that tell the time.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use laboratory::mocks::clock::{self, Clocks};
use laboratory::{Laboratory, NAMESPACE, objects};
use serde_json::{Value, json};

use crate::candidate::filled;
use crate::reader::now;

/// Requests to make pods, or to push values, that are under way at once.
const AT_ONCE: usize = 32;

/// How long the pods have run: long enough that no adapter takes their bridges for new ones.
const UPTIME: Duration = Duration::from_hours(1);

/// The label that divides the bridges among the HPAs.
pub(crate) const POOL: &str = "pool";
/// Its values.
pub(crate) const POOLS: [&str; 3] = ["a", "b", "c"];

/// A laboratory with bridges.
pub(crate) struct Stage {
    /// The control plane.
    pub(crate) lab: Laboratory,
    /// The bridges.
    pub(crate) clocks: Clocks,
    bridges: usize,
    pods: Api<Pod>,
}

impl Stage {
    /// Without bridges yet, and without a controller manager, whose HPAs look this often once it runs.
    pub(crate) async fn set(hpa_period: Duration) -> Result<Self> {
        let lab = Laboratory::builder()
            .hpa_sync_period(hpa_period)
            // The others have nothing to do, and would take the pods for nobody's.
            .controllers("horizontal-pod-autoscaler-controller")
            .controller_manager(false)
            .start()
            .await?;
        lab.namespace(NAMESPACE).await?;
        Ok(Self {
            pods: Api::namespaced(lab.client(), NAMESPACE),
            clocks: Clocks::start()?,
            lab,
            bridges: 0,
        })
    }

    /// How many bridges there are.
    pub(crate) fn bridges(&self) -> usize {
        self.bridges
    }

    /// Makes pods until there are so many.
    pub(crate) async fn grow(&mut self, bridges: usize) -> Result<()> {
        let stage: &Self = self;
        stream::iter(stage.bridges..bridges)
            .map(|n| async move { stage.make(&name(n), n).await })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await
            .context("cannot make the pods of bridges")?;
        self.bridges = bridges;
        Ok(())
    }

    /// Makes one more pod beside those that are counted, on an address that none of them has.
    pub(crate) async fn add(&self, pod: &str, n: usize) -> Result<Ipv4Addr> {
        let n = self.bridges + n;
        let address = self.address(n)?;
        self.clocks.watch(address);
        self.make(pod, n).await?;
        Ok(address)
    }

    /// Deletes a pod at once, as the kubelet does when its containers have ended.
    pub(crate) async fn delete(&self, pod: &str) -> Result<()> {
        let params = DeleteParams {
            grace_period_seconds: Some(0),
            ..DeleteParams::default()
        };
        self.pods.delete(pod, &params).await?;
        Ok(())
    }

    fn address(&self, n: usize) -> Result<Ipv4Addr> {
        Ok(self.lab.network().pod(u32::try_from(n)?))
    }

    async fn make(&self, pod: &str, n: usize) -> Result<()> {
        let spec = serde_json::from_value(self.pod(pod, n))?;
        self.pods.create(&PostParams::default(), &spec).await?;
        let status = Patch::Merge(json!({"status": status(self.address(n)?)}));
        self.pods
            .patch_status(pod, &PatchParams::default(), &status)
            .await?;
        Ok(())
    }

    fn pod(&self, name: &str, n: usize) -> Value {
        let (key, value) = objects::BRIDGE_LABEL;
        json!({
            "metadata": {"name": name, "labels": {
                key: value, "app.kubernetes.io/component": "jvb", POOL: POOLS[n % POOLS.len()],
            }},
            "spec": {
                "nodeName": "node-0",
                "containers": [{
                    "name": objects::BRIDGE_CONTAINER, "image": "laboratory/jvb",
                    "ports": [{"name": objects::METRICS_PORT, "containerPort": self.clocks.port()}],
                    "resources": {"limits": {"cpu": "4"}},
                }],
            },
        })
    }

    /// Gives each bridge's value to an adapter that asks no bridge itself.
    pub(crate) async fn push(&self, address: &str) -> Result<()> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        stream::iter(0..self.bridges)
            .map(|n| {
                let pod = name(n);
                let known = [
                    ("{namespace}", NAMESPACE),
                    ("{pod}", &pod),
                    ("{metric}", "stress_level"),
                ];
                let (client, url) = (client.clone(), filled(address, &known));
                async move {
                    let millis = (clock::tell(now()) * 1_000.0).round();
                    let request = Request::post(&url)
                        .header(CONTENT_TYPE, "application/json")
                        .body(Full::from(format!("\"{millis}m\"")))?;
                    let answer = client.request(request).await?;
                    ensure!(answer.status().is_success(), "{url}: {}", answer.status());
                    anyhow::Ok(())
                }
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await
            .with_context(|| format!("cannot push values to {address}"))
    }
}

fn name(n: usize) -> String {
    format!("jvb-{n:05}")
}

fn status(address: Ipv4Addr) -> Value {
    let since =
        jiff::Timestamp::now() - jiff::SignedDuration::from_secs(UPTIME.as_secs().cast_signed());
    let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": since}));
    json!({
        "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "startTime": since,
        "conditions": conditions,
        "containerStatuses": [{
            "name": objects::BRIDGE_CONTAINER, "ready": true, "started": true, "restartCount": 0,
            "image": "laboratory/jvb", "imageID": "", "containerID": format!("laboratory://{address}"),
            "state": {"running": {"startedAt": since}},
        }],
    })
}
