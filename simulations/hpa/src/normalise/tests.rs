//! The tables of `horizontal_test.go` (`TestConvertDesiredReplicasWithRules`, `TestNormalizeDesiredReplicas`,
//! `TestScalingWithRules`, `TestNormalizeDesiredReplicasWithBehavior`), and the edges of windows.

use super::*;
use crate::policy::Rules;
use crate::spec::{RateType, Select};

const NOW: Time = Time::from_millis(10_000_000);
const FLAG: Duration = Duration::from_mins(5);

fn ago(seconds: u64) -> Time {
    NOW - Duration::from_secs(seconds)
}

fn policy(min: i32, max: i32, behavior: Option<Behavior>) -> Policy {
    Policy {
        min,
        max,
        metrics: Vec::new(),
        behavior,
    }
}

fn rules(window: Option<u64>, rates: &[(RateType, i32, i32)]) -> Rules {
    Rules {
        window: window.map(Duration::from_secs),
        ..rate::tests::rules(Select::Max, rates)
    }
}

/// A history with these recommendations, of sizes that were asked for so many seconds ago.
fn remembered(list: &[(i32, u64)]) -> History {
    let mut history = History::default();
    for (replicas, age) in list {
        history.record(*replicas, ago(*age), None);
    }
    history
}

fn sizes(history: &History) -> Vec<i32> {
    let recommendations = history.recommendations.iter();
    recommendations
        .map(|recommendation| recommendation.replicas)
        .collect()
}

#[test]
fn f_limits_without_behavior() {
    for (current, desired, min, max, expected, reason) in [
        (5, 7, 3, 8, 7, Reason::DesiredWithinRange),
        (3, 1, 2, 8, 2, Reason::TooFewReplicas),
        (1, 0, 0, 10, 0, Reason::DesiredWithinRange),
        (20, 1_000, 1, 10, 10, Reason::TooManyReplicas),
        (3, 1_000, 1, 2_000, 6, Reason::ScaleUpLimit),
        // At least four, and twice as many exactly are within.
        (1, 9, 1, 2_000, 4, Reason::ScaleUpLimit),
        (3, 6, 1, 2_000, 6, Reason::DesiredWithinRange),
        (3, 9, 1, 6, 6, Reason::TooManyReplicas),
    ] {
        let limited = limit_without_behavior(&policy(min, max, None), current, desired);
        assert_eq!(limited, (expected, reason), "{current} to {desired}");
    }
}

#[test]
fn f_what_was_asked_for_before_holds_without_behavior() {
    let cases = [
        (&[][..], 5, 5, &[5][..]),
        (&[(4, 120), (5, 60)], 3, 5, &[4, 5, 3]),
        (&[(1, 120), (2, 60)], 3, 3, &[1, 2, 3]),
        (&[(10, 600), (9, 540)], 3, 3, &[10, 3]),
        (
            &[(10, 600), (4, 60), (5, 120), (9, 540)],
            3,
            5,
            &[10, 4, 5, 3],
        ),
    ];
    for (before, desired, expected, after) in cases {
        let mut history = remembered(before);
        let (stable, reason) = stabilise_without_behavior(FLAG, desired, &mut history, NOW);
        assert_eq!(stable, expected, "{before:?}");
        assert_eq!(sizes(&history), after, "{before:?}");
        let held = reason == Reason::ScaleDownStabilized;
        assert_eq!(held, stable != desired, "{before:?}");
    }
}

#[test]
fn t6_a_window_includes_its_edge_without_behavior_and_excludes_it_with() {
    let behavior = Behavior {
        up: rules(Some(0), &[(RateType::Percent, 100, 15)]),
        down: rules(None, &[(RateType::Percent, 100, 15)]),
    };
    for (age, without, with) in [(299, 10, 10), (300, 10, 3), (301, 3, 3)] {
        for (behavior, expected) in [(None, without), (Some(behavior.clone()), with)] {
            let policy = policy(1, 100, behavior);
            let mut history = remembered(&[(10, age)]);
            let normalised = normalise(&policy, FLAG, 10, 3, &mut history, NOW);
            assert_eq!(normalised.replicas, expected, "{age} s");
        }
    }
}

