//! Bridges that lie, hang and restart, a jicofo that is away, and people who come at the wrong moment.

use bridge::model::{Health, SelectionStrategy};
use cluster::chaos::{Then, When};
use cluster::net::Answering;
use cluster::run::{Scenario, template};
use scaler_api::spec::OnDeadline;
use scaler_api::state::Intent;
use scaler_api::{Duration as Lasting, Limit, State, annotations};
use scaler_policy::{Guard, Transition};

use crate::scene::{Played, Scene, fault, secs};

/// F42
#[test]
fn f42_a_bridge_that_does_not_answer_is_busy() {
    let ways = [Answering::Refused, Answering::Hung, Answering::Failing];
    for way in ways {
        fault(
            42,
            |scenario| {
                scenario.spec.drain.deadline = Lasting::from_mins(20);
            },
            |scene| {
                let busy = scene.populate(&[4, 4])?;
                let name = scene.shrink(2)?;
                scene.until("it is to be removed", 60, |scene| {
                    scene.intends(&name, Intent::Remove)
                })?;
                scene.answers(&name, Some(way));
                // The others are gone for a moment, so that jicofo sends people to a bridge that drains.
                for other in busy {
                    scene.kill(&other);
                }
                let home = scene.meet("late", 2, 60)?;
                scene.until("both are there", 10, |scene| scene.people(&name) >= 2)?;
                scene.claim("people are on it", home == name);
                scene.happened();
                scene.always("it is kept, with its people", 300, |scene| {
                    scene.people(&name) >= 2 && scene.pod(&name).is_some()
                });
                scene.answers(&name, None);
                scene.until("it is protected again", 30, |scene| {
                    scene.protected(&name) && !scene.intends(&name, Intent::Remove)
                })
            },
        )
        .needs(Guard::UnknownIsBusy);
    }
}

/// F42
#[test]
fn f42_a_bridge_of_which_no_drain_is_confirmed_is_not_removed() {
    // One confirms commands and does not follow them, one answers questions by half.
    for way in [Answering::Deaf, Answering::Truncated] {
        fault(
            42,
            |scenario| scenario.spec.drain.deadline = Lasting::from_mins(20),
            |scene| {
                scene.populate(&[4, 4])?;
                for name in scene.names() {
                    scene.answers(&name, Some(way));
                }
                // What was known of them is still fresh.
                scene.size(2);
                scene.until("one is to drain", 30, |scene| !scene.drains().is_empty())?;
                let name = scene.victim()?;
                scene.happened();
                scene.always("it does not count as drained", 120, |scene| {
                    scene.intends(&name, Intent::Drain) && scene.confirmed(&name).is_none()
                });
                let told = scene.times(Transition::Acknowledge);
                scene.claim("it is told again, and ever later", (3..30).contains(&told));
                scene.sim.net.bridges.clear();
                scene.until("it is gone once it confirms", 180, |scene| {
                    scene.gone(&name)
                })
            },
        );
    }
}

/// A draining bridge restarts at some stage while nobody leads, and a conference comes to the new run, which hides from nobody. The
/// next leader has it drained anew, and it is kept until they have left.
fn restarts(scene: &mut Scene, stage: State) -> Played {
    scene.populate(&[4, 4])?;
    if stage == State::Draining {
        scene.meet("before", 2, 60)?;
    }
    let name = scene.shrink(2)?;
    scene.until("it has come to that stage", 60, |scene| match stage {
        State::Draining => true,
        State::Settling => scene.note(&name, &annotations::ZERO_SINCE).is_some(),
        _ => scene.intends(&name, Intent::Remove),
    })?;
    let settled = scene.note(&name, &annotations::ZERO_SINCE);
    scene.claim(
        "it is in that stage, and not beyond",
        (stage == State::Draining) == settled.is_none()
            && scene.intends(&name, Intent::Remove) == (stage == State::Removing),
    );
    scene.restart_unled(&name)?;
    scene.happened();
    let (cut, moved) = (scene.cut(), scene.moved());
    let home = scene.meet("meanwhile", 2, 4)?;
    scene.claim(
        "they come to it before anybody can drain it anew",
        home == name && !scene.hidden(&name) && scene.leader().is_err(),
    );
    scene.led()?;
    scene.until("it drains again", 30, |scene| scene.hidden(&name))?;
    scene.secs(2);
    let run = scene.run_of(&name);
    let acked = scene.note(&name, &annotations::DRAIN_ACKED);
    scene.claim(
        "that is written down",
        acked.map(|acked| acked.startup_time) == run,
    );
    scene.always(
        "they are kept, on a bridge that is protected",
        120,
        |scene| {
            scene.people(&name) == 2
                && scene.protected(&name)
                && scene.intends(&name, Intent::Drain)
        },
    );
    scene.claim("nobody asks for its deletion", scene.deletions(&name) == 0);
    scene.until("it goes when they have left", 240, |scene| {
        scene.gone(&name)
    })?;
    scene.claim(
        "nobody was cut or moved",
        scene.cut() == cut && scene.moved() == moved,
    );
    Ok(())
}

