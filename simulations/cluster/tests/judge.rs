//! The judge itself: a rule is broken by a mistake, and is not by the same without it.

use std::collections::BTreeSet;
use std::time::Duration;

use bridge::model::{Health, Videobridge};
use bridge::{Time, request};
use cluster::api::{Actor, Edit, Key, Kind, Meta, Object, Pod, Pool, Reply, Request};
use cluster::oracle::{Command, Oracle, Rule};
use cluster::run::{Options, POOL, simulate};
use cluster::world::{Setup, World};
use scaler_api::spec::DeletionPolicy;
use scaler_api::{BridgePoolSpec, BridgePoolStatus};
use scaler_policy::Guard;

const CONTROLLER: Actor = Actor::Controller(0);

/// A pool with one bridge that serves, and its judge.
struct Court {
    world: World,
    oracle: Oracle,
}

impl Court {
    fn new() -> Self {
        let mut court = Self {
            world: World::new(1, Setup::default(), Time::default()),
            oracle: Oracle::new(POOL),
        };
        let meta = Meta {
            name: POOL.to_owned(),
            ..Meta::default()
        };
        let mut spec = BridgePoolSpec {
            replicas: 1,
            ..BridgePoolSpec::default()
        };
        spec.drain.deadline = scaler_api::Duration::from_mins(10);
        let pool = Object::Pool(Box::new(Pool {
            meta,
            spec,
            status: None,
        }));
        court.ask(Actor::User, Request::Create(Box::new(pool)));
        court.create("b0", &[("counted", "true"), ("protected", "true")], None);
        court
    }

    fn ask(&mut self, actor: Actor, request: Request) {
        let reply: Reply = self.world.request(actor, request);
        reply.expect("it is accepted");
        self.oracle.look(&self.world);
    }

    /// A controller creates a pod of the pool.
    fn create(&mut self, name: &str, labels: &[(&str, &str)], owner: Option<&str>) {
        let pool = self
            .world
            .api
            .pool(POOL)
            .expect("there is a pool")
            .meta
            .uid
            .clone();
        let mut meta = Meta {
            name: name.to_owned(),
            owner: Some(owner.map_or(pool, str::to_owned)),
            ..Meta::default()
        };
        for (label, value) in [("pool", POOL)].iter().chain(labels) {
            let label = format!("bridgetender.dev/{label}");
            meta.labels.insert(label, (*value).to_owned());
        }
        let pod = Object::Pod(Pod {
            meta,
            ..Pod::default()
        });
        self.ask(CONTROLLER, Request::Create(Box::new(pod)));
    }

    /// A controller patches a pod.
    fn patch(
        &mut self,
        name: &str,
        fenced: bool,
        labels: &[(&str, Option<&str>)],
        to: &[(&str, &str)],
    ) {
        let meta = &self.world.api.pod(name).expect("there is such a pod").meta;
        let (uid, version) = (meta.uid.clone(), meta.version);
        let key = |name: &str| format!("bridgetender.dev/{name}");
        let labels = labels.iter();
        let to = to.iter();
        let edit = Edit {
            labels: labels
                .map(|(name, value)| (key(name), value.map(str::to_owned)))
                .collect(),
            annotations: to
                .map(|(name, value)| (key(name), Some((*value).to_owned())))
                .collect(),
            ..Edit::default()
        };
        let patch = Request::Patch {
            key: Key::pod(name),
            uid: fenced.then_some(uid),
            version: fenced.then_some(version),
            edit,
        };
        self.ask(CONTROLLER, patch);
    }

    /// A controller has the first bridge drain until this moment.
    fn drain(&mut self, deadline: &str) {
        self.drain_for("b0", "Operator", deadline);
    }

    /// A controller has a bridge drain for this reason until this moment.
    fn drain_for(&mut self, name: &str, reason: &str, deadline: &str) {
        let to = [
            ("intent", "drain"),
            ("intent-reason", reason),
            ("deadline", deadline),
        ];
        self.patch(name, true, &[("counted", None)], &to);
    }

    /// So many bridges serve, the first one included.
    fn serve(&mut self, bridges: u32) {
        self.edit(|spec| spec.replicas = bridges);
        for number in 1..bridges {
            let labels = [("counted", "true"), ("protected", "true")];
            self.create(&format!("b{number}"), &labels, None);
        }
        self.pass(60);
        for number in 0..bridges {
            let name = format!("b{number}");
            let bridge = self.world.jitsi.bridge(&name);
            assert!(bridge.is_some_and(Videobridge::in_brewery), "{name}");
        }
    }

