//! Controllers that crash, are paused, are misled or have lost their lead, and requests whose answers get lost.

use std::time::Duration;

use cluster::api::{Actor, Refusal, Request};
use cluster::chaos::{Then, When};
use cluster::net::Answering;
use cluster::oracle::Command;
use scaler_api::state::Intent;
use scaler_api::{Duration as Lasting, Limit, annotations};
use scaler_policy::{Guard, Transition};

use crate::scene::{Played, Scene, fault, intent, secs};

/// A deletion is held up, and meanwhile its bridge restarts, is taken back and serves people. It arrives, and is refused.
fn late_deletion(scene: &mut Scene, then: Then) -> Played {
    scene.populate(&[4, 4])?;
    let name = scene.shrink(2)?;
    let leader = scene.leader()?;
    scene.trap(When::Delete, then);
    scene.sprung(90)?;
    let before = scene.run_of(&name);
    scene.kill(&name);
    scene.until("another run of it drains", 60, |scene| {
        scene.run_of(&name) != before && scene.hidden(&name)
    })?;
    scene.secs(3);
    scene.size(3);
    scene.until("it serves again", 15, |scene| scene.serves(&name))?;
    // jicofo hears of it with the next presence.
    scene.secs(12);
    let home = scene.meet("late", 3, 30)?;
    scene.claim("people are on it", home == name);
    let same = scene.leader() == Ok(leader);
    let paused = matches!(then, Then::DelayAndPause(_));
    scene.claim(
        "another one leads where the first was paused",
        same != paused,
    );
    scene.claim("the deletion is under way", scene.deletions(&name) == 0);
    scene.until("the deletion arrives", 200, |scene| {
        scene.deletions(&name) > 0
    })?;
    scene.claim(
        "it is refused",
        scene
            .pod(&name)
            .is_some_and(|pod| pod.meta.deleted.is_none()),
    );
    Ok(())
}

/// F1
#[test]
fn f01_a_drain_that_a_crashed_leader_wrote_down_is_gone_on_with_and_no_second_one_begins() {
    fault(
        1,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            scene.trap(When::PatchTo(Intent::Drain), Then::Crash);
            scene.size(2);
            scene.sprung(30)?;
            let name = scene.victim()?;
            let deadline = scene.note(&name, &annotations::DEADLINE);
            scene.led()?;
            scene.until("it is told to drain", 30, |scene| scene.hidden(&name))?;
            scene.secs(60);
            scene.claim(
                "there is one victim",
                scene.ever(|pod| intent(pod) == Intent::Drain) == [name.clone()],
            );
            scene.claim(
                "its deadline is the same",
                scene.note(&name, &annotations::DEADLINE) == deadline,
            );
            Ok(())
        },
    )
    .needs(Guard::BegunIsKeptUp);
}

/// F2
#[test]
fn f02_a_bridge_settles_from_the_confirmation_that_the_next_leader_wrote_down() {
    fault(
        2,
        // Longer than the next leader watches before it believes anything.
        |scenario| scenario.spec.drain.settle = Lasting::from_secs(150),
        |scene| {
            scene.populate(&[4, 4])?;
            scene.trap(When::Tell(Command::Drain), Then::Crash);
            scene.size(2);
            scene.sprung(30)?;
            let name = scene.victim()?;
            scene.claim("it drains", scene.hidden(&name));
            scene.claim(
                "nobody has written that down",
                scene.confirmed(&name).is_none(),
            );
            scene.until("it is removed", 240, |scene| {
                scene.intends(&name, Intent::Remove)
            })?;
            let acked = scene.since(&name, |pod| {
                let acked = annotations::DRAIN_ACKED.read(&pod.meta.annotations);
                acked.is_ok_and(|acked| acked.is_some_and(|acked| acked.drain == Some(true)))
            });
            let settled = acked.map(|acked| scene.sim.now().since(acked));
            scene.claim("it has settled since then", settled >= Some(secs(150)));
            Ok(())
        },
    )
    .needs(Guard::SettleTime);
}

