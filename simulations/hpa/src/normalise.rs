//! From the size that metrics ask for to the size that is set: what was asked for before, and limits
//! (`normalizeDesiredReplicas` and `normalizeDesiredReplicasWithBehaviors` in `horizontal.go`).

use std::time::Duration;

use bridge::Time;

use crate::arithmetic::to_i32;
use crate::history::History;
use crate::policy::{Behavior, Policy};
use crate::rate;
use crate::reason::Reason;

/// A size with the reasons of two conditions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Normalised {
    pub(crate) replicas: i32,
    /// Of `AbleToScale`.
    pub(crate) able: Reason,
    /// Of `ScalingLimited`.
    pub(crate) limited: Reason,
    /// Whether the size is another than what was asked for, past and present.
    pub(crate) is_limited: bool,
}

/// A size with the reason why it is that.
type Limited = (i32, Reason);

const WITHIN: Reason = Reason::DesiredWithinRange;

/// Brings `desired` into bounds and writes it down.
pub(crate) fn normalise(
    policy: &Policy,
    stabilization: Duration,
    current: i32,
    desired: i32,
    history: &mut History,
    now: Time,
) -> Normalised {
    let (stable, able, (replicas, limited)) = if let Some(behavior) = &policy.behavior {
        let (stable, able) = stabilise(behavior, stabilization, current, desired, history, now);
        let limited = limit(policy, behavior, current, stable, history, now);
        (stable, able, limited)
    } else {
        let (stable, able) = stabilise_without_behavior(stabilization, desired, history, now);
        (
            stable,
            able,
            limit_without_behavior(policy, current, stable),
        )
    };
    Normalised {
        replicas,
        able,
        limited,
        is_limited: replicas != stable,
    }
}

/// The largest that was asked for within the flag's window; it may be more than the size as it is (`stabilizeRecommendation`).
fn stabilise_without_behavior(
    window: Duration,
    desired: i32,
    history: &mut History,
    now: Time,
) -> Limited {
    let cutoff = now - window;
    let mut useless = None;
    let mut highest = desired;
    for (index, recommendation) in history.recommendations.iter().enumerate() {
        if recommendation.at < cutoff {
            useless = Some(index);
        } else {
            highest = highest.max(recommendation.replicas);
        }
    }
    history.record(desired, now, useless);
    let able = if highest == desired {
        Reason::ReadyForNewScale
    } else {
        Reason::ScaleDownStabilized
    };
    (highest, able)
}

/// Smallest and largest size, and not more than twice as many or four at once (`convertDesiredReplicasWithRules`).
fn limit_without_behavior(policy: &Policy, current: i32, desired: i32) -> Limited {
    let rate = to_i32((2.0 * f64::from(current)).max(4.0));
    let (highest, reason) = if policy.max > rate {
        (rate, Reason::ScaleUpLimit)
    } else {
        (policy.max, Reason::TooManyReplicas)
    };
    if desired < policy.min {
        (policy.min, Reason::TooFewReplicas)
    } else if desired > highest {
        (highest, reason)
    } else {
        (desired, WITHIN)
    }
}

/// The size as it is, unless all that was asked for within a direction's window is beyond it
/// (`stabilizeRecommendationWithBehaviors`).
fn stabilise(
    behavior: &Behavior,
    stabilization: Duration,
    current: i32,
    desired: i32,
    history: &mut History,
    now: Time,
) -> Limited {
    // The flag in whole seconds, as it is written into the rules there.
    let flag = Duration::from_secs(stabilization.as_secs());
    let up_cutoff = now - behavior.up.window.unwrap_or_default();
    let down_cutoff = now - behavior.down.window.unwrap_or(flag);
    let mut useless = None;
    let (mut lowest, mut highest) = (desired, desired);
    for (index, recommendation) in history.recommendations.iter().enumerate() {
        if recommendation.at > up_cutoff {
            lowest = lowest.min(recommendation.replicas);
        }
        if recommendation.at > down_cutoff {
            highest = highest.max(recommendation.replicas);
        }
        if recommendation.at < up_cutoff && recommendation.at < down_cutoff {
            useless = Some(index);
        }
    }
    history.record(desired, now, useless);
    // Never the other way round than `clamp`, which panics: `lowest` is at most `desired`, `highest` at least.
    let stable = current.max(lowest).min(highest);
    let able = if stable == desired {
        Reason::ReadyForNewScale
    } else if desired >= current {
        Reason::ScaleUpStabilized
    } else {
        Reason::ScaleDownStabilized
    };
    (stable, able)
}

/// The rates, then smallest and largest size (`convertDesiredReplicasWithBehaviorRate`).
fn limit(
    policy: &Policy,
    behavior: &Behavior,
    current: i32,
    desired: i32,
    history: &History,
    now: Time,
) -> Limited {
    if desired > current {
        let rate = rate::highest(&behavior.up, current, history, now).max(current);
        let limit = if policy.max > rate {
            (rate, Reason::ScaleUpLimit)
        } else {
            (policy.max, Reason::TooManyReplicas)
        };
        if desired > limit.0 {
            return limit;
        }
    } else if desired < current {
        let rate = rate::lowest(&behavior.down, current, history, now).min(current);
        let limit = if policy.min < rate {
            (rate, Reason::ScaleDownLimit)
        } else {
            (policy.min, Reason::TooFewReplicas)
        };
        if desired < limit.0 {
            return limit;
        }
    }
    (desired, WITHIN)
}

#[cfg(test)]
mod tests;
