//! What is told of many bridges, whatever is known of each.

use proptest::prelude::*;

use super::*;

const NOW: Time = Time::from_millis(1_000_000);

fn said(value: f64) -> Part {
    Part::Said { value, at: NOW }
}

#[test]
fn a_bridge_falls_silent_step_by_step() {
    let last = Some((0.4, NOW));
    for (told, seconds, part) in [
        (true, 0, said(0.4)),
        (false, 31, Part::Held(0.4)),
        (false, 300, Part::Held(0.4)),
        (false, 301, Part::Unknown),
    ] {
        let now = NOW + Duration::from_secs(seconds);
        assert_eq!(Part::of(last, told, HOLD_LAST, now), part, "{seconds} s");
    }
    assert_eq!(Part::of(None, false, HOLD_LAST, NOW), Part::Booting);
}

#[test]
fn what_is_known_of_each_makes_a_total_or_none() {
    use Part::{Booting, Held, Unknown};
    let coverage = |answering, known| Err(Shortfall::Coverage { answering, known });
    for (parts, total) in [
        (vec![], Err(Shortfall::Nobody)),
        (
            vec![Booting, Booting],
            Err(Shortfall::Unknown { bridges: 2 }),
        ),
        (vec![Unknown, Booting], coverage(0, 1)),
        (vec![Held(0.5)], coverage(0, 1)),
        (vec![said(0.5), Held(0.5), Held(0.5)], coverage(1, 3)),
        (vec![said(0.5), Unknown, Unknown], coverage(1, 3)),
        (vec![said(0.25), Held(0.5)], Ok(0.75)),
        (vec![said(0.25), Booting, Booting, Booting], Ok(0.25)),
        (vec![said(0.25), said(0.75), Unknown], Ok(1.5)),
        (vec![said(0.0)], Ok(0.0)),
    ] {
        let all: Parts = parts.iter().copied().collect();
        let told = all.check(MIN_COVERAGE).map(|()| all.total());
        assert_eq!(told, total, "{parts:?}");
    }
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => (0.0..2.0).prop_map(said),
        1 => (0.0..2.0).prop_map(Part::Held),
        1 => Just(Part::Unknown),
        1 => Just(Part::Booting),
    ]
}

proptest! {
    #[test]
    fn a_bridge_that_falls_silent_never_makes_a_total_smaller_at_once(
        parts in proptest::collection::vec(part(), 1..40),
        silent in 0_usize..40,
    ) {
        let before: Parts = parts.iter().copied().collect();
        let mut after = parts.clone();
        if let Some(part) = after.get_mut(silent) && let Part::Said { value, .. } = *part {
            *part = Part::Held(value);
        }
        let after: Parts = after.into_iter().collect();
        if before.check(MIN_COVERAGE).is_ok() && after.check(MIN_COVERAGE).is_ok() {
            prop_assert!((after.total() - before.total()).abs() < 1e-9);
        }
    }

    #[test]
    fn no_bridge_is_above_the_largest_and_the_mean_lies_between(
        parts in proptest::collection::vec(part(), 1..40),
    ) {
        let all: Parts = parts.into_iter().collect();
        prop_assert!(all.mean() <= all.max() + 1e-9);
        prop_assert!(all.p90() <= all.max());
        prop_assert!(all.total() >= 0.0 && all.total().is_finite());
    }
}