/// F3
#[test]
fn f03_a_bridge_that_was_to_be_removed_is_looked_at_anew_by_the_next_leader() {
    fault(
        3,
        |_| {},
        |scene| {
            let busy = scene.populate(&[4, 4])?;
            scene.trap(When::PatchTo(Intent::Remove), Then::Crash);
            scene.size(2);
            let name = {
                scene.until("one drains", 30, |scene| !scene.drains().is_empty())?;
                scene.victim()?
            };
            scene.sprung(60)?;
            scene.claim("its protection is gone", !scene.protected(&name));
            // The others are gone for a moment, so that jicofo sends people to a bridge that drains.
            for other in busy {
                scene.kill(&other);
            }
            let home = scene.meet("late", 2, 5)?;
            scene.claim("people are on it", home == name);
            scene.until("it drains again, protected", 90, |scene| {
                scene.intends(&name, Intent::Drain) && scene.protected(&name)
            })?;
            Ok(())
        },
    )
    .needs(Guard::ProofBeforeDelete);
}

/// F4
#[test]
fn f04_a_bridge_that_left_and_came_back_before_its_deletion_is_proven_empty_anew() {
    fault(
        4,
        |_| {},
        |scene| {
            scene.populate(&[4, 4])?;
            let name = scene.shrink(2)?;
            scene.until("it shuts down", 60, |scene| scene.shuts_down(&name))?;
            let before = scene.run_of(&name);
            scene.crash(90)?;
            scene.until("it has left and is back", 90, |scene| {
                scene.run_of(&name) != before && !scene.shuts_down(&name)
            })?;
            scene.happened();
            let run = scene.run_of(&name);
            scene.until("it is deleted", 300, |scene| scene.deletions(&name) > 0)?;
            let proven = scene.asked(|record| {
                let acked = record.before.as_ref().and_then(|object| {
                    let notes = &object.meta().annotations;
                    annotations::DRAIN_ACKED.read(notes).ok().flatten()
                });
                matches!(record.request, Request::Delete { .. })
                    && acked.map(|acked| acked.startup_time) == run
            });
            scene.claim(
                "the run that was there had confirmed its drain",
                proven == 1,
            );
            Ok(())
        },
    )
    .needs(Guard::AckOfThisRun);
}

/// F5
#[test]
fn f05_a_rescue_that_a_crashed_leader_wrote_down_is_gone_on_with() {
    fault(
        5,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            scene.trap(When::PatchTo(Intent::Active), Then::Crash);
            scene.size(3);
            scene.sprung(30)?;
            scene.claim(
                "it is counted, and hidden",
                scene.intends(&name, Intent::Active) && scene.hidden(&name),
            );
            scene.claim(
                "that it serves is not written down",
                scene.confirmed(&name).is_none(),
            );
            scene.led()?;
            scene.until("it is told to serve", 12, |scene| !scene.hidden(&name))?;
            Ok(())
        },
    )
    .needs(Guard::BegunIsKeptUp);
}

/// F6
#[test]
fn f06_a_list_of_before_the_drain_brings_no_second_victim() {
    fault(
        6,
        |_| {},
        |scene| {
            let homes = scene.populate(&[5, 2, 4])?;
            // While nothing is known of the bridges none is drained: a size that is known for long, and a drain that is new.
            scene.sim.net.all = Some(Answering::Hung);
            scene.secs(15);
            scene.size(1);
            scene.secs(60);
            scene.sim.net.all = None;
            scene.until("one drains", 30, |scene| scene.hidden(&homes[1]))?;
            for person in 0..4 {
                let person = format!("later-{person}");
                scene.sim.world.join_for("meeting-1", &person, secs(3000));
            }
            scene.secs(4);
            let leader = scene.leader()?;
            scene.sim.crash(leader, secs(1), secs(60));
            scene.led()?;
            // Its first list is not answered before it has looked at the bridges.
            scene.sim.world.api.trouble.failing = 1000;
            scene.millis(300);
            scene.sim.world.api.trouble.failing = 0;
            scene.happened();
            scene.secs(30);
            scene.sim.replicas[leader].lag = Duration::ZERO;
            scene.claim(
                "one drains",
                scene.ever(|pod| intent(pod) == Intent::Drain) == [homes[1].clone()],
            );
            Ok(())
        },
    )
    .needs(Guard::ListFirst);
}

