//! What is done to the pool's size, to its template and to its settings.

use std::time::Duration;

use scaler_api::Duration as Lasting;
use scaler_api::state::Intent;

use super::Fault;
use super::plan::{Armed, Planned};
use crate::run::{POOL, Sim, template};
use crate::scaling::Adapter;

impl Sim {
    /// The size that the pool has now.
    fn size(&self) -> u32 {
        let pool = self.world.api.pool(POOL);
        pool.map_or(0, |pool| pool.spec.replicas)
    }

    /// More bridges are wanted.
    pub(crate) fn grow(&mut self, by: u32) {
        self.set_size((self.size() + by).min(8));
    }

    /// Brings about the situation that a fault waits for: a drain, and for a rescue also the way back.
    pub(super) fn provoke(&mut self, planned: Planned) {
        let size = self.size();
        if planned.fault == Fault::CreateAnswerLost {
            self.grow(2);
        } else {
            self.shrink();
        }
        if planned.fault == Fault::CrashInRescue {
            let back = self.now + Duration::from_secs(8);
            self.queue_size(back, size);
        }
    }

    /// Fewer bridges are wanted, so that some drain.
    pub(super) fn shrink(&mut self) {
        self.set_size(self.size().saturating_sub(2).max(1));
    }

    /// Tries to begin a fault of scaling: what it was done to, if it began.
    pub(super) fn begin_in_scaling(&mut self, planned: Planned) -> Option<String> {
        let size = self.size();
        match planned.fault {
            Fault::SizeFlaps => {
                self.set_size((size / 3).max(1));
                self.queue_size(self.now + planned.lasts, size);
            }
            Fault::ScaledToZero => {
                self.set_size(0);
                self.queue_size(self.now + planned.lasts, size.max(1));
            }
            Fault::SizeReset => {
                self.set_size(1);
                self.queue_size(self.now + planned.lasts, size.max(1));
            }
            Fault::ScaledUpWithoutRoom => {
                self.world.setup.max_nodes = self.world.nodes().count();
                self.shrink();
                self.queue_size(self.now + Duration::from_secs(40), size + 1);
            }
            Fault::AdapterTrouble => {
                let trouble = [Adapter::Down, Adapter::Frozen, Adapter::Zero];
                let trouble = *self.chaos.chance.pick(&trouble)?;
                self.hpa.as_mut()?.metric.adapter = trouble;
            }
            Fault::BadImage => {
                self.edit_pool(|pool| pool.spec.template = Some(template("bad/jvb:2")));
            }
            Fault::Rollout => {
                let image = format!("jvb:{}", 2 + self.chaos.chance.below(1000));
                self.edit_pool(|pool| pool.spec.template = Some(template(&image)));
            }
            Fault::DeadlineEdited => {
                self.a_pod_with(&[Intent::Drain, Intent::Expel])?;
                let seconds = self.chaos.chance.from_to(1, 600);
                self.edit_pool(|pool| pool.spec.drain.deadline = Lasting::from_secs(seconds));
            }
            _ => return None,
        }
        Some(String::new())
    }

    /// The end of such a fault.
    pub(super) fn end_in_scaling(&mut self, armed: &Armed) {
        match armed.planned.fault {
            Fault::AdapterTrouble => {
                if let Some(hpa) = &mut self.hpa {
                    hpa.metric.adapter = Adapter::Well;
                }
            }
            Fault::BadImage => self.edit_pool(|pool| pool.spec.template = Some(template("jvb:1"))),
            Fault::DeadlineEdited => {
                let deadline = self.scenario.spec.drain.deadline;
                self.edit_pool(|pool| pool.spec.drain.deadline = deadline);
            }
            _ => {}
        }
    }
}
