//! Whoever leaves is still there until the last person has left.

use std::collections::BTreeMap;

use bridge::totals::MIN_COVERAGE;
use proptest::prelude::*;

use super::*;
use Standing::{Apart, Counted, Empty};

const NOW: Time = Time::from_millis(1_000_000);

fn said(value: f64) -> Part {
    Part::Said { value, at: NOW }
}

fn standing(counted: Option<&str>, protected: Option<&str>) -> Standing {
    let labels = BTreeMap::from([(COUNTED.name(), counted), (PROTECTED.name(), protected)]);
    Standing::of(|key| labels.get(key).copied().flatten())
}

#[test]
fn labels_say_how_a_pod_stands_and_what_they_do_not_say_clearly_is_busy() {
    for (counted, protected, expected) in [
        (Some("true"), Some("true"), Counted),
        (Some("true"), None, Counted),
        (Some("true"), Some("perhaps"), Counted),
        (None, Some("true"), Apart),
        (Some("false"), Some("true"), Apart),
        (None, Some("yes"), Apart),
        (Some(""), None, Apart),
        (None, None, Empty),
        (Some("false"), Some("false"), Empty),
    ] {
        let found = standing(counted, protected);
        assert_eq!(found, expected, "{counted:?} {protected:?}");
    }
}

/// Total and share of these bridges, in thousandths.
fn told(bridges: &[(Standing, Part)]) -> Result<(i64, i64), Shortfall> {
    let milli = |value: f64| (value * 1000.0).round() as i64;
    let all: Committed = bridges.iter().copied().collect();
    let total = all.total(MIN_COVERAGE)?;
    Ok((milli(total), milli(all.share(MIN_COVERAGE)?)))
}

#[test]
fn what_drains_is_in_the_total_and_shared_by_those_who_speak() {
    use Part::{Booting, Held, Unknown};
    for (case, bridges, expected) in [
        ("nobody drains", vec![(Counted, said(0.3)); 4], (1200, 0)),
        (
            "one of four drains",
            [vec![(Counted, said(0.3)); 3], vec![(Apart, said(0.3))]].concat(),
            (1200, 100),
        ),
        (
            "a new bridge that boots shares nothing",
            vec![(Counted, said(0.4)), (Counted, Booting), (Apart, said(0.2))],
            (600, 200),
        ),
        (
            "a counted bridge that fell silent is in the total and shares nothing",
            vec![
                (Counted, said(0.4)),
                (Counted, Held(0.4)),
                (Apart, said(0.2)),
            ],
            (1000, 200),
        ),
        (
            "a draining bridge that fell silent keeps its load",
            vec![
                (Counted, said(0.4)),
                (Counted, said(0.4)),
                (Apart, Held(0.6)),
            ],
            (1400, 300),
        ),
        (
            "and is the mean of all when nobody remembers",
            vec![(Counted, said(0.2)), (Counted, said(0.4)), (Apart, Unknown)],
            (900, 150),
        ),
        (
            "a spare with a busy neighbour on its node is no load",
            vec![(Counted, said(0.4)), (Empty, said(0.5))],
            (400, 0),
        ),
    ] {
        assert_eq!(told(&bridges), Ok(expected), "{case}");
    }
}

#[test]
fn a_pool_of_empty_bridges_has_no_stress_and_one_without_bridges_has_no_total() {
    let spares: Committed = [(Empty, said(0.1)), (Empty, Part::Booting)]
        .into_iter()
        .collect();
    assert_eq!(spares.total(MIN_COVERAGE), Ok(0.0));
    let none = Committed::default();
    assert_eq!(none.total(MIN_COVERAGE), Err(Shortfall::Nobody));
}

#[test]
fn draining_bridges_that_fall_silent_are_missed_in_the_coverage() {
    let bridges = [
        (Counted, said(0.4)),
        (Apart, Part::Held(0.4)),
        (Apart, Part::Unknown),
    ];
    let short = Err(Shortfall::Coverage {
        answering: 1,
        known: 3,
    });
    assert_eq!(told(&bridges), short, "neither a total nor a share");
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        6 => (0.0..2.0).prop_map(said),
        1 => (0.0..2.0).prop_map(Part::Held),
        1 => Just(Part::Unknown),
        1 => Just(Part::Booting),
    ]
}

fn bridge() -> impl Strategy<Value = (Standing, Part)> {
    let standing = prop_oneof![4 => Just(Counted), 2 => Just(Apart), 1 => Just(Empty)];
    (standing, part())
}

/// What the HPA adds up of the counted bridges, each with its share.
fn added_up(bridges: &[(Standing, Part)], share: f64) -> f64 {
    let told = bridges.iter().filter_map(|bridge| match bridge {
        (Counted, Part::Said { value, .. }) => Some(value + share),
        _ => None,
    });
    told.sum()
}

proptest! {
    #[test]
    fn what_counted_bridges_are_told_with_adds_up_to_all_there_is(
        mut bridges in proptest::collection::vec(bridge(), 1..40),
    ) {
        // All counted ones speak.
        for (standing, part) in &mut bridges {
            if *standing == Counted && !matches!(part, Part::Said { .. }) {
                *part = said(0.5);
            }
        }
        bridges.push((Counted, said(0.1)));
        let all: Committed = bridges.iter().copied().collect();
        if let (Ok(total), Ok(share)) = (all.total(MIN_COVERAGE), all.share(MIN_COVERAGE)) {
            prop_assert!((added_up(&bridges, share) - total).abs() < 1e-9);
        }
    }

    #[test]
    fn a_bridge_that_begins_to_drain_takes_nothing_out_of_the_total(
        bridges in proptest::collection::vec(bridge(), 1..40),
        victim in 0_usize..40,
    ) {
        let before: Committed = bridges.iter().copied().collect();
        let mut after = bridges.clone();
        if let Some((standing, _)) = after.get_mut(victim) && *standing == Counted {
            *standing = Apart;
        }
        let after: Committed = after.into_iter().collect();
        prop_assert_eq!(before.total(MIN_COVERAGE), after.total(MIN_COVERAGE));
    }
}
