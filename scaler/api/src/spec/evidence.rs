//! How fresh and how sure a bridge's own word must be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;

/// How fresh and how sure a bridge's own word must be before something is decided by it. What is not known counts as busy.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Evidence {
    /// Statistics older than this are not known: no bridge is drained, taken back or removed by them. Bridges that take
    /// conferences are looked at every 5s: below that they are not known most of the time.
    pub freshness: Duration,

    /// How old the last look at a bridge may be when its removal is decided.
    pub removal_freshness: Duration,

    /// How many looks in a row must have seen a bridge empty, besides drain.settle.
    pub removal_samples: u32,

    /// A bridge that has not answered for this long is reported as unknown.
    pub unreachable_after: Duration,

    /// Whether another bridge is started for one that does not answer, once its node is not ready or jicofo has lost it. The
    /// one that does not answer is kept all the same.
    pub replace_unreachable: bool,

    /// When more than this many in a hundred of the bridges with people fall to zero at once, it is taken for an outage of
    /// prosody or jicofo, and no bridge is removed until it is over. 100 switches that off.
    pub mass_empty_percent: u32,

    /// By how much the clocks of two controllers may differ before it is reported and no deadline is acted upon.
    pub clock_skew: Duration,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            freshness: Duration::from_secs(10),
            removal_freshness: Duration::from_secs(2),
            removal_samples: 3,
            unreachable_after: Duration::from_secs(30),
            replace_unreachable: true,
            mass_empty_percent: 50,
            clock_skew: Duration::from_mins(2),
        }
    }
}
