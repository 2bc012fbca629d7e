use scaler_api::State;
use scaler_api::spec::DeletionPolicy;

use super::stage::{Stage, spec};
use crate::plan::Transition as T;
use crate::world::Owner;

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
fn finalizers_of_others_are_kept() {
    let mut stage = pool_of(DeletionPolicy::Drain);
    stage.respec(|pool| pool.finalizers.insert(0, "foregroundDeletion".to_owned()));
    delete(&mut stage);
    stage.respec(|pool| pool.released = true);
    stage.second();
    assert_eq!(stage.world.pool().finalizers, ["foregroundDeletion"]);
}
