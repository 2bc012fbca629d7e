//! What people with kubectl do to pods and to the pool.

use std::time::Duration;

use cluster::api::{Key, Kind, Request};
use cluster::run::{Ending, POOL};
use scaler_api::Duration as Lasting;
use scaler_api::spec::DeletionPolicy;
use scaler_api::state::Intent;
use scaler_api::{State, annotations, labels};
use scaler_policy::{Guard, Transition};

use crate::scene::{Played, Scene, fault, labelled, secs, wish};

/// F23
#[test]
fn f23_protection_that_a_user_took_away_is_put_back() {
    fault(
        23,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            let edited = scene.edit(
                &name,
                &[
                    (labels::PROTECTED.name(), None),
                    (labels::COUNTED.name(), Some("true")),
                ],
                &[],
            );
            scene.claim("it is edited", edited.is_ok() && !scene.protected(&name));
            scene.happened();
            scene.until("it is protected and not counted", 10, |scene| {
                let counted = scene
                    .pod(&name)
                    .is_some_and(|pod| labelled(pod, &labels::COUNTED));
                scene.protected(&name) && !counted
            })
        },
    )
    .needs(Guard::ProtectionOnRescue);
}

/// F23
#[test]
fn f23_forged_annotations_prove_nothing() {
    fault(
        23,
        |_| {},
        |scene| {
            scene.populate(&[4, 4])?;
            scene.meet("short", 2, 3)?;
            let name = scene.shrink(2)?;
            let forged = "{\"containerID\":\"sim://forged/1\",\"startup_time\":1,\"drain\":true}";
            let notes = [
                (annotations::DRAIN_ACKED.name(), Some(forged)),
                (annotations::ZERO_SINCE.name(), Some("1970-01-01T00:00:00Z")),
            ];
            let edited = scene.edit(&name, &[], &notes);
            scene.claim("it is edited", edited.is_ok());
            scene.happened();
            scene.until("it is empty", 240, |scene| scene.people(&name) == 0)?;
            // Once more, just when it is empty.
            let edited = scene.edit(&name, &[], &notes[1..]);
            scene.claim("it is edited", edited.is_ok());
            let empty = scene.sim.now();
            scene.until("it is removed", 120, |scene| {
                scene.intends(&name, Intent::Remove)
            })?;
            scene.claim("it has settled", scene.sim.now().since(empty) >= secs(15));
            Ok(())
        },
    )
    .needs(Guard::SettleTime);
}

/// F23
#[test]
fn f23_a_forged_removal_of_a_busy_bridge_is_taken_back() {
    fault(
        23,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            let forged = [(annotations::INTENT.name(), Some("remove"))];
            let edited = scene.edit(&name, &[(labels::PROTECTED.name(), None)], &forged);
            scene.claim("it is edited", edited.is_ok());
            scene.happened();
            scene.until("it drains again, protected", 30, |scene| {
                scene.protected(&name) && scene.intends(&name, Intent::Drain)
            })?;
            scene.secs(60);
            scene.claim("its people are there", scene.people(&name) == 2);
            Ok(())
        },
    )
    .needs(Guard::ProofBeforeDelete);
}

/// F24
#[test]
fn f24_a_busy_bridge_that_a_user_deletes_is_replaced_at_once_and_its_people_are_moved() {
    fault(
        24,
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            if scene.bare {
                scene.without_sidecars();
            }
            let before = scene.creations();
            let deleted = scene.delete(&homes[0], None);
            scene.claim("it is deleted", deleted.is_ok());
            scene.happened();
            scene.until("another one is created", 5, |scene| {
                scene.creations() == before + 1
            })?;
            scene.until("it is gone", 400, |scene| scene.gone(&homes[0]))?;
            scene.claim("nobody was cut", scene.cut() == 0);
            // By force nobody can be helped; the pool is made whole again.
            let deleted = scene.delete(&homes[1], Some(Duration::ZERO));
            scene.claim("it is deleted by force", deleted.is_ok());
            scene.until("three serve", 120, |scene| scene.serving().len() == 3)
        },
    )
    .needs_outside("the sidecars");
}

