//! The cluster by itself: what happens to pods, nodes and people when nobody decides anything about them.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use cluster::api::{Actor, Key, Kind, Meta, Object, Pdb, Pod, Refusal, Request, Watch};
use cluster::world::{Demand, Setup, World};

fn bridge_pod() -> Object {
    Object::Pod(Pod {
        meta: Meta {
            name: "jvb-".to_owned(),
            labels: BTreeMap::from([("pool".to_owned(), "p".to_owned())]),
            ..Meta::default()
        },
        image: "jvb:1".to_owned(),
        grace: Duration::from_mins(5),
        ..Pod::default()
    })
}

fn world_with(bridges: usize) -> (World, Vec<String>) {
    let mut world = World::new(1, Setup::default(), Time::default());
    let names = (0..bridges)
        .map(|_| {
            let created = world.request(Actor::User, Request::Create(Box::new(bridge_pod())));
            created
                .expect("an empty API server refuses nothing")
                .meta()
                .name
                .clone()
        })
        .collect();
    (world, names)
}

fn run(world: &mut World, seconds: u64) {
    let until = world.now() + Duration::from_secs(seconds);
    while world.step(until) {}
}

fn delete(name: &str) -> Request {
    Request::Delete {
        key: Key::pod(name),
        uid: None,
        version: None,
        grace: None,
    }
}

#[test]
fn a_pod_becomes_a_ready_bridge_that_people_meet_on() {
    let (mut world, names) = world_with(3);
    run(&mut world, 60);
    assert!(world.api.pods().all(|pod| pod.ready && pod.node.is_some()));
    assert_eq!(names.len(), world.jitsi.bridges().count());
    world.demand(Demand {
        people: 20,
        length: Duration::from_mins(5),
        largest: 5,
    });
    run(&mut world, 900);
    let people = world.jitsi.ledger().on_bridges;
    assert!((8..50).contains(&people), "{people}");
    world.demand(Demand {
        people: 0,
        length: Duration::from_mins(5),
        largest: 5,
    });
    run(&mut world, 7200);
    assert_eq!(world.jitsi.ledger().people, 0);
    assert_eq!(world.jitsi.ledger().cut, 0);
}

#[test]
fn the_sidecar_of_a_deleted_busy_bridge_has_everybody_moved() {
    let (mut world, _) = world_with(2);
    run(&mut world, 60);
    world.confer(4, Duration::from_hours(1));
    run(&mut world, 60);
    let busy = world
        .jitsi
        .bridges()
        .find(|(_, bridge)| bridge.local_endpoints() > 0)
        .map(|(name, _)| name.to_owned())
        .unwrap();
    world.request(Actor::User, delete(&busy)).unwrap();
    run(&mut world, 400);
    assert!(world.api.pod(&busy).is_none());
    let ledger = world.jitsi.ledger();
    assert_eq!((ledger.cut, ledger.moved, ledger.on_bridges), (0, 4, 4));
    assert_eq!(world.jitsi.lost_bridges(), Some(0));
}

#[test]
fn without_its_sidecar_a_deleted_bridge_takes_its_people_along_and_that_is_noticed() {
    let (mut world, names) = world_with(1);
    run(&mut world, 60);
    world.confer(4, Duration::from_hours(1));
    run(&mut world, 60);
    world.kill_sidecar(&names[0]);
    world.request(Actor::User, delete(&names[0])).unwrap();
    run(&mut world, 400);
    let people: u64 = world.losses().iter().map(|loss| loss.people).sum();
    assert_eq!(people, 4);
    assert!(
        world
            .losses()
            .iter()
            .all(|loss| loss.bridges == names || loss.people == 0)
    );
    assert_eq!(world.jitsi.lost_bridges(), Some(1));
}

#[test]
fn a_budget_of_all_pods_keeps_each_from_being_evicted() {
    let (mut world, names) = world_with(3);
    run(&mut world, 60);
    let pdb = |name: &str| {
        Object::Pdb(Pdb {
            meta: Meta {
                name: name.to_owned(),
                ..Meta::default()
            },
            selector: BTreeMap::from([("pool".to_owned(), "p".to_owned())]),
            min_available: 2_147_483_647,
        })
    };
    let evict = |world: &mut World| world.request(Actor::User, Request::Evict(Key::pod(&names[0])));
    let create = |world: &mut World, name| {
        world
            .request(Actor::User, Request::Create(Box::new(pdb(name))))
            .unwrap()
    };
    create(&mut world, "one");
    assert_eq!(evict(&mut world), Err(Refusal::TooMany));
    create(&mut world, "two");
    assert_eq!(evict(&mut world), Err(Refusal::Internal), "two cover it");
    for name in ["one", "two"] {
        let key = Key::new(Kind::Pdb, name);
        world.api.remove(&key, world.now());
    }
    assert!(evict(&mut world).is_ok());
}

#[test]
fn a_deletion_on_old_knowledge_is_refused() {
    let (mut world, names) = world_with(1);
    let old = world.api.pod(&names[0]).unwrap().meta.clone();
    run(&mut world, 60);
    let fenced = |uid: &str, version| Request::Delete {
        key: Key::pod(&names[0]),
        uid: Some(uid.to_owned()),
        version: Some(version),
        grace: None,
    };
    let now = world.api.pod(&names[0]).unwrap().meta.clone();
    for request in [
        fenced(&old.uid, old.version),
        fenced("another", now.version),
    ] {
        assert_eq!(world.request(Actor::User, request), Err(Refusal::Conflict));
    }
    assert!(
        world
            .request(Actor::User, fenced(&now.uid, now.version))
            .is_ok()
    );
}

#[test]
fn a_watch_shows_the_past_and_catches_up() {
    let (mut world, names) = world_with(1);
    let lag = Duration::from_secs(30);
    let mut watch = Watch::list(&world.api, lag, world.now());
    assert!(watch.objects().is_empty(), "nothing was there 30 s ago");
    run(&mut world, 30);
    watch.hear(&world.api, lag, world.now());
    let known = watch.objects().get(&Key::pod(&names[0])).unwrap();
    assert_eq!(known.pod().unwrap().node, None);
    watch.hear(&world.api, Duration::ZERO, world.now());
    let known = watch.objects().get(&Key::pod(&names[0])).unwrap();
    assert!(known.pod().unwrap().ready);
}

#[test]
fn a_bridge_that_ends_is_started_anew_with_another_container() {
    let (mut world, names) = world_with(1);
    run(&mut world, 60);
    let before = world.api.pod(&names[0]).unwrap().container.clone().unwrap();
    world.stop_bridge(&names[0], bridge::model::Stop::Kill);
    run(&mut world, 30);
    let after = world.api.pod(&names[0]).unwrap().container.clone().unwrap();
    assert_ne!(before.id, after.id);
    assert_eq!(after.restarts, 1);
}

#[test]
fn a_vanished_node_keeps_its_pods_until_its_object_goes() {
    let (mut world, names) = world_with(1);
    run(&mut world, 60);
    let node = world.api.pod(&names[0]).unwrap().node.clone().unwrap();
    world.vanish(&node);
    run(&mut world, 600);
    let pod = world.api.pod(&names[0]).unwrap();
    assert!(!pod.ready, "the node controller says so");
    world.delete_node(&node);
    run(&mut world, 60);
    assert!(world.api.pod(&names[0]).is_none());
}
