//! The stage.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bridge::Time;
use bridge::stats::{Flags, StartupTime};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use scaler_api::state::IntentReason;
use scaler_api::{BridgePoolSpec, BridgePoolStatus, Limit, State, annotations, labels};

use crate::effects::{Call, Outcome, Request, effects, fold};
use crate::guards::Guard;
use crate::invariants::{request_violations, violations, world_violations};
use crate::life::Way;
use crate::plan::{Action, Decision, Plan, Transition};
use crate::scene::Scene;
use crate::step::step;
use crate::world::*;

/// A bridge, as the stage plays it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) people: Option<u64>,
    pub(super) conferences: u64,
    /// Endpoints of its largest conference, where that is not as many as there are people.
    pub(super) largest: Option<u64>,
    pub(super) stress: f64,
    pub(super) flags: Flags,
    pub(super) healthy: bool,
    pub(super) joined: bool,
    pub(super) answers: bool,
    pub(super) obeys: bool,
    pub(super) startup: StartupTime,
}

/// A pod on the stage's API server.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) pod: Pod,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

impl Object {
    /// Reads the pod's labels and annotations anew.
    fn read(&mut self) {
        let pod = &mut self.pod;
        pod.labelled = labels::POOL.read(&self.labels) == Ok(Some("pool".to_owned()));
        pod.marks = Marks::read(&self.labels, &self.annotations, pod.created);
    }
}

/// An API server, bridges and a jicofo that do at once what they are asked, and a world that observes them.
/// What is decided on a stage: when, and about whom.
pub(super) type Journal = Rc<RefCell<Vec<(Time, Transition, Option<Uid>)>>>;

pub(super) struct Stage {
    pub(super) world: World,
    pub(super) now: Time,
    pub(super) objects: BTreeMap<Uid, Object>,
    pub(super) actors: BTreeMap<Uid, Actor>,
    pub(super) log: Vec<(Time, Transition, Option<Uid>)>,
    /// The same, for whoever outlives the stage.
    pub(super) journal: Journal,
    /// The ways on which bridges were taken.
    pub(super) ways: BTreeSet<Way>,
    pub(super) sent: Vec<Request>,
    /// Whether a new pod's bridge comes up by itself.
    pub(super) boots: bool,
    /// Whether violations of invariants end the test.
    pub(super) strict: bool,
    pub(super) broken: Vec<crate::Violation>,
    version: u64,
    born: u64,
}

pub(super) const START: Time = Time::from_millis(1_000_000_000);

pub(super) fn uid(name: &str) -> Uid {
    Uid(name.to_owned())
}

pub(super) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(super) fn pool(spec: BridgePoolSpec) -> Pool {
    Pool {
        uid: uid("pool-uid"),
        name: "pool".to_owned(),
        namespace: "jitsi".to_owned(),
        generation: 1,
        resource_version: "1".to_owned(),
        spec,
        status: BridgePoolStatus::default(),
        revision: "new".to_owned(),
        deletion: None,
        released: false,
        finalizers: Vec::new(),
    }
}

pub(super) fn spec(replicas: u32) -> BridgePoolSpec {
    BridgePoolSpec {
        replicas,
        ..BridgePoolSpec::default()
    }
}

/// The same, and all may drain at once.
pub(super) fn wide(replicas: u32) -> BridgePoolSpec {
    let mut spec = spec(replicas);
    spec.drain.max_concurrent = Limit::Count(100);
    spec
}

/// The same as [`spec`], and one bridge is kept warm.
pub(super) fn one_warm(replicas: u32) -> BridgePoolSpec {
    let mut spec = spec(replicas);
    (spec.warm.min, spec.warm.max) = (1, 1);
    spec
}

impl Stage {
    /// A pool of this spec with as many bridges that take conferences as it asks for, old enough for anything.
    pub(super) fn new(spec: BridgePoolSpec) -> Self {
        let bridges = spec.replicas;
        let mut stage = Self::empty(spec);
        for number in 0..bridges {
            stage.active(&format!("b{number}"), "new");
        }
        stage.look();
        stage
    }

