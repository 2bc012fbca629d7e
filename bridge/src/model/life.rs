//! The life of a bridge's process: boot, drain, shutdown, signals.

use std::time::Duration;

use super::Jitsi;
use super::agenda::{Event, Name, Step};
use super::config::{BridgeConfig, Health};
use super::load::Load;
use super::people::Place;
use super::videobridge::{Exit, Http, Process, Stop};
use crate::time::Time;

/// Exit status of a process that ended on SIGTERM.
const TERMINATED: i32 = 143;
/// Exit status of a process that ended on SIGINT.
const INTERRUPTED: i32 = 130;
/// Exit status of a process that ended on SIGHUP.
const HUNG_UP: i32 = 129;
/// Exit status of a process that ended on SIGKILL.
const KILLED: i32 = 137;
/// Exit status of a process whose configuration of DTLS is wrong.
const MISCONFIGURED: i32 = 78;

impl Jitsi {
    /// Launches a bridge's process. One of the same name that still runs is killed first.
    pub fn start_bridge(&mut self, nick: &str, config: BridgeConfig, now: Time) {
        self.advance(now);
        let nick: Name = nick.into();
        if self.runs(&nick) {
            self.kill(&nick);
        }
        self.cancel_steps(&nick);
        let join = (config.brewery && !config.broken_dtls).then_some(config.brewery_join);
        let first = if config.broken_dtls {
            Step::Exit
        } else {
            Step::Http
        };
        self.in_future(&nick, config.boot, first);
        if let Some(join) = join {
            self.in_future(&nick, join.max(config.boot), Step::JoinBrewery);
        }
        self.processes.insert(nick, Process::new(config, self.now));
        self.advance(now);
    }

    /// Stops a bridge's process from outside; nothing happens if it does not run.
    pub fn stop_bridge(&mut self, nick: &str, how: Stop, now: Time) {
        self.advance(now);
        let nick: Name = nick.into();
        let Some(process) = self
            .processes
            .get_mut(&nick)
            .filter(|process| process.exit.is_none())
        else {
            return;
        };
        match how {
            Stop::Terminate | Stop::Interrupt | Stop::HangUp if process.terminated.is_some() => {}
            Stop::Terminate | Stop::Interrupt | Stop::HangUp => {
                process.terminated = Some(match how {
                    Stop::Interrupt => INTERRUPTED,
                    Stop::HangUp => HUNG_UP,
                    _ => TERMINATED,
                });
                let (close, exit) = (
                    process.config.terminate_close,
                    process.config.terminate_exit,
                );
                self.cancel_steps(&nick);
                self.in_future(&nick, close, Step::Close);
                self.in_future(&nick, exit.max(close), Step::Exit);
            }
            Stop::Kill => self.kill(&nick),
            Stop::Vanish => self.vanish(&nick),
        }
        self.advance(now);
    }

    /// Forgets a process that has ended, so that thousands of them take no memory; a running one stays.
    pub fn forget_bridge(&mut self, nick: &str) {
        if self
            .processes
            .get(nick)
            .is_some_and(|process| process.exit.is_some())
        {
            self.processes.remove(nick);
        }
    }

    /// What the bridge's sampler measures from its next sample on.
    pub fn set_load(&mut self, nick: &str, load: Load) {
        let now = self.now;
        if let Some(process) = self.processes.get_mut(nick) {
            process.set_load(load, now);
        }
    }

    /// What the bridge's own health check finds from its next check on.
    pub fn set_health(&mut self, nick: &str, health: Health) {
        let now = self.now;
        let process = self.processes.get_key_value(nick);
        // What changes nothing must not put off what is expected already.
        let changed = process.filter(|(_, process)| process.config.health != health);
        if let Some((name, process)) = changed {
            let (name, bad) = (name.clone(), health != Health::Good);
            let check = process.checks.next(now);
            if let Some(process) = self.processes.get_mut(nick) {
                process.set_health(health, now);
            }
            if bad {
                self.expect_bad_health(&name, check);
            }
        }
    }

    /// Switches drain on or off; works in every state. Jicofo learns it with the next presence.
    pub(super) fn set_drain(&mut self, nick: &Name, drain: bool) {
        if let Some(process) = self.processes.get_mut(nick) {
            process.flags.drain = drain;
            self.announce(nick);
        }
    }

    /// `POST /colibri/shutdown`.
    pub(super) fn shut_down(&mut self, nick: &Name, graceful: bool) {
        let Some(process) = self.processes.get_mut(nick) else {
            return;
        };
        if !graceful {
            self.enter_shutting_down(nick);
        } else if !process.flags.graceful_shutdown && !process.flags.shutting_down {
            process.flags.graceful_shutdown = true;
            let longest = process.config.graceful_shutdown_max;
            self.in_future(nick, longest, Step::ShuttingDown);
            self.announce(nick);
            self.maybe_shutting_down(nick);
        }
    }

    /// A gracefully shutting bridge goes on to SHUTTING_DOWN as soon as nobody, or no more than configured, is left on it, and
    /// nobody on the way to it.
    pub(super) fn maybe_shutting_down(&mut self, nick: &Name) {
        let Some(process) = self.processes.get(nick) else {
            return;
        };
        let graceful = process.flags.graceful_shutdown && !process.flags.shutting_down;
        let few = process.statistics.local() <= process.config.graceful_shutdown_min_participants;
        if graceful && few && !self.somebody_comes(nick, process) {
            self.enter_shutting_down(nick);
        }
    }