    /// The first bridge is told to drain, and follows.
    fn hide(&mut self) {
        self.oracle.commanded(&self.world, "b0", Command::Drain);
        let now = self.world.now();
        let drain = request::drain("127.0.0.1:8080");
        self.world.jitsi.bridge_request("b0", &drain, now);
    }

    /// Whether a bridge finds itself healthy.
    fn is_well(&self, name: &str) -> bool {
        let bridge = self.world.jitsi.bridge(name);
        bridge.is_some_and(|bridge| *bridge.health() == Health::Good)
    }

    fn status(&mut self, replicas: u32, selector: &str) {
        let status = BridgePoolStatus {
            replicas,
            selector: selector.to_owned(),
            ..BridgePoolStatus::default()
        };
        let status = Request::Status {
            key: Key::new(Kind::Pool, POOL),
            version: None,
            status: Box::new(status),
        };
        self.ask(CONTROLLER, status);
    }

    fn pass(&mut self, seconds: u64) {
        let until = self.world.now() + Duration::from_secs(seconds);
        while self.world.step(until) {
            self.oracle.look(&self.world);
        }
        self.oracle.look(&self.world);
    }

    /// A user changes what is wanted of the pool.
    fn edit(&mut self, change: impl FnOnce(&mut BridgePoolSpec)) {
        let key = Key::new(Kind::Pool, POOL);
        let now = self.world.now();
        self.world.api.modify(&key, now, |object| {
            if let Object::Pool(pool) = object {
                change(&mut pool.spec);
            }
        });
        self.oracle.look(&self.world);
    }

    /// A pool whose bridges shall be drained first is held; then a user deletes it.
    fn delete_held_pool(&mut self) {
        self.edit(|spec| spec.deletion_policy = DeletionPolicy::Drain);
        self.hold(true);
        // That it waits has been known for long.
        self.pass(200);
        let delete = Request::Delete {
            key: Key::new(Kind::Pool, POOL),
            uid: None,
            version: None,
            grace: None,
        };
        self.ask(Actor::User, delete);
    }

    /// A controller holds the pool, or lets it go.
    fn hold(&mut self, hold: bool) {
        let finalizer = "bridgetender.dev/drain".to_owned();
        let edit = Edit {
            finalizers: Some(hold.then_some(finalizer).into_iter().collect()),
            ..Edit::default()
        };
        let meta = &self.world.api.pool(POOL).expect("there is a pool").meta;
        let patch = Request::Patch {
            key: Key::new(Kind::Pool, POOL),
            uid: Some(meta.uid.clone()),
            version: Some(meta.version),
            edit,
        };
        self.ask(CONTROLLER, patch);
    }

    /// Which rules were broken.
    fn broken(&self) -> BTreeSet<Rule> {
        let violations = self.oracle.violations().iter();
        violations.map(|violation| violation.rule).collect()
    }
}

const SELECTOR: &str = "bridgetender.dev/pool=pool,bridgetender.dev/counted=true";
const EARLIER: &str = "1970-01-01T00:04:00Z";
const LATER: &str = "1970-01-01T00:20:00Z";

/// What is done; with `true` the mistake is made in it, and without it is not.
type History = fn(&mut Court, bool);

