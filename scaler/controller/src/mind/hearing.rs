//! What the watches and jicofo tell, told to the worlds.

use std::collections::{BTreeMap, BTreeSet};

use bridge::Time;
use k8s_openapi::api::core::v1::Pod as Object;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use scaler_api::labels::POOL;
use scaler_policy::observe::pod;
use scaler_policy::report;
use scaler_policy::world::{Presence, Uid};
use tracing::{info, warn};

use super::managed::Managed;
use super::{Input, Mind, PoolKey};
use crate::budget::Wanted;
use crate::observe;
use crate::telling::LeftAlone;
use crate::watch::News;

impl Mind {
    /// Something came in.
    pub(super) fn hear(&mut self, input: Input) {
        match input {
            Input::Pools(place, news) => self.hear_pools(place.as_deref(), *news),
            Input::Pods(place, news) => self.hear_pods(place.as_deref(), *news),
            Input::Jicofo(bridges) => {
                let away = match self.around.jicofo {
                    Presence::Away(since) => since,
                    _ => self.shared.clock.now(),
                };
                self.around.jicofo = bridges.map_or(Presence::Away(away), Presence::Here);
                for managed in self.pools.values_mut() {
                    managed.world().observe_jicofo(self.around.jicofo.clone());
                }
            }
            Input::Surroundings(wanted, surroundings) => {
                if let Some(managed) = self.pools.get_mut(&wanted.key()) {
                    managed.budget().note(&wanted);
                    managed.world().observe_surroundings(surroundings);
                }
            }
            Input::Skew(millis) => {
                self.around.skew = Some(millis);
                for managed in self.pools.values_mut() {
                    managed.world().observe_skew(millis);
                }
            }
            Input::Asked(asked) => {
                let now = self.shared.clock.now();
                let managed = self.pools.get_mut(&asked.pool);
                let told = managed.map(|managed| report(managed.world(), now));
                asked.answer(told);
            }
        }
    }

    fn hear_pools(&mut self, place: Option<&str>, news: News<DynamicObject>) {
        match news {
            News::Listed { objects, .. } => {
                let there: BTreeSet<PoolKey> = objects.iter().map(key).collect();
                let gone: Vec<PoolKey> = self
                    .pools
                    .keys()
                    .filter(|key| within(key, place) && !there.contains(*key))
                    .cloned()
                    .collect();
                for key in gone {
                    self.forget(&key);
                }
                for object in &objects {
                    self.see_pool(object);
                }
            }
            News::Seen(object) => self.see_pool(&object),
            News::Gone(object) => self.forget(&key(&object)),
            News::Quiet => {}
        }
        // Whether the pods are watched, their own watch tells.
        let now = self.shared.clock.now();
        for (key, managed) in &mut self.pools {
            if within(key, place) {
                managed.world().hear_pool(now);
            }
        }
    }

    fn see_pool(&mut self, object: &DynamicObject) {
        let key = key(object);
        let pool = match observe::pool(object) {
            Ok(pool) => pool,
            Err(unreadable) => {
                warn!(
                    "BridgePool {}/{} is left alone, and its bridges are not looked after: {unreadable}",
                    key.0, key.1
                );
                let why = format!("it cannot be understood: {unreadable}");
                self.teller
                    .left_alone(&object.metadata, LeftAlone::Unreadable, &why);
                return self.forget(&key);
            }
        };
        let wanted = Wanted::of(&pool);
        self.budgets.send_if_modified(|budgets| {
            let before = budgets.insert(key.clone(), wanted.clone());
            before.as_ref() != Some(&wanted)
        });
        match self.pools.get_mut(&key) {
            Some(managed) if managed.pool().uid == pool.uid => managed.observe_pool(pool, wanted),
            _ => {
                // Another one of the same name begins with nothing of the old one.
                self.forget(&key);
                info!("BridgePool {}/{} is looked after", key.0, key.1);
                let now = self.shared.clock.now();
                let tuning = self.tuning.clone();
                let managed = Managed::new(pool, wanted.clone(), tuning, &self.around, now);
                self.budgets.send_modify(|budgets| {
                    budgets.insert(key.clone(), wanted);
                });
                self.pools.insert(key, managed);
            }
        }
    }