    /// So many bridges of a revision that is outdated, with people on each.
    pub(super) fn outdated(bridges: u32) -> Self {
        let mut stage = Self::empty(spec(bridges));
        for number in 0..bridges {
            stage.active(&format!("b{number}"), "old");
        }
        stage.people_everywhere(3);
        stage.look();
        stage
    }

    /// Two bridges with so many people, of which one is too many. Nothing is decided yet.
    pub(super) fn one_too_many(people: [u64; 2]) -> Self {
        Self::one_too_many_of(spec(2), people)
    }

    /// The same with a spec of its own.
    pub(super) fn one_too_many_of(spec: BridgePoolSpec, people: [u64; 2]) -> Self {
        let mut stage = Self::new(spec);
        for (name, people) in ["b0", "b1"].into_iter().zip(people) {
            stage.people(name, people);
        }
        stage.look();
        stage.scale(1);
        stage
    }

    pub(super) fn empty(spec: BridgePoolSpec) -> Self {
        let mut world = World::new(pool(spec), Tuning::default(), START);
        world.observe_jicofo(Presence::Here(BTreeSet::new()));
        world.observe_skew(0);
        // Only a test about that is about a leader that has just begun to ask bridges.
        world.observe_answers(START - Duration::from_hours(1), START);
        let mut stage = Self {
            world,
            now: START,
            objects: BTreeMap::new(),
            actors: BTreeMap::new(),
            log: Vec::new(),
            journal: Journal::default(),
            ways: BTreeSet::new(),
            sent: Vec::new(),
            boots: true,
            strict: true,
            broken: Vec::new(),
            version: 1,
            born: 0,
        };
        stage.act();
        stage
    }

    /// Switches a guard off, and lets violations happen.
    pub(super) fn without(mut self, guard: Guard) -> Self {
        self.world = self.world.without_guard(guard);
        self.strict = false;
        self
    }

    fn next_version(&mut self) -> String {
        self.version += 1;
        self.version.to_string()
    }

    /// Puts a bridge on stage that has taken conferences for an hour.
    pub(super) fn active(&mut self, name: &str, revision: &str) {
        let since = START - Duration::from_hours(1);
        let mut marks = Marks::new(revision, IntentReason::ScaleUp, since);
        marks.acked = Some(annotations::DrainAcked {
            container_id: format!("c-{name}"),
            startup_time: StartupTime(since),
            drain: Some(false),
            joined: true,
        });
        self.put(name, &marks, since);
    }

