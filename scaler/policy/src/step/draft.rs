//! A plan in the making: what was decided so far, and what that leaves.

use bridge::Time;
use scaler_api::State;
use scaler_api::spec::OnDeadline;
use scaler_api::state::{Intent, IntentReason};
use scaler_api::status::{ConditionType, Reason};

use crate::guards::Guard;
use crate::life::{self, Way};
use crate::plan::{Action, Decision, Evidence, Finding, Mark, Plan, Tally, Transition};
use crate::scene::{Leaving, Scene, Sight, forced};
use crate::step::wake;
use crate::world::{Marks, World};

/// A plan in the making.
pub(crate) struct Draft<'s, 'w> {
    pub(crate) scene: &'s Scene<'w>,
    pub(crate) world: &'w World,
    pub(crate) now: Time,
    /// The same by the API server's clock: all that is written down is by that.
    pub(crate) clock: Time,
    pub(crate) plan: Plan,
    /// The numbers, as they will be when what was decided so far is done.
    pub(crate) left: Tally,
    /// Of the counted, those of which that is not answered yet, or only just decided: none of them stands in for one that drains because
    /// there are too many.
    promised: u32,
    /// Replacements that are needed before something can be drained.
    pub(crate) surge_needed: u32,
    /// Bridges that can be counted or taken back as soon as a write about them is answered.
    pub(crate) coming: u32,
    /// Whether a bridge is to be told something again, and not yet.
    pub(crate) retry: bool,
    /// About which bridges something was decided, by their places: at most one thing for each.
    acted: Vec<bool>,
}

impl<'s, 'w> Draft<'s, 'w> {
    pub(crate) fn new(scene: &'s Scene<'w>) -> Self {
        let mut plan = Plan::nothing(scene.now, scene.now, scene.world.changes());
        plan.dry_run = scene.world.pool.spec.dry_run;
        Self {
            scene,
            promised: scene.promised,
            world: scene.world,
            now: scene.now,
            clock: scene.clock,
            plan,
            left: scene.tally.clone(),
            surge_needed: 0,
            coming: 0,
            retry: false,
            acted: vec![false; scene.sights.len()],
        }
    }

    /// Whether something may be decided about a pod: nothing was yet, nothing is under way, and it is not going.
    pub(crate) fn free(&self, sight: &Sight<'w>) -> bool {
        let idle = self.world.guards.hold(Guard::OneAtATime, !sight.writing);
        idle && !sight.going && !self.acted[sight.place]
    }

    /// The bridges about which something may have to be decided: all but those that serve as they should.
    pub(crate) fn sights(&self) -> impl Iterator<Item = &'s Sight<'w>> + use<'s, 'w> {
        let scene = self.scene;
        scene.restless.iter().map(|index| &scene.sights[*index])
    }

