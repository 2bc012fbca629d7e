//! A scene: a small cluster in which one exact thing goes wrong at one exact moment.

use std::time::Duration;

use bridge::Time;
use bridge::model::{Health, Stop, Videobridge};
use bridge::stats::StartupTime;
use cluster::api::{Actor, Edit, Key, Kind, Meta, Object, Pod, Record, Reply, Request};
use cluster::chaos::{Fault, Then, Trap, When};
use cluster::net::Answering;
use cluster::node::Life;
use cluster::run::{Ending, Options, POOL, Scenario, Sim, template};
use cluster::world::Setup;
use scaler_api::key::{Key as Note, Value};
use scaler_api::state::Intent;
use scaler_api::{BridgePoolSpec, Duration as Lasting, Limit, State, annotations, labels};
use scaler_policy::world::Tuning;
use scaler_policy::{Guard, Transition};

/// What is not as it should be.
pub(crate) type Wrong = String;

/// What a script says of how it went.
pub(crate) type Played = Result<(), Wrong>;

/// A fault that is being shown, or something that is none.
pub(crate) struct Shown<S> {
    name: String,
    fault: Option<Fault>,
    set: fn(&mut Scenario),
    script: S,
}

/// A small cluster, and what was wrong in it.
pub(crate) struct Scene {
    pub(crate) sim: Sim,
    fault: Option<Fault>,
    /// What protects is taken away; what that is, the script says.
    pub(crate) bare: bool,
    happened: bool,
    wrong: Vec<Wrong>,
}

/// Plays a scene in which this fault happens. It must happen, and nothing must be wrong: neither what the script says, nor what
/// the oracle finds, nor at rest.
pub(crate) fn fault<S: Fn(&mut Scene) -> Played>(
    number: u8,
    set: fn(&mut Scenario),
    script: S,
) -> Shown<S> {
    let fault = Fault::ALL
        .into_iter()
        .find(|fault| fault.number() == number)
        .expect("the number of a fault");
    shown(format!("F{number}"), Some(fault), set, script)
}

/// Plays a scene of something that is no fault and that no seed draws. Nothing must be wrong.
pub(crate) fn wish<S: Fn(&mut Scene) -> Played>(
    name: &str,
    set: fn(&mut Scenario),
    script: S,
) -> Shown<S> {
    shown(name.to_owned(), None, set, script)
}

fn shown<S: Fn(&mut Scene) -> Played>(
    name: String,
    fault: Option<Fault>,
    set: fn(&mut Scenario),
    script: S,
) -> Shown<S> {
    let shown = Shown {
        name,
        fault,
        set,
        script,
    };
    let scene = shown.play(None, false);
    if !scene.wrong.is_empty() {
        scene.tell_last();
        panic!("{}: {:#?}", shown.name, scene.wrong);
    }
    shown
}

impl<S: Fn(&mut Scene) -> Played> Shown<S> {
    /// The same scene without a guard: something is wrong.
    pub(crate) fn needs(self, guard: Guard) -> Self {
        self.missed(&format!("{guard:?}"), Some(guard), false)
    }

    /// The same scene without a protection that lies outside of the policy: something is wrong.
    pub(crate) fn needs_outside(self, what: &str) -> Self {
        self.missed(what, None, true)
    }

    fn missed(self, what: &str, guard: Option<Guard>, bare: bool) -> Self {
        let scene = self.play(guard, bare);
        let name = &self.name;
        assert!(
            scene.happened,
            "{name} does not happen without {what}: {:#?}",
            scene.wrong
        );
        if scene.wrong.is_empty() {
            scene.tell_last();
            panic!("{name}: nobody misses {what}");
        }
        println!("{name} without {what}: {}", scene.wrong[0]);
        self
    }

