//! A Deployment of mock bridges, as tests speak of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::{BridgeConfig, JicofoConfig, Load};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use crate::kubelet::Kubelet;
use crate::laboratory::Laboratory;
use crate::mocks::{Fault, MockJitsi};
use crate::objects;

/// Where the bridges of a laboratory live.
pub const NAMESPACE: &str = "jitsi";

/// How long bridges may take to be there: they boot in seconds, but the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// Bridges that are not started yet.
pub struct BridgesBuilder<'a> {
    lab: &'a Laboratory,
    replicas: u32,
    jicofo: JicofoConfig,
    bridge: BridgeConfig,
}

/// A Deployment of mock bridges with the jicofo that they belong to, and the kubelet that plays their pods.
pub struct Bridges {
    jitsi: MockJitsi,
    kubelet: Kubelet,
    client: Client,
    name: String,
}

impl Laboratory {
    /// So many bridges, in a Deployment `jvb` in the namespace `jitsi`, of one jicofo.
    pub fn bridges(&self, replicas: u32) -> BridgesBuilder<'_> {
        BridgesBuilder {
            lab: self,
            replicas,
            jicofo: JicofoConfig::default(),
            bridge: quick(),
        }
    }
}

/// A bridge with the delays of a test: everything true to the real one, only faster.
pub fn quick() -> BridgeConfig {
    BridgeConfig {
        colibri_rest: true,
        shutdown_rest: true,
        jvm_start: Duration::from_millis(50),
        boot: Duration::from_millis(100),
        brewery_join: Duration::from_millis(300),
        sample_interval: Duration::from_millis(500),
        statistics_interval: Duration::from_millis(250),
        statistics_offset: Duration::from_millis(50),
        presence_interval: Duration::from_millis(250),
        stress_of_start: 0.0,
        ..BridgeConfig::default()
    }
}

impl BridgesBuilder<'_> {
    /// Changes how each bridge is configured.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut BridgeConfig)) -> Self {
        change(&mut self.bridge);
        self
    }

    /// Changes how jicofo is configured.
    #[must_use]
    pub fn jicofo(mut self, change: impl FnOnce(&mut JicofoConfig)) -> Self {
        change(&mut self.jicofo);
        self
    }

    /// What the sampler of each bridge measures.
    #[must_use]
    pub fn load(mut self, load: Load) -> Self {
        self.bridge.load = load;
        self
    }

    /// Starts jicofo, the kubelet and the bridges, and waits until all are Ready.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the bridges do not become Ready in time.
    pub async fn start(self) -> Result<Bridges> {
        let Self {
            lab,
            replicas,
            jicofo,
            bridge,
        } = self;
        let name = objects::BRIDGE_LABEL.1;
        let real = BridgeConfig::default();
        for (what, here, production) in [
            ("a bridge's health is good after", bridge.boot, real.boot),
            (
                "it joins its brewery after",
                bridge.brewery_join,
                real.brewery_join,
            ),
            (
                "it samples its stress every",
                bridge.sample_interval,
                real.sample_interval,
            ),
            (
                "it tells jicofo how it is every",
                bridge.presence_interval,
                real.presence_interval,
            ),
        ] {
            lab.tell_shortened(what, here, production);
        }
        let jitsi = MockJitsi::start(jicofo, bridge, Some(lab.network().jicofo())).await?;
        let kubelet = Kubelet::builder(lab, std::sync::Arc::new(jitsi.clone()))
            .start()
            .await?;
        lab.namespace(NAMESPACE).await?;
        lab.put(&deployment(name, replicas)?).await?;
        let bridges = Bridges {
            jitsi,
            kubelet,
            client: lab.client(),
            name: name.to_owned(),
        };
        bridges.until_ready(replicas).await?;
        Ok(bridges)
    }
}

/// The Deployment of every test, whose bridges are Ready when their own health says so.
fn deployment(name: &str, replicas: u32) -> Result<Deployment> {
    let mut deployment = objects::bridges(NAMESPACE, name, i32::try_from(replicas)?);
    let pods = deployment
        .spec
        .as_mut()
        .and_then(|spec| spec.template.spec.as_mut());
    let bridge = pods
        .and_then(|pods| pods.containers.first_mut())
        .context("a bridge's pod has a container")?;
    bridge.readiness_probe = serde_json::from_value(objects::readiness())?;
    Ok(deployment)
}

impl Bridges {
    /// The jicofo and the bridges themselves: loads, faults, processes.
    pub fn jitsi(&self) -> &MockJitsi {
        &self.jitsi
    }

    /// The kubelet that plays the pods.
    pub fn kubelet(&self) -> &Kubelet {
        &self.kubelet
    }

    /// The Deployment's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The pods that are not being deleted, by name.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn pods(&self) -> Result<Vec<Pod>> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), NAMESPACE);
        let list = pods
            .list(&ListParams::default().labels(&format!(
                "{}={}",
                objects::BRIDGE_LABEL.0,
                objects::BRIDGE_LABEL.1
            )))
            .await;
        let mut list = list.context("cannot list the bridges' pods")?.items;
        list.retain(|pod| pod.metadata.deletion_timestamp.is_none());
        list.sort_by_key(ResourceExt::name_any);
        Ok(list)
    }

    /// The names of the bridges that are not being deleted.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn names(&self) -> Result<Vec<String>> {
        Ok(self
            .pods()
            .await?
            .iter()
            .map(ResourceExt::name_any)
            .collect())
    }

    /// Breaks the answers of the first `count` bridges, by name, and returns their names.
    ///
    /// # Errors
    /// When the API server does not answer or there are fewer bridges.
    pub async fn break_some(&self, count: usize, fault: &Fault) -> Result<Vec<String>> {
        let names = self.names().await?;
        ensure!(
            names.len() >= count,
            "only {} bridges are there to be broken",
            names.len()
        );
        let chosen: Vec<String> = names.into_iter().take(count).collect();
        for name in &chosen {
            self.jitsi.break_bridge(name, fault.clone());
        }
        Ok(chosen)
    }

    /// The Deployment's `spec.replicas`: what the HPA wrote last.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn replicas(&self) -> Result<i32> {
        let deployment = self
            .deployments()
            .get(&self.name)
            .await
            .context("cannot read the bridges' Deployment")?;
        Ok(deployment.spec.and_then(|spec| spec.replicas).unwrap_or(1))
    }

    /// Sets the Deployment's size, as a person would.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn scale(&self, replicas: u32) -> Result<()> {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        self.deployments()
            .patch(&self.name, &PatchParams::default(), &patch)
            .await
            .context("cannot scale the bridges")?;
        Ok(())
    }

    /// Waits until so many bridges are Ready, and no others are there.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn until_ready(&self, replicas: u32) -> Result<()> {
        crate::eventually(
            &format!("{replicas} bridges are Ready"),
            PATIENCE,
            || async {
                let pods = self.pods().await?;
                let ready = pods.iter().filter(|pod| is_ready(pod)).count();
                ensure!(
                    ready == replicas as usize && pods.len() == ready,
                    "{ready} of {} bridges are Ready",
                    pods.len()
                );
                Ok(())
            },
        )
        .await
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| {
        all.iter()
            .any(|one| one.type_ == "Ready" && one.status == "True")
    })
}