/// F43
#[test]
fn f43_a_bridge_that_restarts_while_it_drains_is_drained_again() {
    let played = fault(43, |_| {}, |scene| restarts(scene, State::Draining));
    played.needs(Guard::DrainAfterRestart);
}

/// F43
#[test]
fn f43_a_bridge_that_restarts_while_it_settles_is_drained_again() {
    let played = fault(43, |_| {}, |scene| restarts(scene, State::Settling));
    played.needs(Guard::DrainAfterRestart);
}

/// F43
#[test]
fn f43_a_bridge_that_restarts_while_it_is_removed_is_drained_again() {
    let played = fault(43, |_| {}, |scene| restarts(scene, State::Removing));
    played.needs(Guard::AckOfThisRun);
}

/// F44
#[test]
fn f44_a_conference_that_comes_before_jicofo_knows_of_the_drain_keeps_the_bridge() {
    let played = fault(
        44,
        |_| {},
        |scene| {
            scene.populate(&[4, 4])?;
            let mut came = 0;
            for pause in 0..16 {
                let name = scene.shrink(2)?;
                scene.millis(pause * 400);
                let home = scene.meet(&format!("door-{pause}"), 1, 1)?;
                came += u32::from(home == name);
                let moved = scene.moved();
                scene.until("they have left", 90, |scene| {
                    scene.home(&format!("door-{pause}")).is_none()
                })?;
                scene.claim(
                    "nobody was moved or cut",
                    scene.moved() == moved && scene.cut() == 0,
                );
                scene.size(3);
                scene.until("three serve", 180, |scene| scene.serving().len() == 3)?;
            }
            if came >= 4 {
                scene.happened();
            }
            Ok(())
        },
    );
    played.needs(Guard::SettleTime);
}

/// A bridge goes, and nobody with it.
fn unharmed(scene: &mut Scene, name: &str) -> Result<(), String> {
    scene.until("it is gone", 120, |scene| scene.gone(name))?;
    scene.claim(
        "nobody was cut, and no bridge lost",
        scene.cut() == 0 && scene.sim.world.jitsi.lost_bridges() == Some(0),
    );
    Ok(())
}

/// F44
#[test]
fn f44_a_conference_that_comes_right_before_the_deletion_is_kept_away_by_the_shutdown() {
    let played = fault(
        44,
        |_| {},
        |scene| {
            let busy = scene.populate(&[4, 4])?;
            // jicofo learns of the shutdown within 10 s, and the deletion comes after 20 s.
            for pause in [0, 1_000, 4_000, 8_000, 10_000, 14_000, 18_000, 19_000] {
                let name = scene.shrink(2)?;
                scene.until("it shuts down", 90, |scene| scene.shuts_down(&name))?;
                scene.happened();
                scene.millis(pause);
                // It would be the only one that is not busy.
                let room = format!("late-{pause}");
                let home = scene.meet(&room, 2, 1)?;
                let hears = pause >= 10_000;
                scene.claim(
                    "jicofo sends them to another one",
                    !hears || busy.contains(&home),
                );
                unharmed(scene, &name)?;
                scene.size(3);
                scene.until("three serve", 180, |scene| scene.serving().len() == 3)?;
            }
            // In the very moment of the deletion.
            let name = scene.shrink(2)?;
            scene.trap(When::Delete, Then::Confer);
            scene.sprung(120)?;
            unharmed(scene, &name)
        },
    );
    played.needs(Guard::PresencesBeforeDelete);
}