    fn somebody_comes(&self, nick: &Name, process: &Process) -> bool {
        let coming = Place::Invited(nick.clone());
        process.statistics.sessions.keys().any(|conference| {
            self.rooms
                .get(conference)
                .is_some_and(|room| room.people.values().any(|person| person.place == coming))
        })
    }

    fn enter_shutting_down(&mut self, nick: &Name) {
        let Some(process) = self.processes.get_mut(nick) else {
            return;
        };
        if process.flags.shutting_down || process.exit.is_some() {
            return;
        }
        process.flags.shutting_down = true;
        let delay = process.config.shutting_down_delay;
        self.agenda
            .cancel(&Event::Bridge(nick.clone(), Step::ShuttingDown));
        self.in_future(nick, delay, Step::LeaveBrewery);
        self.announce(nick);
    }

    /// Queues the presence that tells of a change.
    pub(super) fn announce(&mut self, nick: &Name) {
        if let Some(process) = self
            .processes
            .get(nick)
            .filter(|process| process.in_brewery)
        {
            let next = process.presence.next(self.now);
            let presence = Event::Bridge(nick.clone(), Step::Presence);
            // One that is queued already, perhaps the very first, will tell of this change too.
            if !self.agenda.contains(&presence) {
                self.agenda.set(next, presence);
            }
        }
    }

    pub(super) fn step(&mut self, nick: &Name, step: Step) {
        match step {
            Step::Http => {
                if let Some(process) = self.processes.get_mut(nick) {
                    process.http = Http::Open;
                }
            }
            Step::JoinBrewery => self.join_brewery(nick),
            Step::Presence => self.presence(nick),
            Step::HealthCheck => self.health_check(nick),
            Step::ShuttingDown => self.enter_shutting_down(nick),
            Step::LeaveBrewery => {
                if let Some(process) = self.processes.get(nick) {
                    let (close, exit) = (process.config.close_delay, process.config.exit_delay);
                    self.in_future(nick, close, Step::CloseHttp);
                    self.in_future(nick, exit.max(close), Step::Exit);
                }
                self.leave_brewery(nick);
            }
            Step::CloseHttp => self.close(nick),
            Step::Close => {
                self.close(nick);
                self.leave_brewery(nick);
            }
            Step::Exit => {
                let process = self.processes.get(nick);
                let broken = process.is_some_and(|process| process.config.broken_dtls);
                let own = if broken { MISCONFIGURED } else { 0 };
                let signalled = process.and_then(|process| process.terminated);
                self.exit(nick, Some(signalled.unwrap_or(own)));
            }
        }
    }

    fn kill(&mut self, nick: &Name) {
        self.cancel_steps(nick);
        self.close(nick);
        self.exit(nick, Some(KILLED));
        self.leave_brewery(nick);
    }

    /// The node is gone: everybody on it has lost it, and jicofo does not know.
    fn vanish(&mut self, nick: &Name) {
        let now = self.now;
        self.cancel_steps(nick);
        if let Some(process) = self.processes.get_mut(nick)
            && process.in_brewery
        {
            process.in_brewery = false;
            let told = (
                process.told_stress(now),
                *process.health(now) == Health::Good,
            );
            let gone = now + self.config.xmpp_timeout;
            self.agenda.set(gone, Event::XmppTimeout(nick.clone()));
            if let Some(jicofo) = &mut self.jicofo
                && let Some(known) = jicofo.known.get_mut(nick)
            {
                known.ghost = Some(told);
                let timed_out = known.checks.next(now) + self.config.health_timeout;
                self.agenda
                    .set(timed_out, Event::HealthTimeout(nick.clone()));
            }
        }
        self.close(nick);
        self.exit(nick, None);
    }

    /// Nothing of the process answers any more, and whoever was on it is cut off.
    fn close(&mut self, nick: &Name) {
        let now = self.now;
        let Some(process) = self.processes.get_mut(nick) else {
            return;
        };
        process.http = Http::Closed;
        process.settle(now);
        let conferences: Vec<_> = process.statistics.sessions.keys().cloned().collect();
        for conference in conferences {
            process.statistics.close(&conference, now);
            let Some(room) = self.rooms.get_mut(&conference) else {
                continue;
            };
            for person in room.people.values_mut() {
                if person.ice && person.place == Place::On(nick.clone()) {
                    person.cut_off(nick.clone(), &mut self.ledger, now);
                }
            }
        }
    }

    fn exit(&mut self, nick: &Name, code: Option<i32>) {
        let at = self.now;
        if let Some(process) = self.processes.get_mut(nick) {
            process.exit = Some(Exit { at, code });
        }
        self.cancel_steps(nick);
    }

    fn runs(&self, nick: &Name) -> bool {
        self.processes
            .get(nick)
            .is_some_and(|process| process.exit.is_none())
    }

    fn in_future(&mut self, nick: &Name, delay: Duration, step: Step) {
        self.agenda
            .set(self.now + delay, Event::Bridge(nick.clone(), step));
    }

    fn cancel_steps(&mut self, nick: &Name) {
        for step in Step::ALL {
            self.agenda.cancel(&Event::Bridge(nick.clone(), step));
        }
    }
}
