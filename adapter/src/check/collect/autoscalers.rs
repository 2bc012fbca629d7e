//! The HPAs with metrics of pods, of objects, or from outside.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
};
use serde::Deserialize;

use crate::check::facts::{Autoscaler, Condition, EXTERNAL, Known, Named};

use super::asker::Asker;

#[derive(Deserialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    kind: String,
}

/// All that ask a metrics API other than that of CPU and memory for something.
pub(super) async fn all(asker: &Asker, namespace: Option<&str>) -> Known<Vec<Autoscaler>> {
    let group = "/apis/autoscaling/v2";
    let path = namespace.map_or_else(
        || format!("{group}/horizontalpodautoscalers"),
        |namespace| format!("{group}/namespaces/{namespace}/horizontalpodautoscalers"),
    );
    let list: Vec<HorizontalPodAutoscaler> = asker.list(&path, None).await?;
    let mut all = Vec::new();
    for hpa in list {
        all.extend(read(asker, hpa).await);
    }
    all.sort_by(|one: &Autoscaler, other| one.hpa.cmp(&other.hpa));
    Ok(all)
}

async fn read(asker: &Asker, hpa: HorizontalPodAutoscaler) -> Option<Autoscaler> {
    let spec: HorizontalPodAutoscalerSpec = hpa.spec?;
    let metrics: Vec<String> = spec.metrics.iter().flatten().filter_map(asked).collect();
    if metrics.is_empty() {
        return None;
    }
    let namespace = hpa.metadata.namespace?;
    let target = spec.scale_target_ref;
    let status = hpa.status.unwrap_or_default();
    Some(Autoscaler {
        scalable: scalable(asker, &namespace, &target).await,
        target: format!("{}/{}", target.kind.to_lowercase(), target.name),
        hpa: Named {
            namespace,
            name: hpa.metadata.name?,
        },
        metrics,
        conditions: status
            .conditions
            .into_iter()
            .flatten()
            .map(|condition| Condition {
                kind: condition.type_,
                is_true: condition.status == "True",
                reason: condition.reason.unwrap_or_default(),
                message: condition.message.unwrap_or_default(),
            })
            .collect(),
        max: spec.max_replicas,
        desired: hpa_desired(status.current_replicas, status.desired_replicas),
    })
}

/// What it wants; none before it has looked.
fn hpa_desired(current: Option<i32>, desired: i32) -> Option<i32> {
    current.map(|_| desired)
}

/// What a metric asks for; `*` stands for whatever object is described, `external` for the external metrics API.
fn asked(metric: &MetricSpec) -> Option<String> {
    let pods = metric.pods.as_ref().map(|pods| ("pods", &pods.metric));
    let object = metric.object.as_ref().map(|object| ("*", &object.metric));
    let external = metric.external.as_ref();
    let external = external.map(|external| (EXTERNAL, &external.metric));
    let (of, metric) = pods.or(object).or(external)?;
    Some(format!("{of}/{}", metric.name))
}

/// Whether the target's kind and the target itself are there, with a scale sub-resource.
async fn scalable(
    asker: &Asker,
    namespace: &str,
    target: &CrossVersionObjectReference,
) -> Known<bool> {
    let version = target.api_version.as_deref().unwrap_or("v1");
    let base = if version.contains('/') {
        format!("/apis/{version}")
    } else {
        format!("/api/{version}")
    };
    let found: Option<Resources> = asker.get(&base).await?;
    let resources = found.map(|found| found.resources).unwrap_or_default();
    let plural = resources
        .iter()
        .find(|resource| resource.kind == target.kind && !resource.name.contains('/'));
    let Some(plural) = plural else {
        return Ok(false);
    };
    let path = format!(
        "{base}/namespaces/{namespace}/{}/{}/scale",
        plural.name, target.name
    );
    let scale: Option<serde_json::Value> = asker.get(&path).await?;
    Ok(scale.is_some())
}
