//! Keys, and how the controller signs.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::SCHEME;
use crate::claims::{self, Claims};

/// The length of the seed that a key is made of.
pub const SEED_BYTES: usize = 32;

/// How many bytes of a public key's hash name it.
const ID_BYTES: usize = 8;

/// The name of a key: the first 16 hexadecimal digits of the SHA-256 of its public half.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(String);

/// The public half of a key: whoever has it knows what the other half signed, and can sign nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey {
    id: KeyId,
    bytes: [u8; SEED_BYTES],
}

/// A key that signs tokens. It never tells its seed.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl KeyId {
    /// A name that somebody wrote: of a key, if there is one of that name.
    pub(crate) fn named(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PublicKey {
    /// The public key of these bytes, as RFC 8032 writes it.
    pub fn from_bytes(bytes: [u8; SEED_BYTES]) -> Self {
        let hash = digest(&SHA256, &bytes);
        let digits = hash.as_ref().iter().take(ID_BYTES);
        let id = KeyId(digits.map(|byte| format!("{byte:02x}")).collect());
        Self { id, bytes }
    }

    /// Its name.
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// Its bytes, as RFC 8032 writes them.
    pub const fn bytes(&self) -> &[u8; SEED_BYTES] {
        &self.bytes
    }
}

impl SigningKey {
    /// The key of a seed, which is to be random and kept secret. The same seed makes the same key.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        let Ok(pair) = Ed25519KeyPair::from_seed_unchecked(seed) else {
            unreachable!("every 32 bytes are the seed of a key (RFC 8032, 5.1.5)")
        };
        let mut bytes = [0; SEED_BYTES];
        bytes.copy_from_slice(pair.public_key().as_ref());
        Self {
            pair,
            public: PublicKey::from_bytes(bytes),
        }
    }

    /// Its name.
    pub const fn id(&self) -> &KeyId {
        self.public.id()
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// The value of the `Authorization` header for a request; it is marked as not to be logged.
    ///
    /// One whose claims have more than about 600 bytes of text becomes longer than [`crate::MAX_BYTES`], and nobody takes it.
    pub fn sign(&self, claims: &Claims) -> HeaderValue {
        let payload = URL_SAFE_NO_PAD.encode(claims::print(claims, self.id()));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(payload.as_bytes()));
        // The letters of base64 can stand in a header.
        let mut value = HeaderValue::try_from(format!("{SCHEME} {payload}.{signature}"))
            .unwrap_or_else(|_| HeaderValue::from_static(SCHEME));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(self.id()).finish()
    }
}
