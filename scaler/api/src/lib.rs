//! The `BridgePool`: what an operator says of a pool of videobridges, and what the pool says of itself.
//!
//! This crate is data: the custom resource ([`BridgePool`]), the labels and annotations in which each bridge's pod carries what
//! was decided about it ([`labels`], [`annotations`]). It asks no clock and does no I/O, so that the controller, the simulator
//! and the kubectl plugin read a pool in the same way.

pub mod annotations;
pub mod duration;
pub mod key;
pub mod labels;
pub mod limit;
pub mod pool;
pub mod spec;
pub mod state;
pub mod status;

pub use duration::Duration;
pub use limit::Limit;
pub use pool::BridgePool;
pub use spec::BridgePoolSpec;
pub use state::State;
pub use status::BridgePoolStatus;

/// The API group of the pool, and the prefix of all its labels and annotations.
pub const GROUP: &str = "bridgetender.dev";

/// The version of the API that these types are.
pub const VERSION: &str = "v1alpha1";
