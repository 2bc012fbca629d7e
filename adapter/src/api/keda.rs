//! What a group's bridges come to, as plain JSON for KEDA's metrics-api scaler.
//!
//! The scaler reads one number out of a document by a path, takes every code but 200 for an error, and does nothing then. So a
//! number that is not known is never 0: it is an error of the whole document, or is not in it.

use serde_json::{Map, Value};

use crate::api::read::{failures, no_service, unavailable};
use crate::api::route::GroupRead;
use crate::api::wire::GROUP;
use crate::api::wire::values::bytes;
use crate::serving::Status;
use crate::shared::Shared;
use crate::telling::{MetricId, Resource, Shortfall, aggregate};

/// Thousandths in one: nothing finer is told anywhere else either.
const MILLI: f64 = 1_000.0;

/// All metrics of one object in one document, by their names.
///
/// It is refused when too few bridges answer, and when none has told its stress yet; another number that the bridges do not say
/// is not in it.
pub(super) fn answer(shared: &Shared, read: &GroupRead, pretty: bool) -> Result<Vec<u8>, Status> {
    let GroupRead {
        namespace,
        resource,
        name,
    } = read;
    let resource = Resource::of(resource)
        .filter(|resource| resource.namespaced() && *resource != Resource::Pods)
        .ok_or_else(|| {
            Status::not_found(format!(
                "{resource} are no groups of bridges; hint: ask for {}",
                groups()
            ))
        })?;
    let whose = format!("{} {name}", resource.name());
    let now = shared.clock.now();
    let store = shared.store();
    let membership = store
        .membership(namespace, resource, name)
        .map_err(|reason| {
            no_service(reason, namespace, name, |why| {
                Status::not_found(format!("no bridges of {whose} are known: {why}"))
            })
        })?;
    let members = || {
        let members = store.members(namespace, membership);
        members.filter(|bridge| bridge.pod().is_alive())
    };
    let mut document = Map::new();
    let mut oldest = None;
    let metrics = shared.metrics.objects();
    for (metric, id, how) in metrics.filter(|(.., how)| how.is_of(resource)) {
        let reading = match aggregate(members(), id, how, store.rules(), now) {
            Ok(reading) => reading,
            Err(Shortfall::Nobody) => {
                return Err(Status::not_found(format!(
                    "no running bridge belongs to {whose}; hint: do its pods carry the labels that the adapter's --bridges asks for?"
                )));
            }
            Err(Shortfall::Unknown { .. }) if id != MetricId::STRESS => continue,
            Err(shortfall) => {
                let failures = failures(members());
                return Err(unavailable(
                    metric,
                    &whose,
                    shortfall,
                    &failures,
                    store.rules(),
                ));
            }
        };
        let at = *oldest.get_or_insert(reading.at);
        oldest = Some(at.min(reading.at));
        document.insert(metric.to_owned(), number(reading.value));
    }
    shared.telemetry.told(GROUP, oldest.into_iter(), now);
    Ok(bytes(&document, pretty))
}

/// A number as a person would write it: a whole one without a fraction.
fn number(value: f64) -> Value {
    /// Up to here every whole number has a form of its own in the numbers that JSON's readers have.
    const MOST_EXACT: f64 = 9_007_199_254_740_992.0;
    let rounded = (value * MILLI).round() / MILLI;
    if rounded.fract() == 0.0 && rounded <= MOST_EXACT {
        (rounded as u64).into()
    } else {
        rounded.into()
    }
}

fn groups() -> String {
    let groups: Vec<&str> = Resource::ALL
        .into_iter()
        .filter(|resource| resource.namespaced() && *resource != Resource::Pods)
        .map(Resource::name)
        .collect();
    groups.join(", ")
}
