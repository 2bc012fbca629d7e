use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};
use kube::Api;
use laboratory::{Kubelet, Laboratory, Recorder};

/// Far more than anything here takes.
pub(super) const SOON: Duration = Duration::from_mins(2);

/// A laboratory for single pods. Starting one is what takes time, so one does for a theme.
pub(super) struct Bench {
    pub(super) lab: Laboratory,
    pub(super) runtime: Arc<Recorder>,
    pub(super) kubelet: Kubelet,
    pub(super) pods: Api<Pod>,
}

impl Bench {
    pub(super) async fn start() -> Result<Self> {
        let lab = Laboratory::builder()
            .controller_manager(false)
            .start()
            .await?;
        let runtime = Arc::new(Recorder::default());
        let kubelet = Kubelet::builder(&lab, Arc::clone(&runtime)).start().await?;
        let pods = Api::default_namespaced(lab.client());
        Ok(Self {
            lab,
            runtime,
            kubelet,
            pods,
        })
    }

    /// Makes a pod; `spec` is its spec in one line of YAML.
    pub(super) async fn pod(&self, name: &str, spec: &str) -> Result<()> {
        let head = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}");
        self.lab.apply(&format!("{head}\nspec: {spec}\n")).await
    }

    /// Waits until `look` is content with the pod.
    pub(super) async fn until(
        &self,
        what: &str,
        name: &str,
        look: impl Fn(&Seen) -> bool,
    ) -> Result<Seen> {
        let what = format!("pod {name} {what}");
        let see = || async {
            let seen = Seen(self.pods.get(name).await?);
            ensure!(look(&seen), "{:?}", seen.0.status);
            Ok(seen)
        };
        self.lab.eventually(&what, SOON, see).await
    }

    pub(super) async fn ready(&self, name: &str) -> Result<Seen> {
        self.until("is ready", name, |pod| pod.is("Ready")).await
    }

    pub(super) async fn gone(&self, name: &str) -> Result<()> {
        let look = || async {
            let there = self.pods.get_opt(name).await?.is_some();
            ensure!(!there, "what was done to it: {:?}", self.deeds(name));
            Ok(())
        };
        self.lab
            .eventually(&format!("pod {name} is gone"), SOON, look)
            .await
    }

    /// What was done to a pod's containers: "jvb Start".
    pub(super) fn deeds(&self, name: &str) -> Vec<String> {
        let deeds = self.runtime.deeds(name).into_iter();
        deeds
            .map(|(container, deed)| format!("{container} {deed:?}"))
            .collect()
    }

    /// Waits until a deed was done to a pod's container.
    pub(super) async fn done(&self, name: &str, deed: &str) -> Result<()> {
        let look = || async {
            let deeds = self.deeds(name);
            ensure!(deeds.iter().any(|done| done == deed), "{deeds:?}");
            Ok(())
        };
        self.lab
            .eventually(&format!("{name}: {deed}"), SOON, look)
            .await
    }
}

/// A pod as the API server shows it.
pub(super) struct Seen(pub(super) Pod);

impl Seen {
    pub(super) fn phase(&self) -> &str {
        let status = self.0.status.as_ref();
        status
            .and_then(|status| status.phase.as_deref())
            .unwrap_or("")
    }

    pub(super) fn address(&self) -> &str {
        let status = self.0.status.as_ref();
        status
            .and_then(|status| status.pod_ip.as_deref())
            .unwrap_or("")
    }

    /// Whether a condition is true.
    pub(super) fn is(&self, condition: &str) -> bool {
        let status = self.0.status.as_ref();
        let conditions = status.and_then(|status| status.conditions.as_ref());
        let mut conditions = conditions.into_iter().flatten();
        conditions.any(|c| c.type_ == condition && c.status == "True")
    }

    /// The status of its only container.
    pub(super) fn container(&self) -> ContainerStatus {
        let status = self.0.status.clone().unwrap_or_default();
        let containers = status.container_statuses.unwrap_or_default();
        containers.into_iter().next().unwrap_or_default()
    }

    pub(super) fn restarts(&self) -> i32 {
        self.container().restart_count
    }

    pub(super) fn started(&self) -> bool {
        self.container().started == Some(true)
    }

    /// How its only container ended the last time.
    pub(super) fn last_end(&self) -> ContainerStateTerminated {
        let last = self.container().last_state.unwrap_or_default();
        last.terminated.unwrap_or_default()
    }
}
