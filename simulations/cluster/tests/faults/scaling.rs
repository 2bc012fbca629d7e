//! The size goes up and down, is set by mistake, or comes of a metric that lies.

use cluster::run::POOL;
use cluster::scaling::Adapter;
use hpa::Class;
use scaler_api::Limit;
use scaler_api::state::Intent;
use scaler_policy::{Guard, Transition};

use crate::scene::{Scene, fault, intent};

fn size(scene: &Scene) -> u32 {
    scene
        .sim
        .world
        .api
        .pool(POOL)
        .map_or(0, |pool| pool.spec.replicas)
}

/// F36
#[test]
fn f36_a_size_that_falls_and_rises_within_a_minute_starts_and_removes_no_bridge() {
    fault(
        36,
        |scenario| {
            scenario.spec.replicas = 8;
            scenario.setup.nodes = 4;
            scenario.spec.drain.max_concurrent = Limit::Count(8);
        },
        |scene| {
            scene.populate(&[2; 8])?;
            let before = scene.creations();
            scene.size(3);
            scene.until("five drain", 30, |scene| scene.drains().len() == 5)?;
            scene.secs(30);
            scene.size(8);
            scene.happened();
            scene.until("eight serve", 20, |scene| scene.serving().len() == 8)?;
            scene.claim("all were taken back", scene.times(Transition::Rescue) == 5);
            scene.claim("none was created", scene.creations() == before);
            scene.claim(
                "nobody was moved or cut",
                scene.moved() == 0 && scene.cut() == 0,
            );
            Ok(())
        },
    )
    .needs(Guard::RescueFirst);
}

/// F37
#[test]
fn f37_a_size_of_zero_leaves_the_floor() {
    fault(
        37,
        |scenario| scenario.spec.drain.max_concurrent = Limit::Count(8),
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            // One of the three is just restarting.
            scene.kill(&homes[0]);
            scene.until("its controller knows", 60, |scene| {
                scene.serving().len() == 2
            })?;
            scene.secs(1);
            scene.size(0);
            scene.happened();
            scene.always("one serves", 60, |scene| !scene.serving().is_empty());
            scene.claim("two drain or are gone", scene.serving().len() == 1);
            scene.claim(
                "that is told",
                scene.condition("ScalingLimited").as_deref() == Some("MinActive"),
            );
            scene.size(3);
            scene.until("three serve", 20, |scene| scene.serving().len() == 3)
        },
    )
    .needs(Guard::ActiveFloor);
}

/// F38
#[test]
fn f38_a_size_that_an_upgrade_resets_for_a_moment_drains_few_and_all_are_taken_back() {
    fault(
        38,
        |scenario| {
            scenario.spec.replicas = 6;
            scenario.spec.drain.max_concurrent = Limit::Count(2);
        },
        |scene| {
            scene.populate(&[2; 6])?;
            let before = scene.creations();
            scene.size(1);
            scene.secs(15);
            scene.claim("two drain", scene.drains().len() == 2);
            scene.size(6);
            scene.happened();
            scene.until("six serve", 20, |scene| scene.serving().len() == 6)?;
            scene.claim(
                "two were drained",
                scene.ever(|pod| intent(pod) == Intent::Drain).len() == 2,
            );
            scene.claim("none was created", scene.creations() == before);
            Ok(())
        },
    )
    .needs(Guard::ConcurrentDrains);
}

/// F39
#[test]
fn f39_while_the_adapter_knows_nothing_the_size_stays() {
    fault(
        39,
        |scenario| scenario.hpa = Some((Class::From136, (1, 8), 60)),
        |scene| {
            scene.populate(&[7, 7, 7])?;
            scene.secs(120);
            let before = size(scene);
            let trouble = if scene.bare {
                Adapter::Zero
            } else {
                Adapter::Down
            };
            if let Some(hpa) = &mut scene.sim.hpa {
                hpa.metric.adapter = trouble;
            }
            scene.happened();
            scene.always("the size stays", 600, |scene| size(scene) == before);
            if let Some(hpa) = &mut scene.sim.hpa {
                hpa.metric.adapter = Adapter::Well;
            }
            Ok(())
        },
    )
    .needs_outside("an adapter that would rather say nothing than zero");
}

/// F39
#[test]
fn f39_a_size_that_comes_of_a_metric_of_zero_hangs_up_on_nobody() {
    fault(
        39,
        |scenario| scenario.hpa = Some((Class::From136, (1, 8), 60)),
        |scene| {
            scene.populate(&[7, 7, 7])?;
            scene.secs(60);
            if let Some(hpa) = &mut scene.sim.hpa {
                hpa.metric.adapter = Adapter::Zero;
            }
            scene.until("the size falls", 300, |scene| size(scene) == 1)?;
            scene.happened();
            scene.secs(60);
            scene.claim(
                "one drains at a time, with its people",
                scene.drains().len() == 1 && scene.moved() == 0 && scene.cut() == 0,
            );
            if let Some(hpa) = &mut scene.sim.hpa {
                hpa.metric.adapter = Adapter::Well;
            }
            scene.until("three serve", 120, |scene| scene.serving().len() == 3)
        },
    )
    .needs(Guard::ConcurrentDrains);
}

/// F40
#[test]
fn f40_where_nodes_are_full_draining_bridges_are_taken_back_and_the_ceiling_holds() {
    let played = fault(
        40,
        |scenario| {
            scenario.spec.replicas = 4;
            scenario.spec.max_replicas = Some(4);
            scenario.setup.nodes = 4;
            scenario.setup.max_nodes = 4;
            scenario.setup.room = 1;
            scenario.spec.drain.max_concurrent = Limit::Count(4);
        },
        |scene| {
            scene.populate(&[2; 4])?;
            let before = scene.creations();
            scene.size(2);
            scene.until("two drain", 30, |scene| scene.drains().len() == 2)?;
            scene.secs(20);
            scene.size(8);
            scene.happened();
            scene.until("four serve", 20, |scene| scene.serving().len() == 4)?;
            scene.secs(30);
            scene.claim("none was created", scene.creations() == before);
            scene.claim(
                "that is told",
                scene.condition("ScalingLimited").as_deref() == Some("MaxReplicas"),
            );
            scene.size(4);
            Ok(())
        },
    );
    played.needs(Guard::RescueFirst).needs(Guard::Ceiling);
}