    /// Puts a pod with these marks on stage, running since then.
    pub(super) fn put(&mut self, name: &str, marks: &Marks, since: Time) {
        let version = self.next_version();
        let text = |pairs: Vec<(&'static str, Option<String>)>| {
            pairs
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?)))
                .collect::<BTreeMap<String, String>>()
        };
        let pod = Pod {
            uid: uid(name),
            name: name.to_owned(),
            resource_version: version,
            created: since,
            labelled: true,
            owner: Owner::Pool,
            co_owners: Vec::new(),
            marks: Ok(marks.clone()),
            phase: Phase::Running,
            container: Some(Container {
                id: format!("c-{name}"),
                running: Running::Since(since),
                restarts: 0,
            }),
            ready: true,
            node: None,
            authority: Some(format!("{name}:8080")),
            sidecar: false,
            deletion: None,
        };
        let object = Object {
            pod,
            labels: text(marks.labels("pool")),
            annotations: text(marks.annotations()),
        };
        self.objects.insert(uid(name), object);
        let drain = marks
            .acked
            .as_ref()
            .is_some_and(|acked| acked.drain == Some(true));
        self.actors.insert(
            uid(name),
            Actor {
                people: Some(0),
                conferences: 0,
                largest: None,
                stress: 0.1,
                flags: Flags {
                    drain,
                    ..Flags::default()
                },
                healthy: true,
                joined: true,
                answers: true,
                obeys: true,
                startup: StartupTime(since),
            },
        );
        self.publish(&uid(name));
    }

    /// Changes a pod, as somebody else would, and tells the world.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(&mut Object)) {
        let version = self.next_version();
        let object = self.objects.get_mut(&uid(name)).unwrap();
        change(object);
        object.pod.resource_version = version;
        self.publish(&uid(name));
    }

    /// Somebody takes the pool's label off a pod: a watch of that label tells that it is gone.
    pub(super) fn unlabel(&mut self, name: &str, change: impl FnOnce(&mut Object)) {
        let version = self.next_version();
        let object = self.objects.get_mut(&uid(name)).unwrap();
        object.labels.remove(labels::POOL.name());
        change(object);
        object.pod.resource_version = version;
        object.read();
        self.world.observe_missing(&uid(name), self.now);
    }

    /// Has the world observe a pod.
    pub(super) fn publish(&mut self, uid: &Uid) {
        let object = self.objects.get_mut(uid).unwrap();
        object.read();
        let pod = object.pod.clone();
        self.world.observe_pod(pod, self.now);
    }

    pub(super) fn annotate(&mut self, name: &str, key: &str, value: Option<&str>) {
        self.change(name, |object| {
            match value {
                Some(value) => object.annotations.insert(key.to_owned(), value.to_owned()),
                None => object.annotations.remove(key),
            };
        });
    }

    pub(super) fn actor(&mut self, name: &str) -> &mut Actor {
        self.actors.get_mut(&uid(name)).unwrap()
    }

    /// So many people on a bridge, in one conference, or nobody and none.
    pub(super) fn people(&mut self, name: &str, people: u64) {
        let actor = self.actor(name);
        actor.people = Some(people);
        actor.conferences = u64::from(people > 0);
    }

    /// So many people on every bridge.
    pub(super) fn people_everywhere(&mut self, people: u64) {
        let names: Vec<String> = self.actors.keys().map(ToString::to_string).collect();
        for name in names {
            self.people(&name, people);
        }
    }

    /// The bridge's container is started anew.
    pub(super) fn restart(&mut self, name: &str) {
        let now = self.now;
        self.change(name, |object| {
            let container = object.pod.container.as_mut().unwrap();
            container.restarts += 1;
            container.id = format!("c-{name}-{}", container.restarts);
            container.running = Running::Since(now);
        });
        let actor = self.actor(name);
        actor.startup = StartupTime(now);
        actor.flags = Flags::default();
    }

    pub(super) fn respec(&mut self, change: impl FnOnce(&mut Pool)) {
        let mut pool = self.world.pool().clone();
        change(&mut pool);
        pool.generation += 1;
        self.world.observe_pool(pool);
    }

    pub(super) fn scale(&mut self, replicas: u32) {
        self.respec(|pool| pool.spec.replicas = replicas);
    }

    /// Another controller leads from now on: it knows the pool, and nothing else.
    pub(super) fn lead_anew(&mut self) {
        let pool = self.world.pool().clone();
        let presence = self.world.jicofo().presence.clone();
        let skew = self.world.skew;
        let guards = self.world.guards;
        self.world = World::new(pool, Tuning::default(), self.now);
        self.world.guards = guards;
        self.world.skew = skew;
        self.world.observe_jicofo(presence);
    }

    /// Looks at every bridge that runs.
    pub(super) fn look(&mut self) {
        self.look_at(true);
    }

    /// Looks at those that answer, and does not ask the others.
    pub(super) fn look_quietly(&mut self) {
        self.look_at(false);
    }

    fn look_at(&mut self, silence: bool) {
        for (uid, actor) in &self.actors {
            let Some(object) = self.objects.get(uid) else {
                continue;
            };
            let Some(container) = object.pod.running() else {
                continue;
            };
            if !actor.answers {
                if silence {
                    self.world.observe_silence(uid, self.now);
                }
                continue;
            }
            let look = Look {
                at: self.now,
                startup: actor.startup,
                flags: actor.flags,
                people: actor.people,
                conferences: Some(actor.conferences),
                largest: actor.largest.or(actor.people),
                stress: Some(actor.stress),
                healthy: Some(actor.healthy),
                joined: actor.joined,
            };
            self.world.observe_look(uid, container, look);
        }
        let here: BTreeSet<String> = self
            .objects
            .values()
            .map(|object| object.pod.name.clone())
            .collect();
        if matches!(self.world.jicofo().presence, Presence::Here(_)) {
            self.world.observe_jicofo(Presence::Here(here));
        }
    }

    /// Decides, holds the plan against the invariants, and carries it out.
    pub(super) fn act(&mut self) -> Plan {
        let plan = self.decide();
        self.carry_out(&plan, |_| None);
        plan
    }

    /// Carries a plan out. What `instead` has an answer to is not done: that answer comes instead.
    pub(super) fn carry_out(&mut self, plan: &Plan, instead: impl Fn(&Request) -> Option<Outcome>) {
        let requests = effects(&mut self.world, plan, self.now);
        self.broken.extend(request_violations(&requests));
        self.check();
        for request in requests {
            let outcome = instead(&request).unwrap_or_else(|| self.answer(&request));
            self.sent.push(request.clone());
            fold(&mut self.world, &request, outcome, self.now);
        }
    }

    /// Carries a plan out; the answers to what `lost` says get lost, though it is done.
    pub(super) fn carry_out_and_lose(&mut self, plan: &Plan, lost: impl Fn(&Request) -> bool) {
        for request in effects(&mut self.world, plan, self.now) {
            let unheard = lost(&request).then(|| self.world.clone());
            let outcome = self.answer(&request);
            let outcome = match unheard {
                Some(world) => {
                    self.world = world;
                    Outcome::Unknown
                }
                None => outcome,
            };
            fold(&mut self.world, &request, outcome, self.now);
        }
    }

    pub(super) fn decide(&mut self) -> Plan {
        let plan = step(&self.world, self.now);
        assert_eq!(
            plan,
            step(&self.world, self.now),
            "the same world, another plan"
        );
        self.broken.extend(violations(&self.world, &plan));
        self.check();
        for decision in &plan.decisions {
            let pod = decision.pod.as_ref().map(|pod| pod.uid.clone());
            let decided = (self.now, decision.transition, pod);
            self.journal.borrow_mut().push(decided.clone());
            self.log.push(decided);
            self.ways.insert(decision.way());
        }
        plan
    }

    fn check(&mut self) {
        if self.strict {
            self.broken.extend(world_violations(&self.world));
            assert!(self.broken.is_empty(), "{:#?}", self.broken);
        }
    }

    /// A second passes, and the bridges are looked at.
    pub(super) fn tick(&mut self) {
        self.now += secs(1);
        self.world.hear(self.now);
        self.look();
    }

    /// A second passes: the bridges are looked at, and until nothing more is due at this moment it is decided and done.
    pub(super) fn second(&mut self) {
        self.tick();
        self.act_on();
    }

    /// Nothing happens until something is due; then the bridges are looked at, and it is decided and done.
    pub(super) fn sleep(&mut self) {
        let wake = self.world.wake();
        assert!(wake > self.now, "it is due at {wake:?} and not done");
        self.now = wake;
        self.world.hear(wake);
        self.look();
        self.act_on();
    }

    /// It is decided and done until nothing more is due at this moment.
    fn act_on(&mut self) {
        for _ in 0..20 {
            if self.act().decisions.is_empty() {
                return;
            }
        }
        assert!(
            !self.strict,
            "it decides on and on: {:?}",
            &self.log[self.log.len() - 20..]
        );
    }

    pub(super) fn seconds(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.second();
        }
    }

    /// Seconds pass until something is so.
    pub(super) fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        const MOST: usize = 600;
        for _ in 0..MOST {
            if is(self) {
                return;
            }
            self.second();
        }
        panic!("not within {MOST} s: {what}");
    }

    /// Seconds pass until a bridge is in this state.
    pub(super) fn until_in(&mut self, name: &str, state: State) {
        self.until(&format!("{name} is {state:?}"), |stage| {
            stage.state(name) == state
        });
    }

    /// Seconds pass until something is decided for the first time.
    pub(super) fn until_decided(&mut self, what: Transition) {
        self.until(&format!("{what:?}"), |stage| stage.times(what) > 0);
    }

    /// When something was decided first.
    pub(super) fn when(&self, what: Transition) -> Option<Time> {
        let mut log = self.log.iter();
        log.find(|(_, one, _)| *one == what).map(|(at, ..)| *at)
    }

    /// Seconds pass until something is decided: how.
    pub(super) fn until_decision(&mut self, what: Transition) -> Decision {
        for _ in 0..600 {
            self.tick();
            let mut decided = self.act().decisions.into_iter();
            if let Some(decision) = decided.find(|one| one.transition == what) {
                return decision;
            }
        }
        panic!("not within 600 s: {what:?}");
    }

    /// Seconds pass until something is decided; what it writes on the pod, all at once.
    pub(super) fn until_written(&mut self, what: Transition) -> Marks {
        let decision = self.until_decision(what);
        let Action::Mark(mark) = decision.action else {
            panic!("{decision:?} writes nothing");
        };
        mark.after
    }

    /// What the API server, a bridge or jicofo does about a request.
    pub(super) fn answer(&mut self, request: &Request) -> Outcome {
        match &request.call {
            Call::CreatePod {
                labels,
                annotations,
                ..
            } => {
                self.born += 1;
                let name = format!("n{}", self.born);
                let marks = Marks::read(labels, annotations, self.now).unwrap();
                self.put(&name, &marks, self.now);
                let object = self.objects.get_mut(&uid(&name)).unwrap();
                if !self.boots {
                    object.pod.container = None;
                    object.pod.phase = Phase::Pending;
                    object.pod.ready = false;
                    self.actors.remove(&uid(&name));
                }
                Outcome::Pod(Box::new(self.objects[&uid(&name)].pod.clone()))
            }
            Call::PatchPod { uid, body, .. } => self.patch(uid, body),
            Call::DeletePod {
                uid,
                resource_version,
                ..
            } => {
                let Some(object) = self.objects.get(uid) else {
                    return Outcome::Gone;
                };
                if resource_version
                    .as_ref()
                    .is_some_and(|version| *version != object.pod.resource_version)
                {
                    return Outcome::Conflict;
                }
                self.objects.remove(uid);
                self.actors.remove(uid);
                self.world.observe_gone(uid, self.now);
                Outcome::Done
            }
            Call::ReadPod { uid, .. } => match self.objects.get(uid) {
                Some(object) => Outcome::Pod(Box::new(object.pod.clone())),
                None => Outcome::Gone,
            },
            Call::ListPods => Outcome::Pods {
                pods: self
                    .objects
                    .values()
                    .map(|object| object.pod.clone())
                    .collect(),
                version: self.version.to_string(),
            },
            Call::Bridge { uid, command, .. } => match self.actors.get_mut(uid) {
                Some(actor) if actor.answers => {
                    if actor.obeys {
                        match command {
                            Command::Drain => actor.flags.drain = true,
                            Command::Undrain => actor.flags.drain = false,
                            Command::Shutdown => actor.flags.shutting_down = true,
                        }
                    }
                    Outcome::Done
                }
                _ => Outcome::Unknown,
            },
            Call::AskRooms => Outcome::Rooms(
                self.actors
                    .iter()
                    .filter_map(|(uid, actor)| {
                        let endpoints = actor.people.filter(|people| *people > 0)?;
                        Some((
                            uid.0.clone(),
                            vec![Room {
                                name: format!("room-{uid}"),
                                endpoints,
                            }],
                        ))
                    })
                    .collect(),
            ),
            Call::MoveRoom { .. } | Call::PatchPool { .. } | Call::PatchStatus { .. } => {
                Outcome::Done
            }
        }
    }

    fn patch(&mut self, uid: &Uid, body: &serde_json::Value) -> Outcome {
        let version = self.next_version();
        let Some(object) = self.objects.get_mut(uid) else {
            return Outcome::Gone;
        };
        let metadata = &body["metadata"];
        let fenced = metadata["resourceVersion"].as_str();
        if fenced.is_some_and(|version| version != object.pod.resource_version) {
            return Outcome::Conflict;
        }
        for (kind, texts) in [
            ("labels", &mut object.labels),
            ("annotations", &mut object.annotations),
        ] {
            for (key, value) in metadata[kind].as_object().into_iter().flatten() {
                match value.as_str() {
                    Some(value) => texts.insert(key.clone(), value.to_owned()),
                    None => texts.remove(key),
                };
            }
        }
        if let Some(owners) = metadata.get("ownerReferences") {
            let controlled = |owners: &Vec<serde_json::Value>| {
                owners.iter().any(|owner| owner["controller"] == true)
            };
            object.pod.owner = if owners.as_array().is_some_and(controlled) {
                Owner::Pool
            } else {
                Owner::Nobody
            };
        }
        object.pod.resource_version = version;
        object.read();
        Outcome::Pod(Box::new(object.pod.clone()))
    }

    /// In which state a bridge is; gone, when it is not there.
    pub(super) fn state(&self, name: &str) -> State {
        Scene::new(&self.world, self.now)
            .sights
            .iter()
            .find(|sight| sight.pod.uid == uid(name))
            .map_or(State::Gone, |sight| sight.state)
    }

    pub(super) fn states(&self) -> BTreeMap<String, State> {
        let scene = Scene::new(&self.world, self.now);
        scene
            .sights
            .iter()
            .map(|sight| (sight.pod.name.clone(), sight.state))
            .collect()
    }

    /// The name of the only bridge in this state.
    pub(super) fn only(&self, state: State) -> String {
        let states = self.states();
        let mut names = states.iter().filter(|(_, one)| **one == state);
        let (name, _) = names.next().unwrap();
        assert!(names.next().is_none(), "several are {state:?}: {states:?}");
        name.clone()
    }

    pub(super) fn in_state(&self, state: State) -> usize {
        self.states().values().filter(|one| **one == state).count()
    }

    pub(super) fn marks(&self, name: &str) -> &Marks {
        self.world.pods()[&uid(name)].pod.marks.as_ref().unwrap()
    }

    pub(super) fn counted(&self) -> u32 {
        Scene::new(&self.world, self.now).tally.counted
    }

    /// How often something was decided.
    pub(super) fn times(&self, transition: Transition) -> usize {
        self.log
            .iter()
            .filter(|(_, what, _)| *what == transition)
            .count()
    }

    /// What was decided about a bridge, in order, each once in a row.
    pub(super) fn life(&self, name: &str) -> Vec<Transition> {
        let mut life: Vec<Transition> = self
            .log
            .iter()
            .filter(|(_, _, pod)| pod.as_ref() == Some(&uid(name)))
            .map(|(_, what, _)| *what)
            .collect();
        life.dedup();
        life
    }

    /// A condition of the pool, as its status would tell it now.
    pub(super) fn condition(&self, name: &str) -> Condition {
        let mut world = self.world.clone();
        world.touch();
        let plan = step(&world, self.now);
        let tally = plan.tally.clone().unwrap();
        let status = crate::status::status(&world, &plan, &tally, self.now);
        let mut conditions = status.conditions.into_iter();
        conditions.find(|one| one.type_ == name).unwrap()
    }

    pub(super) fn finding(&self, reason: scaler_api::status::Reason) -> bool {
        let mut world = self.world.clone();
        world.touch();
        step(&world, self.now)
            .findings
            .iter()
            .any(|finding| finding.reason == reason)
    }
}
