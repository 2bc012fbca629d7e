//! A BridgePool of mock bridges, as tests speak of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::{BridgeConfig, JicofoConfig, Ledger};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use scaler_api::annotations::INTENT;
use scaler_api::labels::{COUNTED, POOL, PROTECTED};
use scaler_api::{BridgePool, crd};
use serde_json::{Value, json};

use crate::bridges::{NAMESPACE, quick};
use crate::kubelet::Kubelet;
use crate::laboratory::Laboratory;
use crate::mocks::MockJitsi;
use crate::objects;

/// How long a change of a pool may take: it does in seconds, but the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// The name of the pool.
const NAME: &str = "jvb";

/// A pool that is not there yet.
pub struct PoolBuilder<'a> {
    lab: &'a Laboratory,
    spec: Value,
    bridge: BridgeConfig,
}

/// A BridgePool with the jicofo that its bridges belong to, and the kubelet that plays their pods.
pub struct Pool {
    jitsi: MockJitsi,
    kubelet: Kubelet,
    client: Client,
}

/// A bridge's pod, as a test looks at it.
#[derive(Clone, Debug)]
pub struct Bridge {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Whether the HPA counts it.
    pub counted: bool,
    /// Whether it must not be evicted.
    pub protected: bool,
    /// What is intended with it.
    pub intent: String,
    /// Whether it is being deleted.
    pub deleted: bool,
}

impl Laboratory {
    /// A pool `jvb` of so many bridges in the namespace `jitsi`, with the pace of a test; somebody has to look after it.
    pub fn pool(&self, replicas: u32) -> PoolBuilder<'_> {
        PoolBuilder {
            lab: self,
            spec: objects::pool_spec(replicas),
            bridge: quick(),
        }
    }
}

impl PoolBuilder<'_> {
    /// Changes the pool's spec, as a JSON merge patch does.
    #[must_use]
    pub fn spec(mut self, change: &Value) -> Self {
        merge(&mut self.spec, change);
        self
    }

    /// Changes how each bridge is configured.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut BridgeConfig)) -> Self {
        change(&mut self.bridge);
        self
    }

    /// Makes the CRD known, and starts jicofo, the kubelet and the pool.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the API server refuses the pool.
    pub async fn start(self) -> Result<Pool> {
        let lab = self.lab;
        lab.apply(&crd::definition().to_string()).await?;
        let jicofo = Some(lab.network().jicofo());
        let jitsi = MockJitsi::start(JicofoConfig::default(), self.bridge, jicofo).await?;
        let kubelet = Kubelet::builder(lab, std::sync::Arc::new(jitsi.clone()))
            .start()
            .await?;
        lab.put(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}))
            .await?;
        let pool = Pool {
            jitsi,
            kubelet,
            client: lab.client(),
        };
        pool.create(&self.spec).await?;
        Ok(pool)
    }
}

fn merge(into: &mut Value, change: &Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, change) => *into = change.clone(),
    }
}

impl Pool {
    async fn create(&self, spec: &Value) -> Result<()> {
        let pool: BridgePool = serde_json::from_value(objects::pool(NAMESPACE, NAME, spec))?;
        self.pools()
            .create(&PostParams::default(), &pool)
            .await
            .context("cannot create the pool")?;
        Ok(())
    }

    /// The jicofo and the bridges themselves: people, faults, processes.
    pub fn jitsi(&self) -> &MockJitsi {
        &self.jitsi
    }

    /// The kubelet that plays the pods.
    pub fn kubelet(&self) -> &Kubelet {
        &self.kubelet
    }

    /// So many people come into a conference.
    pub fn join(&self, conference: &str, people: u32) {
        self.jitsi.with(|jitsi, now| {
            for n in 0..people {
                jitsi.join(conference, &format!("{conference}-{n}"), now);
            }
        });
    }

    /// All of them leave it.
    pub fn leave(&self, conference: &str, people: u32) {
        self.jitsi.with(|jitsi, now| {
            for n in 0..people {
                jitsi.leave(conference, &format!("{conference}-{n}"), now);
            }
        });
    }

