//! What a kubelet does with a pod: start it, probe it, start it again, stop it.

use std::time::Duration;

use bridge::model::Stop;
use bridge::request;
use scaler_api::annotations;
use scaler_api::state::Intent;
use scaler_policy::world::Phase;

use super::{Event, World};
use crate::api::{Container, ContainerState, Key, Object, Pod};
use crate::node::{Held, Hook, Life};

/// How often a bridge is probed that is not ready yet, and a terminating one is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How long after the grace period what still runs is killed (kubernetes: a one-off extension of 2 s).
const EXTENSION: Duration = Duration::from_secs(2);

impl World {
    pub(super) fn admit(&mut self, name: &str) {
        let Some(pod) = self.api.pod(name) else {
            return;
        };
        let Some(node) = pod.node.clone() else {
            return;
        };
        if !self.in_touch(&node)
            || pod.ended()
            || pod.meta.deleted.is_some()
            || self.held.contains_key(&pod.meta.uid)
        {
            return;
        }
        let held = Held {
            name: name.to_owned(),
            uid: pod.meta.uid.clone(),
            node,
            image: pod.image.clone(),
            life: Life::Pulling,
            containers: 0,
            since: self.now,
            ready: false,
            sidecar_dead: false,
            without_hook: false,
            commanded: false,
        };
        let pulled = Event::Pulled(held.uid.clone());
        self.held.insert(held.uid.clone(), held);
        let [least, most] = self.setup.pull.map(|pull| pull.as_millis() as u64);
        let delay = self.nodes_chance.millis(least, most);
        self.after(delay, pulled);
    }

    pub(super) fn pulled(&mut self, uid: &str) {
        let bad = self.setup.bad_image;
        if let Some(held) = self
            .held
            .get_mut(uid)
            .filter(|held| held.life == Life::Pulling)
        {
            if held.image.starts_with(bad) {
                held.life = Life::ImagePullBackOff;
                self.sync(uid);
            } else {
                self.start(uid);
            }
        }
    }

    pub(super) fn restart(&mut self, uid: &str) {
        if let Some(held) = self.held.get(uid)
            && matches!(held.life, Life::BackOff(_))
        {
            self.start(uid);
        }
    }

    fn start(&mut self, uid: &str) {
        let now = self.now;
        let Some(held) = self.held.get_mut(uid) else {
            return;
        };
        held.life = Life::Running;
        held.containers += 1;
        held.since = now;
        held.commanded = false;
        let restarted = held.containers > 1;
        let name = held.name.clone();
        let config = self.setup.bridge(&name, &held.image);
        let listens = config.boot + LOOK;
        self.jitsi.start_bridge(&name, config, now);
        self.sync(uid);
        self.after(LOOK, Event::Probe(uid.to_owned()));
        if restarted {
            self.after(listens, Event::Assert(uid.to_owned()));
        }
    }

    /// Ready latches when the bridge first joins its brewery.
    pub(super) fn probe(&mut self, uid: &str) {
        let Some(held) = self
            .held
            .get_mut(uid)
            .filter(|held| held.life == Life::Running && !held.ready)
        else {
            return;
        };
        held.ready = self
            .jitsi
            .bridge(&held.name)
            .is_some_and(bridge::model::Videobridge::in_brewery);
        if held.ready {
            self.sync(uid);
        } else {
            self.after(LOOK, Event::Probe(uid.to_owned()));
        }
    }

    /// After a restart of the bridge the sidecar sets its drain mode by the intent that it knows of, unless it was told since.
    pub(super) fn assert_mode(&mut self, uid: &str) {
        let Some(held) = self.held.get(uid) else {
            return;
        };
        if held.sidecar_dead || held.commanded || held.life != Life::Running {
            return;
        }
        let name = held.name.clone();
        let until = self.now - self.setup.annotation_lag;
        let read = self
            .api
            .log()
            .iter()
            .rev()
            .find(|change| change.at <= until && change.key == Key::pod(&name));
        let intent = read
            .and_then(|read| {
                let annotations = &read.object.meta().annotations;
                annotations::INTENT.read(annotations).ok().flatten()
            })
            .unwrap_or(Intent::Active);
        let wanted = if intent == Intent::Active {
            request::undrain("127.0.0.1:8080")
        } else {
            request::drain("127.0.0.1:8080")
        };
        self.jitsi.bridge_request(&name, &wanted, self.now);
    }