    fn play(&self, guard: Option<Guard>, bare: bool) -> Scene {
        let mut scenario = quiet();
        (self.set)(&mut scenario);
        let options = Options {
            without: guard,
            trace: true,
            ..Options::default()
        };
        let mut scene = Scene {
            sim: Sim::new(7, scenario, &options),
            fault: self.fault,
            bare,
            happened: false,
            wrong: Vec::new(),
        };
        let size = scene.sim.scenario.spec.replicas as usize;
        let mut played = scene.until("the pool is up", 300, |scene| scene.serving().len() == size);
        if played.is_ok() {
            // Until then a leader believes no bridge to be empty. An HPA would not leave an idle pool alone for so long.
            if scene.sim.hpa.is_none() {
                scene.secs(Tuning::default().mass_window.as_secs());
            }
            played = (self.script)(&mut scene);
        }
        scene.wrong.extend(played.err());
        // What is wrong already need not come to rest.
        let whole = guard.is_none() && !bare;
        while (whole || scene.wrong.is_empty()) && scene.sim.advance() {}
        let violations = scene.sim.oracle.violations().iter();
        let violations: Vec<Wrong> = violations.map(ToString::to_string).collect();
        scene.wrong.extend(violations);
        if !scene.happened && scene.wrong.is_empty() {
            scene.wrong.push("the fault never happened".to_owned());
        }
        scene
    }
}

/// Three bridges on three nodes and one controller; nobody comes by themselves, nothing goes wrong by itself.
fn quiet() -> Scenario {
    let mut spec = BridgePoolSpec {
        replicas: 3,
        max_replicas: Some(8),
        template: Some(template("jvb:1")),
        min_lifetime: Lasting::ZERO,
        ..BridgePoolSpec::default()
    };
    spec.drain.deadline = Lasting::from_mins(10);
    spec.drain.max_concurrent = Limit::Count(1);
    Scenario {
        setup: Setup::default(),
        spec,
        hpa: None,
        replicas: 1,
        demand: Vec::new(),
        sizes: Vec::new(),
        pauses: Vec::new(),
        pins: Vec::new(),
        orphans: Vec::new(),
        faults: Vec::new(),
        interludes: Vec::new(),
        calm: minutes(45),
        end: minutes(85),
        ending: Ending::Rest,
    }
}

/// A moment, in minutes since the beginning.
pub(crate) fn minutes(minutes: i64) -> Time {
    Time::from_millis(minutes * 60_000)
}

/// A time in seconds.
pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn read<T: Value>(note: &Note<T>, pod: &Pod) -> Option<T> {
    note.read(&pod.meta.annotations).ok().flatten()
}

/// What is intended with a pod.
pub(crate) fn intent(pod: &Pod) -> Intent {
    read(&annotations::INTENT, pod).unwrap_or(Intent::Active)
}

/// Whether a pod has a label that says `true`.
pub(crate) fn labelled(pod: &Pod, label: &Note<bool>) -> bool {
    label.read(&pod.meta.labels).ok().flatten() == Some(true)
}

/// What happens.
impl Scene {
    /// Prints what happened before all came to rest.
    fn tell_last(&self) {
        let trace = self.sim.trace.text().unwrap_or_default();
        let lines: Vec<&str> = trace
            .lines()
            .take_while(|line| !line.ends_with("CALM"))
            .collect();
        for line in &lines[lines.len().saturating_sub(400)..] {
            println!("{line}");
        }
    }

    /// Time goes by, in seconds.
    pub(crate) fn secs(&mut self, time: u64) {
        self.millis(time * 1000);
    }

    /// Time goes by, in milliseconds.
    pub(crate) fn millis(&mut self, time: u64) {
        let until = self.sim.now() + Duration::from_millis(time);
        while self.sim.now() < until && self.sim.advance() {}
    }

    /// Time goes by until something is so.
    pub(crate) fn until(&mut self, what: &str, within: u64, is: impl Fn(&Self) -> bool) -> Played {
        let end = self.sim.now() + secs(within);
        while !is(self) {
            if self.sim.now() >= end || !self.sim.advance() {
                return Err(format!("{}: not within {within} s: {what}", self.sim.now()));
            }
        }
        Ok(())
    }

    /// Time goes by, and something is so all the while.
    pub(crate) fn always(&mut self, what: &str, time: u64, is: impl Fn(&Self) -> bool) {
        let end = self.sim.now() + secs(time);
        while self.sim.now() < end && self.sim.advance() {
            if !is(self) {
                self.claim(what, false);
                return;
            }
        }
    }