/// F24
#[test]
fn f24_a_bridge_that_drains_is_taken_back_when_a_user_deletes_another_one() {
    fault(
        24,
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            let spare = scene.shrink(2)?;
            let before = scene.creations();
            let deleted = scene.delete(&homes[0], None);
            scene.claim("it is deleted", deleted.is_ok() && spare != homes[0]);
            scene.happened();
            scene.until("the one that drained serves", 10, |scene| {
                scene.serves(&spare)
            })?;
            scene.until("the deleted one is gone", 400, |scene| {
                scene.gone(&homes[0])
            })?;
            scene.claim("none was to be created", scene.creations() == before);
            scene.claim("nobody was cut", scene.cut() == 0);
            Ok(())
        },
    )
    .needs(Guard::RescueFirst);
}

/// An operator wants a bridge gone by force, which is in this state: it goes, and its pod alone.
fn forced(scene: &mut Scene, name: &str, from: State) -> Played {
    if !scene.bare {
        let edited = scene.edit(name, &[], &[(annotations::FORCE.name(), Some("true"))]);
        scene.claim("it is edited", edited.is_ok());
    }
    scene.sim.edit_pool(|pool| pool.spec.paused = false);
    scene.until("it is gone", 60, |scene| scene.gone(name))?;
    scene.claim(
        "from that state, by one deletion",
        scene.decided(Transition::Remove, name, from) == 1 && scene.deletions(name) == 1,
    );
    Ok(())
}

/// No fault, and in no seed: an operator's word comes before the people on a bridge, who are moved.
#[test]
fn a_bridge_that_an_operator_wants_gone_by_force_goes_from_whatever_state_and_is_replaced() {
    wish(
        "an operator's force",
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            scene.happened();
            forced(scene, &homes[0], State::Active)?;
            scene.until("three serve", 60, |scene| scene.serving().len() == 3)?;
            scene.claim(
                "its people were moved",
                scene.moved() == 4 && scene.cut() == 0,
            );

            // One that has just begun to run.
            let before = scene.names();
            scene.size(4);
            scene.until("another one is there", 20, |scene| scene.names().len() == 4)?;
            let mut names = scene.names().into_iter();
            let name = names.find(|name| !before.contains(name));
            let name = name.ok_or("another one")?;
            scene.until("it runs", 30, |scene| scene.run_of(&name).is_some())?;
            forced(scene, &name, State::Starting)?;
            scene.until("four serve", 60, |scene| scene.serving().len() == 4)?;

            // One that does not stay up, which a pool that is paused leaves alone.
            scene.sim.edit_pool(|pool| pool.spec.paused = true);
            let name = homes[1].clone();
            for _ in 0..6 {
                scene.until("it is up", 120, |scene| {
                    let bridge = scene.bridge(&name);
                    bridge.is_some_and(|bridge| bridge.exit().is_none() && bridge.in_brewery())
                })?;
                scene.kill(&name);
            }
            scene.secs(5);
            forced(scene, &name, State::Failed)?;
            scene.until("four serve", 60, |scene| scene.serving().len() == 4)
        },
    )
    .needs_outside("the operator's word")
    .needs(Guard::ShutdownBeforeDelete);
}

/// F32
#[test]
fn f32_a_draining_bridge_that_the_scheduler_takes_has_its_people_moved_and_no_replacement() {
    fault(
        32,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            if scene.bare {
                scene.without_sidecars();
            }
            let name = scene.shrink(2)?;
            let before = scene.creations();
            let deleted = scene.delete(&name, None);
            scene.claim("it is deleted", deleted.is_ok());
            scene.happened();
            scene.until("it is gone", 400, |scene| scene.gone(&name))?;
            scene.claim(
                "its people were moved",
                scene.cut() == 0 && scene.moved() == 2,
            );
            scene.claim("none is created in its place", scene.creations() == before);
            Ok(())
        },
    )
    .needs_outside("the sidecars");
}

