//! What users do to pods, to the budget and to the pool.

use std::time::Duration;

use scaler_api::state::Intent;
use scaler_api::{annotations, labels};

use super::Fault;
use super::cluster::{delete, intent};
use super::plan::Planned;
use crate::api::{Actor, Edit, Key, Kind, Meta, Object, Pod, Request};
use crate::run::{POOL, Sim};

impl Sim {
    /// Tries to begin something that a user does: what it was done to, if it began.
    pub(super) fn begin_by_users(&mut self, planned: Planned) -> Option<String> {
        match planned.fault {
            Fault::MalformedAnnotation => {
                let name = self.a_pod_with(&[Intent::Active, Intent::Drain, Intent::Expel])?;
                let key = [
                    annotations::INTENT_SINCE.name(),
                    annotations::DEADLINE.name(),
                ];
                let key = *self.chaos.chance.pick(&key)?;
                self.edit_pod(&name, &[], &[(key, Some("whenever"))]);
                return Some(format!("{name} {key}"));
            }
            Fault::BudgetGone => return self.break_budget(),
            Fault::LabelsEdited => {
                let name = self.a_busy_pod()?;
                let edit = self.chaos.chance.below(3);
                self.forge(&name, edit);
                return Some(name);
            }
            Fault::PodDeleted => {
                let name = self.a_busy_pod()?;
                let by_force = self.chaos.chance.per_mille(400);
                self.by_user(delete(&name, by_force.then_some(Duration::ZERO)));
                return Some(name);
            }
            Fault::Preempted => {
                let name = self.a_pod_with(&[Intent::Active, Intent::Drain])?;
                self.by_user(delete(&name, None));
                return Some(name);
            }
            Fault::SidecarDies | Fault::KubeletRestarted => {
                let name = self.a_busy_pod()?;
                self.by_user(delete(&name, None));
                return Some(name);
            }
            Fault::ForeignPod => {
                let labels = [
                    (labels::POOL.name(), POOL),
                    (labels::COUNTED.name(), "true"),
                    (labels::PROTECTED.name(), "true"),
                ];
                let pod = Pod {
                    meta: Meta {
                        name: "foreign-".to_owned(),
                        owner: Some("uid-of-another".to_owned()),
                        labels: labels
                            .map(|(name, value)| (name.to_owned(), value.to_owned()))
                            .into(),
                        ..Meta::default()
                    },
                    image: "jvb:1".to_owned(),
                    grace: Duration::from_secs(30),
                    ..Pod::default()
                };
                let created = self
                    .world
                    .request(Actor::User, Request::Create(Box::new(Object::Pod(pod))));
                return created.ok().map(|pod| pod.meta().name.clone());
            }
            Fault::PoolDeleted => {
                let key = Key::new(Kind::Pool, POOL);
                let request = Request::Delete {
                    key,
                    uid: None,
                    version: None,
                    grace: None,
                };
                self.by_user(request);
            }
            _ => return None,
        }
        Some(String::new())
    }

    /// Somebody pins the bridge with the fewest people, which would be the first to be drained, or takes all pins away.
    pub(crate) fn pin(&mut self, pin: bool) {
        let serves =
            |pod: &&Pod| pod.ready && pod.meta.deleted.is_none() && intent(pod) == Intent::Active;
        let names: Vec<String> = if pin {
            let pods = self.pods_of_pool().filter(serves);
            let fewest = pods.min_by_key(|pod| self.people_on(&pod.meta.name));
            fewest
                .map(|pod| pod.meta.name.clone())
                .into_iter()
                .collect()
        } else {
            self.pods_of_pool()
                .map(|pod| pod.meta.name.clone())
                .collect()
        };
        for name in names {
            self.edit_pod(
                &name,
                &[],
                &[(annotations::PINNED.name(), pin.then_some("true"))],
            );
        }
    }

    /// Somebody takes a label away (0: that of its protection, 1: that it is counted) or forges what the controller has noted.
    pub(super) fn forge(&mut self, name: &str, edit: u64) {
        let at = "1970-01-01T00:00:00Z";
        let forged = "{\"containerID\":\"sim://forged/1\",\"startup_time\":1,\"drain\":true}";
        match edit {
            0 => self.edit_pod(name, &[(labels::PROTECTED.name(), None)], &[]),
            1 => self.edit_pod(name, &[(labels::COUNTED.name(), None)], &[]),
            _ => self.edit_pod(
                name,
                &[],
                &[
                    (annotations::DRAIN_ACKED.name(), Some(forged)),
                    (annotations::ZERO_SINCE.name(), Some(at)),
                ],
            ),
        };
    }

    pub(super) fn by_user(&mut self, request: Request) -> bool {
        self.world.request(Actor::User, request).is_ok()
    }

    pub(super) fn edit_pod(
        &mut self,
        name: &str,
        labels: &[(&str, Option<&str>)],
        notes: &[(&str, Option<&str>)],
    ) -> bool {
        let owned = |texts: &[(&str, Option<&str>)]| {
            let texts = texts.iter();
            texts
                .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
                .collect()
        };
        let edit = Edit {
            labels: owned(labels),
            annotations: owned(notes),
            ..Edit::default()
        };
        self.by_user(Request::Patch {
            key: Key::pod(name),
            uid: None,
            version: None,
            edit,
        })
    }

    /// The budget goes, or there are two; then somebody evicts a busy bridge.
    fn break_budget(&mut self) -> Option<String> {
        let name = self.a_busy_pod()?;
        let key = Key::new(Kind::Pdb, POOL);
        let Some(Object::Pdb(pdb)) = self.world.api.get(&key).map(|object| (**object).clone())
        else {
            return None;
        };
        if self.chaos.chance.per_mille(500) {
            let mut second = pdb;
            "second".clone_into(&mut second.meta.name);
            self.by_user(Request::Create(Box::new(Object::Pdb(second))));
        } else {
            self.world.api.remove(&key, self.now);
        }
        self.by_user(Request::Evict(Key::pod(&name)));
        Some(name)
    }

    pub(super) fn restore_budget(&mut self) {
        self.world
            .api
            .remove(&Key::new(Kind::Pdb, "second"), self.now);
        let budget = crate::run::budget();
        self.by_user(Request::Create(Box::new(budget)));
    }
}