    /// Something must be so.
    pub(crate) fn claim(&mut self, what: &str, is: bool) {
        if !is {
            self.wrong
                .push(format!("{}: not so: {what}", self.sim.now()));
        }
    }

    /// The fault has really happened.
    pub(crate) fn happened(&mut self) {
        self.happened = true;
        if let Some(fault) = self.fault {
            self.sim.chaos.count(fault);
        }
    }

    /// The next such request springs a trap.
    pub(crate) fn trap(&mut self, when: When, then: Then) {
        let fault = self.fault.expect("a trap is a fault");
        self.sim.chaos.set(Trap { fault, when, then });
    }

    /// Waits until the trap is sprung, which is the fault.
    pub(crate) fn sprung(&mut self, within: u64) -> Played {
        let fault = self.fault.expect("a trap is a fault");
        let count = |scene: &Self| scene.sim.chaos.happened().get(&fault).copied().unwrap_or(0);
        let before = count(self);
        self.until("the trap is sprung", within, |scene| count(scene) > before)?;
        self.happened = true;
        Ok(())
    }

    /// The size is set.
    pub(crate) fn size(&mut self, replicas: u32) {
        self.sim.set_size(replicas);
    }

    /// People meet in a room for some minutes; jicofo finds them a bridge. Its name.
    pub(crate) fn meet(&mut self, room: &str, people: u64, mins: u64) -> Result<String, Wrong> {
        for person in 0..people {
            let person = format!("{room}-{person}");
            self.sim.world.join_for(room, &person, secs(mins * 60));
        }
        self.until("the room has a bridge", 20, |scene| {
            scene.home(room).is_some()
        })?;
        self.home(room).ok_or_else(|| "the room is gone".to_owned())
    }

    /// One conference of an hour on each of the first bridges, of so many people each. The names of the bridges.
    pub(crate) fn populate(&mut self, rooms: &[u64]) -> Result<Vec<String>, Wrong> {
        let mut homes = Vec::new();
        for (number, people) in rooms.iter().enumerate() {
            let home = self.meet(&format!("meeting-{number}"), *people, 60)?;
            if homes.contains(&home) {
                return Err(format!("two conferences on {home}"));
            }
            homes.push(home);
            // jicofo hears of it with the next presence.
            self.secs(12);
        }
        Ok(homes)
    }

    /// One bridge too many: the one that is to go, draining.
    pub(crate) fn shrink(&mut self, to: u32) -> Result<String, Wrong> {
        self.size(to);
        self.until("one drains, and that is written down", 30, |scene| {
            let drains = scene.drains();
            let first = drains.first().and_then(|name| scene.confirmed(name));
            first == Some(true)
        })?;
        self.victim()
    }

    /// A process is killed for its memory; that is nobody's fault but the cluster's.
    pub(crate) fn kill(&mut self, name: &str) {
        let now = self.sim.now();
        self.sim.oracle.blame_mut().killed(name, now);
        self.sim.world.stop_bridge(name, Stop::Kill);
    }

    /// A bridge restarts while nobody leads, who comes back after half a minute.
    pub(crate) fn restart_unled(&mut self, name: &str) -> Played {
        let before = self.run_of(name);
        self.crash(30)?;
        self.kill(name);
        self.until("it is back", 40, |scene| {
            let bridge = scene.bridge(name).filter(|bridge| bridge.in_brewery());
            bridge.is_some() && scene.run_of(name) != before
        })
    }

    /// A bridge restarts while nobody leads: whoever leads next finds another run of it.
    pub(crate) fn restart_unseen(&mut self, name: &str) -> Played {
        self.restart_unled(name)?;
        self.led()
    }

    /// The leader's process ends, and starts again after a while.
    pub(crate) fn crash(&mut self, back_after: u64) -> Played {
        let leader = self.leader()?;
        self.sim.crash(leader, secs(back_after), Duration::ZERO);
        Ok(())
    }

    /// Waits for somebody to lead.
    pub(crate) fn led(&mut self) -> Played {
        self.until("somebody leads", 90, |scene| scene.leader().is_ok())
    }

