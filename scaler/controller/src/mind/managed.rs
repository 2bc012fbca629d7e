//! One pool and its world.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bridge::Time;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use scaler_policy::world::{Look, Pool, Tuning, Uid};
use scaler_policy::{
    Decision, Drains, Outcome, People, Plan, Request, Unfit, World, effects, fold,
    request_violations, step, violations,
};
use tracing::{debug, error};

use super::{Around, BEAT, BREATH};
use crate::budget::{Tried, Wanted};
use crate::looks::{Looked, Looks};
use crate::shared::Shared;
use crate::telling::{LeftAlone, Number, Teller};
use crate::transport::Failure;

/// With what the log tells that a plan breaks an invariant.
pub const BROKEN: &str = "a plan breaks an invariant, which is a mistake of this program";

/// A request, with the number in the decision log of what it carries out.
pub(super) type Numbered = (Request, Option<Number>);

/// One pool and its world.
pub(super) struct Managed {
    world: World,
    /// Whether its budget was seen to.
    budget: Tried,
    /// When it may be decided about again.
    not_before: Time,
    /// What was told last in a dry run, which decides the same again and again.
    dry: Vec<String>,
    drains: Drains,
    /// Whether deciding about it failed: what is known of it may be wrong, and nothing more is decided by that.
    frozen: bool,
    people: People,
    /// The bridges that were not taken back when that was decided last, and why.
    held_back: BTreeSet<(Arc<Uid>, Unfit)>,
}

impl Managed {
    /// A pool of which nothing but itself is known.
    pub(super) fn new(
        pool: Pool,
        budget: Wanted,
        tuning: Tuning,
        around: &Around,
        now: Time,
    ) -> Self {
        let mut world = World::new(pool, tuning, now);
        world.observe_jicofo(around.jicofo.clone());
        if let Some(skew) = around.skew {
            world.observe_skew(skew);
        }
        world.observe_keeper(around.keeper.clone());
        Self {
            world,
            budget: Tried::new(budget),
            not_before: now,
            dry: Vec::new(),
            drains: Drains::default(),
            frozen: false,
            people: People::default(),
            held_back: BTreeSet::new(),
        }
    }

    /// The pool.
    pub(super) fn pool(&self) -> &Pool {
        self.world.pool()
    }

    /// The pool is so, and its budget shall be so.
    pub(super) fn observe_pool(&mut self, pool: Pool, budget: Wanted) {
        self.budget.want(budget);
        self.world.observe_pool(pool);
    }

    /// Whether its budget was seen to: before that no bridge is started.
    pub(super) const fn budget(&self) -> &Tried {
        &self.budget
    }

    /// What is known of it, to be told more.
    pub(super) fn world(&mut self) -> &mut World {
        &mut self.world
    }

    /// Whether something is to be decided now.
    pub(super) fn due(&self, now: Time) -> bool {
        !self.frozen && now >= self.not_before && !self.world.quiet(now)
    }

    /// When something will be, if nothing changes before.
    pub(super) fn next(&self, now: Time) -> Time {
        if self.frozen {
            now + BEAT
        } else if self.world.quiet(now) {
            self.world.wake()
        } else {
            self.not_before
        }
    }

    /// Decides, tells it, and says what is to be sent. Where that fails by a mistake of this program, this pool is frozen, and the
    /// others go on.
    pub(super) fn decide(
        &mut self,
        shared: &Shared,
        teller: &mut Teller,
        now: Time,
    ) -> Vec<Numbered> {
        self.decide_by(step, shared, teller, now)
    }

    fn decide_by(
        &mut self,
        step: impl FnOnce(&World, Time) -> Plan,
        shared: &Shared,
        teller: &mut Teller,
        now: Time,
    ) -> Vec<Numbered> {
        // Nothing of the pool is used any more where it fails.
        let decided = AssertUnwindSafe(|| self.requests(step, shared, teller, now));
        catch_unwind(decided).unwrap_or_else(|_| {
            self.freeze(shared, teller);
            Vec::new()
        })
    }

