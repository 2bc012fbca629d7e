//! What the Secret holds.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// The authorities to trust, the newest first, PEM.
const CA: &str = "ca.crt";
/// The keys of those that may still sign, PEM, in any order.
const CA_KEY: &str = "ca.key";
/// The leaf, PEM.
const LEAF: &str = "tls.crt";
/// Its key, PEM.
const LEAF_KEY: &str = "tls.key";

type Data = BTreeMap<String, ByteString>;

/// A certificate as far as it matters here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Issued {
    pub(super) pem: String,
    pub(super) der: CertificateDer<'static>,
    pub(super) span: Span,
    /// The key, PEM; none of an authority that signs no more.
    pub(super) key: Option<String>,
}

/// When a certificate is good: seconds since 1970, both inclusive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Span {
    /// Whether this part (`numerator / denominator`) of it is over.
    pub(super) fn is_over(self, numerator: i64, denominator: i64, now: i64) -> bool {
        let (age, life) = (now - self.from, self.to - self.from);
        age.saturating_mul(denominator) >= life.saturating_mul(numerator)
    }

    pub(super) fn has_expired(self, now: i64) -> bool {
        now > self.to
    }
}

/// The content of a Secret that is ours.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Held {
    /// The newest first.
    pub(super) authorities: Vec<Issued>,
    pub(super) leaf: Option<Issued>,
}

/// Why a Secret is not touched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum NotOurs {
    #[error("it holds {0:?}, which the adapter has not put there")]
    Foreign(Vec<String>),
    #[error("its {key} {problem}")]
    Broken { key: &'static str, problem: String },
}

impl Held {
    /// Reads the data of a Secret; an empty one holds nothing.
    pub(super) fn read(data: &Data) -> Result<Self, NotOurs> {
        let filled = |key: &&String| data.get(*key).is_some_and(|value| !value.0.is_empty());
        let foreign: Vec<_> = data
            .keys()
            .filter(filled)
            .filter(|key| ![CA, CA_KEY, LEAF, LEAF_KEY].contains(&key.as_str()))
            .cloned()
            .collect();
        if !foreign.is_empty() {
            return Err(NotOurs::Foreign(foreign));
        }
        if data.keys().find(filled).is_none() {
            return Ok(Self::default());
        }
        let keys = keys(data, CA_KEY)?;
        let mut authorities = certificates(data, CA)?;
        for authority in &mut authorities {
            authority.key = key_of(authority, &keys);
        }
        if authorities
            .first()
            .is_none_or(|newest| newest.key.is_none())
        {
            let problem = "does not hold the key of the newest authority".to_owned();
            return Err(NotOurs::Broken {
                key: CA_KEY,
                problem,
            });
        }
        let leaf_keys = self::keys(data, LEAF_KEY)?;
        let mut leaf = certificates(data, LEAF)?;
        leaf.truncate(1);
        for leaf in &mut leaf {
            leaf.key = key_of(leaf, &leaf_keys);
        }
        let leaf = leaf.pop().filter(|leaf| leaf.key.is_some());
        Ok(Self { authorities, leaf })
    }

    /// The data of the Secret.
    pub(super) fn write(&self) -> Data {
        let keys = self.authorities.iter().filter_map(|one| one.key.as_deref());
        let leaf = self.leaf.as_ref();
        [
            (CA, self.bundle()),
            (CA_KEY, keys.collect()),
            (LEAF, leaf.map(|leaf| leaf.pem.clone()).unwrap_or_default()),
            (
                LEAF_KEY,
                leaf.and_then(|leaf| leaf.key.clone()).unwrap_or_default(),
            ),
        ]
        .map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())))
        .into()
    }

    /// The authorities to trust, PEM.
    pub(super) fn bundle(&self) -> String {
        self.authorities
            .iter()
            .map(|one| one.pem.as_str())
            .collect()
    }
}

impl Issued {
    pub(super) fn read(
        pem: String,
        der: CertificateDer<'static>,
        key: Option<String>,
    ) -> Result<Self, String> {
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| error.to_string())?;
        let span = Span {
            from: parsed.validity().not_before.timestamp(),
            to: parsed.validity().not_after.timestamp(),
        };
        Ok(Self {
            pem,
            der,
            span,
            key,
        })
    }
}

fn text<'a>(data: &'a Data, key: &'static str) -> Result<&'a str, NotOurs> {
    let value = data
        .get(key)
        .map(|value| value.0.as_slice())
        .unwrap_or_default();
    if value.is_empty() {
        return Err(broken(key, "is missing"));
    }
    std::str::from_utf8(value).map_err(|_| broken(key, "is not text"))
}

fn broken(key: &'static str, problem: impl Into<String>) -> NotOurs {
    NotOurs::Broken {
        key,
        problem: problem.into(),
    }
}

/// The PEM blocks of a text, each with its end.
fn blocks(text: &str) -> Vec<String> {
    text.split("-----BEGIN ")
        .skip(1)
        .map(|block| format!("-----BEGIN {}\n", block.trim_end()))
        .collect()
}

fn certificates(data: &Data, key: &'static str) -> Result<Vec<Issued>, NotOurs> {
    let issued = blocks(text(data, key)?).into_iter().map(|pem| {
        let der =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())?;
        Issued::read(pem, der, None)
    });
    let issued = issued.collect::<Result<Vec<_>, String>>();
    match issued {
        Ok(issued) if issued.is_empty() => Err(broken(key, "holds no certificate")),
        Ok(issued) => Ok(issued),
        Err(error) => Err(broken(key, format!("holds no certificates: {error}"))),
    }
}

fn keys(data: &Data, key: &'static str) -> Result<Vec<(String, KeyPair)>, NotOurs> {
    let pairs = blocks(text(data, key)?).into_iter().map(|pem| {
        let pair = KeyPair::from_pem(&pem)?;
        Ok((pem, pair))
    });
    let pairs: Result<Vec<_>, rcgen::Error> = pairs.collect();
    pairs.map_err(|error| broken(key, format!("holds no private keys: {error}")))
}

/// The key that belongs to a certificate.
fn key_of(issued: &Issued, keys: &[(String, KeyPair)]) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(&issued.der).ok()?;
    let public = &parsed.public_key().subject_public_key.data;
    let belongs = |(_, pair): &&(String, KeyPair)| pair.public_key_raw() == public.as_ref();
    keys.iter().find(belongs).map(|(pem, _)| pem.clone())
}
