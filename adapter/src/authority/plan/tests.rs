use std::time::Duration;

use super::*;
use crate::authority::mint;

const NOW: i64 = 1_795_219_200;
const CA: Duration = Duration::from_hours(1);
const LEAF: Duration = Duration::from_mins(10);

fn hosts() -> Vec<String> {
    vec!["jvb-adapter".to_owned(), "jvb-adapter.jitsi.svc".to_owned()]
}

/// Authorities that are so many seconds old, the newest first, and a leaf of one of them.
fn held(ages: &[i64], leaf: Option<(usize, i64)>) -> Held {
    let authority = |age: &i64| mint::authority(NOW - age, CA).unwrap();
    let authorities: Vec<_> = ages.iter().map(authority).collect();
    let leaf =
        leaf.map(|(by, age)| mint::leaf(&authorities[by], &hosts(), NOW - age, LEAF).unwrap());
    Held { authorities, leaf }
}

fn ders(held: &Held, numbers: &[usize]) -> Vec<CertificateDer<'static>> {
    let der = |number: &usize| held.authorities[*number].der.clone();
    numbers.iter().map(der).collect()
}

fn planned(held: &Held, published: &[&[usize]]) -> Plan {
    let published: Vec<_> = published
        .iter()
        .map(|numbers| ders(held, numbers))
        .collect();
    plan(held, &published, &hosts(), NOW)
}

fn expected(forget: usize, authority: bool, leaf: Option<Signer>) -> Plan {
    Plan {
        forget,
        authority,
        leaf,
    }
}

#[test]
fn an_empty_secret_gets_an_authority_and_its_leaf() {
    let plan = planned(&held(&[], None), &[&[], &[]]);
    assert_eq!(plan, expected(0, true, Some(Signer::New)));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table is read as one")]
fn what_is_due_when() {
    use Signer::{Held as By, New};
    // Ages of authorities (good for 3600 s, of which 180 s were before they were made), the leaf's authority and age (good for
    // 600 s, 30 s before), which are published in an APIService, and what is due.
    type Case<'a> = (&'a str, &'a [i64], Option<(usize, i64)>, &'a [usize], Plan);
    let cases: [Case<'_>; 14] = [
        (
            "all is young",
            &[0],
            Some((0, 0)),
            &[0],
            expected(0, false, None),
        ),
        (
            "nothing is published",
            &[0],
            Some((0, 0)),
            &[],
            expected(0, false, None),
        ),
        (
            "no leaf yet",
            &[0],
            None,
            &[0],
            expected(0, false, Some(By(0))),
        ),
        (
            "a leaf before two thirds",
            &[600],
            Some((0, 385)),
            &[0],
            expected(0, false, None),
        ),
        (
            "a leaf after two thirds",
            &[600],
            Some((0, 395)),
            &[0],
            expected(0, false, Some(By(0))),
        ),
        (
            "an authority before two thirds",
            &[2330],
            Some((0, 0)),
            &[0],
            expected(0, false, None),
        ),
        (
            "an authority after two thirds",
            &[2350],
            Some((0, 0)),
            &[0],
            expected(0, true, None),
        ),
        (
            "its successor does not sign yet",
            &[300, 2700],
            Some((1, 400)),
            &[0, 1],
            expected(0, false, Some(By(1))),
        ),
        (
            "its successor signs",
            &[500, 2900],
            Some((1, 400)),
            &[0, 1],
            expected(0, false, Some(By(0))),
        ),
        (
            "its successor is not published",
            &[500, 2900],
            Some((1, 400)),
            &[1],
            expected(0, false, Some(By(1))),
        ),
        (
            "a good leaf of the old one stays",
            &[500, 2900],
            Some((1, 100)),
            &[0, 1],
            expected(0, false, None),
        ),
        (
            "the old one has expired",
            &[1100, 3601],
            Some((0, 0)),
            &[0, 1],
            expected(1, false, None),
        ),
        (
            "an unpublished one signs when it is alone",
            &[1100, 3601],
            Some((1, 3300)),
            &[1],
            expected(1, false, Some(By(0))),
        ),
        (
            "all have expired",
            &[3700, 7000],
            Some((0, 3600)),
            &[0],
            expected(2, true, Some(New)),
        ),
    ];
    for (what, ages, leaf, published, expected) in cases {
        let held = held(ages, leaf);
        assert_eq!(planned(&held, &[published]), expected, "{what}");
    }
}

#[test]
fn a_successor_signs_only_when_every_api_service_publishes_it() {
    let held = held(&[500, 2900], Some((1, 400)));
    let signer = |published: &[&[usize]]| planned(&held, published).leaf;
    assert_eq!(signer(&[&[0, 1], &[1]]), Some(Signer::Held(1)));
    assert_eq!(signer(&[&[0, 1], &[0]]), Some(Signer::Held(0)));
}

