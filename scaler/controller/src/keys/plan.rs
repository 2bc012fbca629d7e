//! What is due of what the Secret holds: no I/O, no clock, no chance.

use bridge::Time;
use scaler_token::PublicKeys;

use super::Pace;
use super::held::{Held, Next, Retired, Seed, Signing};

/// One change of what is held. Each is written before the next is thought of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// The first key is made, and signs.
    First,
    /// The next key is made, to be published.
    Next,
    /// Every namespace has the next key, from now on.
    Seen,
    /// A namespace has not, or not any more.
    Unseen,
    /// The next key signs from now on, and the seed of the one before is forgotten.
    HandOver,
    /// No token of the oldest of the retired keys can be good any more.
    Forget,
}

impl Change {
    /// For the log, to stand behind the name of the Secret.
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::First => "a first key was made, and signs",
            Self::Next => "the next key was made, and is published before it signs",
            Self::Seen => "the next key is published everywhere",
            Self::Unseen => "the next key is not published everywhere yet, or not any more",
            Self::HandOver => {
                "the next key signs from now on; the one before stays published for a while"
            }
            Self::Forget => "a key that signs no more is not published any more",
        }
    }
}

/// What is due now, where the namespaces with pools publish these keys; `None` where nothing is.
pub(super) fn plan(
    held: Option<&Held>,
    published: &[PublicKeys],
    pace: &Pace,
    now: Time,
) -> Option<Change> {
    let Some(held) = held else {
        return Some(Change::First);
    };
    let over = |retired: &Retired| retired.since + pace.overlap <= now;
    if held.retired.first().is_some_and(over) {
        return Some(Change::Forget);
    }
    let Some(next) = &held.next else {
        let since = held.signing.since;
        // A clock that was far ahead must not stop it for years.
        let due = since + pace.rotation <= now || since > now + pace.rotation;
        return due.then_some(Change::Next);
    };
    let id = next.seed.public().id().clone();
    let everywhere = published.iter().all(|keys| keys.contains(&id));
    match next.published {
        None => everywhere.then_some(Change::Seen),
        Some(_) if !everywhere => Some(Change::Unseen),
        Some(since) if since > now + pace.refresh => Some(Change::Seen),
        Some(since) => (since + pace.refresh <= now).then_some(Change::HandOver),
    }
}

/// What is held after a change; a key that it makes is made of this seed.
pub(super) fn after(held: Option<Held>, change: Change, seed: Seed, now: Time) -> Held {
    let Some(mut held) = held else {
        return Held::first(seed, now);
    };
    match change {
        // One is there.
        Change::First => {}
        Change::Next => {
            held.next = Some(Next {
                seed,
                made: now,
                published: None,
            });
        }
        Change::Seen | Change::Unseen => {
            if let Some(next) = &mut held.next {
                next.published = (change == Change::Seen).then_some(now);
            }
        }
        Change::HandOver => {
            if let Some(next) = held.next.take() {
                let signs = Signing {
                    seed: next.seed,
                    since: now,
                };
                let before = std::mem::replace(&mut held.signing, signs);
                held.retired.push(Retired {
                    key: before.seed.public().clone(),
                    since: now,
                });
            }
        }
        Change::Forget => {
            if !held.retired.is_empty() {
                held.retired.remove(0);
            }
        }
    }
    held
}

#[cfg(test)]
mod tests;
