//! Who is refused, when, and what is remembered.

use governor::clock::FakeRelativeClock;
use http::StatusCode;

use super::*;

const HPA: &str = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";

fn limit(per_second: u32, burst: u32) -> (UserLimit<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    let quota = UserQuota {
        per_second: NonZeroU32::new(per_second),
        burst: NonZeroU32::new(burst).unwrap(),
        unlimited: BTreeSet::from([HPA.to_owned()]),
    };
    (UserLimit::with_clock(quota, clock.clone()), clock)
}

fn user(name: &str, groups: &[&str]) -> User {
    User {
        name: name.to_owned(),
        groups: groups.iter().map(ToString::to_string).collect(),
        ..User::default()
    }
}

#[test]
fn a_user_may_ask_a_burst_and_then_as_often_as_the_quota_says() {
    let (limit, clock) = limit(10, 20);
    let ada = user("ada", &["system:authenticated"]);
    for n in 0..20 {
        assert_eq!(limit.admit(&ada), Ok(()), "request {n} of the burst");
    }
    assert!(limit.admit(&ada).is_err());
    for _ in 0..100 {
        clock.advance(Duration::from_millis(100));
        assert_eq!(limit.admit(&ada), Ok(()));
        assert!(limit.admit(&ada).is_err());
    }
    clock.advance(Duration::from_secs(2));
    let after_a_rest = (0..30).filter(|_| limit.admit(&ada).is_ok()).count();
    assert_eq!(after_a_rest, 20);
}

#[test]
fn whoever_is_refused_is_told_what_to_do_and_when_to_come_again() {
    let (limit, _clock) = limit(1, 1);
    let ada = user("ada", &[]);
    assert_eq!(limit.admit(&ada), Ok(()));
    let refused = limit.admit(&ada).unwrap_err();
    assert_eq!(refused.code(), StatusCode::TOO_MANY_REQUESTS);
    for part in [
        r#"the user "ada" asks more than 1 times a second"#,
        "hint: ask less often",
        "--user-requests-per-second",
        "--unlimited-users",
    ] {
        assert!(refused.message().contains(part), "{}", refused.message());
    }
    assert_eq!(refused.into_response().headers()["retry-after"], "1");
}

#[test]
fn one_noisy_user_takes_nothing_from_another() {
    let (limit, _clock) = limit(1, 5);
    let (eve, ada) = (user("eve", &[]), user("ada", &[]));
    for _ in 0..10_000 {
        let _ = limit.admit(&eve);
    }
    assert!(limit.admit(&eve).is_err());
    for _ in 0..5 {
        assert_eq!(limit.admit(&ada), Ok(()));
    }
}

#[test]
fn the_api_server_its_masters_and_the_hpa_are_never_refused() {
    let (limit, _clock) = limit(1, 1);
    for (name, groups) in [
        ("system:kube-aggregator", &["system:masters"][..]),
        // Discovery in its older form, and OpenAPI, come without any group.
        ("system:kube-aggregator", &["system:authenticated"][..]),
        ("system:aggregator", &["system:authenticated"][..]),
        ("root", &["ops", "system:masters"][..]),
        (HPA, &["system:serviceaccounts", "system:authenticated"][..]),
    ] {
        for _ in 0..10_000 {
            assert_eq!(limit.admit(&user(name, groups)), Ok(()), "{name}");
        }
    }
    assert_eq!(
        limit.users.as_ref().unwrap().len(),
        0,
        "they are not even counted"
    );
    let ada = user("ada", &["system:serviceaccounts"]);
    assert_eq!(limit.admit(&ada), Ok(()));
    assert!(limit.admit(&ada).is_err());
}

#[test]
fn users_at_rest_are_forgotten() {
    let (limit, clock) = limit(50, 200);
    for n in 0..100_000 {
        limit.admit(&user(&format!("user-{n}"), &[])).unwrap();
        // A thousand strangers a second.
        clock.advance(Duration::from_millis(1));
        assert!(
            limit.users.as_ref().unwrap().len() <= 2 * CLEAN_EVERY,
            "{n}"
        );
    }
}

#[test]
fn a_name_as_long_as_a_header_costs_no_more_than_another() {
    let (limit, _clock) = limit(1, 1);
    let long = user(&"x".repeat(100_000), &[]);
    assert_eq!(limit.admit(&long), Ok(()));
    assert!(limit.admit(&long).is_err());
    assert_eq!(limit.users.as_ref().unwrap().len(), 1);
}
