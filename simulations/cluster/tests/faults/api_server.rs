//! The API server fails, throttles, refuses or is written to by others all the time.

use cluster::api::{Actor, Edit, Key, Kind, Request};
use cluster::run::{POOL, template};
use hpa::Class;
use scaler_api::Duration as Lasting;
use scaler_api::state::Intent;
use scaler_policy::{Guard, Transition};

use crate::scene::{Scene, fault, minutes};

/// F17
#[test]
fn f17_a_deadline_that_passed_while_the_api_server_was_down_moves_people_and_kills_none() {
    fault(
        17,
        |scenario| {
            scenario.spec.drain.deadline = Lasting::from_mins(5);
            scenario.calm = minutes(70);
            scenario.end = minutes(105);
        },
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            scene.sim.world.api.trouble.failing = 1000;
            scene.happened();
            scene.always("all bridges are there", 1800, |scene| {
                scene.names().len() == 3 && scene.people(&name) == 2 && scene.hidden(&name)
            });
            scene.sim.world.api.trouble.failing = 0;
            scene.until("it is gone", 600, |scene| scene.gone(&name))?;
            scene.claim(
                "they were moved",
                scene.times(Transition::Expel) == 1 && scene.moved() == 2,
            );
            scene.claim("nobody was cut", scene.cut() == 0);
            Ok(())
        },
    )
    .needs(Guard::ShutdownBeforeDelete);
}

/// F18
#[test]
fn f18_a_throttled_write_is_not_repeated_at_once() {
    fault(
        18,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            scene.sim.world.api.trouble.throttling = 1000;
            scene.size(2);
            let patches = |scene: &Scene| scene.times(Transition::Drain);
            scene.secs(240);
            scene.happened();
            scene.claim("it was tried", patches(scene) > 0);
            // Of three bridges each is tried ever later, up to half a minute apart.
            scene.claim("and not again and again", patches(scene) <= 3 * 240 / 18);
            scene.sim.world.api.trouble.throttling = 0;
            scene.until("one drains", 30, |scene| !scene.drains().is_empty())
        },
    )
    .needs(Guard::OneAtATime);
}

/// F19
#[test]
fn f19_writes_to_the_pool_do_not_keep_the_hpa_from_setting_its_size() {
    fault(
        19,
        |scenario| scenario.hpa = Some((Class::From136, (3, 8), 300)),
        |scene| {
            let statuses = |scene: &Scene| {
                scene.asked(|record| matches!(record.request, Request::Status { .. }))
            };
            for room in 0..3 {
                scene.meet(&format!("room-{room}"), 5, 60)?;
            }
            scene.secs(60);
            let before = statuses(scene);
            let size = scene
                .sim
                .world
                .api
                .pool(POOL)
                .map(|pool| pool.spec.replicas);
            for room in 0..6 {
                scene.meet(&format!("more-{room}"), 5, 60)?;
            }
            scene.happened();
            let mut grown_after = None;
            for half in 0..360 {
                let edit = Edit {
                    annotations: vec![("example.org/touched".to_owned(), Some(half.to_string()))],
                    ..Edit::default()
                };
                let key = Key::new(Kind::Pool, POOL);
                let touched = scene.user(Request::Patch {
                    key,
                    uid: None,
                    version: None,
                    edit,
                });
                scene.claim("it is touched", touched.is_ok());
                scene.millis(500);
                let now = scene
                    .sim
                    .world
                    .api
                    .pool(POOL)
                    .map(|pool| pool.spec.replicas);
                if now > size {
                    grown_after.get_or_insert(half / 2);
                }
            }
            scene.claim(
                "the HPA has set its size within two syncs",
                grown_after.is_some_and(|after| after <= 32),
            );
            scene.claim(
                "the status was not written at each touch",
                statuses(scene) - before <= 60,
            );
            Ok(())
        },
    )
    .needs(Guard::StatusPaced);
}

/// F20
#[test]
fn f20_a_webhook_that_refuses_new_pods_does_not_keep_a_bridge_from_being_taken_back() {
    fault(
        20,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            scene.sim.world.api.trouble.admission = true;
            let before = scene.creations();
            scene.size(3);
            scene.until("it is taken back", 10, |scene| scene.serves(&name))?;
            scene.claim("none was to be created", scene.creations() == before);
            scene.size(4);
            scene.until("a creation is refused", 10, |scene| {
                scene.creations() > before
            })?;
            scene.happened();
            scene.secs(240);
            scene.claim(
                "it is told",
                scene.condition("ScalingLimited").as_deref() == Some("CreationRefused"),
            );
            scene.claim(
                "it is tried ever later",
                (3..=8).contains(&(scene.creations() - before)),
            );
            scene.claim("three serve", scene.serving().len() == 3);
            scene.sim.world.api.trouble.admission = false;
            Ok(())
        },
    )
    .needs(Guard::RescueFirst);
}

/// F21
#[test]
fn f21_no_bridge_is_drained_for_a_replacement_that_does_not_come_up() {
    fault(
        21,
        |scenario| {
            scenario.spec.update.progress_deadline = Lasting::from_mins(2);
        },
        |scene| {
            scene.populate(&[4, 4, 2])?;
            scene
                .sim
                .edit_pool(|pool| pool.spec.template = Some(template("bad/jvb:2")));
            scene.until("an image cannot be pulled", 60, |scene| {
                let waits = |pod: &cluster::api::Pod| {
                    pod.container.as_ref().is_some_and(|container| {
                        container.state == cluster::api::ContainerState::Waiting("ImagePullBackOff")
                    })
                };
                scene.pods().any(waits)
            })?;
            scene.happened();
            scene.always("all serve", 600, |scene| scene.serving().len() == 3);
            scene.claim("it is told", scene.condition("UpdateStalled").is_some());
            scene
                .sim
                .edit_pool(|pool| pool.spec.template = Some(template("jvb:1")));
            Ok(())
        },
    )
    .needs(Guard::SurgeFirst);
}

/// F22
#[test]
fn f22_without_its_budget_a_busy_bridge_can_be_evicted_and_nobody_is_cut() {
    fault(
        22,
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            let name = homes[0].clone();
            if scene.bare {
                scene.without_sidecars();
            }
            let budget = scene.without_budget().ok_or("there is a budget")?;
            let evicted = scene.user(Request::Evict(Key::pod(&name)));
            scene.claim("it is evicted", evicted.is_ok());
            scene.happened();
            scene.until("another one takes its place", 60, |scene| {
                scene.serving().len() == 3
            })?;
            scene.until("it is gone", 400, |scene| scene.gone(&name))?;
            scene.claim(
                "its people were moved",
                scene.cut() == 0 && scene.moved() >= 4,
            );
            let other = scene.shrink(2)?;
            scene.always("its own drains are as careful as ever", 120, |scene| {
                scene.people(&other) > 0 && scene.intends(&other, Intent::Drain)
            });
            let restored = scene
                .sim
                .world
                .request(Actor::User, Request::Create(Box::new(budget)));
            scene.claim("the budget is back", restored.is_ok());
            Ok(())
        },
    )
    .needs_outside("the sidecars");
}
