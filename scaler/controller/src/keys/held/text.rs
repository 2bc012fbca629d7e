//! The text of the Secret: JSON, whose moments are of RFC 3339.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bridge::Time;
use scaler_api::key::Value as _;
use scaler_token::contract::KEYS_FILE;
use scaler_token::{PublicKey, SEED_BYTES};
use serde::{Deserialize, Serialize};

use super::{Held, Next, Retired, Seed, Signing, Unreadable, unreadable};

/// The form of the text that is written here.
const SCHEMA: u32 = 1;

/// Reads what [`write()`] writes.
pub(super) fn read(text: &str) -> Result<Held, Unreadable> {
    // What is of a later form may say what must not be lost: it is told from what is broken.
    let Schema { schema } = parse(text)?;
    if schema != SCHEMA {
        let problem = format!(
            "is of schema {schema}, which another version of jvb-scaler writes; this one knows {SCHEMA}"
        );
        return Err(unreadable(KEYS_FILE, &problem));
    }
    parse::<File>(text)?.held()
}

/// The text.
pub(super) fn write(held: &Held) -> Vec<u8> {
    // Texts and numbers can always be written.
    serde_json::to_vec_pretty(&File::of(held)).unwrap_or_default()
}

#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

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
        let id = |seed: &Seed| seed.public().id().to_string();
        Self {
            schema: SCHEMA,
            signing: SigningText {
                id: id(&held.signing.seed),
                seed: STANDARD.encode(held.signing.seed.bytes),
                since: held.signing.since.print(),
            },
            next: held.next.as_ref().map(|next| NextText {
                id: id(&next.seed),
                seed: STANDARD.encode(next.seed.bytes),
                made: next.made.print(),
                published: next.published.map(|at| at.print()),
            }),
            retired: held.retired.iter().map(RetiredText::of).collect(),
        }
    }

    fn held(self) -> Result<Held, Unreadable> {
        let signing = Signing {
            seed: Seed::new(bytes(&self.signing.seed, "signing.seed")?),
            since: moment(&self.signing.since, "signing.since")?,
        };
        named(
            signing.seed.public().id().as_str(),
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
        let seed = Seed::new(bytes(&self.seed, "next.seed")?);
        named(seed.public().id().as_str(), &self.id, "next.id")?;
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