/// F7
#[test]
fn f07_nothing_is_removed_while_the_watch_is_silent() {
    fault(
        7,
        |scenario| {
            scenario.spec.drain.deadline = scaler_api::Duration::from_mins(30);
        },
        |scene| {
            scene.populate(&[4, 4])?;
            scene.meet("short", 2, 5)?;
            let name = scene.shrink(2)?;
            let leader = scene.leader()?;
            scene.sim.replicas[leader].silent_until = scene.sim.now() + secs(600);
            scene.secs(160);
            scene.until("it is empty", 300, |scene| scene.people(&name) == 0)?;
            scene.happened();
            scene.always("it is not removed", 120, |scene| {
                !scene.intends(&name, Intent::Remove)
            });
            scene.until("it is gone once the watch tells again", 300, |scene| {
                scene.gone(&name)
            })
        },
    )
    .needs(Guard::WatchAlive);
}

/// F8
#[test]
fn f08_lists_one_after_the_other_create_no_pod_twice() {
    fault(
        8,
        |_| {},
        |scene| {
            let before = scene.creations();
            scene.trap(When::Create, Then::Delay(secs(8)));
            scene.size(5);
            scene.sprung(10)?;
            for _ in 0..40 {
                let now = scene.sim.now();
                for replica in &mut scene.sim.replicas {
                    replica.relist(&scene.sim.world.api, now);
                }
                scene.secs(1);
            }
            scene.claim("two were created", scene.creations() == before + 2);
            scene.claim("five are there", scene.names().len() == 5);
            Ok(())
        },
    )
    .needs(Guard::CreationsExpected);
}

/// F9
#[test]
fn f09_a_pod_whose_creation_was_not_answered_is_found() {
    fault(
        9,
        |_| {},
        |scene| {
            let before = scene.creations();
            // Nor does the watch tell of it in time.
            scene.sim.world.api.trouble.watch_lag = secs(15);
            scene.trap(When::Create, Then::LoseAnswer);
            scene.size(4);
            scene.sprung(30)?;
            scene.until("four serve", 120, |scene| scene.serving().len() == 4)?;
            scene.claim("one was created", scene.creations() == before + 1);
            scene.claim("four are there", scene.names().len() == 4);
            Ok(())
        },
    )
    .needs(Guard::CreationsExpected);
}

/// F10
#[test]
fn f10_a_deletion_that_was_not_answered_is_not_repeated_and_its_namesake_is_left_alone() {
    fault(
        10,
        |_| {},
        |scene| {
            scene.populate(&[4, 4])?;
            let name = scene.shrink(2)?;
            scene.trap(When::Delete, Then::LoseAnswer);
            scene.sprung(90)?;
            scene.until("it is gone", 60, |scene| scene.gone(&name))?;
            let namesake = scene.foreign(&name);
            scene.claim("another one has its name", namesake.is_ok());
            scene.secs(120);
            scene.claim("there was one deletion", scene.deletions(&name) == 1);
            scene.claim(
                "the other one is there",
                scene
                    .pod(&name)
                    .is_some_and(|pod| pod.meta.deleted.is_none()),
            );
            let cleared = scene.delete(&name, Some(Duration::ZERO));
            scene.claim("it is cleared away", cleared.is_ok());
            Ok(())
        },
    )
    .needs(Guard::OneAtATime);
}

