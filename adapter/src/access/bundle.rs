//! Bundles of authorities: for whom they vouch, and when.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::access::identity::Subject;

/// Authorities that may vouch for clients.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bundle {
    authorities: Vec<Authority>,
}

#[derive(Clone, Debug, PartialEq)]
struct Authority {
    anchor: TrustAnchor<'static>,
    valid: Period,
}

/// Seconds since 1970, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    from: i64,
    to: i64,
}

/// Why a bundle has nobody to trust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BundleError {
    #[error("it holds no certificate in PEM form")]
    Empty,
    #[error("none of its certificates is an authority: {0}")]
    Unusable(String),
}

impl Bundle {
    /// Reads a PEM bundle. A certificate that cannot vouch for anybody is left out with a warning
    /// as long as another one can: one bad line shall not lock everybody out.
    pub(crate) fn read(pem: &str) -> Result<Self, BundleError> {
        let mut authorities = Vec::new();
        let mut trouble = None;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let authority = certificate
                .map_err(|error| error.to_string())
                .and_then(|certificate| Authority::read(&certificate));
            match authority {
                Ok(authority) => authorities.push(authority),
                Err(error) => {
                    tracing::warn!(error, "left out a certificate of a bundle of authorities");
                    trouble = Some(error);
                }
            }
        }
        if authorities.is_empty() {
            return Err(trouble.map_or(BundleError::Empty, BundleError::Unusable));
        }
        Ok(Self { authorities })
    }

    /// How many authorities it holds.
    pub(crate) fn len(&self) -> usize {
        self.authorities.len()
    }

    /// Whether a certificate may be vouched for by both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.authorities.iter().any(|mine| {
            // The key decides: a renewed authority keeps it.
            let key = |authority: &Authority| authority.anchor.subject_public_key_info.clone();
            other.authorities.iter().any(|its| key(its) == key(mine))
        })
    }

    /// Whether one of the authorities vouches for the chain (leaf first) as a client's, now.
    pub(crate) fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Subject, String> {
        let (leaf, intermediates) = chain.split_first().ok_or("there is none")?;
        let leaf = EndEntityCert::try_from(leaf).map_err(|error| words(&error))?;
        // webpki takes anchors as they are; Go looks at their validity too, and so do we.
        let anchors: Vec<_> = self
            .authorities
            .iter()
            .filter(|authority| authority.valid.contains(now))
            .map(|authority| authority.anchor.clone())
            .collect();
        leaf.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            intermediates,
            now,
            KeyUsage::client_auth(),
            None,
            None,
        )
        .map_err(|error| words(&error))?;
        Subject::read(leaf.subject()).map_err(|error| error.to_string())
    }

    pub(crate) fn periods(&self) -> impl Iterator<Item = Period> {
        self.authorities.iter().map(|authority| authority.valid)
    }
}

impl Authority {
    fn read(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let anchor = anchor_from_trusted_cert(certificate).map_err(|error| words(&error))?;
        let (_, parsed) =
            X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
        if !parsed.is_ca() {
            let subject = parsed.subject();
            return Err(format!("{subject} is not a certificate authority"));
        }
        Ok(Self {
            anchor: anchor.to_owned(),
            valid: Period::of(&parsed),
        })
    }
}

impl Period {
    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Self {
        Self {
            from: certificate.validity().not_before.timestamp(),
            to: certificate.validity().not_after.timestamp(),
        }
    }

    fn contains(self, now: UnixTime) -> bool {
        let now = seconds(now);
        self.from <= now && now <= self.to
    }

    /// When `contains` changes next after `now`.
    pub(crate) fn next_change(self, now: UnixTime) -> Option<i64> {
        let now = seconds(now);
        [self.from, self.to.saturating_add(1)]
            .into_iter()
            .filter(|change| *change > now)
            .min()
    }
}

/// Why a chain is not believed, for whoever has to mend it.
fn words(error: &webpki::Error) -> String {
    use webpki::Error as E;
    let date = |time: &UnixTime| {
        jiff::Timestamp::from_second(seconds(*time))
            .map_or_else(|_| "another era".to_owned(), |time| time.to_string())
    };
    match error {
        E::CertExpired { not_after, .. } => format!("it expired at {}", date(not_after)),
        E::CertNotValidYet { not_before, .. } => {
            format!("it is not valid before {}", date(not_before))
        }
        E::UnknownIssuer => "no authority in the bundle vouches for it".to_owned(),
        E::InvalidSignatureForPublicKey => "an authority's signature is not its own".to_owned(),
        E::RequiredEkuNotFoundContext(_) => {
            "it is not for clients (its extended key usage lacks client authentication)".to_owned()
        }
        E::CaUsedAsEndEntity => "it is an authority's own".to_owned(),
        E::BadDer | E::TrailingData(_) => "it is not a certificate".to_owned(),
        error => format!("{error:?}"),
    }
}

pub(crate) fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}
