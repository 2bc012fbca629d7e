//! Rates alone: what floats do to percents, and `selectPolicy`. With limits around them: `normalise`.

use super::*;

const NOW: Time = Time::from_millis(10_000_000);

/// Rates as kind, value and period in seconds.
pub(crate) fn rules(select: Select, rates: &[(RateType, i32, i32)]) -> Rules {
    let rates = rates
        .iter()
        .map(|&(r#type, value, period_seconds)| RateSpec {
            r#type,
            value,
            period_seconds,
        });
    Rules {
        window: None,
        select,
        rates: rates.collect(),
        tolerance: None,
    }
}

#[test]
fn t2_percents_downwards_are_floats_cut_off() {
    for (size, percent, left) in [
        (10, 80, 1), // not 2: 10 * 0.19999999999999996
        (10, 90, 0), // not 1
        (5, 80, 0),  // not 1
        (8, 10, 7),
        (25, 56, 10), // not 11
    ] {
        let rules = rules(Select::Max, &[(RateType::Percent, percent, 60)]);
        let lowest = lowest(&rules, size, &History::default(), NOW);
        assert_eq!(lowest, left, "{size} less {percent} %");
    }
}

#[test]
fn t3_percents_upwards_are_floats_rounded_up() {
    for (size, percent, grown) in [
        (25, 12, 29),   // not 28: 25 * 1.12 is a little more
        (45, 120, 100), // not 99
        (3, 1, 4),
        (10, 15, 12),
    ] {
        let rules = rules(Select::Max, &[(RateType::Percent, percent, 60)]);
        let highest = highest(&rules, size, &History::default(), NOW);
        assert_eq!(highest, grown, "{size} and {percent} %");
    }
}

#[test]
fn min_is_the_smallest_change_and_disabled_is_none() {
    let rates = [(RateType::Pods, 2, 60), (RateType::Percent, 50, 60)];
    let none = History::default();
    let up = |select, size| highest(&rules(select, &rates), size, &none, NOW);
    let down = |select, size| lowest(&rules(select, &rates), size, &none, NOW);
    assert_eq!(up(Select::Min, 1), 2, "G22");
    assert_eq!(up(Select::Max, 1), 3);
    assert_eq!(up(Select::Disabled, 1), 1);
    assert_eq!(down(Select::Min, 5), 3, "G23");
    assert_eq!(down(Select::Max, 5), 2);
    assert_eq!(down(Select::Disabled, 5), 5);
}

#[test]
fn the_longest_period_outdates_changes() {
    let rules = rules(
        Select::Min,
        &[
            (RateType::Pods, 2, 60),
            (RateType::Percent, 50, 180),
            (RateType::Pods, 9, 15),
        ],
    );
    assert_eq!(longest(&rules), Duration::from_mins(3));
}

#[test]
fn sums_beyond_an_i32_wrap_as_there() {
    let up = rules(Select::Max, &[(RateType::Pods, i32::MAX, 60)]);
    assert_eq!(highest(&up, 10, &History::default(), NOW), i32::MIN + 9);
    let down = rules(Select::Max, &[(RateType::Percent, i32::MAX, 60)]);
    let lowest = lowest(&down, 1_000, &History::default(), NOW);
    assert_eq!(lowest, i32::MIN, "the conversion of what does not fit");
}
