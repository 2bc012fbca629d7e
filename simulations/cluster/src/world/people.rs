//! People: conferences begin, people join them and leave them.

use std::time::Duration;

use super::{Event, World};
use crate::kernel::Chance;

/// How many people there are to be, and how they meet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Demand {
    /// People at the same time, on average.
    pub people: u64,
    /// How long a conference lasts, on average.
    pub length: Duration,
    /// The largest conference.
    pub largest: u64,
}

/// The longest that nobody asks whether the demand has changed.
const LOOK: Duration = Duration::from_secs(15);

/// People of one conference come within this time.
const SPREAD: u64 = 10_000;

#[derive(Clone, Debug)]
pub(super) struct People {
    demand: Demand,
    chance: Chance,
    conferences: u64,
}

impl People {
    pub(super) fn new(chance: Chance) -> Self {
        Self {
            demand: Demand {
                people: 0,
                length: Duration::from_mins(5),
                largest: 5,
            },
            chance,
            conferences: 0,
        }
    }
}

impl World {
    /// From now on so many people are to be there.
    pub fn demand(&mut self, demand: Demand) {
        self.people.demand = demand;
    }

    /// Whether a new conference begins now, and when that is asked again.
    pub(super) fn arrive(&mut self) {
        let demand = self.people.demand.clone();
        if demand.people == 0 {
            self.after(LOOK, Event::Arrive);
            return;
        }
        // Conferences have 2 people to the largest number, each as often.
        let size = (2 + demand.largest.max(2)) as f64 / 2.0;
        let pause = demand.length.mul_f64(size / demand.people as f64);
        let next = self.people.chance.exponential(pause);
        if next > LOOK {
            self.after(LOOK, Event::Arrive);
            return;
        }
        self.after(next, Event::Arrive);
        let size = self.people.chance.from_to(2, demand.largest.max(2));
        let length = self.people.chance.exponential(demand.length);
        self.confer(size, length);
    }

    /// A conference of so many people begins, and lasts so long. Its name.
    pub fn confer(&mut self, size: u64, length: Duration) -> String {
        self.people.conferences += 1;
        let conference = format!("room-{}", self.people.conferences);
        for number in 0..size {
            let person = format!("p{number}");
            let joins = self.people.chance.millis(0, SPREAD);
            let leaves = length + self.people.chance.millis(0, SPREAD);
            self.after(joins, Event::Join(conference.clone(), person.clone()));
            self.after(joins + leaves, Event::Leave(conference.clone(), person));
        }
        conference
    }

    /// Jicofo ends.
    pub fn stop_jicofo(&mut self) {
        self.jitsi.stop_jicofo(self.now);
    }

    /// Jicofo is launched, if it does not run.
    pub fn start_jicofo(&mut self) {
        self.jitsi.start_jicofo(self.now);
    }

    /// Everybody of a conference who is in it for so long: people who join now and leave then.
    pub fn join_for(&mut self, conference: &str, person: &str, length: Duration) {
        self.jitsi.join(conference, person, self.now);
        self.after(
            length,
            Event::Leave(conference.to_owned(), person.to_owned()),
        );
    }
}