/// F33
#[test]
fn f33_a_deleted_pool_stays_until_the_last_of_its_bridges_is_drained() {
    fault(
        33,
        |scenario| {
            scenario.spec.deletion_policy = DeletionPolicy::Drain;
            scenario.spec.drain.deadline = Lasting::from_mins(20);
            scenario.ending = Ending::PoolDeleted;
        },
        |scene| {
            for room in ["one", "two", "three"] {
                scene.meet(room, 3, 8)?;
                scene.secs(12);
            }
            let deleted = scene.user(Request::Delete {
                key: Key::new(Kind::Pool, POOL),
                uid: None,
                version: None,
                grace: None,
            });
            scene.claim("it is deleted", deleted.is_ok());
            scene.happened();
            let busy = |scene: &Scene| scene.sim.world.jitsi.ledger().on_bridges;
            scene.until("people leave", 900, |scene| {
                busy(scene) == 0 || scene.sim.world.api.pool(POOL).is_none()
            })?;
            scene.claim(
                "the pool was there until then",
                scene.sim.world.api.pool(POOL).is_some(),
            );
            scene.until("the pool is gone", 300, |scene| {
                scene.sim.world.api.pool(POOL).is_none()
            })?;
            scene.claim(
                "nobody was moved or cut",
                scene.moved() == 0 && scene.cut() == 0,
            );
            scene.claim("no pod is left", scene.names().is_empty());
            Ok(())
        },
    )
    .needs(Guard::PoolHeld);
}

/// F55
#[test]
fn f55_bridges_that_a_stranger_drains_are_told_to_serve() {
    fault(
        55,
        |_| {},
        |scene| {
            scene.populate(&[4, 4])?;
            for name in scene.names() {
                let drain = bridge::request::drain("127.0.0.1:8080");
                let now = scene.sim.now();
                scene.sim.world.jitsi.bridge_request(&name, &drain, now);
            }
            scene.claim(
                "all hide",
                scene.names().iter().all(|name| scene.hidden(name)),
            );
            scene.happened();
            scene.until("all serve", 15, |scene| scene.serving().len() == 3)
        },
    )
    .needs(Guard::ModeKept);
}

/// F56
#[test]
fn f56_an_edited_deadline_holds_for_new_drains_alone() {
    fault(
        56,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            let before = scene.note(&name, &annotations::DEADLINE);
            scene
                .sim
                .edit_pool(|pool| pool.spec.drain.deadline = Lasting::from_secs(0));
            scene.restart_unseen(&name)?;
            scene.happened();
            scene.secs(10);
            scene.claim("it drains again", scene.hidden(&name));
            scene.claim(
                "it has its time",
                before.is_some() && scene.note(&name, &annotations::DEADLINE) == before,
            );
            scene
                .sim
                .edit_pool(|pool| pool.spec.drain.deadline = Lasting::from_secs(120));
            scene.size(3);
            scene.until("it serves", 15, |scene| scene.serves(&name))?;
            let name = scene.shrink(2)?;
            let drained = scene.sim.now();
            let deadline = scene.note(&name, &annotations::DEADLINE);
            scene.claim(
                "a new drain has the new time",
                deadline.is_some_and(|deadline| deadline.since(drained) <= secs(120)),
            );
            Ok(())
        },
    )
    .needs(Guard::DeadlineSetOnce);
}

/// F58
#[test]
fn f58_a_pod_of_another_owner_is_neither_counted_nor_touched() {
    fault(
        58,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let foreign = scene
                .foreign("alien")
                .map(|object| object.meta().name.clone());
            let Ok(name) = foreign else {
                return Err("it cannot be created".to_owned());
            };
            scene.happened();
            scene.secs(120);
            let key = Key::pod(&name);
            scene.claim(
                "nobody touches it",
                scene.asked(|record| record.request.key() == key) == 0,
            );
            scene.claim(
                "none drains because of it",
                scene.drains().is_empty() && scene.serving().len() == 3,
            );
            let cleared = scene.delete(&name, Some(Duration::ZERO));
            scene.claim("it is cleared away", cleared.is_ok());
            Ok(())
        },
    )
    .needs(Guard::OwnPodsOnly);
}
