//! Rules about single numbers and durations.

use super::Rule;
use crate::BridgePool;

/// A whole number from `$least` to `$most`; a field that may be missing is an `Option`.
macro_rules! whole {
    ($at:literal, $least:literal, $most:literal, $field:expr) => {
        Rule {
            at: $at,
            cel: concat!("self >= ", $least, " && self <= ", $most),
            message: concat!("must be a whole number from ", $least, " to ", $most),
            holds: |pool| within(number(pool, $field), $least, $most),
        }
    };
}

/// A stress: above 0 and at most 1, where 1 is as much as a bridge is meant to carry.
macro_rules! stress {
    ($at:literal, $($field:ident).+) => {
        Rule {
            at: $at,
            cel: "self > 0.0 && self <= 1.0",
            message: "must be above 0 and at most 1, which is a bridge at the end of its strength",
            holds: |pool| {
                let stress = pool.spec.$($field).+;
                stress > 0.0 && stress <= 1.0
            },
        }
    };
}

/// A duration that must not be nothing. A text that is no duration passes: its type's own rule says so.
macro_rules! lasting {
    ($at:literal, $($field:ident).+) => { lasting!($at, $($field).+, "") };
    ($at:literal, $($field:ident).+, $hint:literal) => {
        Rule {
            at: $at,
            cel: "!self.matches('^(0+(h|m|s|ms))+$')",
            message: concat!("must be longer than 0s", $hint),
            holds: |pool| !pool.spec.$($field).+.is_zero(),
        }
    };
}

pub(super) const NUMBERS: &[Rule] = &[
    whole!("spec.replicas", 0, 2_147_483_647, |p| p.spec.replicas),
    whole!("spec.maxReplicas", 1, 10_000, |p| p.spec.max_replicas),
    whole!("spec.minActive", 0, 10_000, |p| p.spec.min_active),
    whole!("spec.warm.min", 0, 10_000, |p| p.spec.warm.min),
    whole!("spec.warm.max", 0, 10_000, |p| p.spec.warm.max),
    whole!("spec.slots.firstPort", 1, 65_535, |p| {
        p.spec.slots.as_ref().map(|slots| slots.first_port)
    }),
    whole!("spec.slots.count", 1, 1_000, |p| {
        p.spec.slots.as_ref().map(|slots| slots.count)
    }),
    whole!("spec.evidence.removalSamples", 1, 100, |p| {
        p.spec.evidence.removal_samples
    }),
    whole!("spec.evidence.massEmptyPercent", 1, 100, |p| {
        p.spec.evidence.mass_empty_percent
    }),
    whole!("spec.capacity.packetRate", 1, 100_000_000, |p| {
        p.spec.capacity.packet_rate
    }),
    stress!("spec.capacity.targetStress", capacity.target_stress),
    stress!("spec.capacity.maxStress", capacity.max_stress),
];

pub(super) const DURATIONS: &[Rule] = &[
    lasting!(
        "spec.drain.deadline",
        drain.deadline,
        ": write 1s for at once"
    ),
    lasting!(
        "spec.drain.nodeDeadline",
        drain.node_deadline,
        ": write 1s for at once"
    ),
    lasting!("spec.drain.settle", drain.settle),
    lasting!("spec.drain.moveInterval", drain.move_interval),
    lasting!("spec.drain.expelTimeout", drain.expel_timeout),
    lasting!("spec.drain.shutdownTimeout", drain.shutdown_timeout),
    lasting!("spec.update.progressDeadline", update.progress_deadline),
    lasting!("spec.evidence.freshness", evidence.freshness),
    lasting!("spec.evidence.removalFreshness", evidence.removal_freshness),
    lasting!("spec.evidence.unreachableAfter", evidence.unreachable_after),
    lasting!("spec.evidence.clockSkew", evidence.clock_skew),
];

/// Gives a field's closure its types.
fn number<T>(pool: &BridgePool, field: fn(&BridgePool) -> T) -> T {
    field(pool)
}

fn within(number: impl Into<Option<u32>>, least: u32, most: u32) -> bool {
    let number = number.into();
    number.is_none_or(|number| (least..=most).contains(&number))
}
