//! What the controller and the sidecar of a bridge's pod say to each other.
//!
//! Whoever can reach a pod may read what its bridge says of itself. Whoever changes the bridge's state proves with each request
//! that it is the controller: a token is signed with a key that only the controller has, is good for one method and one path in
//! one pod, and not for long. A pod holds public keys, with which nobody can sign anything. A token may be used more than once
//! while it is good, since all that it allows may be repeated.
//!
//! The moment is an argument, and so is the seed of a key: this crate has no clock, no chance and no I/O.

mod claims;
pub mod contract;
mod denied;
mod keys;
mod signing;

use std::time::Duration;

pub use claims::Claims;
pub use denied::Denied;
pub use keys::{KeysError, PublicKeys};
pub use signing::{KeyId, PublicKey, SEED_BYTES, SigningKey};

/// The longest time between a token's making and its end.
pub const LIFETIME: Duration = Duration::from_secs(30);

/// By how much the clocks of the controller and of a pod's node may differ without a token being denied.
pub const SKEW: Duration = Duration::from_secs(10);

/// The longest value of an `Authorization` header that is looked at, in bytes.
pub const MAX_BYTES: usize = 1024;

/// What an `Authorization` header begins with, written exactly so, and followed by one space.
pub const SCHEME: &str = "Bridgetender";

#[cfg(test)]
mod tests;
