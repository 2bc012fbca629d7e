//! What an HPA is to see of BridgePools: the stress of their bridges with that of those that drain.

use std::collections::BTreeMap;

use bridge::Time;
use bridge::totals::{Part, Shortfall};
use scaler_api::committed::{Committed, Standing};

use crate::telling::metric::MetricId;
use crate::telling::pod::Pod;
use crate::telling::store::{Omission, Reading, Record, Rules, Store};

#[cfg(test)]
mod tests;

/// The stress of the bridges of one pool on which people may be.
///
/// # Errors
/// Why it cannot be told.
pub(super) fn total<'a>(
    bridges: impl Iterator<Item = &'a Record>,
    rules: &Rules,
    now: Time,
) -> Result<Reading, Shortfall> {
    let all: Committed = bridges.map(|bridge| stands(bridge, rules, now)).collect();
    Ok(Reading {
        value: all.total(rules.min_coverage)?,
        at: all.oldest().unwrap_or(now),
    })
}

fn stands(bridge: &Record, rules: &Rules, now: Time) -> (Standing, Part) {
    let stress = bridge.part(MetricId::STRESS, rules, now);
    (standing(bridge.pod()), stress)
}

fn standing(pod: &Pod) -> Standing {
    Standing::of(|key| pod.labels.get(key))
}

/// Why a pod has no committed stress.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Uncommitted {
    /// It belongs to no pool.
    Poolless,
    /// The HPA does not see it: its stress is shared by those that it sees.
    Shared,
    /// The HPA does not see it, and nobody is on it: what it says is no load.
    Empty,
    /// It has no stress now.
    Omitted(Omission),
    /// Too little is known of the bridges of its pool.
    Short {
        /// Name of the pool.
        pool: String,
        /// What is missing.
        shortfall: Shortfall,
    },
}

/// The pools of one namespace at one moment.
#[derive(Debug)]
pub(crate) struct Pools<'a> {
    rules: &'a Rules,
    now: Time,
    known: BTreeMap<&'a str, Committed>,
}

impl<'a> Pools<'a> {
    /// The pools of this namespace, by their bridges.
    pub(crate) fn of(store: &'a Store, namespace: &'a str, now: Time) -> Self {
        let rules = store.rules();
        let mut known: BTreeMap<&str, Committed> = BTreeMap::new();
        for bridge in store.in_namespace(namespace) {
            if let Some(pool) = bridge.pod().pool()
                && bridge.pod().is_alive()
            {
                let (standing, stress) = stands(bridge, rules, now);
                known.entry(pool).or_default().push(standing, stress);
            }
        }
        Self { rules, now, known }
    }

    /// The stress of a counted pod with its share of the others'. It is as old as the oldest answer in it.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn reading(&self, bridge: &Record) -> Result<Reading, Uncommitted> {
        let pool = bridge.pod().pool().ok_or(Uncommitted::Poolless)?;
        match standing(bridge.pod()) {
            Standing::Counted => {}
            Standing::Apart => return Err(Uncommitted::Shared),
            Standing::Empty => return Err(Uncommitted::Empty),
        }
        let own = bridge
            .value(MetricId::STRESS, self.rules, self.now)
            .map_err(Uncommitted::Omitted)?;
        // Whoever says a stress is alive, and so is its pool.
        let all = self.known.get(pool).ok_or(Uncommitted::Poolless)?;
        let share = all.share(self.rules.min_coverage);
        let share = share.map_err(|shortfall| Uncommitted::Short {
            pool: pool.to_owned(),
            shortfall,
        })?;
        Ok(Reading {
            value: own.value + share,
            at: all
                .oldest_apart()
                .map_or(own.at, |oldest| own.at.min(oldest)),
        })
    }
}
