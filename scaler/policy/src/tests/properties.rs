//! Random worlds and random lives.

use std::time::Duration;

use bridge::stats::{Flags, StartupTime};
use proptest::prelude::*;
use scaler_api::annotations::DrainAcked;
use scaler_api::spec::{NodeSignal, OnDeadline};
use scaler_api::state::{Intent, IntentReason};
use scaler_api::{BridgePoolSpec, Limit};

use super::stage::{START, Stage, secs, spec, uid};
use crate::effects::effects;
use crate::invariants::violations;
use crate::step::step;
use crate::world::{Marks, Node, Phase, Presence, Running};

fn specs() -> impl Strategy<Value = BridgePoolSpec> {
    (
        (0..8_u32, 0..3_u32, proptest::option::of(3..8_u32)),
        (1..4_u32, 1..3_u32, 0..2_u32, 0..3_u32),
        prop_oneof![
            Just(OnDeadline::Move),
            Just(OnDeadline::Wait),
            Just(OnDeadline::Kill)
        ],
        (
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
            prop::bool::weighted(0.1),
        ),
    )
        .prop_map(
            |(
                (replicas, min, max),
                (concurrent, surge, warm_min, warm_more),
                on_deadline,
                (rescue, paused_update, short, paused),
            )| {
                let mut spec = spec(replicas);
                spec.min_active = min;
                spec.max_replicas = max;
                spec.drain.max_concurrent = Limit::Count(concurrent);
                spec.update.max_surge = Limit::Count(surge);
                (spec.warm.min, spec.warm.max) = (warm_min, warm_min + warm_more);
                spec.drain.on_deadline = on_deadline;
                spec.rescue.enabled = rescue;
                spec.update.paused = paused_update;
                spec.paused = paused;
                if short {
                    spec.drain.deadline = scaler_api::Duration::from_secs(30);
                    spec.drain.expel_timeout = scaler_api::Duration::from_secs(20);
                }
                spec
            },
        )
}

/// A pod in whatever state, as an earlier leader or a careless hand may have left it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug)]
struct Wild {
    intent: Intent,
    reason: IntentReason,
    revision: &'static str,
    counted: bool,
    since: u64,
    deadline: Option<i64>,
    acked: Option<bool>,
    same_run: bool,
    zero_since: Option<u64>,
    mark: u8,
    people: Option<u64>,
    conferences: u64,
    stress: f64,
    flags: Flags,
    healthy: bool,
    joined: bool,
    looks: u64,
    age: u64,
    fate: u8,
}

fn wild() -> impl Strategy<Value = Wild> {
    let intent = prop_oneof![
        5 => Just(Intent::Active),
        3 => Just(Intent::Drain),
        1 => Just(Intent::Warm),
        1 => Just(Intent::Expel),
        2 => Just(Intent::Remove),
    ];
    let reason = prop_oneof![
        Just(IntentReason::ScaleUp),
        Just(IntentReason::ScaleDown),
        Just(IntentReason::Outdated),
        Just(IntentReason::Surge),
        Just(IntentReason::NodeLeaving),
        Just(IntentReason::Operator),
        Just(IntentReason::DeadlinePassed),
        Just(IntentReason::Empty),
        Just(IntentReason::Failed),
    ];
    let revision = prop_oneof![3 => Just("new"), 2 => Just("old"), 1 => Just("older")];
    let flags = (any::<bool>(), Just(false), prop::bool::weighted(0.2)).prop_map(
        |(drain, graceful_shutdown, shutting_down)| Flags {
            drain,
            graceful_shutdown,
            shutting_down,
        },
    );
    (
        (intent, reason, revision, any::<bool>(), 0..400_u64),
        (
            proptest::option::of(-100..400_i64),
            proptest::option::of(any::<bool>()),
            prop::bool::weighted(0.9),
            proptest::option::of(0..60_u64),
            0..20_u8,
        ),
        (
            proptest::option::weighted(0.9, prop_oneof![2 => Just(0_u64), 1 => 1..40_u64]),
            prop_oneof![3 => Just(0_u64), 1 => 1..3_u64],
            0.0..1.2_f64,
            flags,
            prop::bool::weighted(0.9),
            prop::bool::weighted(0.9),
        ),
        (0..25_u64, 0..15_u64, 0..30_u8),
    )
        .prop_map(
            |(
                (intent, reason, revision, counted, since),
                (deadline, acked, same_run, zero_since, mark),
                (people, conferences, stress, flags, healthy, joined),
                (looks, age, fate),
            )| Wild {
                intent,
                reason,
                revision,
                counted: counted && intent == Intent::Active,
                since,
                deadline,
                acked,
                same_run,
                zero_since,
                mark,
                people,
                conferences,
                stress,
                flags,
                healthy,
                joined,
                looks,
                age,
                fate,
            },
        )
}

