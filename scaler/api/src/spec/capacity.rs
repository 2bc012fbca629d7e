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

    /// By what a bridge measures its stress, where sidecar is native. packet-rate: by the packets that it forwards. cpu-usage: by
    /// the CPU time that it takes of its limit; without a CPU limit on the container jvb it would be measured against the whole
    /// node, and is refused.
    pub measurement: Measurement,

    /// How many packets in a second, received and sent, are a stress of 1; for packet-rate. Left out: 12500 for each CPU that the
    /// container jvb requests, and 50000 where it requests none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packet_rate: Option<u32>,
}

/// By what a bridge measures its stress.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Measurement {
    #[default]
    #[expect(missing_docs, reason = "the field says what each is")]
    PacketRate,
    #[expect(missing_docs, reason = "the field says what each is")]
    CpuUsage,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            target_stress: 0.4,
            max_stress: 0.8,
            measurement: Measurement::default(),
            packet_rate: None,
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
