//! The set-ups that are played side by side: what an operator would apply for each.

use anyhow::Result;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use laboratory::mocks::DRAIN_AND_WAIT;
use laboratory::objects::{self, Autoscaler};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::pace::Pace;

/// How many bridges there are at the start, and never fewer.
pub(crate) const START: i32 = 2;
/// How many there are at most.
pub(crate) const MOST: i32 = 12;
/// The average stress that each HPA keeps.
pub(crate) const TARGET: f64 = 0.4;
/// What the HPA of a pool scales, and what it sees.
const POOL: (&str, &str) = ("bridgetender.dev/v1alpha1", "BridgePool");
const COMMITTED: &str = "committed_stress_total";
/// What workload and HPA are called in each namespace.
pub(crate) const NAME: &str = "jvb";

/// How bridges are run and scaled.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum SetUp {
    /// A Deployment, whose pods Kubernetes ends whoever is on them.
    Plain,
    /// A Deployment whose pods drain in a preStop hook, for as long as their grace period lasts.
    PreStop,
    /// A BridgePool.
    Pool,
}

impl SetUp {
    /// Its namespace, and its name in a few letters.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::PreStop => "prestop",
            Self::Pool => "pool",
        }
    }

    /// What it is.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Plain => "plain Deployment",
            Self::PreStop => "with preStop drain",
            Self::Pool => "BridgePool",
        }
    }

    /// What runs the bridges.
    pub(crate) fn workload(self, pace: &Pace) -> Result<Value> {
        if self == Self::Pool {
            return Ok(objects::pool(self.namespace(), NAME, &pool(pace)));
        }
        let mut deployment = serde_json::to_value(objects::bridges(self.namespace(), NAME, START))?;
        deployment["apiVersion"] = "apps/v1".into();
        deployment["kind"] = "Deployment".into();
        let pod = &mut deployment["spec"]["template"]["spec"];
        pod["containers"][0]["readinessProbe"] = objects::readiness();
        if self == Self::PreStop {
            pod["terminationGracePeriodSeconds"] = pace.deadline.as_secs().into();
            pod["containers"][0]["lifecycle"] =
                json!({"preStop": {"exec": {"command": [DRAIN_AND_WAIT]}}});
        }
        Ok(deployment)
    }

    /// Where the adapter tells the stress of each bridge.
    pub(crate) fn stress(self) -> String {
        self.metric("pods/*/stress_level")
    }

    /// Where it tells the stress that the pool's HPA sees.
    pub(crate) fn committed(self) -> String {
        self.metric(&format!("bridgepools.bridgetender.dev/{NAME}/{COMMITTED}"))
    }

    fn metric(self, object: &str) -> String {
        let namespace = self.namespace();
        format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/{namespace}/{object}")
    }

    /// The HPA: the same for all, but for what it scales, and that ours sees the load of draining bridges.
    pub(crate) fn autoscaler(self, pace: &Pace) -> HorizontalPodAutoscaler {
        let seconds =
            |duration: std::time::Duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX);
        let average = format!("{:.0}m", TARGET * 1000.0);
        let usual = Autoscaler::new(self.namespace(), NAME)
            .between(START, MOST)
            .scale_up_window(0)
            .scale_down_window(seconds(pace.scale_down_window))
            .scale_down_by(1, seconds(pace.scale_down_every));
        let hpa = match self {
            Self::Plain | Self::PreStop => usual.pods("stress_level", &average),
            Self::Pool => {
                let (version, kind) = POOL;
                usual
                    .target(version, kind, NAME)
                    .object(version, kind, NAME, COMMITTED, &average)
            }
        };
        hpa.build()
    }
}

/// The pool with the pace of the demo; whatever is no duration is as the pool has it by itself.
fn pool(pace: &Pace) -> Value {
    let text = |duration| humantime::format_duration(duration).to_string();
    let mut spec = objects::pool_spec(START.unsigned_abs());
    spec["minLifetime"] = text(pace.min_lifetime).into();
    let drain = &mut spec["drain"];
    drain["deadline"] = text(pace.deadline).into();
    drain["settle"] = text(pace.settle).into();
    drain["moveInterval"] = text(pace.move_interval).into();
    drain["maxConcurrent"] = "25%".into();
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hpas_differ_in_nothing_but_what_they_scale_and_see() {
        let behavior = |set_up: SetUp| {
            let hpa = set_up.autoscaler(&Pace::PLAYED).spec.expect("a spec");
            (hpa.min_replicas, hpa.max_replicas, hpa.behavior)
        };
        assert_eq!(behavior(SetUp::Plain), behavior(SetUp::Pool));
        assert_eq!(behavior(SetUp::Plain), behavior(SetUp::PreStop));
    }

    #[test]
    fn the_hpa_of_the_pool_is_the_one_that_operators_get() {
        let shipped: HorizontalPodAutoscaler =
            serde_saphyr::from_str(include_str!("../../scaler/hpa.yaml")).unwrap();
        let ours = SetUp::Pool.autoscaler(&Pace::PRODUCTION);
        let told = |hpa: HorizontalPodAutoscaler| {
            let spec = hpa.spec.expect("a spec");
            (spec.scale_target_ref, spec.metrics, spec.behavior)
        };
        assert_eq!(told(ours), told(shipped));
    }

    #[test]
    fn a_bridge_has_as_long_to_drain_in_its_grace_period_as_in_the_pool() {
        let pace = Pace::PLAYED;
        let prestop = SetUp::PreStop.workload(&pace).unwrap();
        let pod = &prestop["spec"]["template"]["spec"];
        let pool = SetUp::Pool.workload(&pace).unwrap();
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert_eq!(pool["spec"]["drain"]["deadline"], format!("{grace}s"));
        let hook = &pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"];
        assert_eq!(*hook, json!([DRAIN_AND_WAIT]));
        let plain = SetUp::Plain.workload(&pace).unwrap();
        let pod = &plain["spec"]["template"]["spec"];
        assert!(pod["containers"][0]["lifecycle"].is_null());
    }

    #[test]
    fn the_pool_is_one_that_the_api_server_takes() {
        let pool = SetUp::Pool.workload(&Pace::PLAYED).unwrap();
        scaler_api::read(pool).unwrap();
    }
}
