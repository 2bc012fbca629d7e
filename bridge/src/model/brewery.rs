//! The brewery: what reaches jicofo of its bridges, and what it does then.

use std::collections::BTreeMap;

use super::Jitsi;
use super::agenda::{Event, Name, Step};
use super::config::Health;
use super::jicofo::{Jicofo, Known};
use super::people::{Place, Worst};
use super::videobridge::Process;
use crate::stats::Flags;
use crate::time::Time;

impl Jitsi {
    /// Jicofo ends. People stay where they are, with media; nobody new is sent anywhere.
    pub fn stop_jicofo(&mut self, now: Time) {
        self.advance(now);
        self.agenda.cancel(&Event::JicofoUp);
        self.agenda.cancel(&Event::Redistribution);
        if self.jicofo.take().is_none() {
            return;
        }
        for (conference, room) in &mut self.rooms {
            let conference = conference.clone();
            room.trapped = None;
            for session in room.sessions.drain(..) {
                self.agenda.cancel(&Event::AllocationTimeout {
                    conference: conference.clone(),
                    bridge: session.bridge,
                });
            }
            self.agenda.cancel(&Event::SinglePerson { conference });
        }
    }

    /// Launches jicofo; nothing happens if it runs. Once it is up it sends everybody to a bridge anew.
    pub fn start_jicofo(&mut self, now: Time) {
        self.advance(now);
        if self.jicofo.is_none() && !self.agenda.contains(&Event::JicofoUp) {
            self.agenda
                .set(self.now + self.config.boot, Event::JicofoUp);
            self.advance(now);
        }
    }

    pub(super) fn jicofo_up(&mut self) {
        let now = self.now;
        let mut jicofo = Jicofo::new(now);
        for (nick, process) in &self.processes {
            let ghost = self.agenda.contains(&Event::XmppTimeout(nick.clone()));
            if !process.in_brewery && !ghost {
                continue;
            }
            let mut known = Known::new(process, &self.config, process.told, now);
            if ghost {
                known.ghost = Some((process.told_stress(now), true));
                let timed_out = known.checks.next(now) + self.config.health_timeout;
                self.agenda
                    .set(timed_out, Event::HealthTimeout(nick.clone()));
            }
            jicofo.known.insert(nick.clone(), known);
        }
        let unwell: Vec<_> = jicofo
            .known
            .iter()
            .filter(|(nick, known)| {
                let process = self.processes.get(*nick);
                known.ghost.is_none() && process.is_some_and(Process::unwell)
            })
            .map(|(nick, _)| nick.clone())
            .collect();
        self.jicofo = Some(jicofo);
        self.expect_redistribution();
        for nick in unwell {
            self.expect_bad_health(&nick, now);
        }
        self.start_over();
    }

    /// A new jicofo knows of no conference: every room begins anew, and its old endpoints leave their bridges.
    fn start_over(&mut self) {
        let now = self.now;
        let bridges: Vec<_> = self.processes.keys().cloned().collect();
        for nick in &bridges {
            if let Some(process) = self.processes.get_mut(nick) {
                process.settle(now);
                let conferences: Vec<_> = process.statistics.sessions.keys().cloned().collect();
                for conference in conferences {
                    process.statistics.close(&conference, now);
                }
            }
        }
        let conferences: Vec<_> = self.rooms.keys().cloned().collect();
        for conference in conferences {
            let Some(room) = self.rooms.get_mut(&conference) else {
                continue;
            };
            let enough = room.people.len() >= self.config.min_participants;
            for person in room.people.values_mut() {
                let had_media = person.ice && matches!(person.place, Place::On(_));
                if had_media && enough {
                    self.ledger.reinvited += 1;
                    person.suffer(Worst::Interrupted, &mut self.ledger);
                }
                person.go(Place::Waiting, &mut self.ledger, now);
            }
            if let Some(jicofo) = &mut self.jicofo {
                jicofo.totals.conferences_created += 1;
                jicofo.totals.participants += if enough { room.people.len() as u64 } else { 0 };
            }
            let everybody = room.in_order(|_| true);
            if enough {
                self.invite_all(&conference, &everybody, self.config.reinvite);
            } else if let Some(room) = self.rooms.get_mut(&conference) {
                for person in room.people.values_mut() {
                    person.go(Place::Room, &mut self.ledger, now);
                }
            }
        }
        for nick in bridges {
            self.maybe_shutting_down(&nick);
        }
    }

