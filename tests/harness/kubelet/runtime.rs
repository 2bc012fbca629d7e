//! What runs in the pods of a laboratory.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One run of one container of a pod.
#[derive(Clone, Debug)]
pub struct PodHandle {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The pod's uid: the same name may come back with another.
    pub uid: String,
    /// The pod's address; all its containers share it.
    pub ip: Ipv4Addr,
    /// The name of the node it runs on.
    pub node: String,
    /// The pod's labels when the container was started.
    pub labels: BTreeMap<String, String>,
    /// The pod's annotations when the container was started.
    pub annotations: BTreeMap<String, String>,
    /// The container's name.
    pub container: String,
    /// The container's image.
    pub image: String,
    /// How often the container was restarted before this run.
    pub restart_count: i32,
    /// What names this run, as in the pod's status: `laboratory://...`.
    pub container_id: String,
    /// The whole pod as it was when the container was started.
    pub pod: Arc<Pod>,
}

/// The container runtime of a laboratory: what a container does.
pub trait Runtime: Send + Sync + 'static {
    /// Starts the container's process. An error is a container that cannot be started (exit code 128), to be tried again.
    fn start(&self, pod: &PodHandle) -> BoxFuture<'_, anyhow::Result<()>>;

    /// SIGTERM: asks the process to end. Whether and when it does, [`exited`](Self::exited) tells.
    fn terminate(&self, pod: &PodHandle) -> BoxFuture<'_, ()>;

    /// SIGKILL: when this returns, the process is gone and its address can be listened on.
    fn kill(&self, pod: &PodHandle) -> BoxFuture<'_, ()>;

    /// The exit code, once the process has ended for whatever reason but SIGKILL. Asked for several times a second.
    fn exited(&self, pod: &PodHandle) -> Option<i32>;

    /// Runs a command in the container, for probes and preStop: its exit code.
    fn exec(&self, pod: &PodHandle, command: &[String]) -> BoxFuture<'_, i32>;
}
