//! What the Secret holds.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bridge::Time;
use k8s_openapi::ByteString;
use scaler_api::key::Value as _;
use scaler_token::contract::KEYS_FILE;
use scaler_token::{PublicKey, PublicKeys, SEED_BYTES, SigningKey};
use serde::{Deserialize, Serialize};

/// The form of the text that is written here.
const SCHEMA: u32 = 1;

type Data = BTreeMap<String, ByteString>;

/// What a key is made of; it is never shown.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Seed(pub(super) [u8; SEED_BYTES]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({})", self.key().id())
    }
}

impl Seed {
    pub(super) fn key(&self) -> SigningKey {
        SigningKey::from_seed(&self.0)
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
        // What is of a later form may say what must not be lost: it is told from what is broken.
        let Schema { schema } = parse(text)?;
        if schema != SCHEMA {
            let problem = format!(
                "is of schema {schema}, which another version of jvb-scaler writes; this one knows {SCHEMA}"
            );
            return Err(unreadable(KEYS_FILE, &problem));
        }
        parse::<File>(text)?.held().map(Some)
    }

    /// The data of the Secret.
    pub(super) fn write(&self) -> Data {
        // Texts and numbers can always be written.
        let text = serde_json::to_vec_pretty(&File::of(self)).unwrap_or_default();
        [(KEYS_FILE.to_owned(), ByteString(text))].into()
    }

    /// What is to be published.
    pub(super) fn public(&self) -> PublicKeys {
        let next = self.next.as_ref().map(|next| next.seed.key().public());
        let retired = self.retired.iter().map(|retired| retired.key.clone());
        let signing = self.signing.seed.key().public();
        retired.chain([signing]).chain(next).collect()
    }
}

#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

/// The text, whose moments are of RFC 3339.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    signing: SigningText,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<NextText>,
    #[serde(default)]
    retired: Vec<RetiredText>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SigningText {
    /// For people alone.
    id: String,
    seed: String,
    since: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NextText {
    id: String,
    seed: String,
    made: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RetiredText {
    id: String,
    key: String,
    since: String,
}

impl File {
    fn of(held: &Held) -> Self {
        let id = |seed: &Seed| seed.key().id().to_string();
        Self {
            schema: SCHEMA,
            signing: SigningText {
                id: id(&held.signing.seed),
                seed: STANDARD.encode(held.signing.seed.0),
                since: held.signing.since.print(),
            },
            next: held.next.as_ref().map(|next| NextText {
                id: id(&next.seed),
                seed: STANDARD.encode(next.seed.0),
                made: next.made.print(),
                published: next.published.map(|at| at.print()),
            }),
            retired: held.retired.iter().map(RetiredText::of).collect(),
        }
    }

    fn held(self) -> Result<Held, Unreadable> {
        let signing = Signing {
            seed: Seed(bytes(&self.signing.seed, "signing.seed")?),
            since: moment(&self.signing.since, "signing.since")?,
        };
        named(
            signing.seed.key().id().as_str(),
            &self.signing.id,
            "signing.id",
        )?;
        let next = self.next.map(NextText::read).transpose()?;
        let numbered = self.retired.into_iter().enumerate();
        let retired = numbered.map(|(number, text)| text.read(number));
        Ok(Held {
            signing,
            next,
            retired: retired.collect::<Result<_, _>>()?,
        })
    }
}

impl NextText {
    fn read(self) -> Result<Next, Unreadable> {
        let seed = Seed(bytes(&self.seed, "next.seed")?);
        named(seed.key().id().as_str(), &self.id, "next.id")?;
        let published = self.published.as_deref();
        Ok(Next {
            seed,
            made: moment(&self.made, "next.made")?,
            published: published
                .map(|at| moment(at, "next.published"))
                .transpose()?,
        })
    }
}

impl RetiredText {
    fn of(retired: &Retired) -> Self {
        Self {
            id: retired.key.id().to_string(),
            key: STANDARD.encode(retired.key.bytes()),
            since: retired.since.print(),
        }
    }

    fn read(self, number: usize) -> Result<Retired, Unreadable> {
        let at = |field: &str| format!("retired[{number}].{field}");
        let key = PublicKey::from_bytes(bytes(&self.key, &at("key"))?);
        named(key.id().as_str(), &self.id, &at("id"))?;
        let since = moment(&self.since, &at("since"))?;
        Ok(Retired { key, since })
    }
}

fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Unreadable> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json);
    let read = read.map_err(|error| {
        let (path, problem) = (error.path().to_string(), error.inner().to_string());
        unreadable(&path, &problem)
    })?;
    let end = json.end();
    end.map_err(|error| unreadable(".", &error.to_string()))?;
    Ok(read)
}

/// The place is one in the text, and of the text that of the whole.
fn unreadable(at: &str, problem: &str) -> Unreadable {
    Unreadable {
        at: if at == "." { KEYS_FILE } else { at }.to_owned(),
        problem: problem.to_owned(),
    }
}

/// Nothing of what stands there is told: it may be a seed.
fn bytes(text: &str, at: &str) -> Result<[u8; SEED_BYTES], Unreadable> {
    let decoded = STANDARD.decode(text).ok();
    let bytes = decoded.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| unreadable(at, "is not 32 bytes in base64"))
}

fn named(id: &str, told: &str, at: &str) -> Result<(), Unreadable> {
    if id == told {
        return Ok(());
    }
    Err(unreadable(
        at,
        &format!("is {told:?}, and the key's name is {id:?}"),
    ))
}

fn moment(text: &str, at: &str) -> Result<Time, Unreadable> {
    let problem = || format!("{text:?} is not {}", Time::WANTED);
    Time::parse(text).ok_or_else(|| unreadable(at, &problem()))
}

#[cfg(test)]
mod tests;
