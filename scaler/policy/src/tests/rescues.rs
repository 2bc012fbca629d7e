//! Why a draining bridge is not taken back: each reason alone.

use bridge::stats::Flags;
use scaler_api::spec::NodeSignal;
use scaler_api::state::IntentReason;

use super::nodes::leaving;
use super::stage::{Stage, secs, uid};
use crate::plan::Transition as T;
use crate::{Unfit, effects};

/// Two bridges, of which the second drains with people on it and could be taken back.
fn draining() -> Stage {
    let mut stage = Stage::one_too_many([9, 3]);
    stage.seconds(5);
    stage
}

/// Why the second is not taken back when two are wanted again, whether it is, and how many are started in its place.
fn wanted_again(stage: &mut Stage) -> (Option<Unfit>, usize, usize) {
    stage.look();
    stage.scale(2);
    let plan = stage.decide();
    let mut ranks = plan.rescues.iter();
    let rank = ranks.find(|rank| *rank.key.uid == uid("b1")).unwrap();
    let decided = |what, why| {
        let decisions = plan.decisions.iter();
        let such = decisions.filter(|one| one.transition == what && one.why == why);
        such.count()
    };
    let rescues = decided(T::Rescue, IntentReason::Rescued);
    (
        rank.unfit,
        rescues,
        decided(T::Create, IntentReason::ScaleUp),
    )
}

#[test]
fn a_bridge_is_not_taken_back_for_each_reason_alone() {
    type Happens = fn(&mut Stage);
    assert_eq!(wanted_again(&mut draining()), (None, 1, 0));
    let reasons: [(&str, Unfit, Happens); 14] = [
        ("it is switched off", Unfit::Disabled, |stage| {
            stage.respec(|pool| pool.spec.rescue.enabled = false);
        }),
        ("it shuts down", Unfit::ShuttingDown, |stage| {
            stage.actor("b1").flags.shutting_down = true;
        }),
        ("it shuts down gracefully", Unfit::ShuttingDown, |stage| {
            stage.actor("b1").flags = Flags {
                graceful_shutdown: true,
                ..stage.actor("b1").flags
            };
        }),
        (
            "it was told to shut down, and does not say so",
            Unfit::ShuttingDown,
            |stage| {
                stage.people("b1", 0);
                stage.actor("b1").obeys = false;
                stage.until_decided(T::ShutDown);
            },
        ),
        ("it is outdated", Unfit::Outdated, |stage| {
            stage.respec(|pool| pool.revision = "newer".to_owned());
        }),
        ("its node leaves", Unfit::NodeLeaving, |stage| {
            leaving(stage, &["b1"], NodeSignal::Cordon);
        }),
        ("an operator wants it drained", Unfit::Operator, |stage| {
            stage.annotate("b1", "bridgetender.dev/drain-requested", Some("true"));
        }),
        ("an operator wants it gone", Unfit::Operator, |stage| {
            stage.annotate("b1", "bridgetender.dev/force", Some("true"));
        }),
        ("it did not come up", Unfit::Failed, |stage| {
            stage.annotate("b1", "bridgetender.dev/intent-reason", Some("Failed"));
        }),
        ("its deadline passed", Unfit::Failed, |stage| {
            let key = "bridgetender.dev/intent-reason";
            stage.annotate("b1", key, Some("DeadlinePassed"));
        }),
        ("it is silent", Unfit::Unknown, |stage| {
            stage.actor("b1").answers = false;
            stage.now += secs(11);
            stage.world.hear(stage.now);
        }),
        ("it is unhealthy", Unfit::Unhealthy, |stage| {
            stage.actor("b1").healthy = false;
        }),
        ("it is full", Unfit::Full, |stage| {
            stage.actor("b1").stress = stage.world.pool().spec.capacity.target_stress;
        }),
        // This one is over in a moment, and waited for.
        ("a write is under way", Unfit::UnderWay, |stage| {
            stage.people("b1", 0);
            stage.look();
            let plan = stage.decide();
            assert_eq!(plan.decisions[0].transition, T::Settle);
            effects(&mut stage.world, &plan, stage.now);
        }),
    ];
    for (what, reason, happens) in reasons {
        let mut stage = draining();
        happens(&mut stage);
        let started = usize::from(!reason.passes());
        assert_eq!(
            wanted_again(&mut stage),
            (Some(reason), 0, started),
            "{what}"
        );
    }
}
