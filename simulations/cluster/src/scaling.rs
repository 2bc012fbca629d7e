//! What scales the pool: the HorizontalPodAutoscaler, and the metric that it follows.

mod autoscaler;
mod committed;

pub use autoscaler::Autoscaler;
pub use committed::{Adapter, Committed};
