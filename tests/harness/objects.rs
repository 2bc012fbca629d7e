//! Objects that many tests need, typed, so that a test can change what it is about.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use serde_json::{Value, json};

use crate::address::BRIDGE_PORT;

/// The label that bridges carry: `app=jvb`.
pub const BRIDGE_LABEL: (&str, &str) = ("app", "jvb");
/// The other label that bridges carry: the one that the adapter looks for where nothing else is said.
const COMPONENT_LABEL: (&str, &str) = ("app.kubernetes.io/component", "jvb");
/// The name of the port on which a bridge serves its statistics.
pub const METRICS_PORT: &str = "metrics";
/// The name of the container that is the bridge.
pub const BRIDGE_CONTAINER: &str = "jvb";

/// A Deployment of bridges labelled `app=jvb`, each with a container `jvb` whose port `metrics` is [`BRIDGE_PORT`].
///
/// # Panics
/// Never: what is written out here is a Deployment.
pub fn bridges(namespace: &str, name: &str, replicas: i32) -> Deployment {
    let labels = json!({BRIDGE_LABEL.0: BRIDGE_LABEL.1, COMPONENT_LABEL.0: COMPONENT_LABEL.1});
    serde_json::from_value(json!({
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            // Bridges come and go many at once; the usual 25 % would make a rollout slow.
            "strategy": {"rollingUpdate": {"maxSurge": "100%"}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "terminationGracePeriodSeconds": 5,
                    "containers": [{
                        "name": BRIDGE_CONTAINER,
                        "image": "laboratory/jvb",
                        "ports": [{"name": METRICS_PORT, "containerPort": BRIDGE_PORT}],
                        // Without a limit a bridge would measure its stress against the whole node.
                        "resources": {"limits": {"cpu": "4"}},
                    }],
                },
            },
        },
    }))
    .expect("what is written out above is a Deployment")
}

/// The readiness probe of a mock bridge: Ready is one whose own health says so.
pub fn readiness() -> Value {
    json!({
        "httpGet": {"path": "/about/health", "port": METRICS_PORT},
        "periodSeconds": 1,
    })
}

/// What a BridgePool of so many mock bridges wants, with the pace of a test.
pub fn pool_spec(replicas: u32) -> Value {
    json!({
        "replicas": replicas,
        "minLifetime": "0s",
        // Mock bridges are processes of the laboratory, and no containers.
        "sidecar": "none",
        "drain": {
            "settle": "1s",
            "maxConcurrent": "100%",
            "moveInterval": "200ms",
            "shutdownTimeout": "10s",
            "expelTimeout": "10s",
        },
        // A busy machine is no silent bridge.
        "evidence": { "freshness": "5s", "removalFreshness": "4s" },
        "template": {
            "metadata": { "labels": {
                BRIDGE_LABEL.0: BRIDGE_LABEL.1,
                COMPONENT_LABEL.0: COMPONENT_LABEL.1,
            } },
            "spec": { "containers": [{
                "name": BRIDGE_CONTAINER,
                "image": "laboratory/jvb",
                "ports": [{ "name": METRICS_PORT, "containerPort": BRIDGE_PORT }],
            }] },
        },
    })
}

/// A BridgePool of this spec.
pub fn pool(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "bridgetender.dev/v1alpha1",
        "kind": "BridgePool",
        "metadata": { "name": name, "namespace": namespace },
        "spec": spec,
    })
}

/// A Deployment of pods that do nothing, for an HPA to scale that is only to show what it wants.
///
/// # Panics
/// Never: what is written out here is a Deployment.
pub fn idlers(namespace: &str, name: &str, replicas: i32) -> Deployment {
    let labels = json!({"app": name});
    serde_json::from_value(json!({
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "idle", "image": "laboratory/idle"}],
                },
            },
        },
    }))
    .expect("what is written out above is a Deployment")
}

/// A HorizontalPodAutoscaler in the making.
///
/// ```
/// let hpa = laboratory::objects::Autoscaler::new("jitsi", "jvb")
///     .between(1, 10)
///     .pods("stress_level", "400m")
///     .scale_down_window(10)
///     .build();
/// assert_eq!(hpa.spec.unwrap().max_replicas, 10);
/// ```
#[derive(Clone, Debug)]
pub struct Autoscaler {
    namespace: String,
    name: String,
    target: Value,
    replicas: (i32, i32),
    metrics: Vec<Value>,
    behavior: Value,
}

