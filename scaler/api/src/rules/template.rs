//! Rules about the template of the bridges' pods.

use serde_json::Value;

use super::Rule;
use crate::annotations;
use crate::spec::{BRIDGE_CONTAINER, Template};

/// The prefix of what the pool itself writes.
const PREFIX: &str = "bridgetender.dev/";

pub(super) const RULES: &[Rule] = &[
    Rule {
        at: "spec.template",
        cel: "has(self.spec) && has(self.spec.containers) && self.spec.containers.exists_one(c, has(c.name) && c.name == 'jvb')",
        message: "not exactly one container is named jvb: name the bridge's container jvb, and no other one, in spec.containers of the template",
        holds: |pool| {
            let template = pool.spec.template.as_ref();
            template.is_none_or(|template| template.containers(BRIDGE_CONTAINER).count() == 1)
        },
    },
    Rule {
        at: "spec.template",
        cel: "!has(self.spec) || !has(self.spec.terminationGracePeriodSeconds) || (self.spec.terminationGracePeriodSeconds >= 75 && self.spec.terminationGracePeriodSeconds <= 590)",
        message: "terminationGracePeriodSeconds must be from 75 to 590, or left out: a bridge needs 75 seconds to have its people moved, node autoscalers cut it off after 600, and long calls are waited for by drain.deadline",
        holds: |pool| {
            let template = pool.spec.template.as_ref();
            template.is_none_or(grace_period_is_in_bounds)
        },
    },
    Rule {
        at: "spec.template",
        cel: "!has(self.metadata) || !has(self.metadata.labels) || self.metadata.labels.all(key, !key.startsWith('bridgetender.dev/'))",
        message: "labels under bridgetender.dev/ are written by the pool: remove them from the template",
        holds: |pool| {
            let template = pool.spec.template.as_ref();
            template.is_none_or(|template| free_of_ours(template, "labels", None))
        },
    },
    Rule {
        at: "spec.template",
        cel: "!has(self.metadata) || !has(self.metadata.annotations) || self.metadata.annotations.all(key, !key.startsWith('bridgetender.dev/') || key == 'bridgetender.dev/metrics-port')",
        message: "annotations under bridgetender.dev/ are written by the pool: remove them from the template, all but bridgetender.dev/metrics-port",
        holds: |pool| {
            let template = pool.spec.template.as_ref();
            let allowed = Some(annotations::METRICS_PORT.name());
            template.is_none_or(|template| free_of_ours(template, "annotations", allowed))
        },
    },
];

/// Whether the grace period is left out, or a number within its bounds.
fn grace_period_is_in_bounds(template: &Template) -> bool {
    let spec = template.spec();
    let seconds = spec.and_then(|spec| spec.get("terminationGracePeriodSeconds"));
    // The API server drops what is null.
    seconds
        .filter(|seconds| !seconds.is_null())
        .map(Value::as_i64)
        .is_none_or(|seconds| seconds.is_some_and(|seconds| (75..=590).contains(&seconds)))
}

/// Whether none of the labels or annotations (`kind`) is one that the pool writes.
fn free_of_ours(template: &Template, kind: &str, allowed: Option<&str>) -> bool {
    template.metadata(kind).is_none_or(|entries| {
        entries
            .keys()
            .all(|key| !key.starts_with(PREFIX) || Some(key.as_str()) == allowed)
    })
}