/// F11
#[test]
fn f11_what_a_paused_leader_sends_when_it_goes_on_changes_nothing() {
    fault(
        11,
        |scenario| scenario.replicas = 2,
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let paused = scene.leader()?;
            scene.trap(When::PatchTo(Intent::Drain), Then::DelayAndPause(secs(60)));
            scene.size(2);
            scene.sprung(30)?;
            scene.until("the other leads", 40, |scene| {
                scene.leader().is_ok_and(|leader| leader != paused)
            })?;
            let name = scene.shrink(2)?;
            scene.size(3);
            scene.until("it serves again", 15, |scene| scene.serves(&name))?;
            let refused = |scene: &Scene| {
                scene.asked(|record| {
                    record.actor == Actor::Controller(paused)
                        && matches!(record.request, Request::Patch { .. })
                        && record.reply == Err(Refusal::Conflict)
                })
            };
            let before = refused(scene);
            scene.always("it goes on serving", 60, |scene| {
                !scene.intends(&name, Intent::Drain)
            });
            scene.claim("what was late is refused", refused(scene) == before + 1);
            scene.claim("one was drained once", scene.times(Transition::Rescue) == 1);
            Ok(())
        },
    )
    .needs(Guard::PatchFenced);
}

/// F12
#[test]
fn f12_a_deletion_of_a_leader_that_lost_its_lease_does_not_hit_a_bridge_that_serves_again() {
    fault(
        12,
        |scenario| scenario.replicas = 2,
        |scene| late_deletion(scene, Then::DelayAndPause(secs(75))),
    )
    .needs(Guard::DeleteFenced);
}

/// F13
#[test]
fn f13_no_deadline_is_acted_upon_by_a_clock_that_jumped() {
    fault(
        13,
        |scenario| {
            scenario.spec.drain.deadline = scaler_api::Duration::from_mins(2);
        },
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            for hour in [3_600_000, -3_600_000] {
                let leader = scene.leader()?;
                scene.sim.replicas[leader].wall = hour;
                scene.crash(1)?;
                scene.led()?;
                scene.happened();
                scene.always("nobody is expelled", 120, |scene| {
                    scene.intends(&name, Intent::Drain)
                });
                scene.claim("that is told", scene.condition("ClockSkew").is_some());
            }
            let leader = scene.leader()?;
            scene.sim.replicas[leader].wall = 0;
            scene.crash(1)?;
            scene.until(
                "its people are moved when the clock is right",
                120,
                |scene| scene.people(&name) == 0,
            )?;
            scene.claim("nobody was cut", scene.cut() == 0);
            Ok(())
        },
    )
    .needs(Guard::ClocksAgree);
}

/// F14
#[test]
fn f14_a_leader_whose_clock_is_behind_writes_deadlines_by_the_api_servers() {
    fault(
        14,
        |scenario| scenario.replicas = 2,
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let first = scene.leader()?;
            let second = 1 - first;
            scene.sim.replicas[second].wall = -90_000;
            scene.sim.crash(second, secs(1), Duration::ZERO);
            scene.secs(3);
            scene.sim.crash(first, secs(300), Duration::ZERO);
            scene.until("the other leads", 60, |scene| scene.leader() == Ok(second))?;
            scene.happened();
            let name = scene.shrink(2)?;
            let drained = scene.since(&name, |pod| intent(pod) == Intent::Drain);
            let deadline = scene.note(&name, &annotations::DEADLINE);
            let time = deadline
                .zip(drained)
                .map(|(deadline, drained)| deadline.since(drained));
            scene.claim("it has its whole time", time >= Some(secs(598)));
            scene.claim("and no more", time <= Some(secs(602)));
            Ok(())
        },
    )
    .needs(Guard::ServersClock);
}