/// A meeting on a draining bridge grows, beyond its deadline. `octo`: whoever comes later comes to another bridge of the same meeting.
fn meeting_that_lasts(scene: &mut Scene, octo: bool) -> Played {
    scene.populate(&[6, 6])?;
    let name = scene.meet("long", 1, 60)?;
    scene.secs(12);
    let second = scene.meet("second", 1, 60)?;
    scene.claim("two meet on it", second == name);
    scene.secs(12);
    let victim = scene.shrink(2)?;
    scene.claim("it is the one that drains", victim == name);
    // jicofo hears of it with the next presence.
    scene.secs(12);
    let deadline = scene
        .note(&name, &annotations::DEADLINE)
        .ok_or("it has a deadline")?;
    let mut number = 0;
    while scene.sim.now() + secs(21) < deadline {
        number += 1;
        scene
            .sim
            .world
            .join_for("long", &format!("later-{number}"), secs(3600));
        scene.secs(20);
        scene.claim("nobody is moved before the deadline", scene.moved() == 0);
    }
    scene.happened();
    let before = scene.people(&name);
    let spread = scene.bridges_of("long").len();
    scene.claim(
        "it grows, where conferences may spread on another bridge",
        number >= 3
            && if octo {
                before == 2 && spread == 2
            } else {
                before == 2 + number && spread == 1
            },
    );
    scene.until("the deadline has passed", 30, |scene| {
        scene.sim.now() > deadline
    })?;
    scene.until("somebody is moved", 60, |scene| scene.moved() > 0)?;
    scene.claim(
        "one conference at a time",
        scene.people(&name) > 0 && scene.people(&name) < before,
    );
    scene.until("nobody is left", 60, |scene| scene.people(&name) == 0)?;
    scene.claim("nobody was cut", scene.cut() == 0);
    Ok(())
}

/// F45
#[test]
fn f45_a_meeting_that_grows_beyond_the_deadline_is_moved_then_and_not_before() {
    fault(
        45,
        |scenario| {
            scenario.spec.drain.deadline = Lasting::from_mins(2);
        },
        |scene| meeting_that_lasts(scene, false),
    )
    .needs(Guard::MovePace);
}

/// F45
#[test]
fn f45_a_meeting_over_several_bridges_leaves_the_draining_one_past_its_deadline() {
    fault(
        45,
        |scenario| {
            scenario.spec.drain.deadline = Lasting::from_mins(2);
            scenario.setup.octo = true;
            scenario.setup.strategy = SelectionStrategy::RegionBased;
        },
        |scene| meeting_that_lasts(scene, true),
    )
    .needs(Guard::MovePace);
}

/// F45
#[test]
fn f45_past_its_deadline_a_bridge_waits_where_that_is_wanted() {
    fault(
        45,
        |scenario| {
            scenario.spec.drain.deadline = Lasting::from_mins(2);
            scenario.spec.drain.on_deadline = OnDeadline::Wait;
        },
        |scene| {
            scene.populate(&[4, 4])?;
            scene.meet("long", 2, 20)?;
            if scene.bare {
                scene
                    .sim
                    .edit_pool(|pool| pool.spec.drain.on_deadline = OnDeadline::Move);
            }
            let name = scene.shrink(2)?;
            scene.happened();
            scene.secs(130);
            scene.always("its people are there", 600, |scene| {
                scene.people(&name) == 2 && scene.intends(&name, Intent::Drain)
            });
            scene.claim(
                "that is told",
                scene.condition("ScalingLimited").as_deref() == Some("DeadlineWait"),
            );
            scene.until("it goes when they have gone", 900, |scene| {
                scene.gone(&name)
            })?;
            scene.claim("nobody was moved", scene.moved() == 0);
            Ok(())
        },
    )
    .needs_outside("the wish to wait");
}