fn put(stage: &mut Stage, name: &str, wild: &Wild) {
    let born = START - Duration::from_hours(1);
    let mut marks = Marks::new(wild.revision, wild.reason, START - secs(wild.since));
    marks.intent = wild.intent;
    marks.counted = wild.counted;
    marks.protected = !matches!(wild.intent, Intent::Warm | Intent::Remove);
    marks.safe_to_evict = !marks.protected;
    marks.deadline = match wild.intent {
        Intent::Active | Intent::Warm => None,
        _ => Some(bridge::Time::from_millis(
            START.as_millis() + wild.deadline.unwrap_or(300) * 1000,
        )),
    };
    marks.acked = wild.acked.map(|drain| DrainAcked {
        container_id: if wild.same_run {
            format!("c-{name}")
        } else {
            "c-old".to_owned()
        },
        startup_time: StartupTime(born),
        drain: Some(drain),
        joined: true,
    });
    marks.zero_since = wild.zero_since.map(|ago| START - secs(ago));
    stage.put(name, &marks, born);
    match wild.mark {
        0 => stage.annotate(name, "bridgetender.dev/pinned", Some("true")),
        1 => stage.annotate(name, "bridgetender.dev/drain-requested", Some("true")),
        2 => stage.annotate(name, "bridgetender.dev/force", Some("true")),
        3 => stage.annotate(name, "bridgetender.dev/deadline", Some("soon")),
        _ => {}
    }
    let actor = stage.actor(name);
    actor.people = wild.people;
    actor.conferences = wild.conferences;
    actor.stress = wild.stress;
    actor.flags = wild.flags;
    actor.healthy = wild.healthy;
    actor.joined = wild.joined;
    match wild.fate {
        0 => stage.change(name, |object| object.pod.deletion = Some(START + secs(30))),
        1 => stage.change(name, |object| object.pod.phase = Phase::Failed),
        2 => stage.change(name, |object| object.pod.container = None),
        3 => stage.change(name, |object| {
            object.pod.container.as_mut().unwrap().running = Running::Waiting;
        }),
        4 => stage.change(name, |object| object.pod.node = Some("leaving".to_owned())),
        5 => stage.change(name, |object| {
            object.pod.phase = Phase::Pending;
            object.pod.container = None;
        }),
        _ => {}
    }
}

pub(super) fn wild_stage() -> impl Strategy<Value = Scenery> {
    (
        specs(),
        proptest::collection::vec(wild(), 0..9),
        0..8_u8,
        any::<bool>(),
    )
        .prop_map(|(spec, wilds, jicofo, interrupted)| Scenery {
            spec,
            wilds,
            jicofo,
            interrupted,
        })
}

#[derive(Clone, Debug)]
pub(super) struct Scenery {
    spec: BridgePoolSpec,
    wilds: Vec<Wild>,
    jicofo: u8,
    interrupted: bool,
}

pub(super) fn set(scenery: &Scenery) -> Stage {
    let mut stage = Stage::empty(scenery.spec.clone());
    stage.now = START - secs(40);
    stage.world.observe_node(
        Node {
            name: "leaving".to_owned(),
            zone: String::new(),
            ready: true,
            signals: [if scenery.interrupted {
                NodeSignal::Interruption
            } else {
                NodeSignal::Cordon
            }]
            .into(),
        },
        stage.now,
    );
    match scenery.jicofo {
        0 => stage.world.observe_jicofo(Presence::Away(START - secs(9))),
        1 => stage.world.observe_jicofo(Presence::NotWatched),
        _ => {}
    }
    for (number, wild) in scenery.wilds.iter().enumerate() {
        put(&mut stage, &format!("w{number}"), wild);
    }
    let most = scenery
        .wilds
        .iter()
        .map(|wild| wild.looks + wild.age)
        .max()
        .unwrap_or(0);
    for ago in (0..=most).rev() {
        stage.now = START - secs(ago);
        for (number, wild) in scenery.wilds.iter().enumerate() {
            stage.actor(&format!("w{number}")).answers =
                (wild.age..=wild.age + wild.looks).contains(&ago);
        }
        stage.look_quietly();
    }
    stage.now = START;
    stage.world.hear(stage.now);
    stage
}

/// Something that happens to a pool.
#[derive(Clone, Debug)]
enum Event {
    Scale(u32),
    People(usize, u64),
    Silent(usize, bool),
    Restart(usize),
    Delete(usize),
    Revision(bool),
    Jicofo(bool),
    Pause(bool),
    Pass(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => (0..7_u32).prop_map(Event::Scale),
        6 => (0..12_usize, prop_oneof![Just(0_u64), 1..30_u64]).prop_map(|(who, people)| Event::People(who, people)),
        1 => (0..12_usize, any::<bool>()).prop_map(|(who, answers)| Event::Silent(who, answers)),
        1 => (0..12_usize).prop_map(Event::Restart),
        1 => (0..12_usize).prop_map(Event::Delete),
        1 => any::<bool>().prop_map(Event::Revision),
        1 => any::<bool>().prop_map(Event::Jicofo),
        1 => any::<bool>().prop_map(Event::Pause),
        6 => (1..40_u64).prop_map(Event::Pass),
    ];
    proptest::collection::vec(event, 1..25)
}