    /// How a bridge answers from now on.
    pub(crate) fn answers(&mut self, name: &str, how: Option<Answering>) {
        match how {
            Some(how) => self.sim.net.bridges.insert(name.to_owned(), how),
            None => self.sim.net.bridges.remove(name),
        };
    }

    /// How all bridges find themselves.
    pub(crate) fn health(&mut self, health: &Health) {
        for pod in self.names() {
            self.sim.world.jitsi.set_health(&pod, health.clone());
        }
    }

    /// Somebody with kubectl asks for something.
    pub(crate) fn user(&mut self, request: Request) -> Reply {
        self.sim.world.request(Actor::User, request)
    }

    /// Somebody deletes a pod, with a grace period or the pod's own.
    pub(crate) fn delete(&mut self, name: &str, grace: Option<Duration>) -> Reply {
        self.user(Request::Delete {
            key: Key::pod(name),
            uid: None,
            version: None,
            grace,
        })
    }

    /// Somebody edits labels and annotations of a pod.
    pub(crate) fn edit(
        &mut self,
        name: &str,
        labels: &[(&str, Option<&str>)],
        notes: &[(&str, Option<&str>)],
    ) -> Reply {
        let owned = |texts: &[(&str, Option<&str>)]| {
            let texts = texts.iter();
            texts
                .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
                .collect()
        };
        self.user(Request::Patch {
            key: Key::pod(name),
            uid: None,
            version: None,
            edit: Edit {
                labels: owned(labels),
                annotations: owned(notes),
                ..Edit::default()
            },
        })
    }

    /// A pod of somebody else carries the labels of the pool.
    pub(crate) fn foreign(&mut self, name: &str) -> Reply {
        let labels = [
            (labels::POOL.name(), POOL),
            (labels::COUNTED.name(), "true"),
            (labels::PROTECTED.name(), "true"),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.user(Request::Create(Box::new(Object::Pod(Pod {
            meta: Meta {
                name: name.to_owned(),
                owner: Some("uid-of-another".to_owned()),
                labels: labels.into(),
                ..Meta::default()
            },
            image: "jvb:1".to_owned(),
            grace: secs(30),
            ..Pod::default()
        }))))
    }

    /// The sidecars of all bridges fail for good: what protects when others delete is taken away.
    pub(crate) fn without_sidecars(&mut self) {
        for name in self.names() {
            self.sim.world.kill_sidecar(&name);
        }
    }

    /// The PodDisruptionBudget is deleted.
    pub(crate) fn without_budget(&mut self) -> Option<Object> {
        let key = Key::new(Kind::Pdb, POOL);
        let budget = self
            .sim
            .world
            .api
            .get(&key)
            .map(|object| (**object).clone());
        let now = self.sim.now();
        self.sim.world.api.remove(&key, now);
        budget
    }
}

/// What is so.
impl Scene {
    pub(crate) fn pods(&self) -> impl Iterator<Item = &Pod> {
        let pods = self.sim.world.api.pods();
        pods.filter(|pod| {
            pod.meta.labels.get(labels::POOL.name()).map(String::as_str) == Some(POOL)
                && pod.meta.owner.as_deref() != Some("uid-of-another")
        })
    }

    /// The pods that nobody has deleted.
    pub(crate) fn names(&self) -> Vec<String> {
        let pods = self.pods().filter(|pod| pod.meta.deleted.is_none());
        pods.map(|pod| pod.meta.name.clone()).collect()
    }

    pub(crate) fn pod(&self, name: &str) -> Option<&Pod> {
        self.sim.world.api.pod(name)
    }

    pub(crate) fn node(&self, name: &str) -> String {
        self.pod(name)
            .and_then(|pod| pod.node.clone())
            .unwrap_or_default()
    }

    pub(crate) fn bridge(&self, name: &str) -> Option<Videobridge<'_>> {
        self.sim.world.jitsi.bridge(name)
    }

    pub(crate) fn people(&self, name: &str) -> u32 {
        self.bridge(name).map_or(0, Videobridge::local_endpoints)
    }

