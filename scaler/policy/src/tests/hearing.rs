//! What of a bridge's answers is news, and what ends the proof that it is empty.

use std::time::Duration;

use scaler_api::State;

use super::stage::{Actor, Stage, spec, uid};

/// Two bridges that serve, and nothing to be decided about them.
fn at_rest() -> Stage {
    let mut stage = Stage::new(spec(2));
    stage.people_everywhere(4);
    stage.seconds(10);
    let plan = stage.decide();
    crate::effects(&mut stage.world, &plan, stage.now);
    stage.look();
    assert!(stage.world.quiet(stage.now));
    stage
}

#[test]
fn what_a_decision_may_depend_on_is_news_each_alone() {
    type Change = fn(&mut Actor);
    let changes: [(&str, Change, bool); 7] = [
        ("nothing", |_| {}, false),
        ("one person more", |actor| actor.people = Some(5), false),
        (
            "nobody is left",
            |actor| (actor.people, actor.conferences) = (Some(0), 0),
            true,
        ),
        ("it is unhealthy", |actor| actor.healthy = false, true),
        ("it left its brewery", |actor| actor.joined = false, true),
        ("it drains", |actor| actor.flags.drain = true, true),
        (
            "it shuts down",
            |actor| actor.flags.shutting_down = true,
            true,
        ),
    ];
    for (what, change, news) in changes {
        let mut stage = at_rest();
        change(stage.actor("b1"));
        stage.look();
        assert_eq!(stage.world.quiet(stage.now), !news, "{what}");
    }
}

#[test]
fn an_answer_after_silence_is_news_and_so_is_one_after_a_long_time() {
    let freshness = spec(1).evidence.freshness.get();
    for (silent, pause, news) in [
        (false, freshness, false),
        (true, Duration::from_secs(1), true),
        (false, freshness + Duration::from_millis(1), true),
    ] {
        let mut stage = at_rest();
        if silent {
            stage.world.observe_silence(&uid("b1"), stage.now);
            let plan = stage.decide();
            crate::effects(&mut stage.world, &plan, stage.now);
            assert!(stage.world.quiet(stage.now));
        }
        let at = stage.now;
        stage.now += pause;
        stage.look();
        assert_eq!(stage.world.quiet(at), !news, "{silent} {pause:?}");
    }
}

#[test]
fn a_run_is_known_since_its_first_answer() {
    let mut stage = at_rest();
    stage.restart("b1");
    stage.second();
    let live = |stage: &Stage| stage.world.pods()[&uid("b1")].live.clone();
    let first = live(&stage).last.unwrap().at;
    stage.seconds(5);
    assert_eq!(live(&stage).run_since, Some(first));
}

#[test]
fn a_proof_of_emptiness_goes_on_only_from_answer_to_answer() {
    let freshness = spec(1).evidence.freshness.get();
    for (pause, goes_on) in [
        (freshness, true),
        (freshness + Duration::from_millis(1), false),
    ] {
        let mut stage = Stage::one_too_many([9, 0]);
        stage.until_in("b1", State::Settling);
        let since = |stage: &Stage| stage.world.pods()[&uid("b1")].live.empty.unwrap().since;
        let before = since(&stage);
        stage.now = stage.world.pods()[&uid("b1")].live.last.unwrap().at + pause;
        stage.look();
        assert_eq!(since(&stage) == before, goes_on, "{pause:?}");
    }
}
