//! What the Secret holds.

mod text;

use std::collections::BTreeMap;
use std::fmt;

use bridge::Time;
use k8s_openapi::ByteString;
use scaler_token::contract::KEYS_FILE;
use scaler_token::{PublicKey, PublicKeys, SEED_BYTES, SigningKey};

type Data = BTreeMap<String, ByteString>;

/// What a key is made of, with the public half that it makes; it is never shown.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Seed {
    bytes: [u8; SEED_BYTES],
    public: PublicKey,
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({})", self.public.id())
    }
}

impl Seed {
    pub(super) fn new(bytes: [u8; SEED_BYTES]) -> Self {
        let public = SigningKey::from_seed(&bytes).public();
        Self { bytes, public }
    }

    /// The key that signs.
    pub(super) fn key(&self) -> SigningKey {
        SigningKey::from_seed(&self.bytes)
    }

    /// Its public half.
    pub(super) const fn public(&self) -> &PublicKey {
        &self.public
    }
}

/// The keys of all controllers that share the Secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Held {
    /// The one that signs.
    pub(super) signing: Signing,
    /// The one that will.
    pub(super) next: Option<Next>,
    /// Those that sign no more, and whose tokens may still be on the way; the oldest first.
    pub(super) retired: Vec<Retired>,
}

/// The key that signs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Signing {
    pub(super) seed: Seed,
    pub(super) since: Time,
}

/// The key that will sign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Next {
    pub(super) seed: Seed,
    pub(super) made: Time,
    /// Since when every namespace with a pool has had it, without a look at which one had not.
    pub(super) published: Option<Time>,
}

/// A key that signs no more: nobody has its seed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Retired {
    pub(super) key: PublicKey,
    pub(super) since: Time,
}

/// Why a Secret is not touched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{at}: {problem}")]
pub(super) struct Unreadable {
    /// Where in it.
    at: String,
    problem: String,
}

impl Held {
    /// A first key, which signs at once: there is none that a pod would know.
    pub(super) const fn first(seed: Seed, now: Time) -> Self {
        Self {
            signing: Signing { seed, since: now },
            next: None,
            retired: Vec::new(),
        }
    }

    /// Reads the data of a Secret; an empty one holds nothing.
    pub(super) fn read(data: &Data) -> Result<Option<Self>, Unreadable> {
        let mut filled = data.iter().filter(|(_, value)| !value.0.is_empty());
        if let Some((key, _)) = filled.clone().find(|(key, _)| *key != KEYS_FILE) {
            return Err(unreadable(
                key,
                "nothing of this name was put there by jvb-scaler",
            ));
        }
        let Some((_, value)) = filled.next() else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&value.0);
        let text = text.map_err(|_| unreadable(KEYS_FILE, "is not text"))?;
        text::read(text).map(Some)
    }

    /// The data of the Secret.
    pub(super) fn write(&self) -> Data {
        [(KEYS_FILE.to_owned(), ByteString(text::write(self)))].into()
    }

    /// What is to be published.
    pub(super) fn public(&self) -> PublicKeys {
        let next = self.next.as_ref().map(|next| next.seed.public().clone());
        let retired = self.retired.iter().map(|retired| retired.key.clone());
        let signing = self.signing.seed.public().clone();
        retired.chain([signing]).chain(next).collect()
    }
}

/// The place is one in the text, and of the text that of the whole.
fn unreadable(at: &str, problem: &str) -> Unreadable {
    Unreadable {
        at: if at == "." { KEYS_FILE } else { at }.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests;
