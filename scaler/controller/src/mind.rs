//! The loop in which everything that was observed meets the policy.
//!
//! What comes in is told to the world of its pool; a world in which something changed, or in which something is due, is decided
//! about; the requests of that go out; what became of them comes in again. One loop, so that about no pool two things are
//! decided at the same time.

mod hearing;
mod managed;

pub use managed::BROKEN;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use k8s_openapi::api::core::v1::Pod as PodObject;
use kube::api::DynamicObject;
use scaler_api::status::Controller;
use scaler_policy::world::{Pool, Presence, Surroundings, Tuning, Uid};
use scaler_policy::{Call, Outcome, Request};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::managed::Managed;
use crate::asked::Asked;
use crate::budget::{Budgets, Wanted};
use crate::looks::{Looked, Looks};
use crate::shared::Shared;
use crate::telling::{Number, Teller};
use crate::transport::{Reply, Transport};
use crate::watch::News;

/// The longest pause between two rounds: by it others see that the loop lives.
const BEAT: Duration = Duration::from_secs(5);

/// The pause between two decisions about a pool: what happens within it is decided about at once.
const BREATH: Duration = Duration::from_millis(20);

/// Namespace and name of a pool.
pub(crate) type PoolKey = (String, String);

/// What comes in.
#[derive(Debug)]
pub(crate) enum Input {
    /// Of the watch of pools in a namespace, or in all.
    Pools(Option<String>, Box<News<DynamicObject>>),
    /// Of the watch of pods in a namespace, or in all.
    Pods(Option<String>, Box<News<PodObject>>),
    /// Which bridges jicofo knows, or that it does not answer.
    Jicofo(Option<BTreeSet<String>>),
    /// By how many milliseconds our clock is ahead of the API server's.
    Skew(i64),
    /// Somebody asks how a pool is.
    Asked(Asked),
    /// A pool's budget was seen to, as it was wanted then; and what else has a say about the pool's bridges.
    Surroundings(Wanted, Surroundings),
}

/// What became of a request.
struct Replied {
    /// Of which pool it was: another one of the same name has nothing to do with it.
    pool: Pool,
    request: Request,
    /// The number in the decision log of what it carries out.
    number: Option<Number>,
    reply: Reply,
}

/// What is known that belongs to no pool.
#[derive(Clone, Debug)]
pub(crate) struct Around {
    /// Whether jicofo is there.
    pub(crate) jicofo: Presence,
    /// By how many milliseconds our clock is ahead of the API server's; `None` before that is known.
    pub(crate) skew: Option<i64>,
    /// Who this is, as it is told in the pools' status.
    pub(crate) keeper: Controller,
}

/// The loop and all that it knows.
pub(crate) struct Mind {
    shared: Arc<Shared>,
    tuning: Tuning,
    transport: Transport,
    teller: Teller,
    budgets: watch::Sender<Budgets>,
    pools: BTreeMap<PoolKey, Managed>,
    /// Which pool's world knows a pod.
    homes: BTreeMap<Uid, PoolKey>,
    looks: Looks,
    sending: JoinSet<Replied>,
    around: Around,
}

impl Mind {
    /// A mind that knows of no pool.
    pub(crate) fn new(
        shared: Arc<Shared>,
        tuning: Tuning,
        transport: Transport,
        teller: Teller,
        budgets: watch::Sender<Budgets>,
        looks: Looks,
        around: Around,
    ) -> Self {
        Self {
            shared,
            tuning,
            transport,
            teller,
            budgets,
            pools: BTreeMap::new(),
            homes: BTreeMap::new(),
            looks,
            sending: JoinSet::new(),
            around,
        }
    }

    /// Goes round for as long as something can come in, or until it is to end.
    pub(crate) async fn run(
        mut self,
        mut inputs: UnboundedReceiver<Input>,
        shutdown: &CancellationToken,
    ) {
        loop {
            self.shared.beat();
            let now = self.shared.clock.now();
            let next = self.decide(now);
            self.looks.ask(now);
            let next = self.looks.next().map_or(next, |due| due.min(next));
            tokio::select! {
                input = inputs.recv() => {
                    let Some(input) = input else { return };
                    self.hear(input);
                    while let Ok(input) = inputs.try_recv() {
                        self.hear(input);
                    }
                }
                Some(looked) = self.looks.looked() => self.looked(looked),
                Some(Ok(replied)) = self.sending.join_next() => self.replied(replied),
                () = tokio::time::sleep(next.since(now)) => {}
                () = shutdown.cancelled() => return self.finish().await,
            }
        }
    }

