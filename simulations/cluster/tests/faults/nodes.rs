//! Nodes that leave, fall silent or vanish, and what kubelets do.

use cluster::api::{Actor, Key, Request, Taint};
use cluster::net::Answering;
use cluster::run::{Scenario, template};
use scaler_api::Duration as Lasting;
use scaler_api::state::Intent;
use scaler_api::{Limit, annotations};
use scaler_policy::{Guard, Transition};

use crate::scene::{Played, Scene, fault, intent, secs};

/// The grace period of a bridge's pod, in seconds.
const GRACE: u64 = 300;

fn on_node(scene: &Scene, node: &str) -> Vec<String> {
    let pods = scene.pods().filter(|pod| pod.node.as_deref() == Some(node));
    pods.map(|pod| pod.meta.name.clone()).collect()
}

fn people_on_node(scene: &Scene, node: &str) -> u32 {
    on_node(scene, node)
        .iter()
        .map(|name| scene.people(name))
        .sum()
}

fn taint(scene: &mut Scene, node: &str, key: &'static str) {
    scene.sim.world.edit_node(node, |node| {
        node.taints.push(Taint {
            key,
            effect: "NoSchedule",
        });
    });
}

/// A node's machine is taken away, and its object with it.
fn take_away(scene: &mut Scene, node: &str) {
    for name in on_node(scene, node) {
        let now = scene.sim.now();
        scene.sim.oracle.blame_mut().killed(&name, now);
    }
    scene.sim.world.vanish(node);
    scene.sim.world.delete_node(node);
}

/// F25
#[test]
fn f25_the_bridges_of_a_node_that_is_drained_are_evicted_once_they_are_empty() {
    fault(
        25,
        |scenario| {
            scenario.spec.replicas = 5;
            scenario.setup.nodes = 2;
            scenario.setup.room = 4;
            scenario.spec.drain.node_deadline = Lasting::from_mins(2);
        },
        |scene| {
            scene.populate(&[3; 5])?;
            let node = scene.node(&scene.names()[0]);
            let busy = on_node(scene, &node);
            if scene.bare {
                scene.without_budget();
            }
            scene
                .sim
                .world
                .edit_node(&node, |node| node.unschedulable = true);
            let mut refused = 0;
            for _ in 0..120 {
                for name in on_node(scene, &node) {
                    let people = scene.people(&name);
                    let reply = scene.user(Request::Evict(Key::pod(&name)));
                    scene.claim(
                        "nobody is on a bridge that is evicted",
                        people == 0 || reply.is_err(),
                    );
                    refused += u32::from(reply.is_err());
                }
                scene.secs(5);
            }
            scene.happened();
            scene.claim("evictions were refused", refused > 10 || scene.bare);
            scene.claim("the node is empty", on_node(scene, &node).is_empty());
            scene.claim(
                "more drained at once than by choice",
                busy.len() > 1 && scene.times(Transition::Drain) >= busy.len(),
            );
            scene.claim("nobody was cut", scene.cut() == 0);
            Ok(())
        },
    )
    .needs_outside("the PodDisruptionBudget");
}

/// F26
#[test]
fn f26_a_node_that_karpenter_takes_is_empty_before_its_grace_period_ends() {
    fault(
        26,
        |scenario| {
            scenario.spec.drain.node_deadline = Lasting::from_mins(1);
            scenario.spec.drain.expel_timeout = Lasting::from_secs(30);
        },
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            let node = scene.node(&homes[0]);
            if scene.bare {
                scene
                    .sim
                    .edit_pool(|pool| pool.spec.protect.node_signals.clear());
            }
            taint(scene, &node, "karpenter.sh/disrupted");
            scene.happened();
            // Its grace period is 4 minutes; 75 s before the end nobody may be there.
            scene.secs(240 - 75);
            scene.claim("nobody is there", people_on_node(scene, &node) == 0);
            scene.secs(75 - 30);
            for name in on_node(scene, &node) {
                // It may have gone by itself.
                let _ = scene.delete(&name, Some(secs(30)));
            }
            scene.secs(30);
            take_away(scene, &node);
            scene.claim("nobody was cut", scene.cut() == 0);
            Ok(())
        },
    )
    .needs_outside("the heeding of the node's taint");
}