    fn forget(&mut self, key: &PoolKey) {
        self.budgets
            .send_if_modified(|budgets| budgets.remove(key).is_some());
        if self.pools.remove(key).is_none() {
            return;
        }
        info!(
            "BridgePool {}/{} is not looked after any more",
            key.0, key.1
        );
        self.shared.telemetry.pool_gone(&key.0, &key.1);
        let looks = &mut self.looks;
        self.homes.retain(|uid, home| {
            let stays = home != key;
            if !stays {
                looks.forget(uid);
            }
            stays
        });
    }

    fn hear_pods(&mut self, place: Option<&str>, news: News<Object>) {
        let now = self.shared.clock.now();
        match news {
            News::Listed {
                objects,
                version,
                asked_at,
            } => {
                let mut by_pool: BTreeMap<PoolKey, Vec<&Object>> = BTreeMap::new();
                for object in &objects {
                    if let Some(key) = home(object) {
                        by_pool.entry(key).or_default().push(object);
                    }
                }
                let keys: Vec<PoolKey> = self.pools.keys().cloned().collect();
                for key in keys.into_iter().filter(|key| within(key, place)) {
                    if let Some(managed) = self.pools.get_mut(&key) {
                        let uid = managed.pool().uid.clone();
                        let objects = by_pool.remove(&key).unwrap_or_default().into_iter();
                        let pods = objects.filter_map(|object| pod(object, &uid, &key.1));
                        let pods = pods.collect();
                        managed.world().observe_list(pods, &version, asked_at, now);
                        managed.world().hear_pods(now);
                    }
                    self.settle_all(&key);
                }
            }
            News::Seen(object) => self.see_pod(&object),
            News::Gone(object) => {
                let home = object
                    .uid()
                    .and_then(|uid| self.homes.get(&Uid(uid)).cloned());
                match (home, object.uid().map(Uid)) {
                    // Nobody deleted it: somebody took its label off. It tells what it was before.
                    (Some(key), Some(uid)) if object.metadata.deletion_timestamp.is_none() => {
                        if let Some(managed) = self.pools.get_mut(&key) {
                            managed.world().observe_missing(&uid, now);
                        }
                    }
                    (home, _) => self.leave(&object, home),
                }
            }
            News::Quiet => {
                for (key, managed) in &mut self.pools {
                    if within(key, place) {
                        managed.world().hear_pods(now);
                    }
                }
            }
        }
    }

    fn see_pod(&mut self, object: &Object) {
        let now = self.shared.clock.now();
        let (before, key) = (
            object
                .uid()
                .and_then(|uid| self.homes.get(&Uid(uid)).cloned()),
            home(object),
        );
        if let Some(before) = before.filter(|before| key.as_ref() != Some(before)) {
            // Somebody gave it another pool's label: it stays where it is while it has its owner there.
            self.see_pod_of(&before, object, now);
        }
        if let Some(key) = key {
            self.see_pod_of(&key, object, now);
        }
    }

    /// A pool that is not known yet lists its pods when it comes.
    fn see_pod_of(&mut self, key: &PoolKey, object: &Object, now: Time) {
        let Some(managed) = self.pools.get_mut(key) else {
            return;
        };
        let owner = managed.pool().uid.clone();
        if let Some(pod) = pod(object, &owner, &key.1) {
            let uid = pod.uid.clone();
            managed.world().observe_pod(pod, now);
            self.settle(key, &uid);
        }
    }

    fn leave(&mut self, object: &Object, home: Option<PoolKey>) {
        let now = self.shared.clock.now();
        if let (Some(key), Some(uid)) = (home, object.uid().map(Uid)) {
            if let Some(managed) = self.pools.get_mut(&key) {
                managed.world().observe_gone(&uid, now);
            }
            self.settle(&key, &uid);
        }
    }
}

fn key(object: &DynamicObject) -> PoolKey {
    (object.namespace().unwrap_or_default(), object.name_any())
}

/// The pool that a pod's label names.
fn home(object: &Object) -> Option<PoolKey> {
    let pool = object.labels().get(POOL.name())?;
    Some((object.namespace()?, pool.clone()))
}

/// Whether a pool lies in what a watch sees.
fn within(key: &PoolKey, place: Option<&str>) -> bool {
    place.is_none_or(|namespace| key.0 == namespace)
}
