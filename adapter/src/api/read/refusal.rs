//! Why there is no value, for people.

use std::collections::BTreeMap;

use super::Reader;
use crate::api::route::Target;
use crate::serving::Status;
use crate::telling::{NoService, Omission, Record, Resource, Rules, Shortfall};

impl Reader<'_> {
    pub(super) fn no_resource(&self, resource: &str) -> Status {
        let known: Vec<&str> = Resource::ALL.into_iter().map(Resource::name).collect();
        Status::not_found(format!(
            "the server could not find the metric {} for {resource}; hint: metrics exist in namespaces, for {}",
            self.read.metric,
            known.join(", ")
        ))
    }

    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.shared.metrics.pod_names().collect();
        names.join(", ")
    }

    pub(super) fn no_metric(&self, resource: &str, hint: &str) -> Status {
        Status::not_found(format!(
            "the server could not find the metric {} for {resource}; hint: {hint}",
            self.read.metric
        ))
    }

    /// In the words of the common Go library, with what they leave out.
    pub(super) fn not_found(&self, name: &str, why: &str) -> Status {
        let resource = match &self.read.target {
            Target::Namespace => "namespaces",
            Target::All(resource) | Target::Named { resource, .. } => resource,
        };
        let selector = &self.read.metric_selector;
        let with = if selector.is_everything() {
            String::new()
        } else {
            format!(" with selector {selector}")
        };
        Status::not_found(format!(
            "the server could not find the metric {} for {resource} {name}{with}: {why}",
            self.read.metric
        ))
    }

    pub(super) fn fall_short(
        &self,
        shortfall: Shortfall,
        resource: Resource,
        name: &str,
        failures: &str,
    ) -> Status {
        if shortfall == Shortfall::Nobody {
            return self.not_found(
                name,
                "no running bridge belongs to it; hint: do its pods carry the labels that the adapter's --bridges asks for?",
            );
        }
        let whose = format!("{} {name}", resource.name());
        let rules = self.store.rules();
        unavailable(&self.read.metric, &whose, shortfall, failures, rules)
    }
}

/// What belongs to somebody cannot be told now, and nothing smaller is told in its place.
pub(in crate::api) fn unavailable(
    metric: &str,
    whose: &str,
    shortfall: Shortfall,
    failures: &str,
    rules: &Rules,
) -> Status {
    Status::service_unavailable(match shortfall {
        Shortfall::Nobody => format!("{whose} has no running bridge that could say {metric}"),
        Shortfall::Unknown { bridges } => format!(
            "no bridge of {whose} has said {metric} yet: {bridges} running{failures}; hint: a bridge that has just started \
             tells its stress after {:?}",
            rules.stress_unknown_for
        ),
        Shortfall::Coverage { answering, known } => format!(
            "only {answering} of {known} bridges of {whose} still say {metric}, less than {:.0} %: the others are unknown, \
             not idle{failures}; hint: the adapter's own metric jvb_adapter_scrapes_total tells since when",
            rules.min_coverage * 100.0
        ),
    })
}

/// Nobody knows which bridges a Service leads to; `not_found` makes the 404 out of the reason.
pub(in crate::api) fn no_service(
    reason: NoService,
    namespace: &str,
    name: &str,
    not_found: impl FnOnce(&str) -> Status,
) -> Status {
    match reason {
        NoService::Unlisted => Status::service_unavailable(format!(
            "the Services of the namespace {namespace} are not known, so neither are the bridges of {name}; hint: may the \
             adapter's service account list and watch services, as in adapter/rbac.yaml? its log has the answer of the API server"
        )),
        NoService::Missing => not_found(&format!(
            "the namespace {namespace} has no Service of this name"
        )),
        NoService::Unselective => not_found(
            "the Service has no selector, so it chooses no pods; hint: name the Deployment of the bridges instead",
        ),
    }
}

/// How many bridges failed in which way, for people; empty where none did.
pub(in crate::api) fn failures<'a>(bridges: impl Iterator<Item = &'a Record>) -> String {
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for class in bridges.filter_map(Record::failure) {
        *classes.entry(class).or_default() += 1;
    }
    let told: Vec<String> = classes
        .iter()
        .map(|(class, bridges)| format!("{class}: {bridges}"))
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(" (failures: {})", told.join(", "))
    }
}

/// Why a pod has no value, for people.
pub(super) fn why(omission: Omission, failure: Option<&str>) -> String {
    let why = match omission {
        Omission::Gone => "its bridge does not run, or was asked to go",
        Omission::Unanswered => "its bridge has not answered yet",
        Omission::Stale => "its bridge has stopped answering, and its last answer is too old",
        Omission::Unsettled => {
            "its bridge has just started, and its stress means nothing until it was sampled twice"
        }
        Omission::Unsaid => {
            "its bridge answers, but does not say this, or says what cannot be true"
        }
    };
    match failure {
        Some(class) => format!("{why} (last failure: {class})"),
        None => why.to_owned(),
    }
}
