//! What may be told of a bridge, and what may not.

use std::collections::BTreeSet;

use bridge::stats::{Flags, StartupTime};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::telling::fixtures::{self, RULES, metrics, sample};
use crate::telling::groups::aggregate;
use crate::telling::metric::{Aggregate, MetricId};
use crate::telling::pod::Process;

const PARTICIPANTS: &str = "participants";

/// A moment, in seconds after an hour at which the bridges had long been running.
fn at(seconds: i64) -> Time {
    Time::from_millis(1_795_000_000_000 + seconds * 1_000)
}

fn pod(name: &str, uid: &str, started: i64) -> Pod {
    Pod {
        labels: [("app", "jvb")].into_iter().collect(),
        address: Some(([127, 0, 0, 1], 8080).into()),
        process: Some(Process {
            id: started.to_string().into(),
            started: Some(at(started)),
        }),
        ..fixtures::pod(name, uid, None)
    }
}

fn said(now: i64, startup: i64, stress: f64, people: u64) -> Sample {
    let stats = Stats {
        stress: Some(stress),
        local_endpoints: Some(people),
        startup_time: Some(StartupTime(at(startup))),
        ..Stats::default()
    };
    sample(stats, at(now))
}

/// A store with one bridge that started an hour ago, seen at second 0.
fn one() -> (Store, Ticket) {
    let mut store = Store::new(Arc::new(metrics()), RULES);
    let ticket = store.observe(pod("jvb-0", "u0", -3_600), at(0));
    (store, ticket)
}

fn stress(store: &Store, now: i64) -> Result<f64, Omission> {
    let record = store.get("meet", "jvb-0").ok_or(Omission::Gone)?;
    let reading = record.value(MetricId::STRESS, store.rules(), at(now))?;
    Ok(reading.value)
}

fn people(store: &Store, now: i64) -> Result<f64, Omission> {
    let id = metrics().on_pods(PARTICIPANTS).unwrap();
    let record = store.get("meet", "jvb-0").ok_or(Omission::Gone)?;
    Ok(record.value(id, store.rules(), at(now))?.value)
}

#[test]
fn a_bridge_that_has_not_answered_has_no_value() {
    let (store, _) = one();
    assert_eq!(stress(&store, 1), Err(Omission::Unanswered));
}

#[test]
fn a_value_is_told_until_it_is_thirty_seconds_old() {
    let (mut store, ticket) = one();
    store.answered(&ticket, &said(0, -3_600, 0.4, 7));
    assert_eq!(stress(&store, 30), Ok(0.4));
    assert_eq!(stress(&store, 31), Err(Omission::Stale));
    assert_eq!(people(&store, 31), Err(Omission::Stale));
}

#[test]
fn the_stress_of_the_first_twenty_seconds_is_unknown_and_its_people_are_known() {
    let (mut store, _) = one();
    let ticket = store.observe(pod("jvb-0", "u1", 0), at(1));
    store.answered(&ticket, &said(2, 2, 0.0, 3));
    assert_eq!(stress(&store, 2), Err(Omission::Unsettled));
    assert_eq!(people(&store, 2), Ok(3.0));
    store.answered(&ticket, &said(21, 2, 1.1, 3));
    assert_eq!(stress(&store, 21), Err(Omission::Unsettled));
    store.answered(&ticket, &said(22, 2, 0.2, 3));
    assert_eq!(stress(&store, 22), Ok(0.2));
}

#[test]
fn a_placeholder_does_not_become_true_by_waiting() {
    let (mut store, _) = one();
    let ticket = store.observe(pod("jvb-0", "u1", 0), at(1));
    store.answered(&ticket, &said(2, 2, 0.0, 0));
    assert_eq!(stress(&store, 25), Err(Omission::Unsettled));
}