    /// A process has ended by itself or was killed.
    pub(super) fn exited(&mut self, uid: &str, code: i32) {
        let Some(held) = self.held.get_mut(uid) else {
            return;
        };
        if let Life::Terminating { .. } = held.life {
            held.life = Life::Ended;
            self.after(Duration::from_millis(300), Event::Finish(uid.to_owned()));
        } else {
            let delay = held.back_off();
            held.life = Life::BackOff(code);
            self.sync(uid);
            self.after(delay, Event::Restart(uid.to_owned()));
        }
    }

    /// The kubelet hears that the pod was deleted, or that it is no longer there.
    pub(super) fn terminate(&mut self, uid: &str) {
        let Some(held) = self.held.get(uid) else {
            self.let_go_unheld(uid);
            return;
        };
        if !self.in_touch(&held.node) {
            return;
        }
        let pod = self
            .api
            .pod(&held.name)
            .filter(|pod| pod.meta.uid == held.uid);
        let grace = match pod {
            Some(pod) => match pod.meta.deleted {
                Some(_) => pod.meta.grace,
                None => return,
            },
            None => Duration::ZERO,
        };
        let until = self.now + grace;
        let Some(held) = self.held.get_mut(uid) else {
            return;
        };
        match &mut held.life {
            Life::Running => {
                held.life = Life::Terminating {
                    until,
                    signalled: false,
                };
                self.after(Duration::ZERO, Event::Hooks(uid.to_owned()));
            }
            // Deleted again, with less grace.
            Life::Terminating { until: old, .. } if until < *old => *old = until,
            Life::Terminating { .. } | Life::Ended => {}
            Life::Pulling | Life::ImagePullBackOff | Life::BackOff(_) => {
                held.life = Life::Ended;
                self.after(Duration::from_millis(300), Event::Finish(uid.to_owned()));
            }
        }
    }

    /// A pod that was deleted before its kubelet took it up is let go at once.
    fn let_go_unheld(&mut self, uid: &str) {
        let mut pods = self.api.pods();
        let deleted = |pod: &&Pod| pod.meta.uid == uid && pod.meta.deleted.is_some();
        let heard = |pod: &&Pod| pod.node.as_ref().is_some_and(|node| self.in_touch(node));
        let pod = pods.find(deleted).filter(heard);
        let key = pod.map(|pod| Key::pod(&pod.meta.name));
        drop(pods);
        if let Some(key) = key {
            self.api.remove(&key, self.now);
        }
    }

    /// A kubelet that was restarted begins a termination anew, with the whole grace period.
    pub fn restart_kubelet(&mut self, node: &str) {
        let on_node: Vec<_> = self
            .held
            .values()
            .filter(|held| held.node == node)
            .cloned()
            .collect();
        for held in on_node {
            let Some(pod) = self.api.pod(&held.name) else {
                continue;
            };
            let grace = pod.meta.grace;
            if let Some(Held {
                life:
                    Life::Terminating {
                        until,
                        signalled: false,
                    },
                ..
            }) = self.held.get_mut(&held.uid)
            {
                *until = self.now + grace;
            }
        }
    }

