//! The loop of the faults: they are armed, they begin, they go on, they end.

use std::time::Duration;

use super::Fault;
use super::plan::{Armed, Planned};
use crate::run::Sim;

impl Sim {
    /// Twice a second: what is due begins and ends.
    pub(crate) fn disturb(&mut self) {
        if !self.chaos.over {
            while let Some(planned) = self.chaos.planned.pop_if(|planned| planned.at <= self.now) {
                if !self.set_trap(planned) {
                    self.chaos.armed.push(planned);
                }
            }
            let armed = std::mem::take(&mut self.chaos.armed);
            for planned in armed {
                self.try_to_begin(planned);
            }
        }
        self.interrupt();
        let mut active = std::mem::take(&mut self.chaos.active);
        for armed in &mut active {
            self.continue_in_controllers(armed);
            self.continue_in_cluster(armed);
            self.continue_in_jitsi(armed);
        }
        let (over, active): (Vec<_>, Vec<_>) = active
            .into_iter()
            .partition(|armed| armed.until <= self.now);
        self.chaos.active = active;
        for armed in over {
            self.end(&armed);
        }
    }

    fn try_to_begin(&mut self, planned: Planned) {
        let began = self
            .begin_in_controllers(planned)
            .or_else(|| self.begin_in_cluster(planned))
            .or_else(|| self.begin_by_users(planned))
            .or_else(|| self.begin_in_scaling(planned))
            .or_else(|| self.begin_in_jitsi(planned));
        let Some(victim) = began else {
            // Nothing drains yet, for example: a small wish for a smaller pool may help.
            if waits_for_drain(planned.fault) && self.now.as_millis() % 60_000 < 500 {
                self.provoke(planned);
            }
            self.chaos.armed.push(planned);
            return;
        };
        let fault = planned.fault;
        self.trace
            .tell(self.now, format_args!("FAULT {fault:?} begins: {victim}"));
        // These are counted when their harm is done.
        let later = [
            Fault::CreationRefused,
            Fault::NoRoom,
            Fault::SidecarDies,
            Fault::KubeletRestarted,
            Fault::ConferenceAtTheDoor,
        ];
        if !later.contains(&fault) {
            self.chaos.count(fault);
        }
        let until = self.now + planned.lasts;
        self.chaos.active.push(Armed {
            planned,
            victim,
            until,
        });
    }

    fn end(&mut self, armed: &Armed) {
        let fault = armed.planned.fault;
        self.trace
            .tell(self.now, format_args!("FAULT {fault:?} ends"));
        self.end_in_controllers(armed);
        self.end_in_cluster(armed);
        self.end_in_scaling(armed);
        self.end_in_jitsi(armed);
    }

    /// No fault begins any more, and all end.
    pub(crate) fn calm(&mut self) {
        self.trace.tell(self.now, format_args!("CALM"));
        self.chaos.over = true;
        self.chaos.traps.clear();
        self.chaos.armed.clear();
        for armed in std::mem::take(&mut self.chaos.active) {
            self.end(&armed);
        }
        self.chaos.coming.clear();
        for ongoing in std::mem::take(&mut self.chaos.ongoing) {
            self.resume(&ongoing);
        }
        self.settle();
        // Whoever is paused goes on by itself: what it waits for is queued until then.
        for replica in &mut self.replicas {
            replica.lag = Duration::ZERO;
        }
    }
}

fn waits_for_drain(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::DrainingBridgeRestarts
            | Fault::LongMeeting
            | Fault::CountsLie
            | Fault::RelayOnly
            | Fault::DeadlineEdited
    )
}
