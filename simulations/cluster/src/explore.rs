//! Every order of events of a small model: three bridges, two replicas that both believe that they lead, one write of the HPA,
//! one crash, one conference that begins.
//!
//! Depth first, with a set of the states that were seen, by a hash of everything that a decision or a rule could depend on.
//! Within one moment everything may happen in any order; requests stay under way as long as the search likes, also over moments.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use bridge::Time;
use scaler_api::Duration as Lasting;
use scaler_api::state::Intent;
use scaler_api::{BridgePoolSpec, annotations};
use scaler_policy::{Guard, Request, effects, fold, step};

use crate::api::{Actor, Key, Kind};
use crate::controller::Replica;
use crate::oracle::{Oracle, Violation};
use crate::run::{Events, POOL, carry_out, template};
use crate::world::{Setup, World};

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many moments there are; between two of them 5 s go by.
    pub moments: u32,
    /// How many states at most; the search says whether it came to an end.
    pub states: usize,
    /// A guard of the policy that is switched off.
    pub without: Option<Guard>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Explored {
    /// How many different states there are.
    pub states: usize,
    /// How often a state was reached in another way.
    pub again: usize,
    /// How many runs came to their end.
    pub ends: usize,
    /// Whether everything within the bounds was seen.
    pub complete: bool,
    /// What was wrong, and what led there.
    pub wrong: Option<(Violation, Vec<Action>)>,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.complete { "complete" } else { "cut off" };
        write!(
            f,
            "{} states, reached {} times more in other ways, {} ends, {end}",
            self.states, self.again, self.ends
        )?;
        if let Some((violation, actions)) = &self.wrong {
            write!(f, "\n{violation}\nafter {actions:?}")?;
        }
        Ok(())
    }
}

/// One thing that may happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// A replica decides.
    Decide(usize),
    /// The request that a replica sent first arrives and is answered.
    Deliver(usize),
    /// A replica hears what has changed.
    Hear(usize),
    /// A replica crashes, and starts anew.
    Crash(usize),
    /// The HPA asks for one bridge less.
    Shrink,
    /// A conference begins.
    Confer,
    /// 5 s go by; both replicas look at the bridges each second.
    Wait,
}

/// Everything at one moment.
#[derive(Clone)]
struct State {
    world: World,
    oracle: Oracle,
    replicas: [Replica; 2],
    under_way: [VecDeque<Request>; 2],
    /// How often each has decided in this moment.
    decided: [u32; 2],
    moment: u32,
    crashed: bool,
    shrunk: bool,
    conferred: bool,
}

/// How often a replica decides in one moment at most: two leaders of whom one has not heard of the new size undo what the other
/// did for as long as they are let.
const DECISIONS: u32 = 3;

const SECOND: Duration = Duration::from_secs(1);

/// Searches.
pub fn explore(bounds: Bounds) -> Explored {
    let mut explored = Explored {
        complete: true,
        ..Explored::default()
    };
    let mut seen = BTreeSet::new();
    let start = State::new(bounds.without);
    seen.insert(start.hash());
    // What is still to be tried in each state on the way; the way itself is what was taken out last of each.
    let mut way = vec![Place::new(Box::new(start), bounds.moments, None)];
    while let Some(place) = way.last_mut() {
        let Some(action) = place.untried.pop() else {
            explored.ends += usize::from(place.is_end);
            way.pop();
            continue;
        };
        if seen.len() >= bounds.states {
            explored.complete = false;
            break;
        }
        let mut next = place.state.clone();
        next.act(action);
        if let Some(violation) = next.wrong() {
            let path = way.iter().filter_map(|place| place.by).chain([action]);
            explored.wrong = Some((violation, path.collect()));
            break;
        }
        if seen.insert(next.hash()) {
            way.push(Place::new(next, bounds.moments, Some(action)));
        } else {
            explored.again += 1;
        }
    }
    explored.states = seen.len();
    explored
}

