//! The store, and what each request does to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bridge::Time;

use super::eviction;
use super::object::{Key, Kind, Meta, Object, Pdb, Pod, Pool};
use super::request::{Actor, Edit, Refusal, Reply, Request};
use super::trouble::Trouble;

/// One change of one object, as watches tell it.
#[derive(Clone, Debug)]
pub struct Change {
    /// When.
    pub at: Time,
    /// The version of the whole store that it made.
    pub version: u64,
    /// Of what.
    pub key: Key,
    /// The object afterwards, or as it was last.
    pub object: Arc<Object>,
    /// Whether it is gone.
    pub gone: bool,
}

/// One request that wanted to change something, as an audit log keeps it.
#[derive(Clone, Debug)]
pub struct Record {
    /// When the server decided it.
    pub at: Time,
    /// Who asked.
    pub actor: Actor,
    /// For what.
    pub request: Request,
    /// The object as it was.
    pub before: Option<Arc<Object>>,
    /// What was answered, or would have been.
    pub reply: Reply,
}

/// The API server.
#[derive(Clone, Debug, Default)]
pub struct ApiServer {
    objects: BTreeMap<Key, Arc<Object>>,
    version: u64,
    names: u64,
    log: Vec<Change>,
    audit: Vec<Arc<Record>>,
    /// What is wrong with it.
    pub trouble: Trouble,
    /// Whether the versions of each object are counted by themselves: then what happens to one leaves no trace in another.
    pub count_each: bool,
}

impl ApiServer {
    /// The object as it is now.
    pub fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// The pod as it is now.
    pub fn pod(&self, name: &str) -> Option<&Pod> {
        self.get(&Key::pod(name))?.pod()
    }

    /// The pool of this name as it is now.
    pub fn pool(&self, name: &str) -> Option<&Pool> {
        self.get(&Key::new(Kind::Pool, name))?.pool()
    }

    /// All objects of a kind.
    pub fn list(&self, kind: Kind) -> impl Iterator<Item = &Arc<Object>> {
        let first = Key::new(kind, "");
        self.objects
            .range(first..)
            .take_while(move |(key, _)| key.kind == kind)
            .map(|(_, object)| object)
    }

