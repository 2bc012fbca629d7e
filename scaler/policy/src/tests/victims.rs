//! Who goes first, and who comes back first, decided for bridges on stage: each criterion against all that come later.

use std::time::Duration;

use scaler_api::spec::NodeSignal;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::{annotations, labels};

use super::stage::{START, Stage, secs, uid, wide};
use crate::plan::{Plan, Transition as T};
use crate::world::{Marks, Node, Phase, Uid};
use crate::{Criterion, VictimKey};

/// Speaks for one of two bridges, by one criterion, as it happens to a pool.
type Speaks = fn(&mut Stage, who: &str, other: &str);

/// A node of this name and zone, with these signs.
fn node(stage: &mut Stage, name: &str, zone: &str, signal: Option<NodeSignal>) {
    stage.world.observe_node(
        Node {
            name: name.to_owned(),
            zone: zone.to_owned(),
            ready: true,
            signals: signal.into_iter().collect(),
        },
        stage.now,
    );
}

/// A bridge is on the node of this name.
fn on_node(stage: &mut Stage, bridge: &str, node: &str) {
    stage.change(bridge, |object| object.pod.node = Some(node.to_owned()));
}

/// Two bridges that are alike but for their names, each alone on a node and in a zone that bear its name, and three more that an
/// operator wants left alone.
fn alike() -> Stage {
    let mut spec = wide(5);
    spec.min_active = 3;
    spec.update.paused = true;
    let mut stage = Stage::new(spec);
    for number in 0..5 {
        let name = format!("b{number}");
        node(&mut stage, &name, &name, None);
        on_node(&mut stage, &name, &name);
        stage.people(&name, 40);
        stage.actor(&name).largest = Some(20);
        stage.actor(&name).stress = 0.2;
    }
    for name in ["b2", "b3", "b4"] {
        stage.annotate(name, "bridgetender.dev/pinned", Some("true"));
    }
    stage.look();
    stage
}

/// What makes a bridge go first, the last criterion first.
const LADDER: [(Criterion, Speaks); 10] = [
    (Criterion::Created, |stage, who, _| {
        stage.change(who, |object| object.pod.created += secs(60));
    }),
    (Criterion::Stress, |stage, who, _| {
        stage.actor(who).stress = 0.1;
    }),
    (Criterion::Zone, |stage, who, _| {
        for name in ["b2", "b4"] {
            node(stage, name, who, None);
        }
    }),
    (Criterion::Neighbours, |stage, _, other| {
        on_node(stage, "b3", other);
    }),
    (Criterion::Largest, |stage, who, _| {
        stage.actor(who).largest = Some(19);
    }),
    (Criterion::People, |stage, who, _| stage.people(who, 31)),
    (Criterion::Outdated, |stage, who, _| {
        stage.change(who, |object| {
            let revision = labels::REVISION.name().to_owned();
            object.labels.insert(revision, "old".to_owned());
        });
    }),
    // Both must go.
    (Criterion::NodeLeaving, |stage, who, other| {
        for name in [who, other] {
            stage.annotate(name, "bridgetender.dev/drain-requested", Some("true"));
        }
        node(stage, who, who, Some(NodeSignal::Cordon));
    }),
    (Criterion::NeverStarted, |stage, who, _| {
        stage.change(who, |object| {
            object.pod.container = None;
            object.pod.phase = Phase::Pending;
            object.pod.ready = false;
        });
    }),
    (Criterion::Operator, |stage, _, other| {
        stage.annotate(other, "bridgetender.dev/drain-requested", None);
    }),
];

/// Of whom it is decided first that it goes.
fn goes(plan: &Plan) -> Option<Uid> {
    let mut decided = plan.decisions.iter();
    let gone = decided.find(|one| matches!(one.transition, T::Drain | T::Remove))?;
    Some(gone.pod.as_ref()?.uid.clone())
}

/// The keys of both, from the list that decided.
fn keys(plan: &Plan) -> [&VictimKey; 2] {
    let list = if plan.leaving.is_empty() {
        &plan.victims
    } else {
        &plan.leaving
    };
    ["b0", "b1"].map(|name| {
        let mut list = list.iter().map(|rank| &rank.key);
        list.find(|key| *key.uid == uid(name)).unwrap()
    })
}

/// What is decided, and by which criterion, once one is too many.
fn decided(stage: &mut Stage) -> (Option<Uid>, Option<Criterion>) {
    stage.look();
    stage.scale(4);
    let plan = stage.decide();
    let [one, other] = keys(&plan);
    (goes(&plan), one.criterion(other))
}