/// F15
#[test]
fn f15_a_pod_that_cannot_be_understood_is_left_alone_and_the_others_are_not() {
    fault(
        15,
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            let name = homes[2].clone();
            let key = annotations::INTENT_SINCE.name();
            let edited = scene.edit(&name, &[], &[(key, Some("whenever"))]);
            scene.claim("it is edited", edited.is_ok());
            scene.happened();
            let written = |scene: &Scene| {
                scene.asked(|record| record.request.key().name.as_ref() == name.as_str())
            };
            let before = written(scene);
            scene.secs(30);
            scene.claim("it is told", scene.condition("BridgesUnknown").is_some());
            scene.claim("none is started in its place", scene.names().len() == 3);
            let other = scene.shrink(2)?;
            scene.secs(30);
            scene.claim("another one drains", other != name);
            scene.claim(
                "it is not touched",
                written(scene) == before && !scene.hidden(&name),
            );
            scene.claim("people are on it", scene.people(&name) == 2);
            let mended = scene.edit(&name, &[], &[(key, Some("1970-01-01T00:00:01Z"))]);
            scene.claim("it is mended", mended.is_ok());
            Ok(())
        },
    )
    .needs(Guard::MalformedCounts);
}

/// F16
#[test]
fn f16_a_controller_that_crashes_again_and_again_drains_no_more_than_it_may() {
    fault(
        16,
        |scenario| {
            scenario.spec.replicas = 8;
            scenario.setup.nodes = 4;
            scenario.spec.drain.max_concurrent = Limit::Count(2);
        },
        |scene| {
            scene.populate(&[2; 8])?;
            scene.size(1);
            for _ in 0..12 {
                scene.led()?;
                scene.secs(2);
                scene.crash(1)?;
            }
            scene.happened();
            scene.claim(
                "two were drained",
                scene.ever(|pod| intent(pod) == Intent::Drain).len() == 2,
            );
            Ok(())
        },
    )
    .needs(Guard::ConcurrentDrains);
}

/// F59
#[test]
fn f59_a_deletion_that_arrives_minutes_late_does_not_hit_a_bridge_that_serves_again() {
    fault(
        59,
        |_| {},
        |scene| late_deletion(scene, Then::Delay(secs(180))),
    )
    .needs(Guard::DeleteFenced);
}

/// F60
#[test]
fn f60_a_patch_of_a_pod_that_is_gone_brings_nothing_back() {
    fault(
        60,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let before = scene.creations();
            scene.sim.world.api.trouble.patches_create = true;
            scene.trap(When::PatchTo(Intent::Drain), Then::RemovePod);
            scene.size(2);
            scene.sprung(20)?;
            let gone = scene.ever(|pod| !scene.names().contains(&pod.meta.name));
            scene.always("it does not come back", 60, |scene| {
                gone.iter().all(|name| scene.gone(name))
            });
            scene.claim("it was tried once", scene.times(Transition::Drain) == 1);
            scene.claim("none was created in its place", scene.creations() == before);
            Ok(())
        },
    )
    .needs(Guard::PatchFenced);
}

/// F61
#[test]
fn f61_a_status_of_a_deposed_leader_is_corrected() {
    fault(
        61,
        |scenario| scenario.replicas = 2,
        |scene| {
            let status = |scene: &Scene| {
                let pool = scene.sim.world.api.pool(cluster::run::POOL);
                pool.and_then(|pool| Some(pool.status.as_ref()?.replicas))
            };
            scene.secs(30);
            let paused = scene.leader()?;
            scene.trap(When::Status, Then::DelayAndPause(secs(60)));
            scene.size(4);
            scene.sprung(20)?;
            scene.until("the other leads", 40, |scene| {
                scene.leader().is_ok_and(|leader| leader != paused)
            })?;
            scene.size(5);
            scene.until("five are told", 20, |scene| status(scene) == Some(5))?;
            scene.until("an old status is told", 60, |scene| {
                status(scene) != Some(5)
            })?;
            scene.until("it is corrected", 12, |scene| status(scene) == Some(5))
        },
    )
    .needs(Guard::StatusCorrected);
}
