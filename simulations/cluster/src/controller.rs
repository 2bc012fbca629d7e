//! Replicas of the pool's controller: the policy, and all that stands between it and the cluster.
//!
//! A replica observes ([`observe`]) and transports ([`transport`]); what is decided, [`scaler_policy`] decides.

pub mod lease;
pub mod observe;
mod replica;
pub mod transport;

pub use replica::{Life, Replica};