    /// The preStop hooks, and what follows them.
    pub(super) fn hooks(&mut self, uid: &str) {
        let Some(held) = self.held.get(uid) else {
            return;
        };
        let Life::Terminating {
            until,
            signalled: false,
        } = held.life
        else {
            return;
        };
        let name = held.name.clone();
        let empty = self
            .jitsi
            .bridge(&name)
            .is_none_or(|bridge| bridge.local_endpoints() == 0 && bridge.conferences() == 0);
        let over = self.now >= until;
        let hook = if over {
            Hook::Return
        } else {
            held.hook(until, empty, self.now)
        };
        if hook == Hook::Return {
            if let Some(held) = self.held.get_mut(uid) {
                held.life = Life::Terminating {
                    until,
                    signalled: true,
                };
            }
            self.after(
                until.since(self.now) + EXTENSION,
                Event::Kill(uid.to_owned()),
            );
            self.stop_bridge(&name, Stop::Terminate);
            return;
        }
        if !self.held[uid].sidecar_dead {
            let request = match hook {
                Hook::ShutDown => request::shutdown("127.0.0.1:8080", false),
                Hook::Drain | Hook::Return => request::drain("127.0.0.1:8080"),
            };
            self.jitsi.bridge_request(&name, &request, self.now);
        }
        self.after(LOOK, Event::Hooks(uid.to_owned()));
    }

    pub(super) fn kill(&mut self, uid: &str) {
        if let Some(held) = self.held.get(uid) {
            let name = held.name.clone();
            self.stop_bridge(&name, Stop::Kill);
            self.advance_jitsi();
        }
    }

    /// Nothing of the pod is left: its object goes.
    pub(super) fn finish(&mut self, uid: &str) {
        let Some(held) = self.held.get(uid) else {
            return;
        };
        if !self.in_touch(&held.node) {
            // Told once the API server is reached again.
            self.after(Duration::from_secs(5), Event::Finish(uid.to_owned()));
            return;
        }
        let key = Key::pod(&held.name);
        self.jitsi.forget_bridge(&held.name.clone());
        self.held.remove(uid);
        if self
            .api
            .get(&key)
            .is_some_and(|object| object.meta().uid == *uid)
        {
            self.api.remove(&key, self.now);
        }
    }

    /// Writes the status of a pod as its kubelet knows it.
    pub(super) fn sync(&mut self, uid: &str) {
        let Some(held) = self.held.get(uid) else {
            return;
        };
        if !self.in_touch(&held.node) {
            return;
        }
        let held = held.clone();
        self.api.modify(&Key::pod(&held.name), self.now, |object| {
            if let Object::Pod(pod) = object
                && pod.meta.uid == held.uid
            {
                pod.phase = if held.containers > 0 {
                    Phase::Running
                } else {
                    Phase::Pending
                };
                pod.ready = held.ready && held.life == Life::Running;
                pod.container = Some(Container {
                    id: held.container(),
                    state: match held.life {
                        Life::Running | Life::Terminating { .. } => ContainerState::Running,
                        Life::ImagePullBackOff => ContainerState::Waiting("ImagePullBackOff"),
                        Life::Pulling => ContainerState::Waiting("ContainerCreating"),
                        Life::BackOff(code) => ContainerState::Terminated(code),
                        Life::Ended => ContainerState::Terminated(0),
                    },
                    restarts: held.containers.saturating_sub(1),
                    since: held.since,
                });
            }
        });
    }

    /// A sidecar fails for good.
    pub fn kill_sidecar(&mut self, name: &str) {
        if let Some(held) = self.held.values_mut().find(|held| held.name == name) {
            held.sidecar_dead = true;
        }
    }

    /// The bridge's container loses its own hook: SIGTERM reaches it as soon as its pod is deleted.
    pub fn remove_hook(&mut self, name: &str) {
        if let Some(held) = self.held.values_mut().find(|held| held.name == name) {
            held.without_hook = true;
        }
    }

    /// A bridge was told over its sidecar what to do: the sidecar does not tell it otherwise.
    pub(crate) fn commanded(&mut self, name: &str) {
        if let Some(held) = self.held.values_mut().find(|held| held.name == name) {
            held.commanded = true;
        }
    }
}