/// F27
#[test]
fn f27_people_on_interrupted_capacity_are_moved_within_seconds() {
    fault(
        27,
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            let node = scene.node(&homes[0]);
            if scene.bare {
                scene
                    .sim
                    .edit_pool(|pool| pool.spec.protect.node_signals.clear());
            }
            let before = scene.creations();
            taint(scene, &node, "aws-node-termination-handler/spot-itn");
            scene.happened();
            scene.secs(5);
            scene.claim("it is expelled", scene.intends(&homes[0], Intent::Expel));
            scene.claim("another one is started", scene.creations() > before);
            scene.secs(20);
            scene.claim("nobody is there", people_on_node(scene, &node) == 0);
            scene.secs(95);
            take_away(scene, &node);
            scene.claim("nobody was cut", scene.cut() == 0 && scene.moved() >= 4);
            Ok(())
        },
    )
    .needs_outside("the heeding of the node's taint");
}

/// F27
#[test]
fn f27_a_bridge_that_drains_is_taken_back_in_place_of_one_on_interrupted_capacity() {
    fault(
        27,
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            let spare = scene.shrink(2)?;
            let before = scene.creations();
            let node = scene.node(&homes[0]);
            scene.claim("it is another one's node", spare != homes[0]);
            taint(scene, &node, "aws-node-termination-handler/spot-itn");
            scene.happened();
            scene.until("it is expelled", 5, |scene| {
                scene.intends(&homes[0], Intent::Expel)
            })?;
            scene.until("the one that drained serves", 10, |scene| {
                scene.serves(&spare)
            })?;
            let rescued = scene.last(&spare, |pod| intent(pod) == Intent::Active);
            let expelled = scene.since(&homes[0], |pod| intent(pod) == Intent::Expel);
            scene.claim("it was taken back no later", rescued <= expelled);
            scene.until("nobody is there", 20, |scene| {
                people_on_node(scene, &node) == 0
            })?;
            scene.claim("none was to be created", scene.creations() == before);
            scene.secs(95);
            take_away(scene, &node);
            scene.claim("nobody was cut", scene.cut() == 0 && scene.moved() >= 4);
            Ok(())
        },
    )
    .needs(Guard::RescueFirst);
}

/// F28
#[test]
fn f28_a_bridge_whose_node_is_cut_off_is_replaced_and_neither_drained_nor_deleted() {
    fault(
        28,
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            let name = homes[2].clone();
            let node = scene.node(&name);
            scene.sim.world.cut_off(&node, true);
            scene.answers(&name, Some(Answering::Hung));
            scene.happened();
            // All others are pinned.
            let pinned = annotations::PINNED.name();
            for other in &homes[..2] {
                let edited = scene.edit(other, &[], &[(pinned, Some("true"))]);
                scene.claim("it is pinned", edited.is_ok());
            }
            scene.secs(15);
            scene.size(2);
            scene.secs(8);
            scene.claim(
                "none drains of which nothing is known",
                scene.drains().is_empty(),
            );
            scene.until("it is not counted any more", 90, |scene| {
                let others = scene
                    .serving()
                    .iter()
                    .filter(|other| **other != name)
                    .count();
                others == 2 && !scene.serves(&name)
            })?;
            scene.always("people are on it", 240, |scene| {
                scene.people(&name) == 2 && scene.pod(&name).is_some()
            });
            scene.sim.world.cut_off(&node, false);
            scene.answers(&name, None);
            scene.always("nobody is cut when it is back", 120, |scene| {
                scene.people(&name) == 2 && scene.cut() == 0
            });
            scene.claim("it was never deleted", scene.deletions(&name) == 0);
            Ok(())
        },
    )
    .needs(Guard::FreshnessOfVictims);
}

/// F29
#[test]
fn f29_a_bridge_whose_node_has_vanished_is_replaced_before_the_node_is_forgotten() {
    fault(
        29,
        |_| {},
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            if scene.bare {
                scene
                    .sim
                    .edit_pool(|pool| pool.spec.evidence.replace_unreachable = false);
            }
            let node = scene.node(&homes[0]);
            let now = scene.sim.now();
            scene.sim.oracle.blame_mut().killed(&homes[0], now);
            scene.sim.world.vanish(&node);
            scene.happened();
            scene.until("three serve", 180, |scene| scene.serving().len() == 3)?;
            scene.secs(120);
            scene.claim(
                "it is kept while its node may come back",
                scene.pod(&homes[0]).is_some(),
            );
            scene.sim.world.delete_node(&node);
            scene.until("it is gone", 60, |scene| scene.gone(&homes[0]))?;
            scene.secs(60);
            scene.claim(
                "three serve, and nobody drains",
                scene.serving().len() == 3 && scene.names().len() == 3,
            );
            Ok(())
        },
    )
    .needs_outside("the replacement of bridges out of sight");
}

