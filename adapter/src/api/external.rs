//! External metrics: what the groups of a namespace's bridges come to, one series for each group.
//!
//! The HPA adds up all series that it gets, so there are only metrics that may be added up, every bridge is in one series
//! alone, and a series that cannot be told is an error of the whole answer: without it the sum would look smaller than it is.

use crate::api::quantity::quantity;
use crate::api::read::{TOO_LARGE, failures, unavailable};
use crate::api::route::ExternalRead;
use crate::api::wire::external::{GROUP, Value, list};
use crate::serving::Status;
use crate::shared::Shared;
use crate::telling::{Aggregate, Owner, Shortfall, aggregate, shares};

/// The answer to a question for an external metric; an unknown one has no series, as everywhere in Kubernetes.
pub(super) fn answer(
    shared: &Shared,
    read: &ExternalRead,
    pretty: bool,
) -> Result<Vec<u8>, Status> {
    let Some((metric, how)) = shared.metrics.on_groups(&read.metric) else {
        return Ok(list(&read.metric, None, &[], pretty));
    };
    let now = shared.clock.now();
    let store = shared.store();
    let bridges = store.in_namespace(&read.namespace);
    let mut values = Vec::new();
    let mut booting = None;
    for (owner, bridges) in shares(bridges.filter(|bridge| bridge.pod().is_alive())) {
        let label = label(owner);
        let has_it = owner.map_or(how != Aggregate::Committed, |(owner, _)| how.is_of(owner));
        if !has_it || !is_meant(read, label) {
            continue;
        }
        let bridges = || bridges.iter().copied();
        match aggregate(bridges(), metric, how, store.rules(), now) {
            Ok(reading) => values.push(Value {
                label,
                at: reading.at,
                quantity: quantity(reading.value)
                    .ok_or_else(|| Status::service_unavailable(TOO_LARGE))?,
            }),
            Err(Shortfall::Nobody) => {}
            Err(shortfall) => {
                let whose = match label {
                    Some((kind, name)) => format!("{kind} {name}"),
                    None => format!("namespace {} without an owner", read.namespace),
                };
                let failures = failures(bridges());
                let refusal =
                    unavailable(&read.metric, &whose, shortfall, &failures, store.rules());
                if matches!(shortfall, Shortfall::Coverage { .. }) {
                    return Err(refusal);
                }
                // A group that has only just started adds nothing to those that are known.
                booting.get_or_insert(refusal);
            }
        }
    }
    if let Some(refusal) = booting.filter(|_| values.is_empty()) {
        return Err(refusal);
    }
    shared.tell(GROUP, values.iter_mut().map(|value| &mut value.at), now);
    let window = shared.metrics.get(metric).window;
    Ok(list(&read.metric, window, &values, pretty))
}

/// By which label the series of this owner's bridges is told from others.
pub(super) fn label(owner: Owner<'_>) -> Option<(&'static str, &str)> {
    owner.and_then(|(resource, name)| Some((resource.label()?, name)))
}

/// Whether the question is about the series with this label.
pub(super) fn is_meant(read: &ExternalRead, label: Option<(&'static str, &str)>) -> bool {
    let value = |key: &str| label.and_then(|(known, name)| (known == key).then_some(name));
    read.selector.matches(value)
}
