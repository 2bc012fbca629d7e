use scaler_api::status::Reason;

use super::stage::{Stage, spec};
use crate::world::{Autoscaler, Surroundings};

fn autoscaler(name: &str) -> Autoscaler {
    Autoscaler {
        name: name.to_owned(),
        least: 1,
        most: 8,
        follows_owners: false,
    }
}

/// What is told of a pool of two, at most eight, with this around it.
fn told(surroundings: Surroundings) -> Stage {
    let mut capped = spec(2);
    capped.max_replicas = Some(8);
    let mut stage = Stage::new(capped);
    stage.world.observe_surroundings(surroundings);
    stage
}

#[test]
fn who_else_has_a_say_about_the_bridges_is_told_and_nothing_else() {
    let all = [
        Reason::SecondPdb,
        Reason::BudgetNotKept,
        Reason::SecondHpa,
        Reason::OwnerReferences,
        Reason::HpaAboveMaxReplicas,
        Reason::HpaDisabled,
    ];
    let scaled_by = |autoscalers: &[Autoscaler]| Surroundings {
        autoscalers: autoscalers.to_vec(),
        ..Surroundings::default()
    };
    let budgets = Surroundings {
        budgets: vec!["theirs".to_owned()],
        ..Surroundings::default()
    };
    let unkept = Surroundings {
        budget_not_kept: Some("forbidden".to_owned()),
        ..Surroundings::default()
    };
    let owners = Autoscaler {
        follows_owners: true,
        ..autoscaler("hpa")
    };
    let high = Autoscaler {
        most: 9,
        ..autoscaler("hpa")
    };
    for (surroundings, expected) in [
        (Surroundings::default(), None),
        (scaled_by(&[autoscaler("hpa")]), None),
        (budgets, Some(Reason::SecondPdb)),
        (unkept, Some(Reason::BudgetNotKept)),
        (
            scaled_by(&[autoscaler("hpa"), autoscaler("keda")]),
            Some(Reason::SecondHpa),
        ),
        (scaled_by(&[owners]), Some(Reason::OwnerReferences)),
        (scaled_by(&[high]), Some(Reason::HpaAboveMaxReplicas)),
    ] {
        let stage = told(surroundings);
        for reason in all {
            assert_eq!(stage.finding(reason), expected == Some(reason), "{reason}");
        }
    }
}

#[test]
fn an_autoscaler_that_is_off_because_of_a_size_of_zero_is_told_with_the_way_back() {
    let mut stage = told(Surroundings {
        autoscalers: vec![autoscaler("hpa")],
        ..Surroundings::default()
    });
    stage.scale(0);
    let plan = stage.decide();
    let told: Vec<&str> = plan
        .findings
        .iter()
        .filter(|finding| finding.reason == Reason::HpaDisabled)
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "the HorizontalPodAutoscaler hpa does nothing while spec.replicas is 0: kubectl scale bp/pool --replicas=1 turns it on again"
        ]
    );
}

#[test]
fn what_cannot_be_read_is_neither_true_nor_false() {
    let forbidden = || Some("forbidden".to_owned());
    for (surroundings, condition, expected) in [
        (Surroundings::default(), "ForeignPDB", "False"),
        (
            Surroundings {
                budgets_unread: forbidden(),
                ..Surroundings::default()
            },
            "ForeignPDB",
            "Unknown",
        ),
        // What was read before still counts.
        (
            Surroundings {
                budgets: vec!["theirs".to_owned()],
                budgets_unread: forbidden(),
                ..Surroundings::default()
            },
            "ForeignPDB",
            "True",
        ),
        (
            Surroundings {
                autoscalers_unread: forbidden(),
                ..Surroundings::default()
            },
            "HpaSelectorMode",
            "Unknown",
        ),
    ] {
        let mut stage = told(surroundings);
        stage.seconds(1);
        let status = &stage.world.pool().status;
        let told = status
            .conditions
            .iter()
            .find(|told| told.type_ == condition);
        assert_eq!(told.map(|told| &*told.status), Some(expected), "{told:?}");
    }
}
