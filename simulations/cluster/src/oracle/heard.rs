//! What one of two that lead at once had heard of when it decided: each is judged by that alone.

use std::collections::BTreeSet;

use super::Oracle;
use crate::api::Pod;
use crate::world::World;

/// The pods that somebody who leads had heard of when it decided, and what it had itself asked for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Heard {
    /// The uids of those that it took to be counted.
    pub(crate) counted: BTreeSet<String>,
    /// The uids of the others.
    pub(crate) others: BTreeSet<String>,
}

impl Heard {
    /// Whether it took this pod to be counted.
    pub(super) fn is_counted(&self, uid: &str) -> bool {
        self.counted.contains(uid)
    }
}

impl Oracle {
    /// Whether whoever sends the request that is judged knew of a pod that is not counted that it is not.
    pub(super) fn knew_that_it_leaves(&self, pod: &Pod) -> bool {
        let heard = self.heard.as_ref();
        heard.is_none_or(|heard| heard.others.contains(&pod.meta.uid))
    }

    /// Whether whoever sends the request that is judged had not heard of a pod that is not counted that it is not.
    pub(super) fn was_taken_to_be_counted(&self, pod: &Pod) -> bool {
        let heard = self.heard.as_ref();
        heard.is_some_and(|heard| heard.is_counted(&pod.meta.uid))
    }

    /// How many pods are gone that whoever sends the request that is judged took to be counted.
    pub(super) fn gone_unheard(&self, world: &World) -> usize {
        let Some(heard) = &self.heard else {
            return 0;
        };
        let there: BTreeSet<&str> = world.api.pods().map(|pod| pod.meta.uid.as_str()).collect();
        let gone = |uid: &&String| !there.contains(uid.as_str());
        heard.counted.iter().filter(gone).count()
    }
}
