//! Every order of events of a small model: three bridges of which two have people, two replicas that both believe that they lead,
//! one write of the HPA, one crash, and one conference that begins, each at any point. It begins where one bridge less is asked for,
//! or later in the life of the bridge too many.
//!
//! What may happen in any order: a replica decides; the request that a replica sent first arrives and is answered; a replica
//! hears what has changed; a replica crashes and starts anew; the conference begins; time goes by. So each replica acts on any
//! past of the store, a request stays under way as long as the search likes (until it is too late to be sent), and the two
//! replicas' requests arrive in any order. Time is coarse, because only the order counts: what is asked for arrives at once or
//! after a pause, and in each pause both replicas look at all bridges once a second. What was there before one pause each has
//! heard of when the next is over.
//!
//! Left out: requests of one replica that overtake each other, answers that get lost, bridges that restart, and whatever happens
//! later than the last pause. The seeds of [`crate::run`] have all of these.
//!
//! The search is depth first with a set of the states that were seen, by a hash of all that the future depends on (`tell`).
//! Three things make it end. The status of the pool is taken to be written at once: nothing but itself depends on it. A decision
//! to do nothing is taken at once: it changes nothing. And the two replicas are alike: a state and its mirror image are one.
//!
//! At each end all that was under way arrives, and the cluster goes on for some minutes with both replicas: as many must serve as
//! are wanted, and the bridge too many must be gone or wait for its people.

mod act;
mod state;
mod tell;

use std::collections::BTreeSet;
use std::fmt;

use scaler_policy::Guard;

use crate::oracle::Violation;

pub use act::Action;
use state::State;

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Since how many seconds one bridge less has been wanted when the search begins, so that the bridge too many is on its way
    /// out; then the HPA's write asks for it again. 0: the HPA's write asks for one less, and is the first that happens.
    pub begun: u32,
    /// How many pauses there are.
    pub pauses: u32,
    /// How often a replica decides between two of them at most: a leader that has not heard of the new size and one that has
    /// undo what the other did for as long as they are let.
    pub decisions: u32,
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
    /// How many steps lead from one of them to another.
    pub steps: usize,
    /// How many of them are ends, after which all came to rest.
    pub ends: usize,
    /// The longest way.
    pub depth: usize,
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
            "{} states, {} steps between them, {} ends, at most {} steps from the start: {end}",
            self.states, self.steps, self.ends, self.depth
        )?;
        if let Some((violation, actions)) = &self.wrong {
            write!(f, "\n{violation}\nafter {actions:?}")?;
        }
        Ok(())
    }
}

/// Searches.
pub fn explore(bounds: Bounds) -> Explored {
    let mut explored = Explored {
        complete: true,
        ..Explored::default()
    };
    let mut seen = BTreeSet::new();
    let start = State::new(bounds.begun, bounds.without);
    seen.insert(start.fingerprint());
    // What is still to be tried in each state on the way.
    let mut way = vec![Place::new(start, bounds, None)];
    while let Some(place) = way.last_mut() {
        if let Some(violation) = place.come_to_rest(&mut explored) {
            explored.wrong = Some((violation, path(&way, None)));
            break;
        }
        let Some(action) = place.untried.pop() else {
            way.pop();
            continue;
        };
        if seen.len() >= bounds.states {
            explored.complete = false;
            break;
        }
        let mut next = place.state.clone();
        next.act(action);
        explored.steps += 1;
        if let Some(violation) = next.wrong() {
            explored.wrong = Some((violation, path(&way, Some(action))));
            break;
        }
        if seen.insert(next.fingerprint()) {
            way.push(Place::new(next, bounds, Some(action)));
            explored.depth = explored.depth.max(way.len() - 1);
        }
    }
    explored.complete &= explored.wrong.is_none();
    explored.states = seen.len();
    explored
}

fn path(way: &[Place], last: Option<Action>) -> Vec<Action> {
    way.iter()
        .filter_map(|place| place.by)
        .chain(last)
        .collect()
}

/// A state on the way.
struct Place {
    state: State,
    /// By what it was reached.
    by: Option<Action>,
    untried: Vec<Action>,
    is_end: bool,
}

impl Place {
    fn new(state: State, bounds: Bounds, by: Option<Action>) -> Self {
        // What is under way arrives first, and time goes by last: so the search soon sees whole lives of bridges.
        let mut untried = state.possible(bounds);
        untried.reverse();
        Self {
            is_end: untried.is_empty(),
            state,
            by,
            untried,
        }
    }

    /// At an end, once: what is wrong after all has come to rest.
    fn come_to_rest(&mut self, explored: &mut Explored) -> Option<Violation> {
        if !std::mem::take(&mut self.is_end) {
            return None;
        }
        explored.ends += 1;
        self.state.clone().come_to_rest()
    }
}