    pub(crate) fn run_of(&self, name: &str) -> Option<StartupTime> {
        self.bridge(name).map(Videobridge::startup_time)
    }

    /// Whether a bridge hides from new conferences.
    pub(crate) fn hidden(&self, name: &str) -> bool {
        self.bridge(name).is_some_and(|bridge| bridge.flags().drain)
    }

    pub(crate) fn shuts_down(&self, name: &str) -> bool {
        self.bridge(name)
            .is_some_and(|bridge| bridge.state() == bridge::State::ShuttingDown)
    }

    /// The bridge that a room is on.
    pub(crate) fn home(&self, room: &str) -> Option<String> {
        let mut bridges = self.sim.world.jitsi.bridges();
        let home =
            bridges.find(|(_, bridge)| bridge.sessions().any(|(name, _)| name.starts_with(room)));
        home.map(|(name, _)| name.to_owned())
    }

    /// All bridges that a room is on.
    pub(crate) fn bridges_of(&self, room: &str) -> Vec<String> {
        let bridges = self.sim.world.jitsi.bridges();
        let of =
            bridges.filter(|(_, bridge)| bridge.sessions().any(|(name, _)| name.starts_with(room)));
        of.map(|(name, _)| name.to_owned()).collect()
    }

    /// The counted bridges that people may come to, and of which that is written down.
    pub(crate) fn serving(&self) -> Vec<String> {
        let counted = |name: &String| {
            let pod = self.pod(name);
            pod.is_some_and(|pod| labelled(pod, &labels::COUNTED))
        };
        self.takers().into_iter().filter(counted).collect()
    }

    /// The same, counted or not.
    pub(crate) fn takers(&self) -> Vec<String> {
        let serves = |pod: &&Pod| {
            let acked = read(&annotations::DRAIN_ACKED, pod);
            intent(pod) == Intent::Active
                && pod.meta.deleted.is_none()
                && acked.is_some_and(|acked| {
                    acked.drain == Some(false)
                        && Some(acked.startup_time) == self.run_of(&pod.meta.name)
                })
                && self.bridge(&pod.meta.name).is_some_and(|bridge| {
                    bridge.in_brewery() && bridge.state() == bridge::State::Accepting
                })
        };
        self.pods()
            .filter(serves)
            .map(|pod| pod.meta.name.clone())
            .collect()
    }

    pub(crate) fn serves(&self, name: &str) -> bool {
        self.serving().iter().any(|one| one == name)
    }

    /// The pods that are to go and are not being removed yet.
    pub(crate) fn drains(&self) -> Vec<String> {
        let drains = |pod: &&Pod| matches!(intent(pod), Intent::Drain | Intent::Expel);
        let pods = self.pods().filter(|pod| pod.meta.deleted.is_none());
        pods.filter(drains)
            .map(|pod| pod.meta.name.clone())
            .collect()
    }

    /// The only one that drains.
    pub(crate) fn victim(&self) -> Result<String, Wrong> {
        match &self.drains()[..] {
            [name] => Ok(name.clone()),
            others => Err(format!("one should drain: {others:?}")),
        }
    }

    pub(crate) fn intends(&self, name: &str, what: Intent) -> bool {
        self.pod(name)
            .is_some_and(|pod| pod.meta.deleted.is_none() && intent(pod) == what)
    }

    pub(crate) fn gone(&self, name: &str) -> bool {
        self.pod(name).is_none()
    }

    pub(crate) fn protected(&self, name: &str) -> bool {
        self.pod(name)
            .is_some_and(|pod| labelled(pod, &labels::PROTECTED))
    }

    pub(crate) fn note<T: Value>(&self, name: &str, note: &Note<T>) -> Option<T> {
        read(note, self.pod(name)?)
    }

    /// The drain mode that is written on a pod as the one that its bridge confirmed last.
    pub(crate) fn confirmed(&self, name: &str) -> Option<bool> {
        self.note(name, &annotations::DRAIN_ACKED)?.drain
    }

