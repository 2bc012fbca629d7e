//! A serving certificate that the API server could believe.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// A certificate that ends sooner than this, and in the last tenth of its life, ought to have been replaced.
const SOON: Duration = Duration::from_hours(7 * 24);

/// Whether whoever replaces a certificate in time has not, where so much of its lifetime is left.
pub(crate) fn is_overdue(left: Duration, lifetime: Duration) -> bool {
    left < SOON && left < lifetime / 10
}

/// When a certificate is good: seconds since 1970, both inclusive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Validity {
    from: i64,
    to: i64,
}

impl Validity {
    /// Its end.
    pub(crate) const fn end(self) -> i64 {
        self.to
    }

    /// Whether it ought to have been replaced by `now`.
    pub(crate) fn is_overdue(self, now: UnixTime) -> bool {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let seconds = |from: i64, to: i64| {
            let seconds = to.saturating_sub(from).max(0);
            Duration::from_secs(seconds.unsigned_abs())
        };
        is_overdue(seconds(now, self.to), seconds(self.from, self.to))
    }
}

/// A chain, its key, and when it is good.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    certified: Arc<CertifiedKey>,
    validity: Validity,
}

impl Leaf {
    pub(super) fn new(certified: CertifiedKey, validity: Validity) -> Self {
        Self {
            certified: Arc::new(certified),
            validity,
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
        let validity = check(&chain, now)?;
        let key =
            PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| error.to_string())?;
        let certified =
            CertifiedKey::from_der(chain, key, provider).map_err(|error| error.to_string())?;
        Ok(Self::new(certified, validity))
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// When it is good.
    pub(super) fn validity(&self) -> Validity {
        self.validity
    }
}

/// Whether the API server could believe the leaf now; which authority it believes is not known
/// here. When it could.
pub(super) fn check(chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Validity, String> {
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
    Ok(Validity {
        from: validity.not_before.timestamp(),
        to: validity.not_after.timestamp(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_in_the_last_tenth_and_the_last_week_of_its_life_is_overdue() {
        const DAY: i64 = 24 * 60 * 60;
        for (lifetime, left, overdue) in [
            (90 * DAY, 8 * DAY, false),
            (90 * DAY, 6 * DAY, true),
            (30 * DAY, 4 * DAY, false),
            (30 * DAY, 2 * DAY, true),
            (3_600, 400, false),
            (3_600, 300, true),
            (90 * DAY, 0, true),
            (90 * DAY, -DAY, true),
        ] {
            let begun = 1_795_000_000;
            let validity = Validity {
                from: begun,
                to: begun + lifetime,
            };
            let now = Duration::from_secs((validity.end() - left).unsigned_abs());
            let now = UnixTime::since_unix_epoch(now);
            assert_eq!(validity.is_overdue(now), overdue, "{left} of {lifetime} s");
        }
    }
}
