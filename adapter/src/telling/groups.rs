//! What the bridges of one object come to together.

use std::time::Duration;

use bridge::Time;

use crate::telling::metric::{Aggregate, MetricId};
use crate::telling::store::{Reading, Record, Rules};

#[cfg(test)]
mod tests;

/// Why a group's value cannot be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shortfall {
    /// No bridge belongs to it.
    Nobody,
    /// None of its bridges has ever said the value.
    Unknown {
        /// How many bridges there are.
        bridges: usize,
    },
    /// Too few of the bridges that are known still say it.
    Coverage {
        /// How many say it.
        answering: usize,
        /// How many said it since their start and still run.
        known: usize,
    },
}

/// What the bridges of one group come to together.
///
/// A bridge that never said the value adds nothing and is on neither side of the coverage: it is booting, and the HPA counts
/// its replica anyway. A bridge that said it and stopped answering must not look idle: it keeps its last value for
/// [`Rules::hold_last`], then it counts as the mean of the others; so does, after a restart of the adapter, one that had long
/// booted before and has not answered yet, or says a stress that cannot be true. If less than [`Rules::min_coverage`] of those that said it
/// still do, nothing is told, and the HPA holds. The time of the result is that of its oldest answering part.
///
/// # Errors
/// Why nothing can be told.
pub(crate) fn aggregate<'a>(
    bridges: impl Iterator<Item = &'a Record>,
    metric: MetricId,
    aggregate: Aggregate,
    rules: &Rules,
    now: Time,
) -> Result<Reading, Shortfall> {
    let mut members = 0;
    let mut answering = Vec::new();
    let mut held = Vec::new();
    let mut unknown = 0_usize;
    let mut room = 0.0;
    for bridge in bridges {
        members += 1;
        let Some(last) = bridge.last_known(metric) else {
            unknown += usize::from(bridge.is_awaited(metric));
            continue;
        };
        if let Ok(reading) = bridge.value(metric, rules, now) {
            if bridge.is_accepting() {
                room += (rules.full_stress - reading.value).max(0.0);
            }
            answering.push(reading);
        } else if now.since(last.at) <= hold(rules) {
            held.push(last.value);
        } else {
            unknown += 1;
        }
    }
    if members == 0 {
        return Err(Shortfall::Nobody);
    }
    let known = answering.len() + held.len() + unknown;
    if known == 0 {
        return Err(Shortfall::Unknown { bridges: members });
    }
    if answering.is_empty() || (answering.len() as f64) < rules.min_coverage * known as f64 {
        return Err(Shortfall::Coverage {
            answering: answering.len(),
            known,
        });
    }
    let at = answering.iter().map(|reading| reading.at).min();
    let mut values: Vec<f64> = answering.iter().map(|reading| reading.value).collect();
    values.extend(held);
    Ok(Reading {
        value: together(&mut values, unknown, room, aggregate),
        at: at.unwrap_or(now),
    })
}

/// A value is held at least for as long as it would be told of its pod.
fn hold(rules: &Rules) -> Duration {
    rules.hold_last.max(rules.max_age)
}

fn together(values: &mut [f64], unknown: usize, room: f64, aggregate: Aggregate) -> f64 {
    let sum: f64 = values.iter().sum();
    let mean = sum / values.len() as f64;
    match aggregate {
        Aggregate::Total => mean.mul_add(unknown as f64, sum),
        Aggregate::Mean => mean,
        Aggregate::Max => values.iter().copied().fold(0.0, f64::max),
        Aggregate::P90 => {
            values.sort_unstable_by(f64::total_cmp);
            // Nearest rank: the smallest value that at least nine tenths do not exceed.
            let rank = (values.len() * 9).div_ceil(10);
            values[rank.saturating_sub(1)]
        }
        Aggregate::FreeCapacity => room,
    }
}
