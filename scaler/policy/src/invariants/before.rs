//! A pod before a plan, as its object and its bridge's answers tell it.

use std::time::Duration;

use bridge::Time;
use scaler_api::state::Intent;

use crate::plan::Mark;
use crate::world::{Command, Known, Marks, Pod, Uid, World};

/// Whether the kubelet of a pod is not known to be out of touch, so that what it said holds.
pub(super) fn heard_of(world: &World, pod: &Pod) -> bool {
    let node = pod.node.as_ref().and_then(|name| world.nodes().get(name));
    node.is_none_or(|node| node.ready)
}

/// A pod before a plan.
pub(super) struct Before<'w> {
    pub(super) known: &'w Known,
    pub(super) marks: &'w Marks,
    world: &'w World,
    now: Time,
}

impl<'w> Before<'w> {
    pub(super) fn new(world: &'w World, uid: &Uid, now: Time) -> Option<Self> {
        let known = world.pods().get(uid)?;
        let marks = known.pod.marks.as_ref().ok()?;
        Some(Self {
            known,
            marks,
            world,
            now,
        })
    }

    /// Whether the run that goes on is the one that confirmed this drain mode.
    pub(super) fn confirmed(&self, drain: bool) -> bool {
        let running = self.known.pod.running();
        let run = self.known.live.run.as_ref();
        self.marks.acked.as_ref().is_some_and(|acked| {
            acked.drain == Some(drain)
                && running == Some(acked.container_id.as_str())
                && run.is_none_or(|run| {
                    run.container != acked.container_id || run.startup == acked.startup_time
                })
        })
    }

    /// Whether its last answer is fresh, and of the container that runs.
    pub(super) fn fresh(&self, world: &World) -> bool {
        let running = self.known.pod.running();
        let same = self
            .known
            .live
            .run
            .as_ref()
            .map(|run| run.container.as_str())
            == running;
        let freshness = world.pool().spec.evidence.freshness.get();
        same && self
            .known
            .live
            .last
            .is_some_and(|look| self.now.since(look.at) <= freshness)
    }

    /// Whether nothing runs in it: its kubelet says so, and its node is not known to be out of touch.
    pub(super) fn down(&self) -> bool {
        let pod = &self.known.pod;
        pod.verifiably_down() && (pod.phase.is_over() || heard_of(self.world, pod))
    }

    /// Whether it is proven empty, by the letter of the rule.
    pub(super) fn proven_empty(&self, world: &World) -> Result<(), String> {
        let spec = &world.pool().spec;
        let live = &self.known.live;
        if !self.confirmed(true) {
            return Err("the run that goes on has not confirmed its drain".to_owned());
        }
        let Some((look, empty)) = live.last.zip(live.empty) else {
            return Err("it was not seen empty".to_owned());
        };
        if look.people != Some(0) || look.conferences != Some(0) {
            return Err(format!(
                "{:?} people and {:?} conferences are on it",
                look.people, look.conferences
            ));
        }
        if live.joined && !look.joined {
            return Err("it has left its brewery".to_owned());
        }
        if empty.looks < spec.evidence.removal_samples {
            return Err(format!("it was seen empty in {} looks only", empty.looks));
        }
        if empty.last.since(empty.since) < spec.drain.settle.get() {
            return Err("it was not empty for the settle time".to_owned());
        }
        if self.now.since(look.at) > spec.evidence.removal_freshness.get() {
            return Err("the last look is too old".to_owned());
        }
        let window = world.tuning().mass_window;
        if world
            .asking_since
            .is_none_or(|since| self.now.since(since) < window)
        {
            return Err("an outage of all bridges could not have been seen".to_owned());
        }
        Ok(())
    }

    /// Whether nobody was on it at the last look.
    pub(super) fn nobody(&self) -> bool {
        let last = self.known.live.last;
        last.is_some_and(|look| look.people == Some(0) && look.conferences == Some(0))
    }

    /// Whether it has been seen shutting down for so long.
    pub(super) fn shuts_down_for(&self, time: Duration) -> bool {
        let since = self.known.live.shutting_down_since;
        since.is_some_and(|since| self.now.since(since) >= time)
    }

    /// Whether jicofo must know by now that it shuts down.
    pub(super) fn shutdown_is_known(&self) -> bool {
        self.shuts_down_for(self.world.tuning().presence_interval * 2)
    }

    /// For how long its people have been moved, or could have been.
    pub(super) fn moved_for(&self) -> Duration {
        let since = self.world.memory.movable_since.get(&self.known.pod.uid);
        since.map_or(Duration::ZERO, |since| {
            let asked = self.world.local_time(self.marks.since);
            self.now.since(asked.max(*since))
        })
    }

    /// Whether it was told in vain, for as long as a shutdown may take, to shut down or to drain before that, or cannot be told.
    pub(super) fn tells_in_vain(&self) -> bool {
        let uid = &self.known.pod.uid;
        let memory = &self.world.memory;
        let timeout = self.world.pool().spec.drain.shutdown_timeout.get();
        let told = memory.commands.get(uid).into_iter().flatten();
        let pause = self.world.tuning().longest_pause();
        let unheard = |command| match command {
            Command::Shutdown => self.known.live.shutting_down_since.is_none(),
            Command::Drain => !self.confirmed(true),
            Command::Undrain => false,
        };
        let mut told =
            told.filter(|(command, told)| unheard(**command) && told.goes_on(self.now, pause));
        memory.without_shutdown.contains(uid)
            || told.any(|(_, told)| self.now.since(told.first) >= timeout)
    }

    /// What a write under way makes of it.
    fn writing(&self) -> Option<&Marks> {
        let write = self.world.outstanding().writes.get(&self.known.pod.uid)?;
        Some(&write.after)
    }

    /// Whether it is counted and takes conferences, whatever becomes of a write under way.
    pub(super) fn takes_counted(&self) -> bool {
        self.marks.counted && self.takes() && self.writing().is_none_or(|after| after.counted)
    }

    /// Whether it takes conferences, as far as is written down.
    pub(super) fn takes(&self) -> bool {
        self.marks.intent == Intent::Active
            && self.known.pod.deletion.is_none()
            && self.confirmed(false)
            && self.writing().is_none_or(|after| {
                after.intent == Intent::Active && after.acked == self.marks.acked
            })
    }
}

pub(super) fn marked(mark: &Mark) -> &Marks {
    &mark.after
}