    /// Sends nothing more, and waits until what was sent is answered or given up: before that nobody else may lead, who would not
    /// know of it.
    async fn finish(mut self) {
        self.shared.end();
        while !self.sending.is_empty() {
            self.shared.beat();
            let answered = self.sending.join_next();
            // Each request has a time-out of its own.
            if let Ok(Some(Ok(replied))) = tokio::time::timeout(BEAT, answered).await {
                self.tell_failure(&replied);
            }
        }
    }

    /// Decides about every pool that has reason to: when the next one will.
    fn decide(&mut self, now: Time) -> Time {
        let mut next = now + BEAT;
        if !self.shared.leads() {
            return next;
        }
        for managed in self.pools.values_mut() {
            if !managed.due(now) {
                next = next.min(managed.next(now));
                continue;
            }
            let requests = managed.decide(&self.shared, &mut self.teller, now);
            for (request, number) in requests {
                let transport = self.transport.clone();
                let pool = managed.pool().clone();
                let budget = managed.budget().clone();
                self.sending.spawn(async move {
                    let reply = transport.send(&pool, &budget, &request).await;
                    Replied {
                        pool,
                        request,
                        number,
                        reply,
                    }
                });
            }
            next = next.min(managed.next(now));
        }
        next
    }

    fn replied(&mut self, replied: Replied) {
        self.tell_failure(&replied);
        let Replied {
            pool,
            request,
            reply,
            ..
        } = replied;
        let now = self.shared.clock.now();
        let key = (pool.namespace, pool.name);
        let managed = self
            .pools
            .get_mut(&key)
            .filter(|managed| managed.pool().uid == pool.uid);
        let Some(managed) = managed else { return };
        let about = about(&request, &reply.outcome);
        managed.fold(&request, reply.outcome, now);
        match about {
            About::All => self.settle_all(&key),
            About::One(uid) => self.settle(&key, &uid),
            About::None => {}
        }
    }

    /// A decision that was written down and not carried out is told of, also when its pool is gone.
    fn tell_failure(&mut self, replied: &Replied) {
        if let Some(number) = replied.number
            && let Some(failure) = replied.reply.failure()
        {
            let now = self.shared.clock.now();
            self.teller.failed(number, &replied.pool, &failure, now);
        }
        if let Outcome::Unmade(why) = &replied.reply.outcome {
            self.teller.unmade(&replied.pool, why);
        }
    }

    fn looked(&mut self, looked: Looked) {
        let now = self.shared.clock.now();
        let result = match &looked.answer {
            Ok(_) => "answer",
            Err(failure) => failure.class(),
        };
        self.shared.telemetry.looked(result);
        let managed = self
            .homes
            .get(&looked.uid)
            .and_then(|key| self.pools.get_mut(key));
        let Some(managed) = managed else {
            return self.looks.forget(&looked.uid);
        };
        managed.looked(&looked, now);
        let within = managed.look_within(&looked.uid);
        self.looks.rest(looked, within);
    }

    /// What a pool's world knows of this pod may have changed: whether it lives there, and when it is to be asked.
    fn settle(&mut self, key: &PoolKey, uid: &Uid) {
        let now = self.shared.clock.now();
        let Some(managed) = self.pools.get(key) else {
            return;
        };
        if managed.want_look(uid, &mut self.looks, now) {
            if self.homes.get(uid) != Some(key) {
                self.homes.insert(uid.clone(), key.clone());
            }
        } else if self.homes.get(uid) == Some(key) {
            self.homes.remove(uid);
            self.looks.forget(uid);
        }
    }

    /// The same of all pods.
    fn settle_all(&mut self, key: &PoolKey) {
        let Some(managed) = self.pools.get(key) else {
            return;
        };
        let mut pods: BTreeSet<Uid> = managed.pods().cloned().collect();
        let housed = self.homes.iter().filter(|(_, home)| *home == key);
        pods.extend(housed.map(|(uid, _)| uid.clone()));
        for uid in pods {
            self.settle(key, &uid);
        }
    }
}

/// Of which pods an outcome tells.
enum About {
    All,
    One(Uid),
    None,
}

fn about(request: &Request, outcome: &Outcome) -> About {
    match (&request.call, outcome) {
        (Call::ListPods, _) => About::All,
        (Call::CreatePod { .. }, Outcome::Pod(pod)) => About::One(pod.uid.clone()),
        (
            Call::PatchPod { uid, .. } | Call::ReadPod { uid, .. } | Call::DeletePod { uid, .. },
            _,
        ) => About::One(uid.clone()),
        _ => About::None,
    }
}
