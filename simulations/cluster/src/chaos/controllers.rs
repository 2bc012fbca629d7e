//! Faults of the controllers themselves, of their caches and of their requests.

use std::time::Duration;

use scaler_api::state::Intent;

use super::Fault;
use super::plan::{Armed, Planned};
use super::traps::{Then, Trap, When};
use crate::controller::Life;
use crate::oracle::Command;
use crate::run::Sim;

const NOT_OLD: Duration = Duration::ZERO;

impl Sim {
    /// Sets the trap that a fault is; whether it is one.
    pub(super) fn set_trap(&mut self, planned: Planned) -> bool {
        let slow = Duration::from_secs(20) + planned.lasts / 2;
        let (when, then) = match planned.fault {
            Fault::CrashAfterDrainPatch => (When::PatchTo(Intent::Drain), Then::Crash),
            Fault::CrashAfterDrainCommand => (When::Tell(Command::Drain), Then::Crash),
            Fault::CrashAfterRemovePatch => {
                let then = match planned.variant(3) {
                    0 => Then::Crash,
                    1 => Then::CrashAndCrowd,
                    _ => Then::CrashAndGrow,
                };
                (When::PatchTo(Intent::Remove), then)
            }
            Fault::CrashAfterShutdown => (When::Tell(Command::Shutdown), Then::Crash),
            Fault::CrashInRescue => (When::PatchTo(Intent::Active), Then::Crash),
            Fault::CreateAnswerLost => (When::Create, Then::LoseAnswer),
            Fault::DeleteAnswerLost => (When::Delete, Then::LoseAnswer),
            Fault::DeleteOfTheDeposed => (When::Delete, Then::DelayAndPause(slow)),
            Fault::DeleteDelayed => (When::Delete, Then::Delay(slow)),
            Fault::PodGoneUnderPatch => (When::Patch, Then::RemovePod),
            Fault::StatusOfTheDeposed => (When::Status, Then::DelayAndPause(slow)),
            _ => return false,
        };
        let fault = planned.fault;
        self.chaos.set(Trap { fault, when, then });
        if matches!(
            fault,
            Fault::CrashAfterDrainPatch
                | Fault::CrashAfterDrainCommand
                | Fault::CrashAfterRemovePatch
                | Fault::CrashAfterShutdown
                | Fault::CrashInRescue
                | Fault::DeleteAnswerLost
                | Fault::DeleteOfTheDeposed
                | Fault::DeleteDelayed
                | Fault::CreateAnswerLost
        ) {
            self.provoke(planned);
        }
        true
    }

    /// Tries to begin a fault of the controllers: what it was done to, if it began.
    pub(super) fn begin_in_controllers(&mut self, planned: Planned) -> Option<String> {
        let leader = self.leader()?;
        let began = leader.to_string();
        match planned.fault {
            Fault::StaleList => {
                self.crash(leader, Duration::from_secs(2), Duration::from_secs(30));
            }
            Fault::WatchStalled => {
                // A client lists anew when a watch has been silent for longer than the server lets it live.
                let until = self.now + planned.lasts.min(Duration::from_secs(295));
                self.replicas[leader].silent_until = until;
            }
            Fault::WatchGone => {
                for replica in &mut self.replicas {
                    if replica.life == Life::Up {
                        replica.relist(&self.world.api, self.now);
                    }
                }
            }
            Fault::LeaderPaused => {
                self.replicas[leader].paused_until =
                    self.now + Duration::from_secs(20) + planned.lasts / 4;
            }
            Fault::ClockJump => {
                let hour = if planned.lasts.as_millis().is_multiple_of(2) {
                    3_600_000
                } else {
                    -3_600_000
                };
                self.replicas[leader].wall += hour;
                self.crash(leader, Duration::from_secs(1), NOT_OLD);
            }
            Fault::SkewedHandover => {
                let ahead = if planned.lasts.as_millis().is_multiple_of(2) {
                    90_000
                } else {
                    -90_000
                };
                for replica in &mut self.replicas {
                    replica.wall = if replica.number == leader { 0 } else { ahead };
                }
                if self.replicas.len() == 1 {
                    self.replicas[leader].wall = ahead;
                }
                self.crash(leader, Duration::from_secs(17), NOT_OLD);
            }
            Fault::CrashLoop => self.crash(leader, Duration::from_secs(1), NOT_OLD),
            _ => return None,
        }
        Some(began)
    }

    /// What goes on of such a fault, twice a second.
    pub(super) fn continue_in_controllers(&mut self, armed: &Armed) {
        if armed.planned.fault == Fault::CrashLoop
            && let Some(leader) = self.leader()
            && self.replicas[leader].mind.is_some()
            && self.chaos.chance.per_mille(100)
        {
            self.crash(leader, Duration::from_secs(1), NOT_OLD);
        }
        if armed.planned.fault == Fault::WatchGone && self.chaos.chance.per_mille(100) {
            for replica in &mut self.replicas {
                if replica.life == Life::Up {
                    replica.relist(&self.world.api, self.now);
                }
            }
        }
    }

    /// The end of such a fault.
    pub(super) fn end_in_controllers(&mut self, armed: &Armed) {
        match armed.planned.fault {
            Fault::StaleList => {
                for replica in &mut self.replicas {
                    replica.lag = Duration::ZERO;
                }
            }
            Fault::WatchStalled => {
                for replica in &mut self.replicas {
                    if replica.life == Life::Up && replica.silent_until > bridge::Time::default() {
                        replica.silent_until = bridge::Time::default();
                        replica.relist(&self.world.api, self.now);
                    }
                }
            }
            Fault::ClockJump | Fault::SkewedHandover => {
                for replica in &mut self.replicas {
                    replica.wall = 0;
                }
                for number in 0..self.replicas.len() {
                    self.crash(number, Duration::from_secs(1), NOT_OLD);
                }
            }
            _ => {}
        }
    }
}
