//! Every order of events of a small model: three bridges of which two have people, two replicas that both believe that they lead,
//! one write of the HPA, one crash, and one conference that begins, each at any point. It begins where one bridge less is asked for,
//! or later in the life of the bridge too many.
//!
//! What may happen in any order: one of the requests that a replica has under way arrives and is answered, whichever; a replica
//! hears what has changed; a replica crashes and starts anew; the HPA writes; the conference begins; time goes by. A replica decides
//! as soon as it has learnt something, as the controller's loop does; an answer and what its watch has to tell it may learn
//! together. So each replica acts on any past of the store, and a request stays under way as long as the search likes, until it is
//! too late to be sent. Time is coarse, because only the order counts: what is asked for arrives at once or after a pause, and in
//! each pause both replicas look at all bridges once a second. What was there before one pause each has heard of when the next is
//! over; whoever has something to decide then may decide at once, or hear something first.
//!
//! Left out: answers that get lost, bridges that restart, a replica that decides more than twice between two pauses, and whatever
//! happens later than the last pause. The seeds of [`crate::run`] have all of these.
//!
//! At each end all that was under way arrives, and the cluster goes on for some minutes with both replicas: as many must serve as
//! are wanted, and the bridge too many must be gone or wait for its people.
//!
//! # Why it ends, and what is not missed by it
//!
//! The search is depth first, and goes on from each state once. A state is known by a number (`tell`), and what makes no difference
//! later is not in it. That loses nothing, if two states of the same number are judged alike and the same numbers follow from both:
//! then, by induction over the number of events, whatever goes wrong after one of them goes wrong after the other.
//! [`Model::exact`] is the search with nothing left out, and compares what follows from all states of each number
//! ([`Explored::unlike`]). So the tests show the condition, state by state, for models that are small enough to be searched so, among
//! them [`Model::default`]; for larger ones it rests on the reasons that `tell` gives. What comes after an end is tried from one
//! state of each number, in one order.
//!
//! `tests/explore.rs` says which models are searched to their end: all that happens, with one pause, from each of the stages in the
//! life of the bridge too many; and with two pauses, from where it is chosen, with the crash or with the conference, and from all
//! stages with one replica. Beyond that there are only seeds.
//!
//! Besides, three things are done at once and not in any order, because the order makes no difference to anybody: a decision to do
//! nothing is taken, a pod is read anew, and the status of the pool, which nobody in the model reads, is not written at all.

mod act;
mod counts;
mod news;
mod state;
mod tell;

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fmt;

use scaler_policy::Guard;

use crate::oracle::Violation;

pub use act::Action;
pub use counts::Counts;
use state::State;
use tell::Hashes;

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Since how many seconds fewer bridges have been wanted when the search begins, so that one too many is on its way out; then
    /// the HPA's write asks for all again. 0: the HPA's write asks for fewer, and is the first that happens.
    pub begun: u32,
    /// How many the fewer bridges are.
    pub size: u32,
    /// How many pauses there are.
    pub pauses: u32,
    /// How many seconds each lasts.
    pub pause: u32,
    /// How many replicas believe that they lead: one or two.
    pub leaders: usize,
    /// Whether one of them crashes.
    pub crash: bool,
    /// Whether a conference begins.
    pub conference: bool,
    /// How often a replica decides between two pauses at most.
    pub decisions: u32,
    /// Tells all states apart that differ in anything, whether the future depends on it or not.
    pub exact: bool,
    /// How many states at most; a search that comes to more is not complete.
    pub states: usize,
    /// A guard of the policy that is switched off.
    pub without: Option<Guard>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            begun: 0,
            size: 2,
            pauses: 1,
            pause: 10,
            leaders: 2,
            crash: true,
            conference: true,
            decisions: 2,
            exact: false,
            states: usize::MAX,
            without: None,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Explored {
    /// The numbers of the states, by what the future depends on.
    pub numbers: BTreeSet<u64>,
    /// What led to two states of the same number from which different numbers follow, if an exact search saw such.
    pub unlike: Option<[Vec<Action>; 2]>,
    /// How many different states there are, before the first pause and after each.
    pub states: Vec<usize>,
    /// How many steps lead from one of them to another, by what happens.
    pub steps: Counts,
    /// What was decided on the way, and what became of requests.
    pub decisions: Counts,
    /// How many of them are ends, after which all came to rest.
    pub ends: usize,
    /// The longest way.
    pub depth: usize,
    /// Whether everything within the model was seen.
    pub complete: bool,
    /// What was wrong, and what led there.
    pub wrong: Option<(Violation, Vec<Action>)>,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.complete { "complete" } else { "cut off" };
        writeln!(
            f,
            "{} states ({:?} before and after pauses), {} steps between them, {} ends, at most {} steps from the start: {end}",
            self.states.iter().sum::<usize>(),
            self.states,
            self.steps.total(),
            self.ends,
            self.depth
        )?;
        writeln!(f, "  steps: {}", self.steps)?;
        write!(f, "  decisions and requests: {}", self.decisions)?;
        if let Some((violation, actions)) = &self.wrong {
            write!(f, "\n  {violation}\n  after {actions:?}")?;
        }
        Ok(())
    }
}