    /// All bridges.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'s Sight<'w>> + use<'s, 'w> {
        self.scene.sights.iter()
    }

    pub(crate) fn spec(&self) -> &'w scaler_api::BridgePoolSpec {
        &self.world.pool.spec
    }

    /// Decides something about a bridge.
    pub(crate) fn decide(
        &mut self,
        sight: &Sight<'w>,
        transition: Transition,
        to: State,
        why: IntentReason,
        action: Action,
    ) {
        debug_assert!(
            life::knows(Way {
                from: sight.state,
                to,
                by: transition
            }),
            "{transition:?} leads from {:?} to {to:?}, and the table does not know",
            sight.state
        );
        self.acted[sight.place] = true;
        let evidence = Evidence {
            run: sight.live.run.clone(),
            look: sight.live.last,
            empty: sight.live.empty,
            deadline: sight.marks.deadline,
            ..self.evidence()
        };
        self.plan.decisions.push(Decision {
            transition,
            pod: Some(sight.reference()),
            from: sight.state,
            to,
            why,
            evidence,
            action,
        });
    }

    /// Decides something that is about no bridge yet, or about the pool.
    pub(crate) fn decide_pool(
        &mut self,
        transition: Transition,
        to: State,
        why: IntentReason,
        action: Action,
    ) {
        self.plan.decisions.push(Decision {
            transition,
            pod: None,
            from: State::Gone,
            to,
            why,
            evidence: self.evidence(),
            action,
        });
    }

    fn evidence(&self) -> Evidence {
        Evidence {
            counted: self.left.counted,
            wanted: self.left.wanted,
            active: self.left.active_counted,
            ..Evidence::default()
        }
    }

    /// Notes the place in a ranked list of what was decided last.
    pub(crate) fn rank(&mut self, rank: usize) {
        if let Some(decision) = self.plan.decisions.last_mut() {
            decision.evidence.rank = Some(rank + 1);
        }
    }

    /// Marks a pod anew. Its label for the state follows, and it is not counted unless it is to serve.
    pub(crate) fn mark(
        &mut self,
        sight: &Sight<'w>,
        transition: Transition,
        to: State,
        mut after: Marks,
    ) {
        after.state = Some(to);
        after.counted &= after.intent == Intent::Active;
        let why = after.reason;
        let mark = Mark {
            resource_version: sight.pod.resource_version.clone(),
            after,
        };
        self.decide(sight, transition, to, why, Action::Mark(Box::new(mark)));
    }

    /// What a bridge's marks become when something else is intended with it from now on.
    pub(crate) fn intend(&self, sight: &Sight<'w>, intent: Intent, reason: IntentReason) -> Marks {
        Marks {
            intent,
            reason,
            since: self.clock,
            ..sight.marks.clone()
        }
    }

    /// Chooses a bridge to be drained; one on which nobody can be is removed at once.
    pub(crate) fn drain(&mut self, sight: &Sight<'w>, reason: IntentReason) {
        if sight.ever_ran {
            let after = Marks {
                protected: true,
                safe_to_evict: false,
                deadline: Some(self.deadline(reason)),
                acked: sight.unconfirmed(),
                zero_since: None,
                ..self.intend(sight, Intent::Drain, reason)
            };
            let transition = if reason == IntentReason::Failed {
                Transition::StartFailed
            } else {
                Transition::Drain
            };
            self.mark(sight, transition, State::DrainRequested, after);
            self.left.draining_chosen += u32::from(!forced(reason));
            self.uncount(sight);
        } else {
            self.remove(sight, Transition::Remove, reason);
        }
    }

    /// Decides to remove a bridge: its protection goes with it.
    pub(crate) fn remove(
        &mut self,
        sight: &Sight<'w>,
        transition: Transition,
        reason: IntentReason,
    ) {
        let after = Marks {
            protected: false,
            safe_to_evict: true,
            ..self.intend(sight, Intent::Remove, reason)
        };
        self.mark(sight, transition, State::Removing, after);
        self.uncount(sight);
    }

    /// Takes out of the numbers a bridge that will not be counted any more.
    pub(crate) fn uncount(&mut self, sight: &Sight<'w>) {
        let left = &mut self.left;
        left.counted = left.counted.saturating_sub(u32::from(sight.counted()));
        left.surge = left.surge.saturating_sub(u32::from(sight.surge()));
        let taker = u32::from(sight.counted_taker);
        left.active_counted = left.active_counted.saturating_sub(taker);
    }

    /// One more will be counted.
    pub(crate) fn promise(&mut self) {
        self.left.counted += 1;
        self.promised += 1;
    }

    /// One that is not counted can be in a moment, unless whatever is decided about it is refused.
    pub(crate) fn wait_for(&mut self, sight: &Sight<'w>) {
        let in_vain = (self.world.memory).refused_again_and_again(&sight.pod.uid);
        self.coming += u32::from(!in_vain);
    }

    /// Whether more are counted than are wanted, by what is answered alone.
    pub(crate) fn too_many(&self) -> bool {
        self.left.counted.saturating_sub(self.promised) > self.left.wanted
    }

    /// Counts a bridge that was not.
    pub(crate) fn counted(&mut self, sight: &Sight<'w>) {
        self.promise();
        self.left.surge = self.left.surge.saturating_sub(u32::from(sight.surge()));
        self.left.active_counted += u32::from(sight.taker);
    }

    /// Until when a drain that begins now may last.
    pub(crate) fn deadline(&self, reason: IntentReason) -> Time {
        let drain = &self.spec().drain;
        let patience = match reason {
            IntentReason::NodeLeaving => drain.node_deadline,
            IntentReason::Interrupted => drain.interruption_deadline,
            _ => drain.deadline,
        };
        self.clock + patience.get()
    }

    /// Whether a bridge may stop taking conferences without the pool falling below its floor. Only those hold the floor up that are
    /// counted and take conferences, both beyond doubt.
    pub(crate) fn above_floor(&self, sight: &Sight<'w>) -> bool {
        let taker = u32::from(sight.counted_taker);
        let left = self.left.active_counted.saturating_sub(taker);
        // One that is starting, is not counted, or of which nothing is known, may have begun to take conferences all the same.
        let serves = sight.ever_ran && sight.marks.intent == Intent::Active;
        self.world.guards.hold(
            Guard::ActiveFloor,
            !serves || left >= self.spec().min_active,
        )
    }

    /// Whether one more bridge may drain by choice.
    pub(crate) fn within_budget(&self) -> bool {
        let bridges = self.scene.tally.counted + self.scene.tally.draining;
        let most = self.spec().drain.max_concurrent.of(bridges);
        self.world
            .guards
            .hold(Guard::ConcurrentDrains, self.left.draining_chosen < most)
    }

    pub(crate) fn finding(&mut self, condition: ConditionType, reason: Reason, message: String) {
        self.plan.findings.push(Finding {
            condition,
            reason,
            message,
        });
    }

    /// Whether the deadline of a bridge has passed, as far as clocks can tell.
    pub(crate) fn overdue(&self, sight: &Sight<'_>) -> bool {
        !self.scene.breakers.skewed
            && sight
                .marks
                .deadline
                .is_some_and(|deadline| deadline <= self.clock)
    }

    /// What happens to people who are still there at the deadline. Whoever's node is taken away is moved, if at all possible.
    pub(crate) fn on_deadline(&self, sight: &Sight<'_>) -> OnDeadline {
        match (self.spec().drain.on_deadline, sight.leaving) {
            (OnDeadline::Wait, Some(Leaving::Interrupted)) => OnDeadline::Move,
            (chosen, _) => chosen,
        }
    }

    pub(crate) fn finish(mut self) -> Plan {
        self.plan.wake = wake::next(&self);
        self.plan.tally = Some(self.scene.tally.clone());
        self.plan
    }
}