#[test]
fn an_old_high_recommendation_scales_up_without_behavior_and_holds_with() {
    let behavior = Behavior {
        up: rules(Some(0), &[(RateType::Percent, 100, 15)]),
        down: rules(Some(300), &[(RateType::Percent, 100, 15)]),
    };
    for (behavior, expected) in [(None, 10), (Some(behavior), 5)] {
        let policy = policy(1, 100, behavior);
        let mut history = remembered(&[(10, 60)]);
        let normalised = normalise(&policy, FLAG, 5, 3, &mut history, NOW);
        assert_eq!(normalised.replicas, expected);
    }
}

#[test]
fn h_what_was_asked_for_before_holds_with_behavior() {
    // Size, size asked for, what was asked for before, windows up and down; size that holds, what is remembered.
    type Case<'a> = (i32, i32, &'a [(i32, u64)], (u64, u64), i32, &'a [i32]);
    let cases: [Case<'_>; 11] = [
        (100, 3, &[(4, 120), (5, 60)], (0, 180), 5, &[4, 5, 3]),
        (1, 7, &[(4, 120), (5, 60)], (300, 0), 4, &[4, 5, 7]),
        (100, 3, &[(1, 120), (2, 60)], (300, 0), 3, &[1, 2, 3]),
        (1, 3, &[(4, 120), (5, 60)], (0, 300), 3, &[4, 5, 3]),
        (100, 3, &[(10, 600), (9, 540)], (0, 0), 3, &[10, 3]),
        (
            100,
            3,
            &[(10, 600), (4, 60), (5, 120), (9, 540)],
            (0, 180),
            5,
            &[10, 4, 5, 3],
        ),
        (
            1,
            100,
            &[(10, 6_000), (6, 60), (5, 120), (9, 180)],
            (300, 0),
            5,
            &[100, 6, 5, 9],
        ),
        (2, 1, &[(2, 6_000), (3, 180)], (300, 300), 2, &[1, 3]),
        (2, 3, &[(2, 6_000), (1, 180)], (300, 300), 2, &[3, 1]),
        // One exactly as old as a window is not heeded any more, and its place is not taken yet.
        (2, 3, &[(1, 300)], (300, 0), 3, &[1, 3]),
        (4, 3, &[(5, 300)], (0, 300), 3, &[5, 3]),
    ];
    for (current, desired, before, (up, down), expected, after) in cases {
        let behavior = Behavior {
            up: rules(Some(up), &[]),
            down: rules(Some(down), &[]),
        };
        let mut history = remembered(before);
        let (stable, reason) = stabilise(&behavior, FLAG, current, desired, &mut history, NOW);
        assert_eq!(stable, expected, "{current} to {desired} after {before:?}");
        assert_eq!(
            sizes(&history),
            after,
            "{current} to {desired} after {before:?}"
        );
        let named = match reason {
            Reason::ScaleUpStabilized => stable != desired && desired >= current,
            Reason::ScaleDownStabilized => stable != desired && desired < current,
            _ => stable == desired,
        };
        assert!(named, "{reason} for {current} to {desired}");
    }
}

#[test]
fn the_flag_counts_in_whole_seconds_where_there_is_behavior() {
    let flag = Duration::from_millis(1_900);
    let behavior = Behavior {
        up: rules(Some(0), &[(RateType::Percent, 100, 15)]),
        down: rules(None, &[(RateType::Percent, 100, 15)]),
    };
    for (behavior, expected) in [(None, 10), (Some(behavior), 3)] {
        let mut history = History::default();
        history.record(10, NOW - Duration::from_millis(1_500), None);
        let policy = policy(1, 100, behavior);
        let normalised = normalise(&policy, flag, 10, 3, &mut history, NOW);
        assert_eq!(normalised.replicas, expected);
    }
}