    /// When a pod was first such.
    pub(crate) fn since(&self, name: &str, is: impl Fn(&Pod) -> bool) -> Option<Time> {
        let changes = self.sim.world.api.log().iter();
        let mut of_pod = changes.filter(|change| change.key == Key::pod(name) && !change.gone);
        let change = of_pod.find(|change| change.object.pod().is_some_and(&is));
        change.map(|change| change.at)
    }

    /// When a pod became such last.
    pub(crate) fn last(&self, name: &str, is: impl Fn(&Pod) -> bool) -> Option<Time> {
        let changes = self.sim.world.api.log().iter();
        let of_pod = changes.filter(|change| change.key == Key::pod(name) && !change.gone);
        let (mut was, mut last) = (false, None);
        for change in of_pod {
            let so = change.object.pod().is_some_and(&is);
            if so && !was {
                last = Some(change.at);
            }
            was = so;
        }
        last
    }

    /// How long a pod that was deleted has until it is told to end; none when it was told already, or was not deleted.
    pub(crate) fn terminates(&self, name: &str) -> Option<Duration> {
        match self.sim.world.held_by_name(name)?.life {
            Life::Terminating {
                until,
                signalled: false,
            } => Some(until.since(self.sim.now())),
            _ => None,
        }
    }

    /// All pods that ever were such.
    pub(crate) fn ever(&self, is: impl Fn(&Pod) -> bool) -> Vec<String> {
        let changes = self.sim.world.api.log().iter();
        let pods = changes.filter_map(|change| change.object.pod());
        let mut names: Vec<String> = pods
            .filter(|pod| is(pod))
            .map(|pod| pod.meta.name.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The requests of controllers that are such.
    pub(crate) fn asked(&self, is: impl Fn(&Record) -> bool) -> usize {
        let records = self.sim.world.api.audit().iter();
        let ours = records.filter(|record| matches!(record.actor, Actor::Controller(_)));
        ours.filter(|record| is(record)).count()
    }

    /// How often a controller has tried to create a pod.
    pub(crate) fn creations(&self) -> usize {
        self.asked(|record| {
            matches!(&record.request, Request::Create(object) if matches!(**object, Object::Pod(_)))
        })
    }

    /// How often a controller has tried to delete this pod.
    pub(crate) fn deletions(&self, name: &str) -> usize {
        self.asked(|record| {
            matches!(record.request, Request::Delete { .. })
                && record.request.key() == Key::pod(name)
        })
    }

    /// How often something was decided.
    pub(crate) fn times(&self, what: Transition) -> usize {
        let word = format!(" {what:?} ");
        let lines = self.sim.trace.text().unwrap_or_default().lines();
        lines
            .filter(|line| line.contains(" replica ") && line.contains(&word))
            .count()
    }

    /// How often a controller decided this about a bridge in such a state.
    pub(crate) fn decided(&self, what: Transition, name: &str, from: State) -> usize {
        let word = format!(" {what:?} {name}: {from:?} -> ");
        let lines = self.sim.trace.text().unwrap_or_default().lines();
        lines.filter(|line| line.contains(&word)).count()
    }

    /// The reason of a condition that holds.
    pub(crate) fn condition(&self, name: &str) -> Option<String> {
        let status = self.sim.world.api.pool(POOL)?.status.as_ref()?;
        let holds = |type_: &str, status: &str| type_ == name && status == "True";
        let mut conditions = status.conditions.iter();
        let found = conditions.find(|condition| holds(&condition.type_, &condition.status));
        found.map(|condition| condition.reason.clone())
    }

    pub(crate) fn leader(&self) -> Result<usize, Wrong> {
        let leads = |number: &usize| self.sim.replicas[*number].mind.is_some();
        self.sim
            .leader()
            .filter(leads)
            .ok_or_else(|| format!("{}: nobody leads", self.sim.now()))
    }

    /// How often a bridge vanished under a person, whoever did it.
    pub(crate) fn cut(&self) -> u64 {
        self.sim.world.jitsi.ledger().cut
    }

    /// How often a person was sent on to another bridge.
    pub(crate) fn moved(&self) -> u64 {
        self.sim.world.jitsi.ledger().moved
    }
}
