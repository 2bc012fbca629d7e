//! The public keys that a pod holds, and how a token is held against them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bridge::Time;
use http::{HeaderValue, Method};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::claims::{self, Claims};
use crate::denied::Denied;
use crate::signing::{KeyId, PublicKey};
use crate::{LIFETIME, MAX_BYTES, SCHEME, SKEW};

/// The keys whose tokens are obeyed. With none of them every token is denied.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PublicKeys(BTreeMap<KeyId, PublicKey>);

/// A text that does not hold public keys.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "these are no public keys: {at}: {problem}\nhint: the controller writes them into ConfigMap bridgetender-keys and mends what \
     somebody else writes there; look whether it runs, and whether it may"
)]
pub struct KeysError {
    /// Where in the text, such as `keys[1].key`; `the text` where all of it is meant.
    pub at: String,
    /// What is wrong there.
    pub problem: String,
}

/// The text of a ConfigMap. Whatever else it says is of a later version, and nothing that has to be known.
#[derive(Deserialize, Serialize)]
struct File {
    keys: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    /// [`PublicKey::id`].
    id: String,
    /// [`PublicKey::bytes`] in base64.
    key: String,
}

impl PublicKeys {
    /// Reads what [`PublicKeys::print`] writes.
    ///
    /// # Errors
    /// When it is something else, even if only one of the keys is: then nobody knows what else is missing.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let file: File = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let at = match error.path().to_string().as_str() {
                "." => "the text".to_owned(),
                path => path.to_owned(),
            };
            KeysError {
                at,
                problem: error.into_inner().to_string(),
            }
        })?;
        json.end().map_err(|error| KeysError {
            at: "the text".to_owned(),
            problem: error.to_string(),
        })?;
        let mut keys = Self::default();
        for (number, entry) in file.keys.iter().enumerate() {
            let wrong = |field: &str, problem: String| KeysError {
                at: format!("keys[{number}]{field}"),
                problem,
            };
            let bytes = STANDARD.decode(&entry.key);
            let bytes = bytes.map_err(|error| wrong(".key", format!("is not base64: {error}")))?;
            let length = bytes.len();
            let bytes = bytes.try_into().map_err(|_| {
                let problem = format!("is {length} bytes long, and a public key is 32");
                wrong(".key", problem)
            })?;
            let key = PublicKey::from_bytes(bytes);
            if entry.id != key.id().as_str() {
                let problem = format!(
                    "is {:?}, and the key's name is {:?}",
                    entry.id,
                    key.id().as_str()
                );
                return Err(wrong(".id", problem));
            }
            if keys.0.insert(key.id().clone(), key).is_some() {
                return Err(wrong("", "is there twice".to_owned()));
            }
        }
        Ok(keys)
    }

    /// The text for a ConfigMap. The same keys make the same text.
    pub fn print(&self) -> String {
        let entry = |key: &PublicKey| Entry {
            id: key.id().to_string(),
            key: STANDARD.encode(key.bytes()),
        };
        let keys = self.0.values().map(entry).collect();
        // Texts can always be written.
        serde_json::to_string(&File { keys }).unwrap_or_default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the key of this name is among them.
    pub fn contains(&self, id: &KeyId) -> bool {
        self.0.contains_key(id)
    }

    /// Their names, in order.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.0.keys()
    }

    /// What the token in an `Authorization` header allows, if it allows this method and this path in this pod now.
    ///
    /// # Errors
    /// Why it does not. What an unproven token says decides nothing but the key that it is held against.
    pub fn verify(
        &self,
        header: Option<&HeaderValue>,
        pod: &str,
        method: &Method,
        path: &str,
        now: Time,
    ) -> Result<Claims, Denied> {
        let header = header.ok_or(Denied::Missing)?;
        let token = Token::read(header).ok_or(Denied::Malformed)?;
        let key = self.0.get(&token.key).ok_or(Denied::UnknownKey)?;
        UnparsedPublicKey::new(&ED25519, key.bytes())
            .verify(token.signed.as_bytes(), &token.signature)
            .map_err(|_| Denied::BadSignature)?;
        let claims = token.claims;
        let found = [
            (claims.pod != pod, Denied::OtherPod),
            (claims.method != method, Denied::OtherMethod),
            (claims.path != path, Denied::OtherPath),
            (
                claims.expires.since(claims.issued) > LIFETIME,
                Denied::TooLong,
            ),
            (claims.issued > now + SKEW, Denied::NotYet),
            (now > claims.expires + SKEW, Denied::Expired),
        ];
        match found.into_iter().find(|(is_so, _)| *is_so) {
            Some((_, why)) => Err(why),
            None => Ok(claims),
        }
    }
}

impl FromIterator<PublicKey> for PublicKeys {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self(
            keys.into_iter()
                .map(|key| (key.id().clone(), key))
                .collect(),
        )
    }
}

/// A token as it stands in a header, not yet proven.
struct Token<'a> {
    /// The text that is signed.
    signed: &'a str,
    signature: Vec<u8>,
    claims: Claims,
    key: KeyId,
}

impl<'a> Token<'a> {
    fn read(header: &'a HeaderValue) -> Option<Self> {
        if header.len() > MAX_BYTES {
            return None;
        }
        let token = header.to_str().ok()?.strip_prefix(SCHEME)?;
        let (signed, signature) = token.strip_prefix(' ')?.split_once('.')?;
        // Strict about the bits that are left over: each token can be written in one way alone.
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let (claims, key) = claims::parse(&URL_SAFE_NO_PAD.decode(signed).ok()?)?;
        Some(Self {
            signed,
            signature,
            claims,
            key,
        })
    }
}