/// A busy bridge's pod is deleted, and its kubelet restarts while people are on it, or when its sidecar has it shut down: its hooks run
/// anew, with the whole grace period.
fn restarted_kubelet(scene: &mut Scene, shut_down: bool) -> Played {
    let homes = scene.populate(&[4, 4, 2])?;
    let name = homes[0].clone();
    let (node, before) = (scene.node(&name), scene.creations());
    if scene.bare {
        scene.without_sidecars();
    }
    let deleted = scene.delete(&name, None);
    scene.claim("it is deleted", deleted.is_ok());
    let asked = scene.sim.now();
    scene.secs(100);
    if shut_down && !scene.bare {
        scene.until("it shuts down", GRACE, |scene| scene.shuts_down(&name))?;
    }
    scene.sim.world.restart_kubelet(&node);
    scene.happened();
    let left = scene.terminates(&name);
    scene.claim("its hooks begin anew", left == Some(secs(GRACE)));
    if !shut_down {
        scene.always("its people stay where they are", GRACE - 80, |scene| {
            scene.people(&name) == 4 && scene.hidden(&name) && !scene.shuts_down(&name)
        });
    }
    scene.until("it is gone", GRACE + 5, |scene| scene.gone(&name))?;
    let lasted = scene.sim.now().since(asked);
    scene.claim(
        "within twice its grace period",
        lasted <= secs(2 * GRACE + 5),
    );
    scene.claim(
        "all were moved, and nobody was cut",
        scene.cut() == 0 && scene.moved() == 4,
    );
    scene.claim(
        "jicofo lost no bridge",
        scene.sim.world.jitsi.lost_bridges() == Some(0),
    );
    scene.claim(
        "one was started in its place, and nobody else deleted it",
        scene.creations() == before + 1 && scene.deletions(&name) == 0,
    );
    Ok(())
}

/// F30. In the middle of the hook, and when the bridge shuts down already.
#[test]
fn f30_a_kubelet_that_restarts_in_the_middle_of_a_hook_begins_it_anew_and_cuts_nobody() {
    for shut_down in [false, true] {
        let played = fault(30, |_| {}, |scene| restarted_kubelet(scene, shut_down));
        played.needs_outside("the sidecars");
    }
}

/// A busy bridge's pod is deleted, and its sidecar fails at once. `stays`: in minutes, how long its people stay.
fn dead_sidecar(scene: &mut Scene, stays: u64) -> Played {
    let before = scene.creations();
    let name = scene.meet("alone", 3, stays)?;
    scene.secs(12);
    if scene.bare {
        scene.sim.world.remove_hook(&name);
    }
    let deleted = scene.delete(&name, None);
    scene.claim("it is deleted", deleted.is_ok());
    let asked = scene.sim.now();
    scene.secs(20);
    let now = scene.sim.now();
    scene.sim.oracle.blame_mut().killed(&name, now);
    scene.sim.world.kill_sidecar(&name);
    scene.happened();
    let stay = (60 * stays).min(GRACE) - 40;
    scene.always("its people are there, and it hides", stay, |scene| {
        scene.people(&name) == 3 && scene.hidden(&name) && scene.cut() == 0
    });
    scene.until("it is gone", 60, |scene| scene.gone(&name))?;
    let lasted = scene.sim.now().since(asked);
    let cut = if 60 * stays < GRACE { 0 } else { 3 };
    scene.claim(
        "as soon as they have left, or when its grace period is over",
        lasted >= secs(stay + 20) && lasted <= secs(GRACE + 5) && scene.cut() == cut,
    );
    scene.claim("nobody was moved", scene.moved() == 0);
    scene.claim(
        "one was started in its place, and nobody else deleted it",
        scene.creations() == before + 1 && scene.deletions(&name) == 0,
    );
    scene.until("three serve", 60, |scene| scene.serving().len() == 3)
}

