//! How a changed template reaches the bridges.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Duration, Limit};

/// How a changed template reaches the bridges: new bridges are started, then old ones are drained.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Update {
    /// How many bridges are started beyond replicas to replace old ones: a number, or a share of the pool's bridges such as
    /// "25%", rounded up. With slots it must be a number.
    pub max_surge: Limit,

    /// Replaces no bridge by a newer revision; scaling goes on, with the newer revision.
    pub paused: bool,

    /// How long a new bridge may take until it takes conferences: pulled, started, healthy and in its brewery. One that takes
    /// longer is a failed start, and a rollout stops.
    pub progress_deadline: Duration,
}

impl Default for Update {
    fn default() -> Self {
        Self {
            max_surge: Limit::Count(1),
            paused: false,
            progress_deadline: Duration::from_mins(10),
        }
    }
}
