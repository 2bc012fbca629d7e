//! Values, from one moment of the store.

use bridge::Time;
use scaler_api::autoscaler;

use crate::api::quantity::quantity;
use crate::api::route::{Read, Target};
use crate::api::wire::GROUP;
use crate::api::wire::values::{Heading, Object, Value, list};
use crate::serving::Status;
use crate::shared::Shared;
use crate::telling::{
    Aggregate, COMMITTED_STRESS, FREE_CAPACITY, Labels, MetricId, Metrics, Reading, Record,
    Resource, Store, aggregate,
};

mod committed;
mod refusal;

use refusal::why;
pub(super) use refusal::{failures, no_service, unavailable};

/// The answer to a question for values.
pub(super) fn answer(shared: &Shared, read: &Read, pretty: bool) -> Result<Vec<u8>, Status> {
    let now = shared.clock.now();
    let store = shared.store();
    let (mut values, window) = Reader {
        shared,
        store: &store,
        read,
        now,
    }
    .values()?;
    shared.tell(GROUP, values.iter_mut().map(|value| &mut value.at), now);
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

pub(super) const TOO_LARGE: &str = "the value is too large for a quantity";

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

    fn pods(&self, namespace: &'a str) -> Result<Values<'a>, Status> {
        if self.read.metric == COMMITTED_STRESS {
            return self.committed_of_pods(namespace);
        }
        let metric = self.metric_of_pods()?;
        let values = self
            .meant(namespace)
            .filter_map(|record| {
                let reading = record.value(metric, self.store.rules(), self.now).ok()?;
                value(object_of(record), reading)
            })
            .collect();
        Ok((values, self.shared.metrics.get(metric).window))
    }

    /// The bridges that the selector means.
    fn meant(&self, namespace: &'a str) -> impl Iterator<Item = &'a Record> {
        let series_is_meant = self.series_is_meant();
        // Bridges of one Deployment have their labels in common: they are compared once.
        let mut last: Option<(&Labels, bool)> = None;
        self.store
            .in_namespace(namespace)
            .filter(move |_| series_is_meant)
            .filter(move |record| {
                let labels = &record.pod().labels;
                let meant = match last {
                    Some((known, meant)) if known.is(labels) => meant,
                    _ => self.read.selector.matches(|key| labels.get(key)),
                };
                last = Some((labels, meant));
                meant
            })
    }

    fn record(&self, namespace: &str, name: &str) -> Result<&'a Record, Status> {
        self.check_series(name)?;
        self.store.get(namespace, name).ok_or_else(|| {
            let bridges = self.store.in_namespace(namespace).count();
            self.not_found(
                name,
                &format!(
                    "no bridge is known by this name; hint: the namespace {namespace} has {bridges} bridges"
                ),
            )
        })
    }

    fn pod(&self, namespace: &'a str, name: &'a str) -> Result<Values<'a>, Status> {
        if self.read.metric == COMMITTED_STRESS {
            return self.committed_of_pod(namespace, name);
        }
        let metric = self.metric_of_pods()?;
        let record = self.record(namespace, name)?;
        let reading = record
            .value(metric, self.store.rules(), self.now)
            .map_err(|omission| self.not_found(name, &why(omission, record.failure())))?;
        let value =
            value(object_of(record), reading).ok_or_else(|| self.not_found(name, TOO_LARGE))?;
        Ok((vec![value], self.shared.metrics.get(metric).window))
    }

    fn object(
        &self,
        namespace: &'a str,
        resource: Resource,
        name: &'a str,
    ) -> Result<Values<'a>, Status> {
        let (metric, how) = self.metric_of_objects(resource)?;
        self.check_series(name)?;
        let membership = self
            .store
            .membership(namespace, resource, name)
            .map_err(|reason| {
                no_service(reason, namespace, name, |why| self.not_found(name, why))
            })?;
        let members = || {
            let members = self.store.members(namespace, membership);
            members.filter(|record| record.pod().is_alive())
        };
        let reading = aggregate(members(), metric, how, self.store.rules(), self.now).map_err(
            |shortfall| {
                let failures = failures(members());
                self.fall_short(shortfall, resource, name, &failures)
            },
        )?;
        let object = Object {
            kind: resource.kind(),
            namespace: resource.namespaced().then_some(namespace),
            name,
            api_version: resource.api_version(),
        };
        let value = value(object, reading).ok_or_else(|| self.not_found(name, TOO_LARGE))?;
        Ok((vec![value], self.shared.metrics.get(metric).window))
    }

    fn metric_of_pods(&self) -> Result<MetricId, Status> {
        self.shared
            .metrics
            .on_pods(&self.read.metric)
            .ok_or_else(|| {
                let names = self.shared.metrics.names_of(Resource::Pods).join(", ");
                self.no_metric("pods", &format!("there are {names}"))
            })
    }

    fn metric_of_objects(&self, resource: Resource) -> Result<(MetricId, Aggregate), Status> {
        self.shared
            .metrics
            .on_objects(&self.read.metric)
            .filter(|(_, how)| how.is_of(resource))
            .ok_or_else(|| {
                let suffixes: Vec<String> = Metrics::suffixes()
                    .map(|suffix| format!("_{suffix}"))
                    .collect();
                let committed = if Aggregate::Committed.is_of(resource) {
                    format!("{}, ", autoscaler::METRIC)
                } else {
                    String::new()
                };
                let hint = format!(
                    "there are {committed}{FREE_CAPACITY} and, each with {} behind it, {}",
                    suffixes.join(" or "),
                    self.names()
                );
                self.no_metric(resource.name(), &hint)
            })
    }

    /// Our series have no labels: a selector that asks for one means none of them.
    fn series_is_meant(&self) -> bool {
        self.read.metric_selector.matches(|_| None)
    }

    /// One object has one series or none.
    fn check_series(&self, name: &str) -> Result<(), Status> {
        if self.series_is_meant() {
            Ok(())
        } else {
            Err(self.not_found(name, "no series of it has these labels"))
        }
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
