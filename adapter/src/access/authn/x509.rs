//! Client certificates: which of the API server's two authorities vouches for a connection.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::access::bundle::{Bundle, Period, seconds};
use crate::access::delegation::{Delegation, FrontProxy};
use crate::access::identity::{Subject, User};

/// A verdict is made anew after this many seconds at the latest, whatever the certificates say about
/// their own validity.
const LONGEST_TRUST_SECONDS: i64 = 60;

/// Under which key Kubernetes tells which certificate a user came with.
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

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
    known: AtomicBool,
}

impl Peer {
    /// `chain` is what the peer presented in the handshake, leaf first; it may be empty.
    pub(crate) fn new(address: SocketAddr, chain: Vec<CertificateDer<'static>>) -> Self {
        Self {
            address,
            chain,
            verdict: Mutex::new(None),
            known: AtomicBool::new(false),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether somebody has been authenticated on this connection.
    pub(crate) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// Somebody has been authenticated on this connection.
    pub(crate) fn welcome(&self) {
        self.known.store(true, Ordering::Relaxed);
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