/// F46
#[test]
fn f46_fewer_people_than_none_are_not_none() {
    fault(
        46,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            let lie = if scene.bare {
                Answering::Zero
            } else {
                Answering::Negative
            };
            scene.answers(&name, Some(lie));
            scene.happened();
            scene.always("it is kept, with its people", 120, |scene| {
                scene.people(&name) == 2 && scene.intends(&name, Intent::Drain)
            });
            scene.answers(&name, None);
            Ok(())
        },
    )
    .needs_outside("a reader that does not take what cannot be true for zero");
}

/// F46
#[test]
fn f46_a_bridge_that_counts_somebody_who_has_left_goes_by_its_deadline() {
    fault(
        46,
        |scenario| {
            scenario.spec.drain.deadline = Lasting::from_mins(2);
            scenario.spec.drain.expel_timeout = Lasting::from_secs(30);
        },
        |scene| {
            scene.populate(&[4, 4])?;
            if scene.bare {
                scene
                    .sim
                    .edit_pool(|pool| pool.spec.drain.on_deadline = OnDeadline::Wait);
            }
            scene.size(2);
            scene.until("one is to drain", 30, |scene| !scene.drains().is_empty())?;
            let name = scene.victim()?;
            scene.answers(&name, Some(Answering::Stuck));
            scene.happened();
            scene.always("it is kept until then", 100, |scene| {
                scene.intends(&name, Intent::Drain)
            });
            scene.until("it is gone after that", 240, |scene| scene.gone(&name))?;
            scene.claim(
                "by the way of the deadline",
                scene.times(Transition::Expel) == 1,
            );
            Ok(())
        },
    )
    .needs_outside("a deadline that is acted upon");
}

/// F47
#[test]
fn f47_a_bridge_that_only_relays_is_not_empty() {
    fault(
        47,
        |_| {},
        |scene| {
            scene.populate(&[4, 4])?;
            scene.size(2);
            scene.until("one is to drain", 30, |scene| !scene.drains().is_empty())?;
            let name = scene.victim()?;
            scene.answers(&name, Some(Answering::RelayOnly));
            scene.happened();
            scene.always("it is kept", 120, |scene| {
                scene.intends(&name, Intent::Drain)
            });
            scene.answers(&name, None);
            scene.until("it goes when it relays no more", 120, |scene| {
                scene.gone(&name)
            })
        },
    )
    .needs(Guard::ConferencesCount);
}

/// Deadlines soon pass.
fn hurried(scenario: &mut Scenario) {
    scenario.spec.drain.deadline = Lasting::from_mins(2);
    scenario.spec.drain.expel_timeout = Lasting::from_mins(1);
}

/// A deadline passes while jicofo is away, which it is already, for so many seconds more. Then it is back.
fn away(scene: &mut Scene, name: &str, secs: u64) -> Played {
    scene.happened();
    scene.always("nobody is expelled", secs, |scene| {
        scene.intends(name, Intent::Drain) && !scene.shuts_down(name)
    });
    scene.claim(
        "that is told",
        scene.condition("ScalingLimited").as_deref() == Some("NoTarget"),
    );
    scene.sim.world.start_jicofo();
    scene.until("it goes when jicofo is back", 300, |scene| scene.gone(name))
}

/// F48
#[test]
fn f48_nobody_is_moved_while_jicofo_is_away() {
    fault(48, hurried, |scene| {
        scene.populate(&[4, 4, 2])?;
        let name = scene.shrink(2)?;
        scene.sim.world.stop_jicofo();
        scene.secs(10);
        away(scene, &name, 600)
    })
    .needs(Guard::JicofoPresent);
}

/// F48
#[test]
fn f48_a_new_leader_moves_nobody_before_it_has_heard_of_jicofo() {
    fault(48, hurried, |scene| {
        scene.populate(&[4, 4, 2])?;
        let name = scene.shrink(2)?;
        scene.secs(90);
        scene.sim.world.stop_jicofo();
        scene.crash(60)?;
        scene.led()?;
        away(scene, &name, 120)
    })
    .needs(Guard::JicofoPresent);
}