/// F54. Those who leave within the grace period, and those who do not.
#[test]
fn f54_a_bridge_whose_sidecar_fails_in_its_hook_waits_for_its_people_as_long_as_it_may() {
    for stays in [3, 60] {
        fault(54, |_| {}, |scene| dead_sidecar(scene, stays))
            .needs_outside("the bridge's own hook, which waits");
    }
}

/// F31
#[test]
fn f31_a_draining_bridge_that_was_killed_for_its_memory_is_drained_again() {
    fault(
        31,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            let deadline = scene.note(&name, &annotations::DEADLINE);
            scene.restart_unseen(&name)?;
            scene.happened();
            scene.until("it drains", 30, |scene| scene.hidden(&name))?;
            scene.claim(
                "its deadline is the same",
                deadline.is_some() && scene.note(&name, &annotations::DEADLINE) == deadline,
            );
            Ok(())
        },
    )
    .needs(Guard::DrainAfterRestart);
}

/// F31
#[test]
fn f31_a_bridge_that_was_killed_for_its_memory_is_not_the_next_to_go_for_being_empty() {
    fault(
        31,
        |scenario| {
            scenario.spec.min_lifetime = Lasting::from_mins(3);
            scenario.spec.drain.max_concurrent = Limit::Count(2);
        },
        |scene| {
            let homes = scene.populate(&[4, 4, 2])?;
            scene.secs(180);
            let name = homes[2].clone();
            scene.kill(&name);
            scene.until("it serves again", 60, |scene| {
                scene.run_of(&name).is_some() && scene.serves(&name)
            })?;
            scene.happened();
            scene.claim("nobody is on it", scene.people(&name) == 0);
            scene.size(2);
            scene.until("one drains", 30, |scene| !scene.drains().is_empty())?;
            scene.claim("another one drains", !scene.drains().contains(&name));
            Ok(())
        },
    )
    .needs(Guard::MinLifetime);
}

/// F34
#[test]
fn f34_where_no_bridge_finds_room_a_draining_one_is_taken_back() {
    fault(
        34,
        |scenario| {
            scenario.setup.room = 1;
            scenario.setup.max_nodes = 3;
        },
        |scene| {
            scene.populate(&[4, 4, 2])?;
            scene.happened();
            let name = scene.shrink(2)?;
            let before = scene.creations();
            scene.size(3);
            scene.until("it is taken back", 10, |scene| scene.serves(&name))?;
            scene.claim("none was to be created", scene.creations() == before);
            // One too many for the nodes waits, and hurts nobody; the room of a draining one becomes its.
            scene.size(4);
            scene.until("one finds no room", 30, |scene| {
                scene.pods().any(|pod| pod.reason == "Unschedulable")
            })?;
            scene.happened();
            scene.secs(60);
            scene.claim("three serve", scene.serving().len() == 3);
            scene.size(3);
            scene.until("the one without room goes first", 30, |scene| {
                scene.names().len() == 3
            })?;
            scene.claim("nobody drains", scene.drains().is_empty());
            Ok(())
        },
    )
    .needs(Guard::RescueFirst);
}

/// A pool of one bridge on each node, in the middle of a rollout: `nodes` of them, and not one more.
fn rollout_on(scenario: &mut Scenario, nodes: usize) {
    scenario.setup.room = 1;
    scenario.setup.nodes = nodes;
    scenario.setup.max_nodes = nodes;
    scenario.spec.drain.deadline = Lasting::from_mins(4);
    scenario.spec.update.progress_deadline = Lasting::from_mins(2);
}

/// The bridges that take conferences and are of the later image.
fn newer(scene: &Scene) -> usize {
    let newer = |name: &String| scene.pod(name).is_some_and(|pod| pod.image == "jvb:2");
    scene.takers().into_iter().filter(newer).count()
}

fn update(scene: &mut Scene) {
    scene
        .sim
        .edit_pool(|pool| pool.spec.template = Some(template("jvb:2")));
}

fn finds_no_room(scene: &Scene) -> bool {
    scene.pods().any(|pod| pod.reason == "Unschedulable")
}

