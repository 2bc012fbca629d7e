//! The behaviour of a videobridge and of jicofo: pure, driven by a clock that is an argument.
//!
//! A [`Jitsi`] is one deployment: a jicofo, its brewery, its bridges and its people. Nothing in it happens by chance, and whatever
//! is due at one moment happens in a fixed order, so that one long step of time leaves it as many short ones do. What it does was
//! seen on running bridges and a running jicofo where it could be, and read from their sources where not; what is neither is marked
//! as inferred.

mod accept;
mod agenda;
mod brewery;
mod config;
mod debug;
mod evacuation;
mod http;
mod invite;
mod java;
mod jicofo;
mod jicofo_config;
mod jicofo_debug;
mod jicofo_http;
mod jicofo_metrics;
mod jicofo_stats;
mod ktor;
mod ledger;
mod life;
mod load;
mod metrics;
mod moves;
mod page;
mod people;
mod pins;
mod query;
mod redistribution;
mod render;
mod room;
mod selection;
mod shutdown;
mod statistics;
mod stats;
mod strategy;
mod videobridge;

use std::collections::BTreeMap;

use self::agenda::{Agenda, Event, Name};
pub use self::config::{BridgeConfig, Health};
use self::jicofo::Jicofo;
pub use self::jicofo_config::{JicofoConfig, LoadRedistribution};
pub use self::ledger::Ledger;
pub use self::load::{Load, Media};
use self::people::Room;
pub use self::room::Newcomer;
pub use self::strategy::SelectionStrategy;
use self::videobridge::Process;
pub use self::videobridge::{Exit, Stop, Videobridge};
use crate::time::Time;

/// One deployment of Jitsi: a jicofo, its brewery, its bridges, its people.
///
/// Every method that takes a moment first lets happen whatever is due up to then; moments never go back.
#[derive(Clone, Debug)]
pub struct Jitsi {
    config: JicofoConfig,
    now: Time,
    agenda: Agenda,
    processes: BTreeMap<Name, Process>,
    jicofo: Option<Jicofo>,
    rooms: BTreeMap<Name, Room>,
    ledger: Ledger,
    /// Numbers for people and rooms, in the order of their coming.
    numbers: u64,
}

impl Jitsi {
    /// A running jicofo without bridges.
    pub fn new(config: JicofoConfig, now: Time) -> Self {
        let mut jitsi = Self {
            config,
            now,
            agenda: Agenda::default(),
            processes: BTreeMap::new(),
            jicofo: Some(Jicofo::new(now)),
            rooms: BTreeMap::new(),
            ledger: Ledger::default(),
            numbers: 0,
        };
        jitsi.expect_redistribution();
        jitsi
    }

    /// The moment up to which everything has happened.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Lets happen whatever is due up to this moment, in order of time.
    pub fn advance(&mut self, now: Time) {
        while let Some((at, event)) = self.agenda.pop(now) {
            self.now = self.now.max(at);
            self.happen(event);
        }
        self.now = self.now.max(now);
    }

    /// When [`Jitsi::advance`] has something to do next. Numbers that are refreshed now and then change without it.
    pub fn next_event(&self) -> Option<Time> {
        self.agenda.next()
    }

    /// The bridge's process of this name that was started last, whether it still runs or not.
    pub fn bridge(&self, nick: &str) -> Option<Videobridge<'_>> {
        let process = self.processes.get(nick)?;
        Some(Videobridge {
            process,
            now: self.now,
        })
    }

    /// All processes of bridges by name, those that have ended included until they are forgotten.
    pub fn bridges(&self) -> impl Iterator<Item = (&str, Videobridge<'_>)> {
        let now = self.now;
        self.processes
            .iter()
            .map(move |(nick, process)| (nick.as_ref(), Videobridge { process, now }))
    }

    /// What happened to people.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How often jicofo says that it lost a bridge unexpectedly; none while it does not run.
    pub fn lost_bridges(&self) -> Option<u64> {
        self.jicofo
            .as_ref()
            .map(|jicofo| jicofo.totals.lost_bridges)
    }

    /// Whether jicofo runs.
    pub fn jicofo_running(&self) -> bool {
        self.jicofo.is_some()
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Bridge(nick, step) => self.step(&nick, step),
            Event::JicofoUp => self.jicofo_up(),
            Event::HealthTimeout(nick) => self.health_timed_out(&nick),
            Event::Redistribution => self.redistribute(),
            Event::FailureOver(_) => self.retry_trapped(),
            Event::XmppTimeout(nick) => self.leave_brewery(&nick),
            Event::AllocationTimeout { conference, bridge } => {
                self.allocation_timed_out(&conference, &bridge);
            }
            Event::Established {
                conference,
                endpoint,
            } => self.establish(&conference, &endpoint),
            Event::SinglePerson { conference } => self.single_person(&conference),
            Event::Missed {
                conference,
                endpoint,
            } => self.missed(&conference, &endpoint),
            Event::EndpointExpiry {
                conference,
                endpoint,
                bridge,
            } => self.endpoint_expired(&conference, &endpoint, &bridge),
            Event::ConferenceExpiry { conference, bridge } => {
                self.conference_expired(&conference, &bridge);
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A conference's address: one without a domain gets the configured one.
    fn address(&self, conference: &str) -> Name {
        if conference.contains('@') {
            conference.into()
        } else {
            format!("{conference}@{}", self.config.muc_domain).into()
        }
    }
}