/// F48. Without a shutdown they can only be moved one by one, or be cut off.
#[test]
fn f48_people_who_are_being_moved_have_the_whole_time_once_jicofo_is_back() {
    fault(
        48,
        |scenario| {
            hurried(scenario);
            scenario.setup.shutdown = false;
        },
        |scene| {
            scene.populate(&[4, 4, 6])?;
            let name = scene.shrink(2)?;
            scene.until("they are to be moved", 150, |scene| {
                scene.intends(&name, Intent::Expel)
            })?;
            scene.sim.world.stop_jicofo();
            scene.happened();
            let (moved, people) = (scene.moved(), scene.people(&name));
            scene.secs(10);
            scene.always("it waits for jicofo", 600, |scene| {
                scene.intends(&name, Intent::Expel)
            });
            scene.claim(
                "nobody has gone",
                scene.people(&name) == people && scene.moved() == moved,
            );
            scene.sim.world.start_jicofo();
            scene.until("it goes when jicofo is back", 300, |scene| {
                scene.gone(&name)
            })?;
            // A jicofo that is started anew invites everybody anew.
            scene.claim("nobody was cut off", scene.cut() == 0);
            Ok(())
        },
    )
    .needs(Guard::JicofoPresent);
}

/// F49
#[test]
fn f49_many_bridges_that_fall_to_zero_at_once_are_an_outage() {
    fault(
        49,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            scene.secs(10);
            scene.sim.net.all = Some(Answering::Zero);
            scene.happened();
            scene.always("it is kept, with its people", 30, |scene| {
                scene.people(&name) == 2 && scene.intends(&name, Intent::Drain)
            });
            scene.claim("that is told", scene.condition("MassEmpty").is_some());
            scene.sim.net.all = None;
            scene.always("it is kept, with its people", 60, |scene| {
                scene.people(&name) == 2 && scene.intends(&name, Intent::Drain)
            });
            Ok(())
        },
    )
    .needs(Guard::MassEmpty);
}

/// F50
#[test]
fn f50_many_bridges_that_find_themselves_unhealthy_are_an_outage() {
    fault(
        50,
        |scenario| scenario.spec.drain.max_concurrent = Limit::Count(8),
        |scene| {
            scene.secs(60);
            scene.health(&Health::Bad("no valid address".to_owned()));
            scene.until("all have found out", 90, |scene| {
                let bad = |name: &String| {
                    scene
                        .bridge(name)
                        .is_some_and(|bridge| *bridge.health() != Health::Good)
                };
                scene.names().iter().all(bad)
            })?;
            scene.secs(10);
            scene.happened();
            scene.size(1);
            scene.always("none is drained", 120, |scene| {
                scene.drains().is_empty() && scene.names().len() == 3
            });
            scene.claim("that is told", scene.condition("BridgesUnknown").is_some());
            scene.health(&Health::Good);
            scene.until("two go once they are well", 180, |scene| {
                scene.names().len() == 1
            })
        },
    )
    .needs(Guard::MassUnhealthy);
}

/// F51
#[test]
fn f51_a_rollout_drains_an_old_bridge_only_when_a_new_one_takes_conferences() {
    fault(
        51,
        |scenario| {
            scenario.spec.min_active = 1;
            scenario.spec.drain.max_concurrent = Limit::Count(8);
            scenario.spec.drain.deadline = Lasting::from_mins(15);
        },
        |scene| {
            let old = scene.populate(&[4, 4, 2])?;
            scene
                .sim
                .edit_pool(|pool| pool.spec.template = Some(template("jvb:2")));
            scene.happened();
            let new = |scene: &Scene| {
                scene
                    .takers()
                    .iter()
                    .filter(|name| !old.contains(name))
                    .count()
            };
            scene.until("old ones drain", 300, |scene| !scene.drains().is_empty())?;
            scene.claim("a new one takes conferences", new(scene) >= 1);
            scene.until("all old ones drain", 600, |scene| scene.drains().len() == 3)?;
            scene.claim("three new ones take conferences", new(scene) >= 2);
            scene.secs(30);
            scene.claim(
                "the old conferences go on",
                old.iter().all(|name| scene.people(name) > 0) && scene.moved() == 0,
            );
            scene.claim("three new ones serve", new(scene) == 3);
            Ok(())
        },
    )
    .needs(Guard::SurgeFirst);
}