    /// Where and why it failed, the panic itself has said.
    fn freeze(&mut self, shared: &Shared, teller: &mut Teller) {
        self.frozen = true;
        let pool = self.world.pool();
        error!(
            "BridgePool {}/{} is left alone until this replica ends: deciding about it failed, which is a mistake of this program",
            pool.namespace, pool.name
        );
        shared.telemetry.froze(&pool.namespace, &pool.name);
        let metadata = ObjectMeta {
            namespace: Some(pool.namespace.clone()),
            name: Some(pool.name.clone()),
            uid: Some(pool.uid.0.clone()),
            ..ObjectMeta::default()
        };
        teller.left_alone(
            &metadata,
            LeftAlone::Frozen,
            "deciding about it failed, which is a mistake of jvb-scaler: its log tells where; it tries again when it is started anew",
        );
    }

    fn requests(
        &mut self,
        step: impl FnOnce(&World, Time) -> Plan,
        shared: &Shared,
        teller: &mut Teller,
        now: Time,
    ) -> Vec<Numbered> {
        let began = Instant::now();
        let plan = step(&self.world, now);
        shared.telemetry.stepped(began.elapsed());
        let broken = violations(&self.world, &plan);
        let before = std::mem::take(&mut self.dry);
        if plan.dry_run {
            self.dry = plan.decisions.iter().map(gist).collect();
        }
        let new = |decision: &Decision| !plan.dry_run || !before.contains(&gist(decision));
        let numbers = teller.tell(self.world.pool(), &plan, new);
        if let Some(tally) = &plan.tally {
            let pool = self.world.pool();
            shared.telemetry.pool(&pool.namespace, &pool.name, tally);
            self.tell_drains(shared, &plan, now);
        }
        let requests = effects(&mut self.world, &plan, now);
        for violation in broken.iter().chain(&request_violations(&requests)) {
            shared.telemetry.violated(violation);
            error!(pool = self.world.pool().name, "{BROKEN}: {violation:?}");
        }
        self.not_before = now + BREATH;
        self.number(&plan, requests, &numbers, teller)
    }

    /// The requests of a plan, with the numbers of what they carry out.
    fn number(
        &self,
        plan: &Plan,
        requests: Vec<Request>,
        numbers: &[Option<Number>],
        teller: &mut Teller,
    ) -> Vec<Numbered> {
        let sent: BTreeSet<usize> = requests
            .iter()
            .filter_map(|request| request.decision)
            .collect();
        for (place, number) in numbers.iter().enumerate() {
            // What it was about went meanwhile.
            if let Some(number) = number
                && !sent.contains(&place)
                && !plan.dry_run
            {
                teller.failed(*number, self.world.pool(), &Failure::UNSENT, plan.at);
            }
        }
        let number = |request: &Request| numbers[request.decision?];
        let requests = requests.into_iter();
        requests
            .map(|request| {
                let number = number(&request);
                (request, number)
            })
            .collect()
    }

    /// Tells which drains are over, who was taken off bridges, and which bridges are newly held back from being taken back.
    fn tell_drains(&mut self, shared: &Shared, plan: &Plan, now: Time) {
        let pool = self.world.pool();
        let telemetry = &shared.telemetry;
        for drained in self.drains.note(&self.world, now) {
            telemetry.drained(&pool.namespace, &pool.name, &drained);
        }
        let parted = self.people.note(&self.world);
        telemetry.parted(&pool.namespace, &pool.name, &parted);
        // What is only under way is decided about in a moment.
        let rescues = plan.rescues.iter().filter_map(|rank| {
            let why = rank.unfit.filter(|why| !why.passes())?;
            Some((Arc::clone(&rank.key.uid), why))
        });
        let held_back: BTreeSet<_> = rescues.collect();
        for (_, why) in held_back.difference(&self.held_back) {
            telemetry.held_back(&pool.namespace, &pool.name, *why);
        }
        self.held_back = held_back;
    }

    /// Takes up what became of a request.
    pub(super) fn fold(&mut self, request: &Request, outcome: Outcome, now: Time) {
        fold(&mut self.world, request, outcome, now);
    }

