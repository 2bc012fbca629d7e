//! Which pods there are, as events, lists and replies tell it, each as of another moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bridge::Time;

use crate::guards::Guard;
use crate::world::{Known, Pod, Uid, World};

/// For how long a pod that is gone is remembered: no answer of before that is under way for longer.
const GONE: Duration = Duration::from_mins(1);

impl World {
    /// A pod as an event of a watch tells it. One that is older than what this controller itself wrote is not believed.
    pub fn observe_pod(&mut self, pod: Pod, at: Time) {
        self.gone.remove(&pod.uid);
        self.believe(pod, at);
    }

    fn believe(&mut self, pod: Pod, at: Time) {
        self.hear_pods(at);
        if self.guards.hold(
            Guard::OldEventsIgnored,
            !self.outstanding.outdated(&pod.uid, pod.version()),
        ) {
            self.take(pod, at);
        }
    }

    /// A pod as a reply tells it to a request of this controller that was `asked` then. A reply that an event overtook is not
    /// believed.
    pub(crate) fn take_pod(&mut self, pod: Pod, asked: Time, at: Time) {
        self.note(true);
        if !self.went(&pod.uid, asked) {
            self.take(pod, at);
        }
    }

    /// Whether a pod was told to be gone after this moment: what was asked before brings it not back.
    fn went(&self, uid: &Uid, asked: Time) -> bool {
        self.gone.get(uid).is_some_and(|gone| *gone >= asked)
    }

    fn take(&mut self, pod: Pod, at: Time) {
        if pod.stranger() {
            return self.observe_gone(&pod.uid, at);
        }
        self.note(true);
        let node = pod.node.as_deref().map(|name| self.nodes.number(name));
        if let Some(known) = self.pods().get(&pod.uid) {
            let overtaken = matches!((known.pod.version(), pod.version()), (Some(known), Some(new)) if new < known);
            if !self.guards.hold(Guard::OldEventsIgnored, !overtaken) {
                return;
            }
        } else {
            let creation = pod
                .marks
                .as_ref()
                .ok()
                .and_then(|marks| marks.creation.as_ref());
            if creation.is_some_and(|creation| self.outstanding.creates.contains_key(creation)) {
                // Its reply is late, or lost.
                self.memory.created();
            }
        }
        self.outstanding.seen(&pod);
        self.pods.take(pod, node, at);
    }

    /// A pod is no longer there.
    pub fn observe_gone(&mut self, uid: &Uid, at: Time) {
        self.hear_pods(at);
        self.gone.retain(|_, gone| at.since(*gone) <= GONE);
        self.gone.insert(uid.clone(), at);
        let known = self.pods.remove(uid);
        self.note(known);
        self.outstanding.forget(uid);
        self.memory.forget(uid);
    }

    /// A pod is no longer among those with the pool's label, and nobody deleted it as far as is known: it is read before it is
    /// believed to be gone. Without its label it is still the pool's while it names it as its owner, and goes with it.
    pub fn observe_missing(&mut self, uid: &Uid, at: Time) {
        self.hear_pods(at);
        let Some(known) = self.pods().get(uid) else {
            return;
        };
        if known.pod.deletion.is_some() {
            self.observe_gone(uid, at);
        } else if known.pod.labelled {
            self.outstanding.missing.insert(uid.clone());
            self.note(true);
        }
    }

    /// Every pod with the pool's label, as a list of this version told them: those that are missing are read before they are
    /// believed to be gone, and creations whose reply got lost are settled. `asked_at` is when the list was asked for.
    pub fn observe_list(&mut self, pods: Vec<Pod>, version: &str, asked_at: Time, at: Time) {
        for uid in self.take_list(pods, version, asked_at, at) {
            self.observe_missing(&uid, at);
        }
    }

    /// The same of a list that holds also those that only name the pool as their owner: what is missing is gone.
    pub(crate) fn observe_all(&mut self, pods: Vec<Pod>, version: &str, asked_at: Time, at: Time) {
        for uid in self.take_list(pods, version, asked_at, at) {
            self.observe_gone(&uid, at);
        }
        self.listed = true;
        self.owned_known = true;
    }

    /// Takes up a list: the pods that it should hold and does not.
    fn take_list(&mut self, pods: Vec<Pod>, version: &str, asked_at: Time, at: Time) -> Vec<Uid> {
        let listed: BTreeSet<&Uid> = pods.iter().map(|pod| &pod.uid).collect();
        let version: Option<u64> = version.parse().ok();
        let newer = |known: &Known| matches!((known.pod.version(), version), (Some(pod), Some(list)) if pod > list);
        let gone: Vec<Uid> = self
            .pods()
            .iter()
            .filter(|(uid, known)| !listed.contains(uid) && !newer(known))
            .map(|(uid, _)| uid.clone())
            .collect();
        for pod in pods {
            if !self.went(&pod.uid, asked_at) {
                self.believe(pod, at);
            }
        }
        self.outstanding.listed(asked_at);
        self.note(true);
        gone
    }

    /// Pods that are gone, and since when that is known, for as long as an answer of before may come.
    pub fn gone(&self) -> &BTreeMap<Uid, Time> {
        &self.gone
    }

    /// Whether no pod can be unknown that names the pool as its owner: they were listed since the pool is being deleted.
    pub fn owned_known(&self) -> bool {
        self.owned_known
    }

    /// Whether whoever answers at the address of a pod is its own bridge, as far as this pool's pods tell: none that is as young
    /// or younger runs at the same address, as where a node is lost and its addresses are given away.
    pub(crate) fn answers_for_itself(&self, pod: &Pod) -> bool {
        let other = |known: &Known| {
            known.pod.authority == pod.authority
                && known.pod.uid != pod.uid
                && known.pod.created >= pod.created
                && known.pod.running().is_some()
        };
        pod.authority.is_some() && !self.pods().values().any(other)
    }
}
