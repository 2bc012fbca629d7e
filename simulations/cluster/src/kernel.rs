//! Virtual time and chance: the queue of what is going to happen, and streams of random numbers from one seed.

mod chance;
mod queue;

pub use chance::{Chance, Concern};
pub use queue::Queue;