/// A state on the way.
struct Place {
    state: Box<State>,
    /// By what it was reached.
    by: Option<Action>,
    untried: Vec<Action>,
    is_end: bool,
}

impl Place {
    fn new(state: Box<State>, moments: u32, by: Option<Action>) -> Self {
        // What is under way arrives first, and time goes by last: so the search soon sees whole lives of bridges.
        let mut untried = state.possible(moments);
        untried.reverse();
        Self {
            is_end: untried.is_empty(),
            state,
            by,
            untried,
        }
    }
}

impl State {
    /// Three bridges that serve; both replicas have just begun to lead.
    fn new(without: Option<Guard>) -> Self {
        let mut spec = BridgePoolSpec {
            replicas: 3,
            max_replicas: Some(4),
            template: Some(template("jvb:1")),
            min_lifetime: Lasting::ZERO,
            ..BridgePoolSpec::default()
        };
        spec.drain.settle = Lasting::from_secs(10);
        spec.drain.max_concurrent = scaler_api::Limit::Count(1);
        let world = World::new(1, Setup::default(), Time::default());
        let mut replicas = [0, 1].map(|number| Replica::new(number, POOL, without));
        let mut state = Self {
            oracle: Oracle::new(POOL),
            under_way: [VecDeque::new(), VecDeque::new()],
            decided: [0; 2],
            moment: 0,
            crashed: false,
            shrunk: false,
            conferred: false,
            replicas: replicas.clone(),
            world,
        };
        crate::run::found(&mut state.world, spec);
        let now = state.world.now();
        replicas[0].start(&state.world.api, Duration::ZERO, now);
        replicas[0].lead(now);
        state.replicas[0] = replicas[0].clone();
        // One of them brings the pool up.
        for _ in 0..40 {
            state.go_by(SECOND);
            state.act(Action::Hear(0));
            state.decided = [0; 2];
            while !state.quiet(0) {
                state.act(Action::Decide(0));
                while !state.under_way[0].is_empty() {
                    state.act(Action::Deliver(0));
                }
            }
        }
        let now = state.world.now();
        state.replicas[1].start(&state.world.api, Duration::ZERO, now);
        state.replicas[1].lead(now);
        state.look();
        state.decided = [0; 2];
        state
    }

    fn quiet(&self, number: usize) -> bool {
        let mind = self.replicas[number].mind.as_ref();
        mind.is_none_or(|mind| mind.quiet(self.world.now()))
    }

    fn possible(&self, moments: u32) -> Vec<Action> {
        let mut actions = Vec::new();
        for number in 0..2 {
            if !self.under_way[number].is_empty() {
                actions.push(Action::Deliver(number));
            }
            if !self.quiet(number) && self.decided[number] < DECISIONS {
                actions.push(Action::Decide(number));
            }
            if self.replicas[number].next_news(&self.world.api).is_some() {
                actions.push(Action::Hear(number));
            }
            if !self.crashed && self.shrunk {
                actions.push(Action::Crash(number));
            }
        }
        if !self.shrunk {
            actions.push(Action::Shrink);
        }
        if !self.conferred && self.shrunk {
            actions.push(Action::Confer);
        }
        if self.moment < moments && self.shrunk {
            actions.push(Action::Wait);
        }
        actions
    }

