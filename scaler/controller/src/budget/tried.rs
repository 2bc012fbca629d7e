//! Whether a pool's budget was seen to, for what must not come before that.

use std::sync::Arc;

use tokio::sync::SetOnce;

use super::Wanted;

/// Whether a budget was seen to as it is wanted now: it was made what it shall be, or that was tried and something is in the way.
/// Clones learn of it too.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    wanted: Wanted,
    done: Arc<SetOnce<()>>,
}

impl Tried {
    /// Nobody has seen to it.
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            done: Arc::default(),
        }
    }

    /// It is wanted so from now on: where that is something else, nobody has seen to it.
    pub(crate) fn want(&mut self, wanted: Wanted) {
        if self.wanted != wanted {
            *self = Self::new(wanted);
        }
    }

    /// Somebody saw to a budget that is wanted so.
    pub(crate) fn note(&self, wanted: &Wanted) {
        if self.wanted == *wanted {
            // The first time is enough.
            let _ = self.done.set(());
        }
    }

    /// Returns when somebody has seen to it.
    pub(crate) async fn wait(&self) {
        self.done.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::super::Wish;
    use super::super::tests::wanted;
    use super::*;

    #[test]
    fn a_budget_was_seen_to_when_it_was_as_it_is_wanted_now() {
        let done = |tried: &Tried| tried.wait().now_or_never().is_some();
        let mut tried = Tried::new(wanted(Wish::LeftAlone));
        let waits = tried.clone();
        tried.note(&wanted(Wish::Kept));
        assert!(!done(&tried), "it was another one");
        tried.note(&wanted(Wish::LeftAlone));
        tried.note(&wanted(Wish::LeftAlone));
        assert!(done(&tried) && done(&waits));
        tried.want(wanted(Wish::LeftAlone));
        assert!(done(&tried));
        tried.want(wanted(Wish::Kept));
        assert!(!done(&tried), "nobody has made it");
        assert!(done(&waits));
        tried.note(&wanted(Wish::Kept));
        assert!(done(&tried));
    }
}