/// Changes spread evenly over the last two minutes, as upstream's tests generate them.
fn changed(ups: &[i32], downs: &[i32]) -> History {
    let mut history = History::default();
    for (list, changes) in [(ups, &mut history.ups), (downs, &mut history.downs)] {
        for (by, slot) in list.iter().zip(0_u64..) {
            let age = Duration::from_millis(119_000 * (slot + 1) / (list.len() as u64 + 1));
            changes.store(*by, Duration::from_hours(1), NOW - age);
        }
    }
    history
}

/// Row, size, size asked for, smallest, largest, rates of the direction, changes up and down; size and reason.
const RATES: &str = "
G1   10   50    1 1000 pods 4/15 percent 100/15        | 20 ScaleUpLimit
G2   10  500    1 1000 pods 100/60 percent 100/60      | 110 ScaleUpLimit
G3   10  500    1 1000 pods 2/60 percent 100/60        | 20 ScaleUpLimit
G4   10   50    1 1000 pods 30/60                      | 40 ScaleUpLimit
G5   10   50    1 1000 percent 200/60                  | 30 ScaleUpLimit
G6    3 1000    1 2000 percent 1/60                    | 4 ScaleUpLimit
G7  100 1000  100  150 pods 4/15 percent 100/15        | 150 TooManyReplicas
G8  100    2    1 1000 pods 20/60 percent 1/60         | 80 ScaleDownLimit
G9  100    2    1 1000 pods 2/60 percent 1/60          | 98 ScaleDownLimit
G10  10    0    1 1000 pods 100/60                     | 1 TooFewReplicas
G11  10    2    5 1000 percent 100/60                  | 5 TooFewReplicas
G12  10    5    1 1000 percent 50/60                   | 5 DesiredWithinRange
G13 100  500    1 1000 pods 5/120 up 1,5,9             | 100 ScaleUpLimit
G14 100  500    1 1000 pods 150/120 up 1,5,9           | 235 ScaleUpLimit
G15 100  500    1 1000 percent 200/120 up 1,5,9        | 255 ScaleUpLimit
G16   6   24    1 1000 percent 300/300 up 4 down 2     | 16 ScaleUpLimit
G17 100    2    1 1000 pods 5/120 down 1,5,9           | 100 ScaleDownLimit
G18 100    0    1 1000 percent 50/120 down 2,4,6       | 56 ScaleDownLimit
G19  10    1    1 1000 percent 50/180 up 2 down 4      | 6 ScaleDownLimit
G20 100    0    1 1000 percent 10/120 down 10,10,10    | 100 ScaleDownLimit
G21  10    5    1 1000 percent 1000/120 down 10,10,10  | 5 DesiredWithinRange
";

#[test]
fn g_rates_limit_both_ways() {
    let number = |text: &str| text.parse::<i32>().unwrap();
    let list = |text: &str| text.split(',').map(number).collect::<Vec<_>>();
    for line in RATES.trim().lines() {
        let (given, expected) = line.split_once('|').unwrap();
        let words: Vec<_> = given.split_whitespace().collect();
        let [current, desired, min, max] = [1, 2, 3, 4].map(|word| number(words[word]));
        let (mut rates, mut ups, mut downs) = (Vec::new(), Vec::new(), Vec::new());
        for pair in words[5..].chunks(2) {
            let rate = |r#type| {
                let (value, period) = pair[1].split_once('/').unwrap();
                (r#type, number(value), number(period))
            };
            match pair[0] {
                "pods" => rates.push(rate(RateType::Pods)),
                "percent" => rates.push(rate(RateType::Percent)),
                "up" => ups = list(pair[1]),
                "down" => downs = list(pair[1]),
                other => panic!("{other}"),
            }
        }
        // Only the direction of the change has rates: those of the other would allow nothing sensible.
        let (up, down) = if desired > current {
            (rates.as_slice(), &[][..])
        } else {
            (&[][..], rates.as_slice())
        };
        let behavior = Behavior {
            up: rules(Some(0), up),
            down: rules(None, down),
        };
        let policy = policy(min, max, Some(behavior.clone()));
        let history = changed(&ups, &downs);
        let (size, reason) = limit(&policy, &behavior, current, desired, &history, NOW);
        assert_eq!(format!("{size} {reason}"), expected.trim(), "{line}");
    }
}
