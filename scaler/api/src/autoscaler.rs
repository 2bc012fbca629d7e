//! The HorizontalPodAutoscaler that goes with a pool. The committed form is `scaler/hpa.yaml`.

use k8s_openapi::Resource as _;
use serde_json::{Value, json};

use crate::BridgePool;

/// Name of the metric that it follows: [committed stress](crate::committed) as a total of the pool.
pub const METRIC: &str = "committed_stress_total";

/// How much of it there is to be for each counted bridge, in thousandths: half of what jicofo takes for overloaded, so that load
/// may double in the minute that a new bridge takes to help.
pub const TARGET: u64 = 400;

/// For how long the most bridges that were wanted are kept, in seconds: meetings pause for ten minutes and go on.
pub const SCALE_DOWN_WINDOW: u64 = 600;

/// One bridge goes in so many seconds.
pub const SCALE_DOWN_PERIOD: u64 = 60;

/// The HPA of this pool, between two sizes, as JSON that any client can send.
pub fn definition(namespace: &str, pool: &str, (min, max): (u32, u32)) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": pool, "namespace": namespace },
        "spec": {
            "scaleTargetRef": reference(pool),
            "minReplicas": min,
            "maxReplicas": max,
            "metrics": [metric(pool, TARGET)],
            "behavior": behavior(SCALE_DOWN_WINDOW),
        },
    })
}

/// What it follows, with so many thousandths for each counted bridge.
pub fn metric(pool: &str, average: u64) -> Value {
    json!({
        "type": "Object",
        "object": {
            "describedObject": reference(pool),
            "metric": { "name": METRIC },
            "target": { "type": "AverageValue", "averageValue": format!("{average}m") },
        },
    })
}

/// How fast: upwards at once, in the steps that Kubernetes has by default; downwards one by one, after a window of so many seconds.
pub fn behavior(window: u64) -> Value {
    json!({
        "scaleUp": { "stabilizationWindowSeconds": 0 },
        "scaleDown": {
            "stabilizationWindowSeconds": window,
            "policies": [{ "type": "Pods", "value": 1, "periodSeconds": SCALE_DOWN_PERIOD }],
        },
    })
}

fn reference(pool: &str) -> Value {
    json!({ "apiVersion": BridgePool::API_VERSION, "kind": BridgePool::KIND, "name": pool })
}