const HISTORIES: [(Rule, History); 23] = [
    (Rule::NobodyHungUpOn, |court, wrong| {
        court.serve(2);
        let people = if wrong { 2 } else { 0 };
        for person in 0..people {
            let person = format!("p{person}");
            court
                .world
                .join_for("room", &person, Duration::from_mins(10));
        }
        court.pass(20);
        let bridges: BTreeSet<_> = court
            .world
            .jitsi
            .bridges()
            .map(|(name, bridge)| (bridge.local_endpoints(), name.to_owned()))
            .collect();
        let (_, name) = bridges.into_iter().next_back().expect("there are two");
        court.patch(&name, true, &[("counted", None)], &[("intent", "remove")]);
        court
            .oracle
            .commanded(&court.world, &name, Command::Shutdown);
    }),
    (Rule::Floor, |court, wrong| {
        court.serve(2);
        court.edit(|spec| spec.min_active = if wrong { 2 } else { 1 });
        court.drain(LATER);
    }),
    (Rule::Concurrency, |court, wrong| {
        court.serve(4);
        court.edit(|spec| spec.drain.max_concurrent = scaler_api::Limit::Count(1));
        court.drain(LATER);
        if wrong {
            court.drain_for("b1", "Operator", LATER);
        }
    }),
    (Rule::Ceiling, |court, wrong| {
        court.serve(2);
        court.drain(LATER);
        court.edit(|spec| spec.max_replicas = Some(if wrong { 1 } else { 2 }));
        let back = [("intent", "active"), ("intent-reason", "Operator")];
        court.patch("b0", true, &[("counted", Some("true"))], &back);
        court.pass(70);
    }),
    (Rule::Victims, |court, wrong| {
        court.serve(3);
        court.edit(|spec| spec.replicas = if wrong { 3 } else { 2 });
        // What is wanted has been known for long.
        court.pass(200);
        court.drain_for("b0", "ScaleDown", LATER);
    }),
    (Rule::Victims, |court, wrong| {
        court.serve(3);
        court.edit(|spec| {
            spec.replicas = 2;
            spec.min_lifetime = scaler_api::Duration::from_secs(0);
        });
        if !wrong {
            let bad = Health::Bad("no valid address".to_owned());
            court.world.jitsi.set_health("b0", bad);
        }
        court.pass(200);
        court.patch("b0", true, &[], &[("intent-since", EARLIER)]);
        court.drain_for("b0", "ScaleDown", LATER);
        court.hide();
        court.pass(40);
        // Nobody has seen yet that it is well again.
        court.world.jitsi.set_health("b0", Health::Good);
        while !court.is_well("b0") {
            court.pass(1);
        }
        court.edit(|spec| spec.replicas = 3);
        let labels = [("counted", "true"), ("protected", "true")];
        court.create("b3", &labels, None);
        court.pass(3);
    }),
    (Rule::LeftAlone, |court, wrong| {
        court.serve(2);
        let pinned = if wrong { "true" } else { "false" };
        court.patch("b0", true, &[], &[("pinned", pinned)]);
        court.drain(LATER);
    }),
    (Rule::LeftAlone, |court, wrong| {
        court.serve(4);
        court.edit(|spec| {
            spec.replicas = 1;
            spec.drain.max_concurrent = scaler_api::Limit::Count(2);
            spec.min_lifetime = scaler_api::Duration::from_secs(0);
        });
        for name in ["b1", "b2", "b3"] {
            let bad = Health::Bad("no valid address".to_owned());
            court.world.jitsi.set_health(name, bad);
        }
        court.pass(200);
        // That another one is unhealthy is no sign once it does not serve.
        if !wrong {
            court.drain_for("b3", "Operator", LATER);
        }
        court.drain_for("b0", "ScaleDown", LATER);
    }),
    (Rule::Hidden, |court, wrong| {
        court.serve(2);
        court.drain(LATER);
        if !wrong {
            court.hide();
        }
        court.pass(70);
    }),
    (Rule::Serving, |court, wrong| {
        court.create("b1", &[("protected", "true")], None);
        court.pass(if wrong { 0 } else { 60 });
        court.patch("b1", true, &[("counted", Some("true"))], &[]);
    }),
    (Rule::Fenced, |court, wrong| {
        court.patch("b0", !wrong, &[], &[]);
    }),
    (Rule::IntentFirst, |court, wrong| {
        if !wrong {
            court.drain(LATER);
        }
        court.oracle.commanded(&court.world, "b0", Command::Drain);
    }),
    (Rule::Deadline, |court, wrong| {
        court.drain(if wrong { "1970-01-01T00:05:00Z" } else { LATER });
    }),
    (Rule::Deadline, |court, wrong| {
        court.serve(2);
        court.edit(|spec| spec.drain.deadline = scaler_api::Duration::from_mins(2));
        court.pass(10);
        court.edit(|spec| spec.drain.deadline = scaler_api::Duration::from_mins(10));
        // That it is longer has been known for long, or just now may not be.
        court.pass(if wrong { 170 } else { 50 });
        court.drain("1970-01-01T00:07:00Z");
    }),
    (Rule::Deadline, |court, wrong| {
        court.serve(2);
        court.drain(LATER);
        let mistyped = if wrong { LATER } else { "whenever" };
        court.patch("b0", true, &[], &[("deadline", mistyped)]);
        court.hide();
        court.pass(10);
        court.edit(|spec| spec.drain.deadline = scaler_api::Duration::from_mins(2));
        court.patch("b0", true, &[], &[("deadline", "1970-01-01T00:04:00Z")]);
    }),
    (Rule::Protection, |court, wrong| {
        let protected: &[_] = &[("protected", "true")];
        court.create("b1", if wrong { &[] } else { protected }, None);
    }),
    (Rule::Protection, |court, wrong| {
        let label = [("protected", (!wrong).then_some("true"))];
        court.patch("b0", true, &label, &[]);
    }),
    (Rule::Foreign, |court, wrong| {
        let owner = wrong.then_some("somebody else");
        court.create("b1", &[("protected", "true")], owner);
        court.patch("b1", true, &[], &[]);
    }),
    (Rule::Count, |court, wrong| {
        court.create("b1", &[("protected", "true")], None);
        let all = "bridgetender.dev/pool=pool";
        court.status(1, if wrong { all } else { SELECTOR });
    }),
    (Rule::Count, |court, wrong| {
        court.status(if wrong { 2 } else { 1 }, SELECTOR);
        court.pass(70);
    }),
    (Rule::Seldom, |court, wrong| {
        for _ in 0..40 {
            court.status(1, SELECTOR);
            court.pass(if wrong { 1 } else { 5 });
        }
    }),
    (Rule::Held, |court, wrong| {
        court.serve(2);
        court.delete_held_pool();
        if !wrong {
            for name in ["b0", "b1"] {
                court.world.api.remove(&Key::pod(name), court.world.now());
            }
        }
        court.hold(false);
        // The garbage collector comes, and nobody is on them.
        court.pass(60);
        assert_eq!(court.world.api.pods().count(), 0, "they are collected");
    }),
    (Rule::Paused, |court, wrong| {
        court.edit(|spec| spec.paused = true);
        court.pass(if wrong { 14 } else { 5 });
        court.create("b1", &[("protected", "true")], None);
    }),
];