#[test]
fn each_criterion_decides_against_all_that_come_later() {
    assert_eq!(
        decided(&mut alike()),
        (Some(uid("b0")), Some(Criterion::Uid))
    );
    for (place, (criterion, speaks)) in LADDER.iter().enumerate() {
        // All that come later speak for b0, and decide for it.
        let mut stage = alike();
        for (_, later) in &LADDER[..place] {
            later(&mut stage, "b0", "b1");
        }
        let without = decided(&mut stage);
        assert_eq!(without.0, Some(uid("b0")), "without {criterion:?}");
        speaks(&mut stage, "b1", "b0");
        assert_eq!(
            decided(&mut stage),
            (Some(uid("b1")), Some(*criterion)),
            "{criterion:?}"
        );
    }
}

/// A bridge that serves, and two that are alike but for their names and drain with people on them.
fn drained() -> Stage {
    let mut spec = wide(1);
    spec.update.paused = true;
    let mut stage = Stage::new(spec);
    for name in ["d0", "d1"] {
        stage.put(name, &drains("new", name), START - Duration::from_hours(1));
        stage.people(name, 7);
        stage.actor(name).stress = 0.2;
    }
    stage
}

/// The marks of a bridge that confirmed its drain.
fn drains(revision: &str, name: &str) -> Marks {
    let since = START - Duration::from_hours(1);
    let mut marks = Marks::new(revision, IntentReason::ScaleDown, since);
    (marks.counted, marks.intent) = (false, Intent::Drain);
    marks.deadline = Some(START + Duration::from_hours(1));
    marks.acked = Some(annotations::DrainAcked {
        container_id: format!("c-{name}"),
        startup_time: bridge::stats::StartupTime(since),
        drain: Some(true),
        joined: true,
    });
    marks
}

#[test]
fn who_is_taken_back_is_decided_by_each_criterion_against_all_that_come_later() {
    // What makes a bridge come back first, the last criterion first.
    let ladder: [(&str, Speaks); 4] = [
        ("the later deadline", |stage, who, _| {
            let marks = Marks {
                deadline: Some(START + Duration::from_hours(2)),
                ..stage.marks(who).clone()
            };
            rewrite(stage, who, &marks);
        }),
        ("more capacity", |stage, who, _| {
            stage.actor(who).stress = 0.1;
        }),
        ("the present revision", |stage, _, other| {
            let marks = Marks {
                revision: "old".to_owned(),
                ..stage.marks(other).clone()
            };
            rewrite(stage, other, &marks);
        }),
        ("draining, not warm", |stage, _, other| {
            let marks = Marks {
                intent: Intent::Warm,
                reason: IntentReason::Spare,
                deadline: None,
                protected: false,
                safe_to_evict: true,
                ..stage.marks(other).clone()
            };
            rewrite(stage, other, &marks);
            stage.people(other, 0);
        }),
    ];
    let taken_back = |stage: &mut Stage| {
        stage.look();
        stage.scale(2);
        let mut decided = stage.decide().decisions.into_iter();
        let back = decided.find(|one| matches!(one.transition, T::Rescue | T::Wake))?;
        Some(back.pod?.uid)
    };
    assert_eq!(taken_back(&mut drained()), Some(uid("d0")), "the name");
    for (place, (what, speaks)) in ladder.iter().enumerate() {
        let mut stage = drained();
        for (_, later) in &ladder[..place] {
            later(&mut stage, "d0", "d1");
        }
        assert_eq!(
            taken_back(&mut stage),
            Some(uid("d0")),
            "without {what}, by what comes later"
        );
        speaks(&mut stage, "d1", "d0");
        assert_eq!(taken_back(&mut stage), Some(uid("d1")), "{what}");
    }
}

/// Writes these marks on a pod.
fn rewrite(stage: &mut Stage, name: &str, marks: &Marks) {
    stage.change(name, |object| {
        let labels = marks.labels("pool").into_iter();
        for (texts, pairs) in [
            (&mut object.labels, labels.collect::<Vec<_>>()),
            (&mut object.annotations, marks.annotations()),
        ] {
            for (key, value) in pairs {
                match value {
                    Some(value) => texts.insert(key.to_owned(), value),
                    None => texts.remove(key),
                };
            }
        }
    });
}
