//! The `BridgePool`: what an operator says of a pool of videobridges, and what the pool says of itself.
//!
//! This crate is data: the custom resource ([`BridgePool`]) with its rules ([`rules`]) and the CRD made of both ([`crd`]), the
//! labels and annotations in which each bridge's pod carries what was decided about it ([`labels`], [`annotations`]), what an
//! HPA is to see of a pool ([`committed`]), and the HPA that goes with it ([`autoscaler`]). It
//! asks no clock and does no I/O, so that the controller, the simulator and the kubectl plugin read a pool in the same way.

pub mod annotations;
pub mod autoscaler;
#[doc(hidden)]
pub mod cases;
pub mod committed;
pub mod crd;
pub mod duration;
pub mod key;
pub mod labels;
pub mod limit;
pub mod pool;
pub mod read;
pub mod rules;
pub mod spec;
pub mod state;
pub mod status;

pub use duration::Duration;
pub use limit::Limit;
pub use pool::BridgePool;
pub use read::{Problems, read};
pub use rules::Problem;
pub use spec::BridgePoolSpec;
pub use state::State;
pub use status::BridgePoolStatus;

/// The API group of the pool, and the prefix of all its labels and annotations.
pub const GROUP: &str = "bridgetender.dev";

/// The version of the API that these types are.
pub const VERSION: &str = "v1alpha1";