    /// What happened to people, and how often jicofo lost a bridge.
    pub fn truth(&self) -> (Ledger, Option<u64>) {
        self.jitsi
            .with(|jitsi, _| (jitsi.ledger().clone(), jitsi.lost_bridges()))
    }

    /// How many people a bridge has.
    pub fn people(&self, bridge: &str) -> u32 {
        self.jitsi.with(|jitsi, _| {
            let bridge = jitsi.bridge(bridge);
            bridge.map_or(0, bridge::model::Videobridge::local_endpoints)
        })
    }

    /// The pool as it is.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn object(&self) -> Result<BridgePool> {
        self.pools().get(NAME).await.context("cannot read the pool")
    }

    /// Changes the pool, as a JSON merge patch does.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn patch(&self, change: &Value) -> Result<()> {
        self.pools()
            .patch(NAME, &PatchParams::default(), &Patch::Merge(change))
            .await
            .context("cannot change the pool")?;
        Ok(())
    }

    /// Writes the size as an HPA does: reads the scale, and replaces what was read, as this client's user. Whether it was taken: an
    /// HPA whose write meets another version tries again at its next sync.
    ///
    /// # Errors
    /// When the API server refuses for another reason.
    pub async fn write_scale(&self, client: &Client, replicas: u32) -> Result<bool> {
        let pools: Api<BridgePool> = Api::namespaced(client.clone(), NAMESPACE);
        let mut scale = pools
            .get_scale(NAME)
            .await
            .context("cannot read the scale")?;
        let spec = scale.spec.get_or_insert_default();
        spec.replicas = Some(i32::try_from(replicas)?);
        match pools
            .replace_scale(NAME, &PostParams::default(), &scale)
            .await
        {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error).context("cannot write the scale"),
        }
    }

    /// Its bridges' pods, by name, those included that are being deleted.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn bridges(&self) -> Result<Vec<Bridge>> {
        let labels = format!("{}={NAME}", POOL.name());
        let params = ListParams::default().labels(&labels);
        let list = self.pods().list(&params).await;
        let list = list.context("cannot list the pool's pods")?;
        let mut bridges: Vec<Bridge> = list.items.iter().map(bridge).collect();
        bridges.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(bridges)
    }

    /// Its pods themselves.
    pub fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    fn pools(&self) -> Api<BridgePool> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    /// Waits until so many bridges are counted and take conferences, and no other pods are there.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn until_active(&self, number: u32) -> Result<Vec<Bridge>> {
        self.until(
            &format!("{number} bridges take conferences"),
            |status, bridges| {
                let settled = status["active"] == number && status["replicas"] == number;
                settled && bridges.len() == number as usize
            },
        )
        .await
    }

    /// Waits until so many bridges drain, by the status and by what is written on them: the one may come before the other.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn until_draining(&self, number: u32) -> Result<Vec<Bridge>> {
        let drains = |bridge: &&Bridge| ["drain", "expel"].contains(&bridge.intent.as_str());
        self.until(&format!("{number} bridges drain"), |status, bridges| {
            let draining = bridges.iter().filter(drains).count();
            status["draining"] == number && draining == number as usize
        })
        .await
    }

    /// Waits until status and bridges are so.
    ///
    /// # Errors
    /// When they are not in time: with what they were last.
    pub async fn until(
        &self,
        what: &str,
        so: impl Fn(&Value, &[Bridge]) -> bool,
    ) -> Result<Vec<Bridge>> {
        crate::eventually(what, PATIENCE, || async {
            let status = serde_json::to_value(self.object().await?.status)?;
            let bridges = self.bridges().await?;
            ensure!(so(&status, &bridges), "{bridges:#?} {status:#}");
            Ok(bridges)
        })
        .await
    }
}

fn bridge(pod: &Pod) -> Bridge {
    let is = |label: &str| pod.labels().get(label).is_some_and(|value| value == "true");
    Bridge {
        name: pod.name_any(),
        uid: pod.uid().unwrap_or_default(),
        counted: is(COUNTED.name()),
        protected: is(PROTECTED.name()),
        intent: pod
            .annotations()
            .get(INTENT.name())
            .cloned()
            .unwrap_or_default(),
        deleted: pod.metadata.deletion_timestamp.is_some(),
    }
}
