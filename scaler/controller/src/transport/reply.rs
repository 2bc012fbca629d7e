//! What became of a request, as it is told.

use scaler_policy::Outcome;

/// What became of a request.
#[derive(Debug)]
pub(crate) struct Reply {
    /// What it came to.
    pub(crate) outcome: Outcome,
    /// Whether it was too late for it, so that it did not leave: what it was decided by was too old, or another replica may lead.
    late: bool,
}

/// That something was not done, or that nobody knows whether it was.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Failure<'a> {
    /// How, in a word.
    pub(crate) outcome: &'static str,
    /// Why, in the words of whoever refused it.
    pub(crate) why: Option<&'a str>,
}

impl Failure<'_> {
    /// There was nothing to be sent.
    pub(crate) const UNSENT: Self = Self {
        outcome: "unsent",
        why: None,
    };
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            late: false,
        }
    }
}

impl Reply {
    /// It did not leave, which comes to this.
    pub(super) const fn late(outcome: Outcome) -> Self {
        Self {
            outcome,
            late: true,
        }
    }

    /// How it failed, where it did.
    pub(crate) fn failure(&self) -> Option<Failure<'_>> {
        let outcome = if self.late {
            "late"
        } else {
            told(&self.outcome)
        };
        let why = match &self.outcome {
            Outcome::Refused(why) | Outcome::Invalid(why) | Outcome::Unmade(why) => {
                Some(why.as_str())
            }
            _ => None,
        };
        (outcome != DONE).then_some(Failure { outcome, why })
    }
}

/// What went well, in a word.
const DONE: &str = "done";

/// The outcome in a word, which is also a metric's label.
pub(super) const fn told(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Pod(_) | Outcome::Pods { .. } | Outcome::Rooms(_) | Outcome::Done => DONE,
        Outcome::Conflict => "conflict",
        Outcome::Gone => "gone",
        Outcome::Refused(_) => "refused",
        Outcome::Invalid(_) => "invalid",
        Outcome::Unmade(_) => "unmade",
        Outcome::Throttled => "throttled",
        Outcome::Unsupported => "unsupported",
        Outcome::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_no_success_is_told_in_a_word_with_the_words_of_whoever_refused_it() {
        let refused = Outcome::Refused("no right".to_owned());
        let invalid = Outcome::Invalid("no image".to_owned());
        let unmade = Outcome::Unmade("a hook".to_owned());
        for (reply, outcome, why) in [
            (Outcome::Conflict.into(), "conflict", None),
            (Outcome::Gone.into(), "gone", None),
            (refused.into(), "refused", Some("no right")),
            (invalid.into(), "invalid", Some("no image")),
            (unmade.into(), "unmade", Some("a hook")),
            (Outcome::Throttled.into(), "throttled", None),
            (Outcome::Unsupported.into(), "unsupported", None),
            (Outcome::Unknown.into(), "unknown", None),
            (Reply::late(Outcome::Conflict), "late", None),
            (Reply::late(Outcome::Throttled), "late", None),
        ] {
            let reply: Reply = reply;
            assert_eq!(reply.failure(), Some(Failure { outcome, why }));
        }
        assert_eq!(Reply::from(Outcome::Done).failure(), None);
    }
}
