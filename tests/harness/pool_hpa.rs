//! The HPA that operators are given for a pool, at the pace of a test.

use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior,
    HorizontalPodAutoscalerSpec, MetricSpec,
};
use serde_json::json;

use crate::bridges::NAMESPACE;
use crate::hpa::Hpa;
use crate::laboratory::Laboratory;

/// In the words that operators get.
const SHIPPED: &str = include_str!("../../scaler/hpa.yaml");

/// A pool's HPA that is not there yet.
pub struct PoolHpaBuilder<'a> {
    lab: &'a Laboratory,
    object: HorizontalPodAutoscaler,
}

impl Laboratory {
    /// The shipped HPA of the pool `jvb` with a scale-down window of 3 s, after which one bridge goes in a second, and which doubles
    /// the pool in 2 s at most.
    ///
    /// # Errors
    /// When the file with it is none.
    pub fn pool_hpa(&self) -> Result<PoolHpaBuilder<'_>> {
        let object = serde_saphyr::from_str(SHIPPED).context("scaler/hpa.yaml is no HPA")?;
        let builder = PoolHpaBuilder { lab: self, object };
        Ok(builder.pace(Duration::from_secs(3), 1, 2))
    }
}

impl PoolHpaBuilder<'_> {
    /// The smallest and the largest size.
    #[must_use]
    pub fn between(mut self, min: i32, max: i32) -> Self {
        let spec = self.spec();
        spec.min_replicas = Some(min);
        spec.max_replicas = max;
        self
    }

    /// The window of scaling down; how many bridges may go in a second, and in how many seconds the pool may double.
    #[must_use]
    pub fn pace(mut self, window: Duration, go: i32, doubles_in: i32) -> Self {
        self.lab.tell_shortened(
            "the HPA's scale-down window is",
            window,
            Duration::from_secs(scaler_api::autoscaler::SCALE_DOWN_WINDOW),
        );
        let behavior = self.behavior();
        let down = behavior.scale_down.get_or_insert_default();
        down.stabilization_window_seconds = i32::try_from(window.as_secs()).ok();
        for policy in down.policies.iter_mut().flatten() {
            policy.value = go;
            policy.period_seconds = 1;
        }
        let doubling = HPAScalingPolicy {
            type_: "Percent".to_owned(),
            value: 100,
            period_seconds: doubles_in,
        };
        behavior.scale_up.get_or_insert_default().policies = Some(vec![doubling]);
        self
    }

    /// Follows the average of a metric of the counted pods instead.
    ///
    /// # Panics
    /// Never: what is written out here is a metric.
    #[must_use]
    pub fn on_pods(mut self, metric: &str, average: &str) -> Self {
        let metric = json!({"type": "Pods", "pods": {
            "metric": {"name": metric},
            "target": {"type": "AverageValue", "averageValue": average},
        }});
        let metric: MetricSpec =
            serde_json::from_value(metric).expect("what is written out above is a metric");
        self.spec().metrics = Some(vec![metric]);
        self
    }

    fn spec(&mut self) -> &mut HorizontalPodAutoscalerSpec {
        self.object.spec.get_or_insert_default()
    }

    fn behavior(&mut self) -> &mut HorizontalPodAutoscalerBehavior {
        self.spec().behavior.get_or_insert_default()
    }

    /// Applies it; one that is there is changed.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn start(self) -> Result<Hpa> {
        self.lab.put(&self.object).await?;
        let name = self.object.metadata.name.unwrap_or_default();
        Ok(Hpa::known(self.lab, NAMESPACE, &name))
    }
}
