use scaler_api::State;
use scaler_api::labels::POOL;
use scaler_api::spec::DeletionPolicy;

use super::stage::{Stage, spec, uid};
use crate::plan::Transition as T;
use crate::world::{Owner, Pool};

fn pool_of(policy: DeletionPolicy) -> Stage {
    let mut spec = spec(3);
    spec.deletion_policy = policy;
    let mut stage = Stage::new(spec);
    stage.people("b0", 3);
    stage.second();
    stage
}

fn delete(stage: &mut Stage) {
    let now = stage.now;
    stage.respec(|pool| pool.deletion = Some(now));
}

#[test]
fn a_pool_that_drains_its_bridges_is_held_until_the_last_one_is_gone() {
    let mut stage = pool_of(DeletionPolicy::Drain);
    assert!(stage.world.pool().held());
    delete(&mut stage);
    stage.seconds(300);
    assert_eq!(stage.state("b0"), State::Draining);
    assert_eq!(stage.objects.len(), 1, "floor and budget do not hold");
    assert!(stage.world.pool().held());
    stage.people("b0", 0);
    stage.seconds(60);
    assert!(stage.objects.is_empty());
    assert!(!stage.world.pool().held());
}

#[test]
fn a_released_pool_goes_at_once() {
    let mut stage = pool_of(DeletionPolicy::Drain);
    delete(&mut stage);
    stage.second();
    stage.respec(|pool| pool.released = true);
    stage.second();
    assert!(!stage.world.pool().held());
}

#[test]
fn a_pool_that_goes_now_is_not_held_and_drains_nobody() {
    let mut stage = pool_of(DeletionPolicy::Now);
    assert!(!stage.world.pool().held());
    delete(&mut stage);
    stage.seconds(30);
    assert_eq!(stage.times(T::Drain) + stage.times(T::Delete), 0);
}

#[test]
fn orphans_have_no_owner_that_could_take_them_along() {
    let stage = pool_of(DeletionPolicy::Orphan);
    assert!(
        stage
            .objects
            .values()
            .all(|object| object.pod.owner == Owner::Nobody)
    );
    assert_eq!(stage.in_state(State::Active), 3);
    assert_eq!(stage.times(T::Adopt), 0);
}

#[test]
fn an_orphan_whose_protection_was_taken_away_gets_it_back_before_it_is_let_go() {
    let mut stage = Stage::new(spec(1));
    // Until the controller sees it, the bridge is as the stranger left it.
    stage.strict = false;
    stage.change("b0", |object| {
        object.labels.remove("bridgetender.dev/protected");
    });
    stage.respec(|pool| pool.spec.deletion_policy = DeletionPolicy::Orphan);
    let life: Vec<T> = (0..3)
        .flat_map(|_| stage.act().decisions)
        .map(|one| one.transition)
        .collect();
    let place = |what| life.iter().position(|one| *one == what);
    assert!(
        place(T::Reassert) < place(T::Orphan) && place(T::Reassert).is_some(),
        "{life:?}"
    );
}

#[test]
fn finalizers_of_others_are_kept() {
    let mut stage = pool_of(DeletionPolicy::Drain);
    stage.respec(|pool| pool.finalizers.insert(0, "foregroundDeletion".to_owned()));
    delete(&mut stage);
    stage.respec(|pool| pool.released = true);
    stage.second();
    assert_eq!(stage.world.pool().finalizers, ["foregroundDeletion"]);
}

#[test]
fn a_bridge_whose_label_somebody_took_off_gets_it_back_and_none_is_started_for_it() {
    let mut stage = pool_of(DeletionPolicy::Drain);
    stage.unlabel("b0", |_| ());
    stage.seconds(3);
    let label = |stage: &Stage, name| stage.objects[&uid(name)].labels.get(POOL.name()).cloned();
    assert_eq!(label(&stage, "b0").as_deref(), Some("pool"));
    // Another pool's label is seen by the watch.
    stage.change("b1", |object| {
        object
            .labels
            .insert(POOL.name().to_owned(), "other".to_owned());
    });
    stage.seconds(3);
    assert_eq!(label(&stage, "b1").as_deref(), Some("pool"));
    assert_eq!(stage.in_state(State::Active), 3);
    assert_eq!(stage.times(T::Create), 0);
}

#[test]
fn a_bridge_that_lost_label_and_owner_is_none_of_the_pool_s() {
    let mut stage = pool_of(DeletionPolicy::Drain);
    stage.unlabel("b0", |object| object.pod.owner = Owner::Nobody);
    stage.seconds(3);
    assert_eq!(stage.state("b0"), State::Gone);
    assert!(stage.objects.contains_key(&uid("b0")), "nobody touched it");
    assert_eq!(stage.times(T::Create), 1);
}

#[test]
fn a_pool_is_not_let_go_while_a_pod_that_nobody_tells_of_names_it_as_its_owner() {
    let mut stage = pool_of(DeletionPolicy::Drain);
    stage.unlabel("b0", |_| ());
    let now = stage.now;
    stage.world.observe_gone(&uid("b0"), now);
    delete(&mut stage);
    stage.seconds(300);
    assert_eq!(stage.state("b0"), State::Draining);
    assert!(stage.world.pool().held());
    stage.people("b0", 0);
    stage.seconds(60);
    assert!(stage.objects.is_empty());
    assert!(!stage.world.pool().held());
}

#[test]
fn a_list_without_a_pod_is_no_proof_that_it_is_gone() {
    let mut stage = pool_of(DeletionPolicy::Drain);
    let now = stage.now;
    stage.world.observe_list(Vec::new(), "999", now, now);
    stage.seconds(2);
    assert_eq!(stage.in_state(State::Active), 3);
    stage.objects.remove(&uid("b1"));
    stage.actors.remove(&uid("b1"));
    stage.world.observe_list(Vec::new(), "9999", now, stage.now);
    stage.seconds(2);
    assert_eq!(stage.state("b1"), State::Gone);
    assert_eq!(stage.times(T::Create), 1);
}

#[test]
fn a_pool_that_a_switch_keeps_from_ending_says_which() {
    for (switch, set) in [
        (
            "spec.paused",
            (|pool| pool.spec.paused = true) as fn(&mut Pool),
        ),
        ("spec.dryRun", |pool| pool.spec.dry_run = true),
    ] {
        let mut stage = pool_of(DeletionPolicy::Drain);
        stage.respec(set);
        delete(&mut stage);
        for _ in 0..60 {
            stage.tick();
            stage.act();
        }
        assert!(stage.world.pool().held());
        let told = stage.condition("Paused").message;
        assert!(told.contains(switch) && told.contains("deleted"), "{told}");
    }
}