    pub(super) fn join_brewery(&mut self, nick: &Name) {
        let now = self.now;
        if self.agenda.contains(&Event::XmppTimeout(nick.clone())) {
            self.leave_brewery(nick);
        }
        let Some(process) = self.processes.get_mut(nick) else {
            return;
        };
        process.in_brewery = true;
        process.configured = true;
        process.told = process.flags;
        let first_presence = process.config.first_presence;
        if !first_presence.is_zero() {
            process.told = Flags {
                drain: true,
                ..Flags::default()
            };
            let first = Event::Bridge(nick.clone(), Step::Presence);
            self.agenda.set(now + first_presence, first);
        }
        process.tell(now);
        let unwell = process.unwell();
        let Some(jicofo) = &mut self.jicofo else {
            return;
        };
        let known = Known::new(process, &self.config, process.told, now);
        jicofo.known.insert(nick.clone(), known);
        let waiting: Vec<_> = jicofo.waiting.iter().cloned().collect();
        if unwell {
            self.expect_bad_health(nick, now);
        }
        self.retry_trapped();
        for conference in waiting {
            if let Some(room) = self
                .rooms
                .get(&conference)
                .filter(|room| room.sessions.is_empty())
            {
                let everybody = room.in_order(|person| person.place == Place::Waiting);
                self.invite_all(&conference, &everybody, self.config.reinvite);
            }
        }
    }

    /// A presence that tells of a change.
    pub(super) fn presence(&mut self, nick: &Name) {
        let Some(process) = member(&mut self.processes, nick) else {
            return;
        };
        process.told = process.flags;
        let told = process.told;
        let Some(known) = known(&mut self.jicofo, nick) else {
            return;
        };
        known.drain = told.drain;
        known.graceful |= told.graceful_shutdown;
        if told.shutting_down && !known.shutting_down {
            known.shutting_down = true;
            self.evacuate(nick);
        }
        self.retry_trapped();
    }

    /// The bridge leaves the brewery, or the XMPP server gives it up.
    pub(super) fn leave_brewery(&mut self, nick: &Name) {
        self.agenda.cancel(&Event::XmppTimeout(nick.clone()));
        self.agenda.cancel(&Event::HealthTimeout(nick.clone()));
        self.agenda.cancel(&Event::FailureOver(nick.clone()));
        self.agenda
            .cancel(&Event::Bridge(nick.clone(), Step::Presence));
        self.agenda
            .cancel(&Event::Bridge(nick.clone(), Step::HealthCheck));
        if let Some(process) = self.processes.get_mut(nick) {
            process.in_brewery = false;
        }
        let Some(jicofo) = &mut self.jicofo else {
            return;
        };
        let Some(known) = jicofo.known.get_mut(nick) else {
            return;
        };
        if !known.graceful && !known.shutting_down {
            jicofo.totals.lost_bridges += 1;
        }
        known.shutting_down = true;
        self.evacuate(nick);
        if let Some(jicofo) = &mut self.jicofo {
            jicofo.known.remove(nick);
        }
        self.retry_trapped();
    }

    /// Whether jicofo finds that the bridge's media fails for too many people (`bridge.ice-failure-detection`): until it finds
    /// otherwise the bridge counts as overloaded. Nothing happens if jicofo does not know the bridge; a bridge or a jicofo that
    /// starts anew has a clean sheet.
    pub fn set_failing_ice(&mut self, nick: &str, failing: bool) {
        if let Some(known) = known(&mut self.jicofo, &Name::from(nick)) {
            known.failing_ice = failing;
            self.retry_trapped();
        }
    }

    /// The bridge will fail its own health check from this moment on: jicofo's next check after it finds that.
    pub(super) fn expect_bad_health(&mut self, nick: &Name, from: Time) {
        if let Some(known) = known(&mut self.jicofo, nick) {
            let check = known.checks.next(from);
            self.agenda
                .set(check, Event::Bridge(nick.clone(), Step::HealthCheck));
        }
    }

    /// Jicofo checks the health of a bridge that is, or was, to fail.
    pub(super) fn health_check(&mut self, nick: &Name) {
        let now = self.now;
        let Some(process) = member(&mut self.processes, nick) else {
            return;
        };
        let bad = *process.health(now) != Health::Good;
        let will_be_bad = process.unwell();
        let Some(known) = known(&mut self.jicofo, nick) else {
            return;
        };
        let next = known.checks.next(now);
        if bad {
            let over = known.failed(true, &self.config, now);
            self.agenda.set(over, Event::FailureOver(nick.clone()));
            self.evacuate(nick);
        } else {
            known.passed();
        }
        if bad || will_be_bad {
            self.agenda
                .set(next, Event::Bridge(nick.clone(), Step::HealthCheck));
        }
        self.retry_trapped();
    }

    /// Health checks went unanswered: nobody new is sent there, and nobody is moved.
    pub(super) fn health_timed_out(&mut self, nick: &Name) {
        let now = self.now;
        if let Some(known) = known(&mut self.jicofo, nick) {
            let _ = known.failed(true, &self.config, now);
        }
        self.retry_trapped();
    }
}

/// The process of a bridge that is in the brewery.
fn member<'a>(processes: &'a mut BTreeMap<Name, Process>, nick: &Name) -> Option<&'a mut Process> {
    processes.get_mut(nick).filter(|process| process.in_brewery)
}

/// What a jicofo that runs knows of a bridge.
fn known<'a>(jicofo: &'a mut Option<Jicofo>, nick: &Name) -> Option<&'a mut Known> {
    jicofo.as_mut()?.known.get_mut(nick)
}