impl Autoscaler {
    /// For the Deployment of the same name; 1 to 10 replicas.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            target: json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name}),
            replicas: (1, 10),
            metrics: Vec::new(),
            behavior: json!({}),
        }
    }

    /// For something else that has a scale sub-resource.
    #[must_use]
    pub fn target(mut self, api_version: &str, kind: &str, name: &str) -> Self {
        self.target = json!({"apiVersion": api_version, "kind": kind, "name": name});
        self
    }

    /// With another name than its target's.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// How few and how many replicas.
    #[must_use]
    pub fn between(mut self, least: i32, most: i32) -> Self {
        self.replicas = (least, most);
        self
    }

    /// Scale by a metric of the pods: `average` (a quantity, 400m) is what each should have.
    #[must_use]
    pub fn pods(mut self, metric: &str, average: &str) -> Self {
        self.metrics.push(json!({"type": "Pods", "pods": {
            "metric": {"name": metric},
            "target": {"type": "AverageValue", "averageValue": average},
        }}));
        self
    }

    /// Scale by a metric of one object: the object's value divided by the replicas should be `average`.
    #[must_use]
    pub fn object(
        mut self,
        api_version: &str,
        kind: &str,
        name: &str,
        metric: &str,
        average: &str,
    ) -> Self {
        self.metrics.push(json!({"type": "Object", "object": {
            "describedObject": {"apiVersion": api_version, "kind": kind, "name": name},
            "metric": {"name": metric},
            "target": {"type": "AverageValue", "averageValue": average},
        }}));
        self
    }

    /// Scale by an external metric: the sum of its series with these labels divided by the replicas should be `average`.
    #[must_use]
    pub fn external(mut self, metric: &str, labels: &[(&str, &str)], average: &str) -> Self {
        let labels: BTreeMap<_, _> = labels.iter().copied().collect();
        self.metrics.push(json!({"type": "External", "external": {
            "metric": {"name": metric, "selector": {"matchLabels": labels}},
            "target": {"type": "AverageValue", "averageValue": average},
        }}));
        self
    }

    /// For how many seconds the highest recommendation holds.
    #[must_use]
    pub fn scale_down_window(mut self, seconds: i32) -> Self {
        self.behavior["scaleDown"]["stabilizationWindowSeconds"] = seconds.into();
        self
    }

    /// For how many seconds the lowest recommendation holds.
    #[must_use]
    pub fn scale_up_window(mut self, seconds: i32) -> Self {
        self.behavior["scaleUp"]["stabilizationWindowSeconds"] = seconds.into();
        self
    }

    /// How many replicas it may add in one go: where nothing is said 4 or as many as there are, whichever is more, in 15 s.
    #[must_use]
    pub fn scale_up_by(mut self, pods: i32) -> Self {
        self.behavior["scaleUp"]["policies"] =
            json!([{"type": "Pods", "value": pods, "periodSeconds": 1}]);
        self
    }

    /// How many replicas it may take away in so many seconds: where nothing is said all of them, in 15 s.
    #[must_use]
    pub fn scale_down_by(mut self, pods: i32, seconds: i32) -> Self {
        self.behavior["scaleDown"]["policies"] =
            json!([{"type": "Pods", "value": pods, "periodSeconds": seconds}]);
        self
    }

    /// The object.
    ///
    /// # Panics
    /// Never: what is written out here is a HorizontalPodAutoscaler.
    pub fn build(self) -> HorizontalPodAutoscaler {
        serde_json::from_value(json!({
            "metadata": {"namespace": self.namespace, "name": self.name},
            "spec": {
                "scaleTargetRef": self.target,
                "minReplicas": self.replicas.0,
                "maxReplicas": self.replicas.1,
                "metrics": self.metrics,
                "behavior": self.behavior,
            },
        }))
        .expect("what is written out above is a HorizontalPodAutoscaler")
    }
}