    fn act(&mut self, action: Action) {
        let now = self.world.now();
        match action {
            Action::Decide(number) => {
                self.decided[number] += 1;
                if let Some(mind) = &mut self.replicas[number].mind {
                    let plan = step(mind, now);
                    let requests = effects(mind, &plan, now);
                    self.under_way[number].extend(requests);
                }
            }
            Action::Deliver(number) => {
                if let Some(request) = self.under_way[number].pop_front() {
                    // A client does not send what is too old.
                    let outcome = if now > request.not_after {
                        scaler_policy::Outcome::Refused("too late".to_owned())
                    } else {
                        let events = Events {
                            world: &mut self.world,
                            oracle: &mut self.oracle,
                        };
                        carry_out(events, &self.replicas[number], &request)
                    };
                    if let Some(mind) = &mut self.replicas[number].mind {
                        fold(mind, &request, outcome, now);
                    }
                }
            }
            Action::Hear(number) => {
                self.replicas[number].hear(&self.world.api, Duration::ZERO, now);
            }
            Action::Crash(number) => {
                self.crashed = true;
                self.under_way[number].clear();
                self.replicas[number].crash();
                self.replicas[number].start(&self.world.api, Duration::ZERO, now);
                self.replicas[number].lead(now);
                self.look();
            }
            Action::Shrink => {
                self.shrunk = true;
                let request = crate::api::Request::Scale {
                    key: Key::new(Kind::Pool, POOL),
                    version: None,
                    replicas: 2,
                };
                // The pool is there.
                let _ = self.world.request(Actor::Hpa, request);
            }
            Action::Confer => {
                self.conferred = true;
                for person in ["one", "two"] {
                    self.world.join_for("room", person, Duration::from_hours(1));
                }
            }
            Action::Wait => {
                self.moment += 1;
                self.decided = [0; 2];
                for _ in 0..5 {
                    self.go_by(SECOND);
                }
            }
        }
        self.oracle.look(&self.world);
    }

    fn go_by(&mut self, time: Duration) {
        let until = self.world.now() + time;
        while self.world.step(until) {}
        self.look();
    }

    /// Both replicas ask all bridges.
    fn look(&mut self) {
        let now = self.world.now();
        let mut net = crate::net::Net::default();
        for replica in &mut self.replicas {
            for (uid, name, container) in replica.to_ask(now) {
                let stats = net.look(&mut self.world, &name);
                replica.asked(&uid, &container, stats.as_ref(), now);
            }
        }
    }

    /// What is wrong here: by the oracle, or because more than the one bridge too many was chosen.
    fn wrong(&self) -> Option<Violation> {
        if let Some(violation) = self.oracle.violations().first() {
            return Some(violation.clone());
        }
        let pods = self.world.api.pods();
        let left = pods
            .filter(|pod| pod.meta.deleted.is_none())
            .filter(|pod| {
                let intent = annotations::INTENT.read(&pod.meta.annotations);
                intent.ok().flatten() == Some(Intent::Active)
            })
            .count();
        (left < 2).then(|| Violation {
            at: self.world.now(),
            rule: crate::oracle::Rule::Rest,
            what: format!("{left} bridges serve, and 2 are wanted: one too many was chosen"),
        })
    }

    fn hash(&self) -> u64 {
        let mut hasher = Hashing(DefaultHasher::new());
        // Writing to a hasher does not fail.
        let _ = write!(
            hasher,
            "{} {:?} {} {} {} {:?}",
            self.moment, self.decided, self.crashed, self.shrunk, self.conferred, self.under_way
        );
        for replica in &self.replicas {
            let news = replica.next_news(&self.world.api).is_some();
            if let Some(mind) = &replica.mind {
                let size = mind.pool().spec.replicas;
                let (pods, asked, memory) = (mind.pods(), mind.outstanding(), mind.memory());
                let _ = write!(hasher, "{news} {size} {pods:?} {asked:?} {memory:?}");
            }
        }
        for kind in [Kind::Pod, Kind::Pool] {
            for object in self.world.api.list(kind) {
                // Its version stands for all that it says.
                let meta = object.meta();
                let _ = write!(hasher, "{} {} {:?}", meta.name, meta.version, meta.deleted);
            }
        }
        for (name, bridge) in self.world.jitsi.bridges() {
            let (state, people) = (bridge.state(), bridge.local_endpoints());
            let _ = write!(hasher, "{name} {state:?} {people} {:?}", bridge.exit());
        }
        hasher.0.finish()
    }
}

struct Hashing(DefaultHasher);

impl fmt::Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