/// F34. The next replacement waits for the node of the old bridge that drains, longer than one may take to come up.
#[test]
fn f34_a_rollout_with_room_for_one_more_goes_on_bridge_by_bridge() {
    fault(
        34,
        |scenario| rollout_on(scenario, 4),
        |scene| {
            scene.populate(&[4, 4, 2])?;
            update(scene);
            for done in 1..=3 {
                scene.until("an old one drains for a new one", 600, |scene| {
                    newer(scene) == done && scene.drains().len() == 1
                })?;
                scene.claim("three take conferences", scene.takers().len() == 3);
                if done < 3 {
                    scene.until("the next one finds no room", 60, finds_no_room)?;
                    scene.happened();
                    scene.until("that is told", 150, |scene| {
                        scene.condition("UpdateStalled").as_deref() == Some("ProgressDeadline")
                    })?;
                }
                scene.always("three take conferences", 60, |scene| {
                    scene.takers().len() >= 3
                });
            }
            scene.until("new ones are left alone", 600, |scene| {
                scene.names().len() == 3 && scene.serving().len() == 3
            })?;
            scene.claim("all are new", newer(scene) == 3);
            scene.claim(
                "that is not told any more",
                scene.condition("UpdateStalled").is_none(),
            );
            scene.claim("nobody was cut", scene.cut() == 0);
            Ok(())
        },
    )
    .needs(Guard::SurgeFirst);
}

/// F34
#[test]
fn f34_a_rollout_without_any_room_keeps_the_old_bridges_says_so_and_goes_on_when_there_is_some() {
    fault(
        34,
        |scenario| rollout_on(scenario, 3),
        |scene| {
            scene.populate(&[4, 4, 2])?;
            update(scene);
            scene.until("the first new one finds no room", 30, finds_no_room)?;
            scene.happened();
            scene.until("that is told", 150, |scene| {
                scene.condition("UpdateStalled").as_deref() == Some("ProgressDeadline")
            })?;
            scene.always("the old ones serve, and it is told", 900, |scene| {
                scene.serving().len() == 3
                    && scene.drains().is_empty()
                    && scene.condition("UpdateStalled").is_some()
            });
            scene.sim.world.setup.max_nodes = 4;
            scene.until("an old one drains for a new one", 900, |scene| {
                newer(scene) == 1 && scene.drains().len() == 1
            })?;
            scene.claim("nobody was moved or cut", scene.moved() + scene.cut() == 0);
            Ok(())
        },
    )
    .needs(Guard::SurgeFirst);
}

/// F53
#[test]
fn f53_bridges_out_of_reach_are_no_reason_to_drain_those_within() {
    fault(
        53,
        |scenario| {
            scenario.spec.replicas = 5;
            scenario.setup.nodes = 5;
            scenario.spec.min_active = 3;
            scenario.spec.drain.max_concurrent = Limit::Count(5);
        },
        |scene| {
            scene.populate(&[2; 5])?;
            // Nodes 2 and 4.
            scene.sim.net.cut_zone = Some("zone-0".to_owned());
            scene.secs(60);
            scene.happened();
            scene.claim("that is told", scene.condition("BridgesUnknown").is_some());
            scene.size(1);
            scene.always("three within reach serve", 120, |scene| {
                scene.drains().is_empty()
            });
            scene.sim.net.cut_zone = None;
            scene.until("two drain", 60, |scene| scene.drains().len() == 2)
        },
    )
    .needs(Guard::ActiveFloor);
}

/// A pod's own deletion, told to be the cluster's.
#[test]
fn f29_a_pod_that_is_collected_is_gone_at_once() {
    fault(
        29,
        |_| {},
        |scene| {
            scene.populate(&[4, 4, 2])?;
            let name = scene.shrink(2)?;
            let node = scene.node(&name);
            let before = scene.creations();
            if scene.bare {
                scene.sim.world.vanish(&node);
            } else {
                take_away(scene, &node);
            }
            scene.happened();
            scene.until("it is gone", 60, |scene| scene.gone(&name))?;
            scene.secs(60);
            let ours = |actor| matches!(actor, Actor::Controller(_));
            let asked = scene.asked(|record| {
                ours(record.actor) && matches!(record.request, Request::Delete { .. })
            });
            scene.claim(
                "nobody waits for its drain",
                asked == 0 && scene.drains().is_empty(),
            );
            scene.claim("none is created in its place", scene.creations() == before);
            Ok(())
        },
    )
    .needs_outside("the collection of the pods of a node that is no more");
}