#[test]
fn a_bridge_that_restarts_in_its_pod_is_a_new_bridge() {
    let (mut store, ticket) = one();
    store.answered(&ticket, &said(0, -3_600, 0.9, 40));
    store.answered(&ticket, &said(5, 3, 0.0, 0));
    assert_eq!(stress(&store, 5), Err(Omission::Unsettled));
    assert_eq!(people(&store, 5), Ok(0.0));
    let record = store.get("meet", "jvb-0").unwrap();
    assert_eq!(record.last_known(MetricId::STRESS), None);
}

#[test]
fn a_start_time_that_is_rounded_differently_is_no_restart() {
    let (mut store, ticket) = one();
    store.answered(&ticket, &said(0, -3_600, 0.9, 40));
    let mut rounded = said(5, -3_600, 0.8, 40);
    rounded.stats.startup_time = Some(StartupTime(at(-3_600) + Duration::from_millis(999)));
    store.answered(&ticket, &rounded);
    assert_eq!(stress(&store, 5), Ok(0.8));
}

#[test]
fn a_container_that_restarts_takes_its_values_with_it() {
    let (mut store, ticket) = one();
    store.answered(&ticket, &said(0, -3_600, 0.9, 40));
    let after = store.observe(pod("jvb-0", "u0", 4), at(4));
    assert_eq!(people(&store, 4), Err(Omission::Unanswered));
    store.answered(&ticket, &said(5, -3_600, 0.9, 40));
    assert_eq!(
        people(&store, 5),
        Err(Omission::Unanswered),
        "an answer of the last process that was still under way"
    );
    store.answered(&after, &said(6, 5, 0.0, 1));
    assert_eq!(people(&store, 6), Ok(1.0));
}

#[test]
fn a_pod_that_is_asked_to_go_has_no_value_at_once() {
    let (mut store, ticket) = one();
    store.answered(&ticket, &said(0, -3_600, 0.9, 40));
    let leaving = Pod {
        leaving: true,
        ..pod("jvb-0", "u0", -3_600)
    };
    store.observe(leaving, at(1));
    assert_eq!(stress(&store, 1), Err(Omission::Gone));
    let record = store.get("meet", "jvb-0").unwrap();
    assert_eq!(record.last_known(MetricId::STRESS), None);
}

#[test]
fn a_pod_that_is_gone_is_gone_whatever_still_answers() {
    let (mut store, ticket) = one();
    store.forget(&ticket.pod);
    store.answered(&ticket, &said(1, -3_600, 0.9, 40));
    assert!(store.get("meet", "jvb-0").is_none());
}

#[test]
fn a_name_that_is_used_again_is_another_pod() {
    let (mut store, before) = one();
    store.answered(&before, &said(0, -3_600, 0.9, 40));
    let after = store.observe(pod("jvb-0", "u1", 1), at(1));
    store.answered(&before, &said(2, -3_600, 0.9, 40));
    assert_eq!(people(&store, 2), Err(Omission::Unanswered));
    store.forget(&before.pod);
    store.answered(&after, &said(3, 2, 0.0, 5));
    assert_eq!(people(&store, 3), Ok(5.0), "the late end of the first one");
}

#[test]
fn a_value_that_the_last_answer_does_not_carry_is_not_told_from_the_one_before() {
    let (mut store, ticket) = one();
    store.answered(&ticket, &said(0, -3_600, 0.4, 7));
    let mut without = said(5, -3_600, 0.4, 8);
    without.stats.stress = None;
    store.answered(&ticket, &without);
    assert_eq!(stress(&store, 5), Err(Omission::Unsaid));
    assert_eq!(people(&store, 5), Ok(8.0));
    let record = store.get("meet", "jvb-0").unwrap();
    assert_eq!(
        record.last_known(MetricId::STRESS).map(|last| last.value),
        Some(0.4)
    );
}

#[test]
fn nonsense_is_not_told() {
    let (mut store, ticket) = one();
    for nonsense in [f64::NAN, f64::INFINITY, -1.111] {
        store.answered(&ticket, &said(0, -3_600, nonsense, 7));
        assert_eq!(stress(&store, 0), Err(Omission::Unsaid), "{nonsense}");
    }
}

