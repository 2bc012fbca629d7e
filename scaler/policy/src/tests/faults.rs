//! Faults of `docs/faults.md` that are one input, and need no cluster around them.

use scaler_api::state::Intent;
use scaler_api::{Limit, State, annotations};

use super::stage::{Stage, secs, spec, uid};
use crate::guards::Guard;
use crate::plan::Transition as T;

/// A pod takes the name and the address of one that was about to be deleted, and all that was written down about that one; what
/// becomes of it within two minutes.
fn life_of_a_namesake(mut stage: Stage) -> Vec<T> {
    stage.people("b0", 9);
    stage.scale(1);
    stage.until_decided(T::ShutDown);
    let marks = stage.marks("b1").clone();
    let authority = stage.objects[&uid("b1")].pod.authority.clone();
    stage.objects.remove(&uid("b1"));
    stage.actors.remove(&uid("b1"));
    let now = stage.now;
    stage.world.observe_gone(&uid("b1"), now);
    stage.put("other", &marks, now - secs(1));
    stage.change("other", |object| {
        object.pod.name = "b1".to_owned();
        object.pod.authority = authority;
    });
    // It starts hidden, by configuration: only its run tells it from the one that was proven empty.
    stage.actor("other").flags.drain = true;
    stage.seconds(120);
    assert!(
        !stage.objects.contains_key(&uid("other")),
        "it is empty, and goes"
    );
    stage.life("other")
}

/// F52
#[test]
fn f52_what_was_proven_of_a_bridge_proves_nothing_of_another_at_its_address() {
    let life = life_of_a_namesake(Stage::new(spec(2)));
    let proven = [T::Redrain, T::Settle, T::ShutDown, T::Delete];
    assert_eq!(life, proven);
    let life = life_of_a_namesake(Stage::new(spec(2)).without(Guard::AckOfThisRun));
    assert!(!life.contains(&T::Redrain), "{life:?}");
}

/// Five of so many bridges with people on them may drain, one of all is to stay, and each leader has three seconds; how many drain.
fn drained_by_one_leader_after_the_other(bridges: u32, off: Option<Guard>) -> usize {
    let mut spec = spec(bridges);
    spec.drain.max_concurrent = Limit::Count(5);
    let mut stage = Stage::new(spec);
    if let Some(guard) = off {
        stage = stage.without(guard);
    }
    stage.people_everywhere(2);
    stage.scale(1);
    for _ in 0..12 {
        stage.lead_anew();
        stage.seconds(3);
    }
    let marks = stage.world.pods().values().map(|known| &known.pod.marks);
    let drain = |intent| intent != Intent::Active;
    marks
        .filter(|marks| marks.as_ref().is_ok_and(|marks| drain(marks.intent)))
        .count()
}

/// F16
#[test]
fn f16_leaders_that_follow_each_other_over_five_hundred_bridges_drain_no_more_than_may() {
    assert_eq!(drained_by_one_leader_after_the_other(500, None), 5);
    let without = drained_by_one_leader_after_the_other(500, Some(Guard::ConcurrentDrains));
    assert!(without > 5, "{without}");
}

/// What another version of the controller made of the marks of a pod: labels, annotations, and what it said of a confirmation.
struct Other {
    labels: &'static [(&'static str, Option<&'static str>)],
    annotations: &'static [(&'static str, Option<&'static str>)],
    acked: fn(&str) -> String,
}

