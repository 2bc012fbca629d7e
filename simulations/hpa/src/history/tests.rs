//! The store of changes, with the rows of `horizontal_test.go` (`TestStoreScaleEvents`).

use super::*;

const NOW: Time = Time::from_millis(10_000_000);

fn ago(seconds: u64) -> Time {
    NOW - Duration::from_secs(seconds)
}

fn changes(list: &[(i32, u64)]) -> Changes {
    let of = |&(by, age): &(i32, u64)| Change {
        by,
        at: ago(age),
        outdated: false,
    };
    Changes(list.iter().map(of).collect())
}

#[test]
fn a_change_takes_the_place_of_the_last_outdated_one() {
    let minute = Duration::from_mins(1);
    let cases = [
        (&[][..], minute, 0, &[5][..]),
        (&[(7, 61)], minute, 0, &[5]),
        (&[(7, 60)], minute, 0, &[7, 5]),
        (&[(7, 58)], minute, 7, &[7, 5]),
        (&[(7, 61), (6, 59)], minute, 6, &[5, 6]),
        (
            &[(8, 29), (6, 59), (7, 61), (9, 61)],
            minute,
            14,
            &[8, 6, 7, 5],
        ),
    ];
    for (before, longest, sum, after) in cases {
        let mut changes = changes(before);
        assert_eq!(changes.since(longest, NOW), sum, "{before:?}");
        changes.store(5, longest, NOW);
        let sizes: Vec<_> = changes.0.iter().map(|change| change.by).collect();
        assert_eq!(sizes, after, "{before:?}");
    }
}

#[test]
fn an_outdated_change_stays_so_but_its_age_alone_decides_whether_it_counts() {
    let mut changes = changes(&[(8, 29), (7, 61), (9, 61)]);
    changes.store(5, Duration::from_mins(1), NOW);
    assert_eq!(changes.since(Duration::from_mins(2), NOW), 8 + 7 + 5);
    changes.store(6, Duration::from_mins(2), NOW);
    let sizes: Vec<_> = changes.0.iter().map(|change| change.by).collect();
    assert_eq!(
        sizes,
        [8, 6, 5],
        "the one marked before is taken, though it would count now"
    );
}

#[test]
fn a_change_exactly_as_old_as_the_period_does_not_count() {
    let changes = changes(&[(1, 59), (10, 60), (100, 61)]);
    assert_eq!(changes.since(Duration::from_mins(1), NOW), 1);
}

#[test]
fn the_first_recommendation_is_the_size_as_it_is_found() {
    let mut history = History::default();
    history.begin(4, ago(30));
    history.begin(9, NOW);
    assert_eq!(
        history.recommendations,
        [Recommendation {
            replicas: 4,
            at: ago(30)
        }]
    );
}