fn happen(stage: &mut Stage, event: &Event) {
    let names: Vec<String> = stage.actors.keys().map(|uid| uid.0.clone()).collect();
    let who = |who: usize| names.get(who % names.len().max(1)).cloned();
    match event {
        Event::Scale(replicas) => stage.scale(*replicas),
        Event::People(number, people) => {
            if let Some(name) = who(*number) {
                stage.people(&name, *people);
            }
        }
        Event::Silent(number, answers) => {
            if let Some(name) = who(*number) {
                stage.actor(&name).answers = *answers;
            }
        }
        Event::Restart(number) => {
            if let Some(name) = who(*number) {
                stage.restart(&name);
                stage.people(&name, 0);
            }
        }
        Event::Delete(number) => {
            if let Some(name) = who(*number) {
                stage.objects.remove(&uid(&name));
                stage.actors.remove(&uid(&name));
                stage.world.observe_gone(&uid(&name), stage.now);
            }
        }
        Event::Revision(new) => {
            let revision = if *new { "new" } else { "newer" };
            stage.respec(|pool| pool.revision = revision.to_owned());
        }
        Event::Jicofo(here) => {
            let presence = if *here {
                Presence::Here(std::collections::BTreeSet::new())
            } else {
                Presence::Away(stage.now)
            };
            stage.world.observe_jicofo(presence);
        }
        Event::Pause(paused) => stage.respec(|pool| pool.spec.paused = *paused),
        Event::Pass(seconds) => stage.seconds(*seconds),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_of_any_world_breaks_an_invariant(scenery in wild_stage()) {
        let stage = set(&scenery);
        let plan = step(&stage.world, stage.now);
        prop_assert_eq!(violations(&stage.world, &plan), vec![]);
        prop_assert_eq!(&plan, &step(&stage.world, stage.now));
        prop_assert!(plan.wake > stage.now || !plan.decisions.is_empty());
    }

    #[test]
    fn whoever_is_chosen_stands_where_the_list_says_and_the_list_is_in_order(scenery in wild_stage()) {
        let stage = set(&scenery);
        let plan = step(&stage.world, stage.now);
        for decision in &plan.decisions {
            if let Some(rank) = decision.evidence.rank {
                let place = plan.chosen_from(decision.why).get(rank - 1).copied();
                prop_assert_eq!(place, decision.pod.as_ref().map(|pod| &pod.uid), "{:?}", decision);
            }
        }
        for list in [&plan.victims, &plan.leaving, &plan.outdated] {
            prop_assert!(list.is_sorted_by_key(|rank| (rank.excluded.is_some(), &rank.key)), "{:?}", list);
        }
        prop_assert!(plan.rescues.is_sorted_by_key(|rank| (rank.unfit.is_some(), &rank.key)));
    }

    #[test]
    fn what_was_asked_is_not_asked_again(scenery in wild_stage()) {
        let mut stage = set(&scenery);
        for _ in 0..4 {
            let plan = step(&stage.world, stage.now);
            effects(&mut stage.world, &plan, stage.now);
            stage.world.touch();
        }
        let plan = step(&stage.world, stage.now);
        prop_assert_eq!(plan.decisions, vec![]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_life_of_a_pool_breaks_an_invariant_and_all_end_in_peace(spec in specs(), events in events()) {
        let mut stage = Stage::new(spec);
        for event in &events {
            happen(&mut stage, event);
        }
        // Whatever happened: when it stops, the pool has the size that is wanted, and nobody is on its way out.
        for actor in stage.actors.values_mut() {
            actor.answers = true;
            actor.people = Some(0);
            actor.conferences = 0;
            actor.joined = true;
        }
        happen(&mut stage, &Event::Jicofo(true));
        stage.respec(|pool| {
            pool.spec.update.paused = false;
            pool.spec.paused = false;
        });
        stage.seconds(1500);
        let wanted = stage.world.pool().wanted(true);
        let states = stage.states();
        prop_assert_eq!(stage.counted(), wanted, "{:?}", states);
        prop_assert_eq!(stage.in_state(scaler_api::State::Active) as u32, wanted, "{:?}", states);
        let most_warm = stage.world.pool().spec.warm.max as usize;
        prop_assert!(stage.objects.len() <= wanted as usize + most_warm, "{:?}", states);
    }
}
