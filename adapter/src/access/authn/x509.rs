//! Client certificates: which of the API server's two authorities vouches for a connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::access::delegation::{Delegation, FrontProxy};
use crate::access::identity::{Subject, User};

/// A verdict is made anew after this many seconds at the latest, whatever the certificates say about
/// their own validity.
const LONGEST_TRUST_SECONDS: i64 = 60;

/// Under which key Kubernetes tells which certificate a user came with.
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

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
struct Period {
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
    fn verify(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Subject, String> {
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

    fn periods(&self) -> impl Iterator<Item = Period> {
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
    fn of(certificate: &X509Certificate<'_>) -> Self {
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
    fn next_change(self, now: UnixTime) -> Option<i64> {
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

fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// What two authorities say about one connection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// Vouched for as the aggregator's front proxy, or why not.
    pub(crate) front_proxy: Result<Subject, String>,
    /// Vouched for as a client, or why not.
    pub(crate) client: Result<Subject, String>,
    generation: u64,
    /// Until when it holds: [from, to) in seconds since 1970.
    from: i64,
    to: i64,
}

/// The other end of a connection. In the handshake it proved to hold the key of its certificate,
/// nothing else; who vouches for the certificate is found out here, and again whenever the
/// authorities change or time passes the edge of a validity.
#[derive(Debug)]
pub(crate) struct Peer {
    address: SocketAddr,
    chain: Vec<CertificateDer<'static>>,
    verdict: Mutex<Option<Arc<Verdict>>>,
}

impl Peer {
    /// `chain` is what the peer presented in the handshake, leaf first; it may be empty.
    pub(crate) fn new(address: SocketAddr, chain: Vec<CertificateDer<'static>>) -> Self {
        Self {
            address,
            chain,
            verdict: Mutex::new(None),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who vouches for it now; nothing where it presented no certificate.
    pub(crate) fn verdict(&self, delegation: &Delegation, now: UnixTime) -> Option<Arc<Verdict>> {
        if self.chain.is_empty() {
            return None;
        }
        let mut known = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        let at = seconds(now);
        let verdict = known.take().filter(|verdict| {
            let holds = verdict.from <= at && at < verdict.to;
            verdict.generation == delegation.generation() && holds
        });
        let verdict = verdict.unwrap_or_else(|| Arc::new(self.judge(delegation, now)));
        *known = Some(Arc::clone(&verdict));
        Some(verdict)
    }

    fn judge(&self, delegation: &Delegation, now: UnixTime) -> Verdict {
        let front_proxy = delegation.front_proxy().map(FrontProxy::bundle);
        let client = delegation.clients();
        let judge = |bundle: Option<&Bundle>| match bundle {
            Some(bundle) => bundle.verify(&self.chain, now),
            None => Err("the API server has no such authority".to_owned()),
        };
        let presented = self.chain.iter().filter_map(|certificate| {
            let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
            Some(Period::of(&certificate))
        });
        let change = presented
            .chain(front_proxy.into_iter().flat_map(Bundle::periods))
            .chain(client.into_iter().flat_map(Bundle::periods))
            .filter_map(|period| period.next_change(now))
            .min()
            .unwrap_or(i64::MAX);
        let latest = seconds(now).saturating_add(LONGEST_TRUST_SECONDS);
        Verdict {
            front_proxy: judge(front_proxy),
            client: judge(client),
            generation: delegation.generation(),
            from: seconds(now),
            to: change.min(latest),
        }
    }

    /// The user that a certificate vouched for by a client authority names; none without a common
    /// name.
    pub(crate) fn user(&self, subject: &Subject) -> Option<User> {
        let leaf = self.chain.first()?;
        if subject.common_name.is_empty() {
            return None;
        }
        let id = format!("X509SHA256={}", hex(digest(&SHA256, leaf).as_ref()));
        Some(User {
            name: subject.common_name.clone(),
            uid: subject.uid.clone(),
            groups: subject.organizations.clone(),
            extra: [(CREDENTIAL_ID.to_owned(), vec![id])].into(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(digit).collect()
}