    /// Takes up what a bridge said, or that it said nothing.
    pub(super) fn looked(&mut self, looked: &Looked, now: Time) {
        let look = match &looked.answer {
            Ok(answer) => Look::new(looked.asked, &answer.stats),
            Err(failure) => {
                debug!(uid = %looked.uid, "a bridge does not answer: {failure}");
                None
            }
        };
        match look {
            Some(look) => self
                .world
                .observe_look(&looked.uid, &looked.container, look),
            None => self.world.observe_silence(&looked.uid, now),
        }
    }

    /// How soon a bridge is to be asked again.
    pub(super) fn look_within(&self, uid: &Uid) -> std::time::Duration {
        self.world.look_within(uid)
    }

    /// The pods that the world knows.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Uid> {
        self.world.pods().keys()
    }

    /// Has a bridge asked as soon as it should be, where it runs. Whether the world knows its pod at all.
    pub(super) fn want_look(&self, uid: &Uid, looks: &mut Looks, now: Time) -> bool {
        let Some(known) = self.world.pods().get(uid) else {
            return false;
        };
        match (&known.pod.authority, known.pod.running()) {
            (Some(authority), Some(container)) => {
                let within = self.world.look_within(uid);
                looks.want(uid, authority, container, within, now);
            }
            _ => looks.forget(uid),
        }
        true
    }
}

/// What a decision is about, without its evidence.
fn gist(decision: &Decision) -> String {
    let pod = decision.pod.as_ref().map(|pod| &pod.uid);
    format!("{:?} {pod:?} {:?}", decision.transition, decision.to)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use scaler_api::cases;
    use scaler_policy::world::Presence;
    use serde_json::json;

    use super::*;
    use crate::observe;
    use crate::telling::{DecisionLog, Events};

    fn managed(shared: &Shared) -> Managed {
        let named =
            json!({ "name": "jvb", "namespace": "jitsi", "uid": "u", "resourceVersion": "1" });
        let pool = cases::pool(&json!({ "metadata": named }));
        let pool = observe::pool(&serde_json::from_value(pool).unwrap()).unwrap();
        let around = Around {
            jicofo: Presence::NotWatched,
            skew: Some(0),
            keeper: scaler_api::status::Controller::default(),
        };
        let budget = Wanted::of(&pool);
        let now = shared.clock.now();
        Managed::new(pool, budget, Tuning::default(), &around, now)
    }

    #[tokio::test]
    async fn a_pool_over_which_this_program_fails_is_left_alone_and_the_others_are_not() {
        let shared = Arc::new(Shared::new());
        let log = DecisionLog::open(Path::new("/dev/null"), Arc::clone(&shared)).unwrap();
        let (events, mut told) = Events::new();
        let mut teller = Teller::new(Arc::clone(&shared), log, events);
        let (mut poisoned, mut other) = (managed(&shared), managed(&shared));
        let now = shared.clock.now();
        assert!(poisoned.due(now) && other.due(now));

        let fails = |_: &World, _| panic!("a mistake of this program, made by its test");
        let requests = poisoned.decide_by(fails, &shared, &mut teller, now);
        assert!(requests.is_empty());
        // Also when everything has changed.
        poisoned.world().hear_pods(now);
        let later = now + BEAT;
        assert!(!poisoned.due(later) && poisoned.next(later) > later);
        let numbers = shared.telemetry.render().unwrap();
        let frozen = r#"jvb_scaler_pools_frozen_total{namespace="jitsi",pool="jvb"} 1"#;
        assert!(numbers.contains(frozen), "{numbers}");
        let event = told.try_recv().expect("no event tells it").event;
        let note = event.note.unwrap_or_default();
        assert_eq!(event.reason, "Frozen", "{note}");
        assert!(note.contains("mistake of jvb-scaler"), "{note}");

        assert!(other.due(later));
        let requests = other.decide(&shared, &mut teller, later);
        assert!(!requests.is_empty(), "a pool that is new lists its pods");
    }
}
