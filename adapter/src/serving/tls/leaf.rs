//! A serving certificate that the API server could believe.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// A chain, its key, and until when it is good.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    certified: Arc<CertifiedKey>,
    expires: i64,
}

impl Leaf {
    pub(super) fn new(certified: CertifiedKey, expires: i64) -> Self {
        Self {
            certified: Arc::new(certified),
            expires,
        }
    }

    /// A certificate made by the adapter itself, both PEM.
    pub(super) fn from_pem(
        chain: &str,
        key: &str,
        provider: &CryptoProvider,
        now: UnixTime,
    ) -> Result<Self, String> {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let expires = check(&chain, now)?;
        let key =
            PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| error.to_string())?;
        let certified =
            CertifiedKey::from_der(chain, key, provider).map_err(|error| error.to_string())?;
        Ok(Self::new(certified, expires))
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// Until when it is good, in seconds since 1970.
    pub(crate) fn expires(&self) -> i64 {
        self.expires
    }
}

/// Whether the API server could believe the leaf now; which authority it believes is not known
/// here. Until when, in seconds since 1970.
pub(super) fn check(chain: &[CertificateDer<'_>], now: UnixTime) -> Result<i64, String> {
    let leaf = chain.first().ok_or("holds no certificate")?;
    let (_, leaf) = X509Certificate::from_der(leaf)
        .map_err(|error| format!("holds no X.509 certificate: {error}"))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let now = ASN1Time::from_timestamp(now).map_err(|error| format!("meets a clock: {error}"))?;
    let validity = leaf.validity();
    if now > validity.not_after {
        return Err(format!("expired on {}", validity.not_after));
    }
    if now < validity.not_before {
        return Err(format!(
            "is not valid before {} (is the clock right?)",
            validity.not_before
        ));
    }
    let usage = leaf.extended_key_usage();
    let usage = usage.map_err(|error| format!("has a bad extended key usage: {error}"))?;
    if usage.is_some_and(|usage| !usage.value.server_auth && !usage.value.any) {
        return Err(
            "is not for servers: its extended key usage lacks server authentication".to_owned(),
        );
    }
    let names = leaf.subject_alternative_name();
    let names = names.map_err(|error| format!("has bad alternative names: {error}"))?;
    if names.is_none() {
        return Err(
            "has no subject alternative names; the API server wants <service>.<namespace>.svc"
                .to_owned(),
        );
    }
    Ok(validity.not_after.timestamp())
}
