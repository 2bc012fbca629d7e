//! The laboratory: a real Kubernetes with mock bridges.

pub use address::{ADAPTER_PORT, BRIDGE_PORT, Network};
pub use audit::{Answer, Asker, Request};
pub use balancer::Balancer;
pub use builder::Builder;
pub use certificates::{Authority, Credentials};
pub use eventually::eventually;
pub use kubelet::recorder::{Deed, Entry, Recorder};
pub use kubelet::runtime::{BoxFuture, PodHandle, Runtime};
pub use kubelet::{Kubelet, KubeletBuilder};
pub use laboratory::Laboratory;
pub use place::{Place, Priority};
pub use tools::kubernetes_version;

mod address;
mod apply;
mod audit;
mod balancer;
mod builder;
mod certificates;
mod control_plane;
mod eventually;
mod flags;
mod janitor;
mod keys;
mod kubectl;
mod kubelet;
mod laboratory;
mod place;
mod process;
mod tools;