#[test]
fn a_leaf_for_another_service_or_of_another_authority_is_replaced() {
    let held = held(&[0], Some((0, 0)));
    let moved = plan(&held, &[], &["jvb-adapter.meet.svc".to_owned()], NOW);
    assert_eq!(moved.leaf, Some(Signer::Held(0)));
    let mut foreign = self::held(&[0], Some((0, 0)));
    foreign.leaf = held.leaf;
    assert_eq!(planned(&foreign, &[&[0]]).leaf, Some(Signer::Held(0)));
}

#[test]
fn a_leaf_never_outlives_its_authority() {
    let held = held(&[3500], Some((0, 0)));
    let (leaf, authority) = (held.leaf.unwrap().span, held.authorities[0].span);
    assert_eq!(leaf.to, authority.to);
    assert!(leaf.from >= authority.from);
}

#[test]
fn what_is_written_is_read_and_what_is_not_ours_is_not() {
    use k8s_openapi::ByteString;
    let held = held(&[500, 2900], Some((1, 100)));
    assert_eq!(Held::read(&held.write()), Ok(held.clone()));
    assert_eq!(
        Held::read(&std::collections::BTreeMap::new()),
        Ok(Held::default())
    );

    let with = |key: &str, value: &[u8]| {
        let mut data = held.write();
        data.insert(key.to_owned(), ByteString(value.to_vec()));
        Held::read(&data).map_err(|why| why.to_string())
    };
    for (key, value, why) in [
        (
            "password",
            &b"secret"[..],
            "it holds [\"password\"], which the adapter has not put there",
        ),
        ("ca.key", b"", "its ca.key is missing"),
        ("ca.crt", b"", "its ca.crt is missing"),
        ("ca.crt", b"\xff", "its ca.crt is not text"),
        ("ca.crt", b"nothing", "its ca.crt holds no certificate"),
        (
            "ca.key",
            b"nothing",
            "its ca.key does not hold the key of the newest authority",
        ),
    ] {
        assert_eq!(with(key, value), Err(why.to_owned()));
    }
    // A leaf that cannot be served is as none: another is made.
    let other = mint::authority(NOW, CA).unwrap().key.unwrap();
    assert_eq!(with("tls.key", other.as_bytes()).unwrap().leaf, None);
}

/// Plays years: every second the plan is carried out, or, with bad luck, is not for a while.
#[test]
fn through_many_lives_every_leaf_is_vouched_for_by_what_was_published_long_before() {
    let (ca, leaf_life) = (Duration::from_secs(270), Duration::from_secs(90));
    let mut held = Held::default();
    let mut history: Vec<Vec<CertificateDer<'static>>> = Vec::new();
    let mut leaves = std::collections::BTreeSet::new();
    for second in 0..2000 {
        let now = NOW + second;
        let published = history.last().cloned().unwrap_or_default();
        // The adapter is away for 20 of each 100 seconds.
        if second % 100 < 80 {
            loop {
                let plan = plan(&held, std::slice::from_ref(&published), &hosts(), now);
                if plan.changes_nothing() {
                    break;
                }
                let settings = crate::authority::Settings {
                    secret: "jitsi/tls".parse().unwrap(),
                    service: "jitsi/jvb-adapter".parse().unwrap(),
                    ca_lifetime: ca,
                    leaf_lifetime: leaf_life,
                };
                held = crate::authority::keeper::carry_out(&plan, held, &settings, now).unwrap();
            }
        }
        let bundle: Vec<_> = held.authorities.iter().map(|one| one.der.clone()).collect();
        assert!(
            bundle.len() <= 2,
            "{} authorities after {second} s",
            bundle.len()
        );
        assert!(
            held.authorities
                .iter()
                .filter(|one| one.key.is_some())
                .count()
                <= 2
        );
        let leaf = held.leaf.as_ref().unwrap();
        assert!(
            leaf.span.to - now > 5,
            "it has nearly expired after {second} s"
        );
        // Whoever knows only what was published some seconds ago believes it, and so does who knows what is now.
        let known_before = history.get(history.len().saturating_sub(20));
        for known in known_before.into_iter().chain([&bundle]) {
            let believed = trust::verify(&leaf.der, known, "jvb-adapter.jitsi.svc", now);
            assert_eq!(believed, Ok(()), "after {second} s");
        }
        leaves.insert(leaf.pem.clone());
        history.push(bundle);
    }
    assert!(leaves.len() > 20, "{} leaves", leaves.len());
}
