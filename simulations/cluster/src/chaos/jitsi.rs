//! Faults of bridges, of jicofo and of the way to them, and what people do at the wrong moment.

use std::time::Duration;

use bridge::model::Health;
use bridge::request;
use scaler_api::state::Intent;

use super::Fault;
use super::plan::{Armed, Planned};
use super::traps::{Then, Trap, When};
use crate::net::Answering;
use crate::oracle::Command;
use crate::run::Sim;

/// How long a meeting lasts that goes beyond every deadline.
const LONG: Duration = Duration::from_mins(50);

impl Sim {
    /// Tries to begin a fault of Jitsi: what it was done to, if it began.
    pub(super) fn begin_in_jitsi(&mut self, planned: Planned) -> Option<String> {
        match planned.fault {
            Fault::BridgeTrouble => {
                let name = self.a_pod_with(&[
                    Intent::Active,
                    Intent::Drain,
                    Intent::Expel,
                    Intent::Remove,
                ])?;
                let ways = [
                    Answering::Refused,
                    Answering::Hung,
                    Answering::Failing,
                    Answering::Truncated,
                    Answering::Deaf,
                ];
                let way = *self.chaos.chance.pick(&ways)?;
                self.net.bridges.insert(name.clone(), way);
                return Some(name);
            }
            Fault::CountsLie | Fault::RelayOnly => {
                let name = self.a_pod_with(&[Intent::Drain])?;
                let ways = [Answering::Stuck, Answering::Negative];
                let way = if planned.fault == Fault::RelayOnly {
                    Answering::RelayOnly
                } else {
                    *self.chaos.chance.pick(&ways)?
                };
                self.net.bridges.insert(name.clone(), way);
                return Some(name);
            }
            Fault::ConferenceAtTheDoor => {
                let fault = planned.fault;
                let (when, then) = match planned.variant(3) {
                    0 => (When::Tell(Command::Shutdown), Then::Crowd),
                    _ => (When::Delete, Then::Confer),
                };
                self.chaos.set(Trap { fault, when, then });
                self.provoke(planned);
            }
            Fault::LongMeeting => {
                let name = self.a_busy_pod_that(&[Intent::Drain])?;
                let (room, _) = self.world.jitsi.bridge(&name)?.sessions().next()?;
                let room = room.to_owned();
                for number in 0..3 {
                    self.world.join_for(&room, &format!("late-{number}"), LONG);
                }
                return Some(format!("{name} {room}"));
            }
            Fault::JicofoDown => {
                self.world.stop_jicofo();
            }
            Fault::AllSayZero => {
                // Of a single bridge nobody can know that it lies.
                (self.oracle.known_to_be_busy(&self.world) > 1).then_some(())?;
                self.net.all = Some(Answering::Zero);
            }
            Fault::AllUnhealthy => self.set_all_health(&Health::Bad("no valid address".to_owned())),
            Fault::ZoneCut => {
                let zone = format!("zone-{}", self.chaos.chance.below(2));
                self.net.cut_zone = Some(zone);
            }
            Fault::DrainedByStranger => {
                for name in self.bridge_names() {
                    let drain = request::drain("127.0.0.1:8080");
                    self.world.jitsi.bridge_request(&name, &drain, self.now);
                }
            }
            _ => return None,
        }
        Some(String::new())
    }

    fn a_busy_pod_that(&mut self, intents: &[Intent]) -> Option<String> {
        let name = self.a_pod_with(intents)?;
        (self.people_on(&name) > 0).then_some(name)
    }

    fn bridge_names(&self) -> Vec<String> {
        let bridges = self.world.jitsi.bridges();
        bridges.map(|(name, _)| name.to_owned()).collect()
    }

    fn set_all_health(&mut self, health: &Health) {
        for name in self.bridge_names() {
            self.world.jitsi.set_health(&name, health.clone());
        }
    }

    /// All bridges but this one are killed for their memory, and conferences begin before they are back.
    pub(crate) fn crowd(&mut self, name: &str) {
        for other in self.bridge_names() {
            if other != name {
                self.kill_bridge(&other);
            }
        }
        for _ in 0..4 {
            self.world.confer(2, Duration::from_mins(2));
        }
    }

    /// A bridge has just been told to drain, and jicofo does not know yet: if that is to happen, conferences begin now.
    pub(crate) fn at_the_door(&mut self, _: &str) {
        let waits = self
            .chaos
            .traps
            .iter()
            .any(|trap| trap.fault == Fault::ConferenceAtTheDoor);
        if waits {
            for _ in 0..4 {
                self.world.confer(2, Duration::from_mins(5));
            }
        }
    }

    /// What goes on of such a fault, twice a second.
    pub(super) fn continue_in_jitsi(&mut self, armed: &Armed) {
        match armed.planned.fault {
            Fault::LongMeeting if self.now.as_millis() % 60_000 < 500 => {
                if let Some((_, room)) = armed.victim.split_once(' ') {
                    let person = format!("later-{}", self.now.as_millis() / 60_000);
                    self.world.join_for(room, &person, LONG);
                }
            }
            _ => {}
        }
    }

    /// The end of such a fault.
    pub(super) fn end_in_jitsi(&mut self, armed: &Armed) {
        match armed.planned.fault {
            Fault::BridgeTrouble | Fault::CountsLie | Fault::RelayOnly => {
                self.net.bridges.remove(&armed.victim);
            }
            Fault::JicofoDown => self.world.start_jicofo(),
            Fault::AllSayZero => self.net.all = None,
            Fault::AllUnhealthy => self.set_all_health(&Health::Good),
            Fault::ZoneCut => self.net.cut_zone = None,
            _ => {}
        }
    }
}
