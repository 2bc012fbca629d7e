//! How far a size may go at once (`calculateScaleUpLimitWithScalingRules` and its counterpart in `horizontal.go`).

use std::time::Duration;

use bridge::Time;

use crate::arithmetic::to_i32;
use crate::history::History;
use crate::policy::Rules;
use crate::spec::{RateSpec, RateType, Select};

/// A rate's period; a negative one reaches into the future there, which the API server refuses.
fn period(rate: &RateSpec) -> Duration {
    Duration::from_secs(u64::try_from(rate.period_seconds).unwrap_or(0))
}

/// The longest period of a direction.
pub(crate) fn longest(rules: &Rules) -> Duration {
    rules.rates.iter().map(period).max().unwrap_or_default()
}

/// The size at the start of a rate's period: changes of both directions are undone.
fn at_start(rate: &RateSpec, current: i32, history: &History, now: Time) -> i32 {
    let period = period(rate);
    current
        .wrapping_sub(history.ups.since(period, now))
        .wrapping_add(history.downs.since(period, now))
}

/// The largest size that the rates allow; it may be below the size as it is.
pub(crate) fn highest(rules: &Rules, current: i32, history: &History, now: Time) -> i32 {
    let limits = rules.rates.iter().map(|rate| {
        let start = at_start(rate, current, history, now);
        match rate.r#type {
            RateType::Pods => start.wrapping_add(rate.value),
            // Rounded up, or a small size would never grow.
            RateType::Percent => {
                to_i32((f64::from(start) * (1.0 + f64::from(rate.value) / 100.0)).ceil())
            }
        }
    });
    match rules.select {
        Select::Disabled => current,
        Select::Min => limits.min().unwrap_or(i32::MAX),
        Select::Max => limits.max().unwrap_or(i32::MIN),
    }
}

/// The smallest size that the rates allow; it may be above the size as it is.
pub(crate) fn lowest(rules: &Rules, current: i32, history: &History, now: Time) -> i32 {
    let limits = rules.rates.iter().map(|rate| {
        let start = at_start(rate, current, history, now);
        match rate.r#type {
            RateType::Pods => start.wrapping_sub(rate.value),
            RateType::Percent => to_i32(f64::from(start) * (1.0 - f64::from(rate.value) / 100.0)),
        }
    });
    match rules.select {
        Select::Disabled => current,
        // The smallest change is the largest size.
        Select::Min => limits.max().unwrap_or(i32::MIN),
        Select::Max => limits.min().unwrap_or(i32::MAX),
    }
}

#[cfg(test)]
pub(crate) mod tests;
