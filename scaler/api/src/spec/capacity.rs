//! What bridges carry, and where capacity comes from before a new bridge is started.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a bridge shall and can carry.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Capacity {
    /// The stress that a bridge shall have on average: the averageValue of the pool's HorizontalPodAutoscaler. A draining
    /// bridge below it has free capacity, and is worth taking back.
    pub target_stress: f64,

    /// The stress from which a bridge takes no people who are moved off another: jicofo's own limit.
    pub max_stress: f64,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            target_stress: 0.4,
            max_stress: 0.8,
        }
    }
}

/// Taking draining bridges back when bridges are needed again.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rescue {
    /// Whether a draining bridge with free capacity is taken back before another one is woken or started.
    pub enabled: bool,
}

impl Default for Rescue {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Empty bridges that are kept running and hidden, to be woken within seconds.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Warm {
    /// A drained bridge is kept warm instead of removed while there are fewer warm ones than this.
    pub min: u32,

    /// Warm bridges beyond this many are removed.
    pub max: u32,
}
