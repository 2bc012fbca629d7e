//! Makes authorities and leaves.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::held::{Issued, Span};

/// Clocks differ: a certificate begins a little before it is made.
const SKEW: i64 = 3600;

/// Lifetimes of tests are shorter than the difference of clocks: then it is this part of them.
const SKEW_PART: i64 = 20;

/// Why nothing could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MintError {
    #[error("cannot make a certificate")]
    Rcgen(#[from] rcgen::Error),
    #[error("made a certificate that cannot be read: {0}")]
    Unreadable(String),
    #[error("the authority that is to sign has no key")]
    NoKey,
}

fn span(now: i64, life: Duration) -> Span {
    let life = i64::try_from(life.as_secs()).unwrap_or(i64::MAX / SKEW_PART);
    Span {
        from: now - SKEW.min(life / SKEW_PART),
        to: now.saturating_add(life),
    }
}

fn params(
    names: Vec<String>,
    common_name: &str,
    span: Span,
) -> Result<CertificateParams, rcgen::Error> {
    let at = |seconds: i64| {
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.max(0).unsigned_abs())
    };
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    (params.not_before, params.not_after) = (at(span.from), at(span.to));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// A new authority, good for `life` from `now`.
pub(super) fn authority(now: i64, life: Duration) -> Result<Issued, MintError> {
    // Each has a name of its own: whoever builds a chain finds the right one at once.
    let mut params = params(
        Vec::new(),
        &format!("jvb-adapter-ca-{now}"),
        span(now, life),
    )?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    let made = params.self_signed(&key)?;
    Issued::read(made.pem(), made.der().clone(), Some(key.serialize_pem()))
        .map_err(MintError::Unreadable)
}

/// A new leaf for these names, good for `life` from `now`, but never longer than its authority.
pub(super) fn leaf(
    by: &Issued,
    names: &[String],
    now: i64,
    life: Duration,
) -> Result<Issued, MintError> {
    let mut span = span(now, life);
    span.to = span.to.min(by.span.to);
    span.from = span.from.max(by.span.from);
    let mut params = params(names.to_vec(), "jvb-adapter", span)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let signer = KeyPair::from_pem(by.key.as_deref().ok_or(MintError::NoKey)?)?;
    let issuer = Issuer::from_ca_cert_der(&by.der, signer)?;
    let key = KeyPair::generate()?;
    let made = params.signed_by(&key, &issuer)?;
    Issued::read(made.pem(), made.der().clone(), Some(key.serialize_pem()))
        .map_err(MintError::Unreadable)
}