#[test]
fn a_stress_above_one_is_true() {
    let (mut store, ticket) = one();
    store.answered(&ticket, &said(0, -3_600, 1.111, 7));
    assert_eq!(stress(&store, 0), Ok(1.111));
}

#[test]
fn a_draining_bridge_does_not_accept_and_has_its_value() {
    let (mut store, ticket) = one();
    let mut draining = said(0, -3_600, 0.5, 7);
    draining.stats.flags = Flags {
        drain: true,
        ..Flags::default()
    };
    store.answered(&ticket, &draining);
    assert!(!store.get("meet", "jvb-0").unwrap().is_accepting());
    assert_eq!(stress(&store, 0), Ok(0.5));
}

#[test]
fn a_bridge_that_is_unhealthy_or_in_no_brewery_does_not_accept() {
    let (mut store, ticket) = one();
    let mut told = said(0, -3_600, 0.5, 7);
    for (healthy, mucs_joined, accepts) in [
        (None, None, true),
        (Some(true), Some(1), true),
        (Some(false), Some(1), false),
        (Some(true), Some(0), false),
    ] {
        told.stats.healthy = healthy;
        told.stats.mucs_joined = mucs_joined;
        store.answered(&ticket, &told);
        let accepting = store.get("meet", "jvb-0").unwrap().is_accepting();
        assert_eq!(accepting, accepts, "{healthy:?} {mucs_joined:?}");
    }
}

#[test]
fn a_namespace_has_its_own_bridges_in_the_order_of_their_names() {
    let mut store = Store::new(Arc::new(metrics()), RULES);
    for (namespace, name) in [("b", "2"), ("a", "9"), ("b", "1"), ("bb", "0"), ("c", "3")] {
        let pod = Pod {
            namespace: namespace.into(),
            ..pod(name, &format!("{namespace}/{name}"), 0)
        };
        store.observe(pod, at(0));
    }
    let names: Vec<&str> = store
        .in_namespace("b")
        .map(|record| &*record.pod().name)
        .collect();
    assert_eq!(names, ["1", "2"]);
    assert_eq!(store.in_namespace("").count(), 0);
    assert_eq!(store.iter().count(), 5);
}

