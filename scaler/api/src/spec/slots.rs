//! Numbered bridges, each with a media port of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Numbered bridges, each with a media port of its own. A Service with one named port for each slot reaches each bridge.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slots {
    /// The UDP port of slot 0; slot n has the port n above it.
    pub first_port: u32,

    /// How many slots there are: at least maxReplicas + drain.maxConcurrent + update.maxSurge + warm.max, because each of
    /// those bridges holds one.
    pub count: u32,
}

impl Slots {
    /// The UDP port of a slot; `None` beyond the last one.
    pub const fn port(&self, slot: u32) -> Option<u32> {
        if slot < self.count {
            Some(self.first_port + slot)
        } else {
            None
        }
    }
}