/// Guards without which a rule is broken within few seeds.
const GUARDS: [(Rule, Guard); 4] = [
    (Rule::NoBridgeLost, Guard::ShutdownBeforeDelete),
    (Rule::Moves, Guard::MovePace),
    (Rule::Policy, Guard::CreationsExpected),
    (Rule::Rest, Guard::ModeKept),
];

/// How many seeds a rule may take to be broken.
const TO_FIND: u64 = 12;

#[test]
fn each_history_breaks_its_rule_and_only_with_its_mistake() {
    for (place, (rule, history)) in HISTORIES.into_iter().enumerate() {
        for (wrong, expected) in [(false, BTreeSet::new()), (true, [rule].into())] {
            let mut court = Court::new();
            history(&mut court, wrong);
            let found = court.oracle.violations();
            assert_eq!(court.broken(), expected, "{place}: {found:?}");
        }
    }
}

#[test]
fn a_guard_that_is_off_breaks_the_rule_that_it_is_for() {
    for (rule, guard) in GUARDS {
        let options = Options {
            without: Some(guard),
            go_on: true,
            ..Options::default()
        };
        let broken = |seed| {
            let violations = simulate(seed, &options).violations;
            violations.iter().any(|violation| violation.rule == rule)
        };
        assert!((0..TO_FIND).any(broken), "{rule:?} without {guard:?}");
    }
}

#[test]
fn people_on_the_bridges_of_a_pool_that_was_let_go_too_early_are_hung_up_on() {
    let mut court = Court::new();
    court.serve(2);
    for person in ["ann", "bob"] {
        let stay = Duration::from_mins(10);
        court.world.join_for("room", person, stay);
    }
    court.pass(20);
    court.delete_held_pool();
    court.hold(false);
    assert_eq!(court.broken(), [Rule::Held].into());
    court.pass(15);
    let both = [Rule::NobodyHungUpOn, Rule::Held].into();
    assert_eq!(court.broken(), both, "{:?}", court.oracle.violations());
}

#[test]
fn the_bridges_of_another_owner_outlive_a_pool_that_is_gone() {
    let mut court = Court::new();
    court.create("foreign", &[("protected", "true")], Some("somebody else"));
    court.serve(1);
    court.edit(|spec| spec.deletion_policy = DeletionPolicy::Now);
    let delete = Request::Delete {
        key: Key::new(Kind::Pool, POOL),
        uid: None,
        version: None,
        grace: None,
    };
    court.ask(Actor::User, delete);
    court.pass(60);
    let left: Vec<&str> = court
        .world
        .api
        .pods()
        .map(|pod| pod.meta.name.as_str())
        .collect();
    assert_eq!(left, ["foreign"]);
    assert_eq!(court.broken(), BTreeSet::new());
}

#[test]
fn every_rule_has_a_mistake_that_breaks_it() {
    let histories = HISTORIES.iter().map(|(rule, _)| *rule);
    let guards = GUARDS.iter().map(|(rule, _)| *rule);
    let told: BTreeSet<Rule> = histories.chain(guards).collect();
    assert_eq!(told, Rule::ALL.into());
}