/// Something that happens to one of three pods.
#[derive(Clone, Debug)]
enum Happening {
    Wait(i64),
    /// A pod of this name appears, with a UID of its own, or comes again with this start of its container.
    Seen {
        name: usize,
        incarnation: usize,
        started: i64,
        leaving: bool,
    },
    Gone {
        name: usize,
        incarnation: usize,
    },
    /// An answer to the question that was started for the pod's this-many-last ticket.
    Answered {
        ticket: usize,
        startup: i64,
        stress: f64,
        clock: Option<i64>,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    let stress = prop_oneof![
        4 => 0.0..1.5_f64,
        1 => Just(f64::NAN),
        1 => Just(-1.0),
        1 => Just(f64::INFINITY)
    ];
    prop_oneof![
        3 => (0_i64..40).prop_map(Happening::Wait),
        2 => (0_usize..3, 0_usize..2, -100_i64..100, proptest::bool::weighted(0.2))
            .prop_map(|(name, incarnation, started, leaving)| Happening::Seen { name, incarnation, started, leaving }),
        1 => (0_usize..3, 0_usize..2).prop_map(|(name, incarnation)| Happening::Gone { name, incarnation }),
        6 => (0_usize..6, -200_i64..200, stress, proptest::option::of(-100_i64..400))
            .prop_map(|(ticket, startup, stress, clock)| Happening::Answered { ticket, startup, stress, clock }),
    ]
}

proptest! {
    /// Whatever happens in whatever order: what is told was said, by this pod, since its start, and lately; and a total lies
    /// between what its bridges said.
    #[test]
    fn nothing_is_told_that_was_not_said(happenings in vec(happening(), 1..60)) {
        let mut store = Store::new(Arc::new(metrics()), RULES);
        let mut now = 0;
        let mut tickets: Vec<Ticket> = Vec::new();
        // By UID: what was said, when, as bits.
        let mut said_by: BTreeMap<Box<str>, BTreeSet<(i64, u64)>> = BTreeMap::new();
        let mut there: BTreeMap<usize, Pod> = BTreeMap::new();
        for happening in happenings {
            match happening {
                Happening::Wait(seconds) => now += seconds,
                Happening::Seen { name, incarnation, started, leaving } => {
                    let uid = format!("{name}-{incarnation}");
                    let pod = Pod { leaving, ..pod(&format!("jvb-{name}"), &uid, started) };
                    there.insert(name, pod.clone());
                    tickets.push(store.observe(pod, at(now)));
                }
                Happening::Gone { name, incarnation } => {
                    let uid = format!("{name}-{incarnation}");
                    store.forget(&pod(&format!("jvb-{name}"), &uid, 0));
                    if there.get(&name).is_some_and(|pod| *pod.uid == *uid) {
                        there.remove(&name);
                    }
                }
                Happening::Answered { ticket, startup, stress, clock } => {
                    let Some(ticket) = tickets.iter().rev().nth(ticket) else { continue };
                    let mut sample = said(now, startup, stress, 1);
                    sample.bridge_clock = clock.map(at);
                    said_by.entry(ticket.pod.uid.clone()).or_default().insert((now, stress.to_bits()));
                    store.answered(ticket, &sample);
                }
            }
            for record in store.iter() {
                let pod = record.pod();
                let name: usize = pod.name.strip_prefix("jvb-").unwrap().parse().unwrap();
                prop_assert_eq!(there.get(&name).map(|pod| &pod.uid), Some(&pod.uid), "a pod that is not there");
                let Ok(reading) = record.value(MetricId::STRESS, &RULES, at(now)) else { continue };
                prop_assert!(!pod.leaving);
                prop_assert!(reading.value.is_finite() && reading.value >= 0.0);
                prop_assert!(at(now).since(reading.at) <= RULES.max_age);
                let when = (reading.at.as_millis() - at(0).as_millis()) / 1_000;
                prop_assert!(said_by[&pod.uid].contains(&(when, reading.value.to_bits())), "nobody said {}", reading.value);
            }
            let known: Vec<f64> = store.iter().filter_map(|record| record.last_known(MetricId::STRESS)).map(|reading| reading.value).collect();
            let told = |how| aggregate(store.iter(), MetricId::STRESS, how, &RULES, at(now)).map(|reading| reading.value);
            let least = known.iter().copied().fold(f64::INFINITY, f64::min);
            let most = known.iter().copied().fold(0.0, f64::max);
            for how in [Aggregate::Mean, Aggregate::Max, Aggregate::P90] {
                if let Ok(value) = told(how) {
                    prop_assert!(least - 1e-9 <= value && value <= most + 1e-9, "{how:?} {value} of {known:?}");
                }
            }
            if let Ok(total) = told(Aggregate::Total) {
                prop_assert!(total >= least - 1e-9 && total <= most * store.iter().count() as f64 + 1e-9, "{total} of {known:?}");
            }
        }
    }
}

#[test]
fn what_neighbours_have_in_common_is_kept_once_and_nothing_else_is() {
    let (mut store, first) = one();
    let second = store.observe(pod("jvb-1", "u1", 0), at(0)).pod;
    assert!(Arc::ptr_eq(&first.pod.namespace, &second.namespace));
    assert!(Arc::ptr_eq(&first.pod.owners, &second.owners));

    let mut other = pod("jvb-2", "u2", 0);
    other.labels = [("app", "other")].into_iter().collect();
    other.namespace = "elsewhere".into();
    let third = store.observe(other, at(0)).pod;
    assert_eq!(third.labels.get("app"), Some("other"));
    assert_eq!(&*third.namespace, "elsewhere");
}
