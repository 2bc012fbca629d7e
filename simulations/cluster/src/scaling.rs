//! What scales the pool: the HorizontalPodAutoscaler, and the metric that it follows.

mod autoscaler;
mod committed;

pub use autoscaler::{Autoscaler, average_of_pods, committed};
pub use committed::{Adapter, Committed, counted};