    /// All pods.
    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.list(Kind::Pod).filter_map(|object| object.pod())
    }

    /// All PodDisruptionBudgets.
    pub(super) fn pdbs(&self) -> impl Iterator<Item = &Pdb> {
        self.list(Kind::Pdb).filter_map(|object| match &**object {
            Object::Pdb(pdb) => Some(pdb),
            _ => None,
        })
    }

    /// The version of the whole store.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many objects were ever created: the next one's name comes from it.
    pub fn names(&self) -> u64 {
        self.names
    }

    /// Every change since the start, in order.
    pub fn log(&self) -> &[Change] {
        &self.log
    }

    /// Every request that wanted to change something, in order; those of the cluster itself are left out.
    pub fn audit(&self) -> &[Arc<Record>] {
        &self.audit
    }

    /// Does what is asked for.
    ///
    /// # Errors
    /// When it refuses, and nothing has changed.
    pub fn request(&mut self, actor: Actor, request: Request, now: Time) -> Reply {
        let before = self.objects.get(&request.key()).cloned();
        let reply = self.decide(&request, now);
        if request.writes() && actor != Actor::Cluster {
            self.audit.push(Arc::new(Record {
                at: now,
                actor,
                request,
                before,
                reply: reply.clone(),
            }));
        }
        reply
    }

    fn decide(&mut self, request: &Request, now: Time) -> Reply {
        match request {
            Request::Get(key) => self.get(key).cloned().ok_or(Refusal::NotFound),
            Request::Create(object) => self.create((**object).clone(), now),
            Request::Patch {
                key,
                uid: None,
                version: None,
                edit,
            } if self.trouble.patches_create && !self.objects.contains_key(key) => {
                let mut pod = Pod::default();
                pod.meta.name = key.name.to_string();
                edit.apply(&mut pod.meta);
                self.create(Object::Pod(pod), now)
            }
            Request::Patch {
                key,
                uid,
                version,
                edit,
            } => {
                let mut object = self.meant(key, uid.as_deref(), *version)?;
                edit.apply(object.meta_mut());
                Ok(self.put(object, now))
            }
            Request::Status {
                key,
                version,
                status,
            } => {
                let mut object = self.meant(key, None, *version)?;
                if let Object::Pool(pool) = &mut object {
                    pool.status = Some((**status).clone());
                }
                Ok(self.put(object, now))
            }
            Request::Scale {
                key,
                version,
                replicas,
            } => {
                let mut object = self.meant(key, None, *version)?;
                if let Object::Pool(pool) = &mut object {
                    pool.meta.generation += i64::from(pool.spec.replicas != *replicas);
                    pool.spec.replicas = *replicas;
                }
                Ok(self.put(object, now))
            }
            Request::Replace(object) => {
                let meta = object.meta();
                self.meant(&object.key(), Some(&meta.uid), Some(meta.version))?;
                Ok(self.put((**object).clone(), now))
            }
            Request::Delete {
                key,
                uid,
                version,
                grace,
            } => {
                let object = self.meant(key, uid.as_deref(), *version)?;
                Ok(self.delete(object, *grace, now))
            }
            Request::Evict(key) => {
                let object = self.meant(key, None, None)?;
                let pod = object.pod().ok_or(Refusal::NotFound)?;
                eviction::allowed(self, pod)?;
                Ok(self.delete(object, None, now))
            }
        }
    }

    /// Changes an object as a part of the cluster does, which reads it again whenever somebody else was faster.
    pub fn modify(&mut self, key: &Key, now: Time, change: impl FnOnce(&mut Object)) {
        let Some(old) = self.objects.get(key) else {
            return;
        };
        let mut object = (**old).clone();
        change(&mut object);
        if object != **old {
            self.put(object, now);
        }
    }

    /// Takes an object away for good, whatever its finalizers say of it.
    pub fn remove(&mut self, key: &Key, now: Time) {
        if let Some(object) = self.objects.remove(key) {
            self.tell(object, true, now);
        }
    }

    /// The object, if it is the one that is meant.
    fn meant(&self, key: &Key, uid: Option<&str>, version: Option<u64>) -> Result<Object, Refusal> {
        let object = self.objects.get(key).ok_or(Refusal::NotFound)?;
        let meta = object.meta();
        let same = uid.is_none_or(|uid| meta.uid == uid)
            && version.is_none_or(|version| meta.version == version);
        if same {
            Ok((**object).clone())
        } else {
            Err(Refusal::Conflict)
        }
    }

    fn create(&mut self, mut object: Object, now: Time) -> Reply {
        if object.kind() == Kind::Pod && self.trouble.admission {
            return Err(Refusal::Forbidden);
        }
        self.names += 1;
        let number = self.names;
        let meta = object.meta_mut();
        if meta.name.ends_with('-') {
            meta.name = format!("{}{number:04}", meta.name);
        }
        meta.uid = format!("uid-{number:04}");
        meta.created = now;
        meta.generation = 1;
        if self.objects.contains_key(&object.key()) {
            return Err(Refusal::Exists);
        }
        Ok(self.put(object, now))
    }

    fn delete(&mut self, mut object: Object, grace: Option<Duration>, now: Time) -> Arc<Object> {
        let key = object.key();
        let own = object.pod().map(|pod| pod.grace).unwrap_or_default();
        // A pod that was never placed has nothing to wait for.
        let waits = object.pod().is_some_and(|pod| pod.node.is_some());
        let grace = grace.unwrap_or(own);
        let meta = object.meta_mut();
        if (!waits || grace.is_zero()) && meta.finalizers.is_empty() {
            self.remove(&key, now);
            return Arc::new(object);
        }
        if meta.deleted.is_none() {
            meta.deleted = Some(now);
            meta.grace = grace;
        } else if grace < meta.grace {
            meta.grace = grace;
        } else {
            return Arc::new(object);
        }
        self.put(object, now)
    }

    fn put(&mut self, mut object: Object, now: Time) -> Arc<Object> {
        let key = object.key();
        if let Some(old) = self.objects.get(&key)
            && **old == object
        {
            return old.clone();
        }
        let before = self.objects.get(&key).map_or(0, |old| old.meta().version);
        let before = if self.count_each {
            before
        } else {
            self.version
        };
        let meta = object.meta_mut();
        meta.version = before + 1;
        // The last finalizer of a deleted object that no kubelet holds takes it along.
        let gone = meta.deleted.is_some() && meta.finalizers.is_empty() && key.kind != Kind::Pod;
        let object = Arc::new(object);
        if gone {
            self.objects.remove(&key);
            self.tell(object.clone(), true, now);
        } else {
            self.objects.insert(key, object.clone());
            self.tell(object.clone(), false, now);
        }
        object
    }

    fn tell(&mut self, object: Arc<Object>, gone: bool, now: Time) {
        let key = object.key();
        self.version += 1;
        self.log.push(Change {
            at: now,
            version: self.version,
            key,
            object,
            gone,
        });
    }
}

impl Edit {
    /// Makes the changes.
    pub fn apply(&self, meta: &mut Meta) {
        for (edits, map) in [
            (&self.labels, &mut meta.labels),
            (&self.annotations, &mut meta.annotations),
        ] {
            for (name, value) in edits {
                match value {
                    Some(value) => map.insert(name.clone(), value.clone()),
                    None => map.remove(name),
                };
            }
        }
        if let Some(owner) = &self.owner {
            meta.owner.clone_from(owner);
        }
        if let Some(finalizers) = &self.finalizers {
            meta.finalizers = finalizers.iter().cloned().collect();
        }
    }
}
