//! What the watches have brought, and what was told of it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use reach::Clock;
use scaler_api::labels::POOL;
use scaler_policy::world::Pool;

use crate::changes::{Change, changes};
use crate::cluster::{understood, written};
use crate::view::{Seen, View};

/// Namespace and name.
type Key = (String, String);

/// What is known.
#[derive(Default)]
pub(super) struct Known {
    pub(super) pools: BTreeMap<Key, Pool>,
    pods: BTreeMap<Key, Pod>,
    /// What was told last of each pool.
    told: BTreeMap<Key, View>,
    /// People on each bridge, by its UID, as the leader told them last.
    pub(super) people: BTreeMap<String, Option<u64>>,
    /// Whether pools and pods have been listed to the end.
    pub(super) listed: (bool, bool),
    /// Whether the leader has answered.
    pub(super) asked: bool,
}

impl Known {
    /// Takes up what the watch of pools brings.
    pub(super) fn pool(&mut self, event: Option<Event<DynamicObject>>) {
        match event {
            Some(Event::Init) => {
                self.pools.clear();
                self.listed.0 = false;
            }
            Some(Event::InitApply(object) | Event::Apply(object)) => {
                let key = key(&object);
                match understood(serde_json::to_value(&object).unwrap_or_default()) {
                    Ok(pool) => drop(self.pools.insert(key, pool)),
                    Err(trouble) => eprintln!("warning: {}/{}: {trouble}", key.0, key.1),
                }
            }
            Some(Event::Delete(object)) => {
                self.pools.remove(&key(&object));
            }
            Some(Event::InitDone) => self.listed.0 = true,
            None => {}
        }
    }

    /// Takes up what the watch of pods brings.
    pub(super) fn pod(&mut self, event: Option<Event<Pod>>) {
        match event {
            Some(Event::Init) => {
                self.pods.clear();
                self.listed.1 = false;
            }
            Some(Event::InitApply(object) | Event::Apply(object)) => {
                self.pods.insert(key(&object), object);
            }
            Some(Event::Delete(object)) => {
                self.pods.remove(&key(&object));
            }
            Some(Event::InitDone) => self.listed.1 = true,
            None => {}
        }
    }

    /// What is other than what was told last.
    pub(super) fn news(&mut self, clock: &Clock) -> Vec<Change> {
        // In the middle of a list much seems to be gone.
        if self.listed != (true, true) {
            return Vec::new();
        }
        let mut news = Vec::new();
        for (key, pool) in &self.pools {
            let pods: Vec<Pod> = self
                .pods
                .iter()
                .filter(|((namespace, _), pod)| {
                    *namespace == key.0 && pod.labels().get(POOL.name()) == Some(&key.1)
                })
                .map(|(_, pod)| pod.clone())
                .collect();
            let seen = Seen {
                report: written(pool, &pods, clock),
                pool: pool.clone(),
                silence: None,
            };
            let mut view = View::new(&seen);
            for row in &mut view.bridges {
                row.people = self.people.get(&row.uid.0).copied().flatten();
            }
            news.extend(changes(self.told.get(key), &view));
            self.told.insert(key.clone(), view);
        }
        self.told.retain(|key, _| self.pools.contains_key(key));
        news
    }
}

fn key(object: &impl kube::ResourceExt) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}