/// A later one knows more, and other names for a state.
const LATER: Other = Other {
    labels: &[
        ("bridgetender.dev/state", Some("Hibernating")),
        ("bridgetender.dev/tier", Some("gold")),
    ],
    annotations: &[("bridgetender.dev/forecast", Some("sunny"))],
    acked: |text| text.replace('}', r#","by":"hand"}"#),
};

/// An earlier one said neither state nor creation, neither since when nor why, nor whether a bridge had been in its brewery.
const EARLIER: Other = Other {
    labels: &[
        ("bridgetender.dev/state", None),
        ("bridgetender.dev/creation", None),
    ],
    annotations: &[
        ("bridgetender.dev/intent-since", None),
        ("bridgetender.dev/intent-reason", None),
    ],
    acked: |text| text.replace(r#","joined":true"#, ""),
};

/// Another version leads for a moment, writes what it would, and then this one leads again.
fn led_by(stage: &mut Stage, other: &Other) {
    let acked = annotations::DRAIN_ACKED.name();
    stage.change("b1", |object| {
        let pairs = other.labels.iter().map(|pair| (true, pair));
        let pairs = pairs.chain(other.annotations.iter().map(|pair| (false, pair)));
        for (label, (name, value)) in pairs {
            let texts = if label {
                &mut object.labels
            } else {
                &mut object.annotations
            };
            match value {
                Some(value) => texts.insert((*name).to_owned(), (*value).to_owned()),
                None => texts.remove(*name),
            };
        }
        let before = object.annotations[acked].clone();
        let after = (other.acked)(&before);
        assert_ne!(before, after, "it says something else");
        object.annotations.insert(acked.to_owned(), after);
    });
    stage.lead_anew();
}

/// A drain in the middle of which another version leads twice: before the bridge confirms, and while people are on it.
fn drained_by_two_versions(mut stage: Stage, other: &Other) -> Stage {
    stage.actor("b1").obeys = false;
    stage.until_decided(T::Drain);
    stage.second();
    let deadline = stage.marks("b1").deadline;
    led_by(&mut stage, other);
    stage.actor("b1").obeys = true;
    stage.seconds(30);
    if stage.state("b1") != State::Draining {
        return stage;
    }
    led_by(&mut stage, other);
    stage.seconds(30);
    assert_eq!(stage.state("b1"), State::Draining);
    assert!(deadline.is_some());
    assert_eq!(stage.marks("b1").deadline, deadline, "the same time");
    for (name, value) in other
        .annotations
        .iter()
        .filter(|(_, value)| value.is_some())
    {
        let kept = stage.objects[&uid("b1")].annotations.get(*name);
        assert_eq!(kept.map(String::as_str), *value, "left as it is");
    }
    stage.people("b1", 0);
    stage.until_in("b1", State::Gone);
    stage
}

/// F35. Up and down: this version reads what a later one wrote, and what one wrote that did not know all of this.
#[test]
fn f35_a_drain_that_another_version_was_in_the_middle_of_is_gone_on_with() {
    let stage = || Stage::one_too_many([100, 3]);
    for other in [LATER, EARLIER] {
        let played = drained_by_two_versions(stage(), &other);
        let life = [
            T::Drain,
            T::Acknowledge,
            T::Settle,
            T::Remove,
            T::ShutDown,
            T::Delete,
        ];
        assert_eq!(played.life("b1"), life, "one drain, by all of them");
        assert_eq!(played.life("b0"), [], "and of no other bridge");
        let without = stage().without(Guard::BegunIsKeptUp);
        let played = drained_by_two_versions(without, &other);
        assert_eq!(played.state("b1"), State::DrainRequested, "nobody tells it");
    }
}

/// A later version wants something with a bridge that this one does not know, and then takes its word back.
fn hibernates(mut stage: Stage) -> Stage {
    let intent = annotations::INTENT.name();
    stage.people("b1", 0);
    stage.annotate("b1", intent, Some("hibernate"));
    stage.lead_anew();
    stage.seconds(300);
    let left = stage.objects[&uid("b1")].annotations[intent] == "hibernate";
    assert!(left && stage.life("b1").is_empty(), "nobody touches it");
    stage.annotate("b1", intent, Some("active"));
    stage.seconds(5);
    assert_eq!(stage.state("b1"), State::Active);
    stage
}

/// F35
#[test]
fn f35_a_bridge_with_which_a_later_version_wants_something_unknown_is_left_alone() {
    let stage = hibernates(Stage::new(spec(2)));
    assert_eq!(stage.times(T::Create), 0, "it counts as one of two");
    let stage = hibernates(Stage::new(spec(2)).without(Guard::MalformedCounts));
    assert!(stage.times(T::Create) > 0);
}
