//! The pods, each with what its bridge said. Nothing else can change them, so that what is compared is never of before.

use std::collections::BTreeMap;
use std::sync::Arc;

use bridge::Time;

use crate::world::compared::Compared;
use crate::world::{Live, Numbers, Pod, Uid};

/// A pod and what its bridge said.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The object, as the API server last told it.
    pub pod: Pod,
    /// The bridge in it, as it last answered.
    pub live: Live,
    /// When this controller saw the pod first.
    pub seen_at: Time,
    /// Since when this controller has seen that it does not serve, though it may be meant to.
    pub unsettled_since: Option<Time>,
    /// The number of its node.
    pub(crate) node: Option<usize>,
    /// Its UID once more: lists of thousands share it.
    pub(crate) uid: Arc<Uid>,
    compared: Compared,
}

impl Known {
    /// How the texts in the pod and in what its bridge said relate.
    pub(crate) fn compared(&self) -> Compared {
        self.compared
    }

    fn compare(&mut self, revision: Option<usize>) {
        self.compared = Compared::new(&self.pod, &self.live, revision);
    }
}

/// The pods by their UIDs.
#[derive(Clone, Debug, Default)]
pub(super) struct Pods {
    known: BTreeMap<Uid, Known>,
    /// The revisions of which there were pods.
    revisions: Numbers,
}

impl Pods {
    /// All of them.
    pub(super) fn all(&self) -> &BTreeMap<Uid, Known> {
        &self.known
    }

    /// The numbers of the revisions of which there were pods.
    pub(super) fn revisions(&self) -> &Numbers {
        &self.revisions
    }

    /// A pod as it is now, on the node of this number. What its bridge said remains.
    pub(super) fn take(&mut self, pod: Pod, node: Option<usize>, at: Time) {
        let marks = pod.marks.as_ref().ok();
        let revision = marks.map(|marks| self.revisions.number(&marks.revision));
        let unsettled = !pod.settled();
        if let Some(known) = self.known.get_mut(&pod.uid) {
            known.pod = pod;
            known.node = node;
            known.unsettled_since = unsettled.then(|| known.unsettled_since.unwrap_or(at));
            known.compare(revision);
            return;
        }
        let live = Live::default();
        let known = Known {
            seen_at: at,
            unsettled_since: unsettled.then_some(at),
            node,
            uid: Arc::new(pod.uid.clone()),
            compared: Compared::new(&pod, &live, revision),
            live,
            pod,
        };
        self.known.insert(known.pod.uid.clone(), known);
    }

    /// A bridge was heard of, as `tell` says; whether that is news. Of a pod that nobody knows nothing is.
    pub(super) fn hear(&mut self, uid: &Uid, tell: impl FnOnce(&Pod, &mut Live) -> bool) -> bool {
        self.known.get_mut(uid).is_some_and(|known| {
            let news = tell(&known.pod, &mut known.live);
            known.compare(known.compared.revision);
            news
        })
    }

    /// A pod is gone; whether it was known.
    pub(super) fn remove(&mut self, uid: &Uid) -> bool {
        self.known.remove(uid).is_some()
    }
}
