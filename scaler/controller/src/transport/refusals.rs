//! What the API server, a bridge or jicofo refuses: said once, not each time.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use scaler_policy::Outcome;
use tracing::{info, warn};

/// The kinds of requests that are refused in a namespace.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeSet<(String, &'static str)>>);

/// What changed about a kind of request.
#[derive(Debug, Eq, PartialEq)]
enum Change {
    /// It is refused now.
    Refused,
    /// It is done again.
    Done,
}

impl Refusals {
    /// Takes what became of a request, and says what changed.
    pub(super) fn note(&self, namespace: &str, kind: &'static str, outcome: &Outcome) {
        match (self.change(namespace, kind, outcome), outcome) {
            (
                Some(Change::Refused),
                Outcome::Refused(why) | Outcome::Invalid(why) | Outcome::Unmade(why),
            ) => {
                warn!(
                    "{kind} is refused in namespace {namespace}, and what it is for waits: {why}"
                );
            }
            (Some(Change::Done), _) => {
                info!("{kind} is not refused any more in namespace {namespace}");
            }
            _ => {}
        }
    }

    fn change(&self, namespace: &str, kind: &'static str, outcome: &Outcome) -> Option<Change> {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (namespace.to_owned(), kind);
        match outcome {
            // The reason names the object, so another one is no news.
            Outcome::Refused(_) | Outcome::Invalid(_) | Outcome::Unmade(_) => {
                refused.insert(key).then_some(Change::Refused)
            }
            Outcome::Done | Outcome::Pod(_) | Outcome::Pods { .. } | Outcome::Rooms(_) => {
                refused.remove(&key).then_some(Change::Done)
            }
            Outcome::Conflict
            | Outcome::Gone
            | Outcome::Throttled
            | Outcome::Unsupported
            | Outcome::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_when_it_begins_and_when_it_ends() {
        let refusals = Refusals::default();
        let refused = |why: &str| Outcome::Refused(why.to_owned());
        let done = Outcome::Done;
        for (namespace, kind, outcome, expected) in [
            ("jitsi", "patch_pod", &done, None),
            ("jitsi", "patch_pod", &refused("a"), Some(Change::Refused)),
            ("jitsi", "patch_pod", &refused("b"), None),
            ("jitsi", "patch_pod", &Outcome::Conflict, None),
            ("other", "patch_pod", &refused("a"), Some(Change::Refused)),
            ("jitsi", "delete_pod", &done, None),
            ("jitsi", "patch_pod", &done, Some(Change::Done)),
            ("jitsi", "patch_pod", &done, None),
        ] {
            let change = refusals.change(namespace, kind, outcome);
            assert_eq!(change, expected, "{namespace} {kind} {outcome:?}");
        }
    }
}
