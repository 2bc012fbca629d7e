//! Values, from one moment of the store.

use bridge::Time;

use crate::groups::{Resource, Shortfall, aggregate};
use crate::metric::{Aggregate, MetricId};
use crate::quantity::quantity;
use crate::route::{Read, Target};
use crate::shared::Shared;
use crate::status::Status;
use crate::store::{Omission, Reading, Record, Store};
use crate::wire::values::{Heading, Object, Value, list};

/// The answer to a question for values.
pub(super) fn answer(shared: &Shared, read: &Read, pretty: bool) -> Result<Vec<u8>, Status> {
    let now = shared.clock.now();
    let store = shared.store();
    let (values, window) = Reader {
        shared,
        store: &store,
        read,
        now,
    }
    .values()?;
    shared
        .telemetry
        .told(values.iter().map(|value| value.at), now);
    let heading = Heading {
        version: read.version,
        metric: &read.metric,
        window,
        selector: &read.metric_selector,
        pretty,
    };
    Ok(list(heading, &values))
}

struct Reader<'a> {
    shared: &'a Shared,
    store: &'a Store,
    read: &'a Read,
    now: Time,
}

type Values<'a> = (Vec<Value<'a>>, Option<u32>);

impl<'a> Reader<'a> {
    fn values(&self) -> Result<Values<'a>, Status> {
        let Some(namespace) = self.read.namespace.as_deref() else {
            return Err(self.no_resource(match &self.read.target {
                Target::All(resource) | Target::Named { resource, .. } => resource,
                Target::Namespace => "namespaces",
            }));
        };
        match &self.read.target {
            Target::Namespace => self.object(namespace, Resource::Namespaces, namespace),
            Target::All(resource) => match self.resource(resource)? {
                Resource::Pods => self.pods(namespace),
                resource => Err(Status::bad_request(format!(
                    "{} are read one by one: name one instead of *, or read pods/* with a label selector",
                    resource.name()
                ))),
            },
            Target::Named { resource, name } => match self.resource(resource)? {
                Resource::Pods => self.pod(namespace, name),
                resource => self.object(namespace, resource, name),
            },
        }
    }

    /// A namespace has its own form of path, and is no object in another namespace.
    fn resource(&self, name: &str) -> Result<Resource, Status> {
        Resource::of(name)
            .filter(|resource| resource.namespaced())
            .ok_or_else(|| self.no_resource(name))
    }

    fn no_resource(&self, resource: &str) -> Status {
        let known: Vec<&str> = Resource::ALL.into_iter().map(Resource::name).collect();
        Status::not_found(format!(
            "the server could not find the metric {} for {resource}; hint: metrics exist in namespaces, for {}",
            self.read.metric,
            known.join(", ")
        ))
    }

    fn pods(&self, namespace: &'a str) -> Result<Values<'a>, Status> {
        let metric = self.metric_of_pods()?;
        let values = self
            .store
            .in_namespace(namespace)
            .filter(|_| self.series_is_meant())
            .filter(|record| record.pod().labels.are_meant_by(&self.read.selector))
            .filter_map(|record| {
                let reading = record.value(metric, self.store.rules(), self.now).ok()?;
                value(object_of(record), reading)
            })
            .collect();
        Ok((values, self.shared.metrics.get(metric).window))
    }

    fn pod(&self, namespace: &'a str, name: &'a str) -> Result<Values<'a>, Status> {
        let metric = self.metric_of_pods()?;
        let record = self
            .store
            .get(namespace, name)
            .filter(|_| self.series_is_meant())
            .ok_or_else(|| {
                let bridges = self.store.in_namespace(namespace).count();
                self.not_found(
                    name,
                    &format!(
                        "no bridge is known by this name; the namespace {namespace} has {bridges}"
                    ),
                )
            })?;
        let reading = record
            .value(metric, self.store.rules(), self.now)
            .map_err(|omission| self.not_found(name, why(omission)))?;
        let value = value(object_of(record), reading)
            .ok_or_else(|| self.not_found(name, "the value is too large for a quantity"))?;
        Ok((vec![value], self.shared.metrics.get(metric).window))
    }

    fn object(
        &self,
        namespace: &'a str,
        resource: Resource,
        name: &'a str,
    ) -> Result<Values<'a>, Status> {
        let (metric, how) = self.metric_of_objects(resource)?;
        let members = self
            .store
            .in_namespace(namespace)
            .filter(|record| belongs(record, resource, name))
            .filter(|record| record.pod().is_alive());
        if !self.series_is_meant() {
            return Err(self.not_found(name, "no series has these labels"));
        }
        let reading = aggregate(members, metric, how, self.store.rules(), self.now)
            .map_err(|shortfall| self.fall_short(shortfall, resource, name))?;
        let object = Object {
            kind: resource.kind(),
            namespace: resource.namespaced().then_some(namespace),
            name,
            api_version: resource.api_version(),
        };
        let value = value(object, reading)
            .ok_or_else(|| self.not_found(name, "the value is too large for a quantity"))?;
        Ok((vec![value], self.shared.metrics.get(metric).window))
    }

    fn metric_of_pods(&self) -> Result<MetricId, Status> {
        let metrics = &self.shared.metrics;
        metrics
            .on_pods(&self.read.metric)
            .ok_or_else(|| self.no_metric("pods", metrics.pod_names()))
    }

    fn metric_of_objects(&self, resource: Resource) -> Result<(MetricId, Aggregate), Status> {
        let metrics = &self.shared.metrics;
        metrics
            .on_objects(&self.read.metric)
            .ok_or_else(|| self.no_metric(resource.name(), metrics.object_names()))
    }

    fn no_metric<'n>(&self, resource: &str, known: impl Iterator<Item = &'n str>) -> Status {
        Status::not_found(format!(
            "the server could not find the metric {} for {resource}; hint: there are {}",
            self.read.metric,
            known.collect::<Vec<_>>().join(", ")
        ))
    }

    /// In the words of the common Go library, with what they leave out.
    fn not_found(&self, name: &str, why: &str) -> Status {
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

    /// Our series have no labels: a selector that asks for one means none of them.
    fn series_is_meant(&self) -> bool {
        self.read.metric_selector.matches(|_| None)
    }

    fn fall_short(&self, shortfall: Shortfall, resource: Resource, name: &str) -> Status {
        let metric = &self.read.metric;
        let whose = format!("{} {name}", resource.name());
        match shortfall {
            Shortfall::Nobody => self.not_found(
                name,
                "no running bridge belongs to it; hint: do its pods carry the labels that the adapter's --bridges asks for?",
            ),
            Shortfall::Unknown { bridges } => Status::service_unavailable(format!(
                "no bridge of {whose} has said {metric} yet ({bridges} running); hint: a bridge that has just started says its \
                 stress after {:?}, and jvb_adapter_scrapes_total tells how questions fail",
                self.store.rules().stress_unknown_for
            )),
            Shortfall::Coverage { answering, known } => Status::service_unavailable(format!(
                "only {answering} of {known} bridges of {whose} still say {metric}, less than {:.0} %: the rest is unknown, not \
                 idle; hint: jvb_adapter_scrapes_total tells how questions fail",
                self.store.rules().min_coverage * 100.0
            )),
        }
    }
}

fn belongs(record: &Record, resource: Resource, name: &str) -> bool {
    match resource {
        // Only this namespace's bridges are looked at.
        Resource::Namespaces => true,
        _ => record
            .pod()
            .owners
            .iter()
            .any(|(owner, known)| *owner == resource && **known == *name),
    }
}

fn object_of(record: &Record) -> Object<'_> {
    Object {
        kind: Resource::Pods.kind(),
        namespace: Some(&record.pod().namespace),
        name: &record.pod().name,
        api_version: Resource::Pods.api_version(),
    }
}

fn value(object: Object<'_>, reading: Reading) -> Option<Value<'_>> {
    Some(Value {
        object,
        at: reading.at,
        quantity: quantity(reading.value)?,
    })
}

/// Why a pod has no value, for people.
const fn why(omission: Omission) -> &'static str {
    match omission {
        Omission::Gone => "its bridge does not run, or was asked to go",
        Omission::Unanswered => "its bridge has not answered yet",
        Omission::Stale => "its bridge has stopped answering, and its last answer is too old",
        Omission::Unsettled => {
            "its bridge has just started, and its stress means nothing until it was sampled twice"
        }
        Omission::Unsaid => {
            "its bridge answers, but does not say this, or says what cannot be true"
        }
    }
}
