//! Nodes and their kubelets: what becomes of a pod that was placed, and what its sidecar does.

mod held;
mod machine;

pub use held::{Held, Hook, Life};
pub use machine::Machine;
