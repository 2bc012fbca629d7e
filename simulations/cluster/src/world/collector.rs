//! The garbage collector: what a pool that is gone has left behind goes, too.
//!
//! As in Kubernetes' background deletion, pods are deleted as anybody would delete them, with their own grace period, some time after
//! the pool that controls them is gone; so are pods that are given to it, or started for it, later. Pods of other owners stay.

use super::{Event, World};
use crate::api::{Actor, Key, Object, Pod, Request};

/// How soon and how late the collector comes, in milliseconds (kubernetes: it hears of a deletion by a watch, and has a queue
/// with a limited rate).
const COMES: (u64, u64) = (100, 10_000);

impl World {
    /// An object has changed: whether something of it is to be collected.
    pub(super) fn hear_of_owner(&mut self, object: &Object, gone: bool) {
        let owner = match object {
            Object::Pool(pool) if gone => {
                self.gone_pools.insert(pool.meta.uid.clone());
                pool.meta.uid.clone()
            }
            Object::Pod(pod) if !gone && self.is_left_behind(pod) => {
                pod.meta.owner.clone().unwrap_or_default()
            }
            _ => return,
        };
        let delay = self.nodes_chance.millis(COMES.0, COMES.1);
        self.after(delay, Event::CollectOf(owner));
    }

    /// The collector looks for pods whose owner of this uid is gone.
    pub(super) fn collect_of(&mut self, owner: &str) {
        let left: Vec<_> = self
            .api
            .pods()
            .filter(|pod| self.is_left_behind(pod) && pod.meta.owner.as_deref() == Some(owner))
            .map(|pod| (Key::pod(&pod.meta.name), pod.meta.uid.clone()))
            .collect();
        for (key, uid) in left {
            let delete = Request::Delete {
                key,
                uid: Some(uid),
                version: None,
                grace: None,
            };
            // It was there a moment ago, and nobody else is asked in between.
            let _ = self.api.request(Actor::Collector, delete, self.now);
        }
    }

    fn is_left_behind(&self, pod: &Pod) -> bool {
        let gone = |owner: &String| self.gone_pools.contains(owner);
        pod.meta.deleted.is_none() && pod.meta.owner.as_ref().is_some_and(gone)
    }
}
