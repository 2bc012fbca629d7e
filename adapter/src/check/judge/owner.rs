//! Whose an APIService is.

use crate::check::facts::{Aggregated, Facts, Named};
use crate::telling::FREE_CAPACITY;

use super::seen;

/// What serves a group version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    /// A jvb-adapter.
    Ours(Named),
    /// Something else, by its Service and, where it is well known, its name.
    Other(Named, Option<&'static str>),
    /// Nobody can say: it does not answer, and its Service could be anybody's.
    Unclear(Named),
    /// The API server itself.
    Local,
}

/// Those who are met in this place, by what their Services are called.
const KNOWN: [(&str, &str); 8] = [
    ("prometheus-adapter", "Prometheus Adapter"),
    ("keda", "KEDA"),
    ("datadog", "Datadog Cluster Agent"),
    ("stackdriver", "Stackdriver Adapter"),
    ("kube-metrics-adapter", "kube-metrics-adapter"),
    ("custom-metrics-apiserver", "a custom metrics API server"),
    ("metrics-server", "metrics-server"),
    ("newrelic", "New Relic adapter"),
];

/// Whose it is: what it tells of its metrics decides, and only where it tells nothing its name.
pub(super) fn owner(facts: &Facts, name: &str, aggregated: &Aggregated) -> Owner {
    let Some(service) = aggregated.service.clone() else {
        return Owner::Local;
    };
    let resources = facts
        .resources
        .iter()
        .find(|(known, _)| known == name)
        .and_then(|(_, resources)| seen(resources));
    let known = KNOWN
        .iter()
        .find(|(part, _)| service.name.contains(part))
        .map(|(_, title)| *title);
    let called_ours = ["jvb-adapter", "bridgetender"]
        .iter()
        .any(|part| service.name.contains(part));
    match resources {
        Some(resources) if is_ours(resources) => Owner::Ours(service),
        Some(resources) if !resources.is_empty() => Owner::Other(service, known),
        _ if called_ours => Owner::Ours(service),
        _ if known.is_some() => Owner::Other(service, known),
        _ => Owner::Unclear(service),
    }
}

/// Nobody else has both of these.
pub(super) fn is_ours(resources: &[String]) -> bool {
    let has = |end: &str| resources.iter().any(|resource| resource.ends_with(end));
    has("pods/stress_level") && has(&format!("/{FREE_CAPACITY}"))
}

/// Whether one of the versions of the custom metrics API is ours.
pub(super) fn any_is_ours(facts: &Facts) -> bool {
    facts.services.iter().any(|(name, service)| {
        seen(service).is_some_and(|service| matches!(owner(facts, name, service), Owner::Ours(_)))
    })
}
