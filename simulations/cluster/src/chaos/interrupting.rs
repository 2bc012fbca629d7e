//! How interludes begin, go on and end.

use std::time::Duration;

use scaler_api::annotations;
use scaler_api::state::Intent;

use super::Fault;
use super::interlude::{Coming, Interlude, Ongoing};
use crate::api::Pod;
use crate::run::Sim;

/// How long after a pause began its second half happens: an undisturbed leader has heard of the pause by then.
const HEARD: Duration = Duration::from_secs(5);

impl Sim {
    /// Twice a second: interludes whose situation is there begin, and those that go on go on.
    pub(super) fn interrupt(&mut self) {
        if !self.chaos.over {
            for coming in std::mem::take(&mut self.chaos.coming) {
                if coming.at > self.now || !self.try_to_interrupt(coming) {
                    self.chaos.coming.push(coming);
                }
            }
        }
        for mut ongoing in std::mem::take(&mut self.chaos.ongoing) {
            if ongoing.until <= self.now {
                self.resume(&ongoing);
                continue;
            }
            self.follow(&mut ongoing);
            self.chaos.ongoing.push(ongoing);
        }
    }

    fn try_to_interrupt(&mut self, coming: Coming) -> bool {
        let what = coming.what;
        let victim = match what {
            Interlude::ProsodyAway => Some(String::new()),
            Interlude::PausedBeforeConfirmed => self
                .pods_of_pool()
                .find(|pod| drains(pod) && !confirmed(pod))
                .map(|pod| pod.meta.name.clone()),
            Interlude::PausedThenRestarted => self
                .pods_of_pool()
                .find(|pod| drains(pod) && confirmed(pod))
                .map(|pod| pod.meta.name.clone()),
            Interlude::PausedThenForged => self
                .pods_of_pool()
                .find(|pod| drains(pod) && confirmed(pod) && self.people_on(&pod.meta.name) > 0)
                .map(|pod| pod.meta.name.clone()),
        };
        let Some(victim) = victim else {
            // A small wish for a smaller pool may help.
            if self.now.as_millis() % 60_000 < 500 {
                self.shrink();
            }
            return false;
        };
        self.trace.tell(
            self.now,
            format_args!("INTERLUDE {what:?} begins: {victim}"),
        );
        if what.pauses() {
            self.edit_pool(|pool| pool.spec.paused = true);
        } else {
            self.world.lose_prosody(true);
        }
        self.chaos.interrupted(what);
        self.chaos.ongoing.push(Ongoing {
            what,
            victim,
            since: self.now,
            until: self.now + coming.lasts,
            followed: false,
        });
        true
    }

    /// The second half of an interlude, once its time has come.
    fn follow(&mut self, ongoing: &mut Ongoing) {
        if ongoing.followed || self.now.since(ongoing.since) < HEARD {
            return;
        }
        ongoing.followed = true;
        let name = ongoing.victim.clone();
        let still = self.world.api.pod(&name).is_some_and(drains);
        match ongoing.what {
            Interlude::PausedThenRestarted if still => {
                self.kill_bridge(&name);
                self.chaos.count(Fault::DrainingBridgeRestarts);
            }
            Interlude::PausedThenForged if still => {
                let edit = 2 * self.chaos.chance.below(2);
                self.forge(&name, edit);
                self.chaos.count(Fault::LabelsEdited);
            }
            _ => {}
        }
    }

    /// The end of an interlude.
    pub(super) fn resume(&mut self, ongoing: &Ongoing) {
        let what = ongoing.what;
        self.trace
            .tell(self.now, format_args!("INTERLUDE {what:?} ends"));
        if what.pauses() {
            self.edit_pool(|pool| pool.spec.paused = false);
        } else {
            self.world.lose_prosody(false);
        }
    }
}

/// Whether the bridge of a pod that runs is to be left by its people.
fn drains(pod: &Pod) -> bool {
    pod.container.is_some()
        && pod.meta.deleted.is_none()
        && super::cluster::intent(pod) == Intent::Drain
}

/// Whether it has confirmed that.
fn confirmed(pod: &Pod) -> bool {
    let acked = annotations::DRAIN_ACKED.read(&pod.meta.annotations);
    acked
        .ok()
        .flatten()
        .is_some_and(|acked| acked.drain == Some(true))
}
