//! The laboratory: a real Kubernetes with mock bridges.
//!
//! A [`Laboratory`] is etcd, kube-apiserver and kube-controller-manager on a loopback network of its own, up in about 3 s and
//! gone without a trace. It has no nodes: a [`Kubelet`] plays them for every pod of any controller, and a [`Runtime`] says what
//! the containers do.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use laboratory::{Kubelet, Laboratory, Recorder, objects};
//!
//! # async fn example() -> anyhow::Result<()> {
//! let lab = Laboratory::start().await?;
//! let containers = Arc::new(Recorder::default());
//! let _kubelet = Kubelet::builder(&lab, Arc::clone(&containers)).start().await?;
//!
//! lab.put(&objects::bridges("default", "jvb", 3)).await?;
//! lab.eventually("three bridges are ready", Duration::from_secs(10), || async {
//!     let ready = lab.kubectl_text(&["get", "deploy", "jvb", "-o", "jsonpath={.status.readyReplicas}"]).await?;
//!     anyhow::ensure!(ready == "3", "ready: {ready:?}");
//!     Ok(())
//! })
//! .await?;
//!
//! // An adapter on 127.X.0.10, reached by the API server through a Service and a balancer.
//! let place = lab.place("bridgetender", "jvb-adapter").await?;
//! place.set_backends(&[lab.adapter_address(0)]);
//! lab.aggregate(&place, "custom.metrics.k8s.io", "v1beta2", laboratory::Priority::default()).await?;
//! lab.put(&objects::Autoscaler::new("default", "jvb").pods("stress_level", "400m").build()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Tests use tokio's `multi_thread` flavour: kubelet, bridges and adapter run beside the test. Several laboratories run in
//! parallel, also in several processes, because each claims a network 127.X.0.0/16.
//!
//! The programs come from `make tools`, or from the folder in `KUBEBUILDER_ASSETS`; `K8S_VERSION` chooses among what `make tools`
//! can build. `BRIDGETENDER_LAB_DIR` moves the folder that a laboratory writes to while it runs.

pub use adapters::{AdapterBuilder, Adapters};
pub use address::{ADAPTER_PORT, BRIDGE_PORT, Network};
pub use audit::{Answer, Asker, Request};
pub use balancer::Balancer;
pub use bridges::{Bridges, BridgesBuilder, NAMESPACE, quick};
pub use builder::Builder;
pub use certificates::{Authority, Credentials};
pub use eventually::{Never, eventually};
pub use go_clients::{Answer as GoAnswer, Failure, GoClients, Item, Question};
pub use history::{History, Wish};
pub use hpa::{Hpa, HpaBuilder};
pub use kubelet::recorder::{Deed, Entry, Recorder};
pub use kubelet::runtime::{BoxFuture, PodHandle, Runtime};
pub use kubelet::{Kubelet, KubeletBuilder};
pub use laboratory::Laboratory;
pub use link::Link;
pub use place::{Place, Priority};
pub use pool_hpa::PoolHpaBuilder;
pub use pools::{Bridge, Pool, PoolBuilder};
pub use process::Process;
pub use scalers::{Scalers, ScalersBuilder};
pub use tools::{kubectl_path, kubernetes_version, test_adapter_path};

pub mod load;
pub mod machine;
pub mod mocks;
pub mod objects;

mod accept;
mod adapters;
mod address;
mod apply;
mod audit;
mod balancer;
mod bridges;
mod builder;
mod certificates;
mod control_plane;
mod decisions;
mod eventually;
mod flags;
mod go_clients;
mod history;
mod hpa;
mod janitor;
mod keys;
mod kubectl;
mod kubelet;
mod laboratory;
mod life;
mod link;
mod place;
mod pool_hpa;
mod pools;
mod process;
mod readiness;
mod replica;
mod scalers;
mod tools;
