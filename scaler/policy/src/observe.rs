//! The cluster's objects as the world knows them.

mod pod;
mod pool;

pub use pod::pod;
pub use pool::{Missing, pool};

use bridge::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as MetaTime;

/// A moment as the API writes it.
fn moment(time: &MetaTime) -> Time {
    Time::from_millis(time.0.as_millisecond())
}