/// Searches.
pub fn explore(model: Model) -> Explored {
    let mut explored = Explored {
        complete: true,
        states: vec![0; model.pauses as usize + 1],
        ..Explored::default()
    };
    let mut rested = BTreeSet::new();
    let mut exact = BTreeSet::new();
    let mut followed = BTreeMap::new();
    let mut start = State::new(model);
    let number = start.fingerprint();
    explored.numbers.insert(number);
    explored.states[0] += 1;
    // What is still to be tried in each state on the way.
    let mut way = vec![Place::new(start, number, model, None)];
    while let Some(place) = way.last_mut() {
        if std::mem::take(&mut place.is_end) {
            explored.ends += 1;
            if model.exact {
                rested.clear();
            }
            if let Some(violation) = place.state.clone().come_to_rest(&mut rested) {
                explored.wrong = Some((violation, path(&way, None)));
                break;
            }
        }
        let Some(action) = place.untried.pop() else {
            if model.exact && explored.unlike.is_none() {
                explored.unlike = unlike(&mut followed, &way);
            }
            way.pop();
            continue;
        };
        if explored.states.iter().sum::<usize>() >= model.states {
            explored.complete = false;
            break;
        }
        let mut next = place.state.clone();
        next.act(action, &mut explored.decisions);
        explored.steps.count(action.to_string());
        if let Some(violation) = next.wrong() {
            explored.wrong = Some((violation, path(&way, Some(action))));
            break;
        }
        if model.exact {
            next.hashes = Hashes::default();
        }
        let number = next.fingerprint();
        if number != place.number {
            place.next.insert(number);
        }
        let mut new = explored.numbers.insert(number);
        if model.exact {
            new = exact.insert(next.exact_fingerprint());
        }
        if new {
            explored.states[next.pauses as usize] += 1;
            way.push(Place::new(next, number, model, Some(action)));
            explored.depth = explored.depth.max(way.len() - 1);
        }
    }
    explored.complete &= explored.wrong.is_none();
    explored
}

fn path(way: &[Place], last: Option<Action>) -> Vec<Action> {
    way.iter()
        .filter_map(|place| place.by)
        .chain(last)
        .collect()
}

/// Whether other numbers follow from the last state of the way, from which all was tried, than from the first of the same number.
fn unlike(followed: &mut BTreeMap<u64, Followed>, way: &[Place]) -> Option<[Vec<Action>; 2]> {
    let place = way.last()?;
    let by = path(way, None);
    match followed.entry(place.number) {
        Entry::Vacant(entry) => {
            let next = place.next.clone();
            entry.insert(Followed { next, by });
            None
        }
        Entry::Occupied(entry) => {
            let first = entry.get();
            (first.next != place.next).then(|| [first.by.clone(), by])
        }
    }
}

/// What numbers follow from a state, and what led to it.
struct Followed {
    next: BTreeSet<u64>,
    by: Vec<Action>,
}

/// A state on the way.
struct Place {
    state: State,
    number: u64,
    /// The other numbers that follow.
    next: BTreeSet<u64>,
    /// By what it was reached.
    by: Option<Action>,
    untried: Vec<Action>,
    is_end: bool,
}

impl Place {
    fn new(state: State, number: u64, model: Model, by: Option<Action>) -> Self {
        // What is under way arrives first, and time goes by last: so the search soon sees whole lives of bridges.
        let mut untried = state.possible(model);
        untried.reverse();
        Self {
            is_end: untried.is_empty(),
            state,
            number,
            next: BTreeSet::new(),
            by,
            untried,
        }
    }
}
