//! What the bridges of one object come to together.

use bridge::Time;
use bridge::totals::{Part, Parts, Shortfall};

use crate::telling::committed;
use crate::telling::metric::{Aggregate, MetricId};
use crate::telling::store::{Reading, Record, Rules};

#[cfg(test)]
mod tests;

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
    if aggregate == Aggregate::Committed {
        return committed::total(bridges, rules, now);
    }
    let mut parts = Parts::default();
    let mut room = 0.0;
    for bridge in bridges {
        let part = bridge.part(metric, rules, now);
        if let Part::Said { value, .. } = part
            && bridge.is_accepting()
        {
            room += (rules.full_stress - value).max(0.0);
        }
        parts.push(part);
    }
    parts.check(rules.min_coverage)?;
    let value = match aggregate {
        Aggregate::Total | Aggregate::Committed => parts.total(),
        Aggregate::Mean => parts.mean(),
        Aggregate::Max => parts.max(),
        Aggregate::P90 => parts.p90(),
        Aggregate::FreeCapacity => room,
    };
    let at = parts.oldest().unwrap_or(now);
    Ok(Reading { value, at })
}
