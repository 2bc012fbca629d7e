//! The serving side of TLS: what this server calls itself, and whom it lets speak.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

mod client_certificate;

use client_certificate::PossessionVerifier;

/// The flag that names the file of the serving certificate.
pub(crate) const CERTIFICATE_FLAG: &str = "--tls-cert-file";
/// The flag that names the file of the serving certificate's key.
pub(crate) const KEY_FLAG: &str = "--tls-private-key-file";

/// How connections are encrypted, and what this server calls itself. Clones share the certificate.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    serving: Arc<Serving>,
}

/// Why a serving certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is not there, or not ours to read.
    #[error("cannot read {file} ({flag})", file = .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The flag that names it.
        flag: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold what it should.
    #[error("{file} ({flag}) {problem}", file = .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// The flag that names it.
        flag: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Two good files that do not belong together.
    #[error(
        "the key in {key} ({KEY_FLAG}) is not that of the certificate in {certificate} ({CERTIFICATE_FLAG})",
        key = .key.display(), certificate = .certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The cryptography lacks what the protocol needs.
    #[error("cannot set up TLS")]
    Setup(#[from] rustls::Error),
}

impl Tls {
    /// Reads and checks the serving certificate (with its intermediates behind it) and its key,
    /// both PEM: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, client certificates welcome.
    ///
    /// # Errors
    /// Names the file and the flag.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let first = load(certificate, key, &provider, UnixTime::now())?;
        let serving = Arc::new(Serving(RwLock::new(Arc::new(first))));
        let verifier = PossessionVerifier {
            algorithms: provider.signature_verification_algorithms,
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::clone(&serving) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Each connection proves anew who it is: there are few, and they live long.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            config: Arc::new(config),
            serving,
        })
    }

    /// Reads and checks both files again; connections from now on are greeted with what they hold.
    ///
    /// # Errors
    /// As [`Tls::from_files`]; the certificate in use stays.
    pub fn reload(&self, certificate: &Path, key: &Path) -> Result<(), TlsError> {
        let next = load(
            certificate,
            key,
            self.config.crypto_provider(),
            UnixTime::now(),
        )?;
        *self
            .serving
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

/// The certificate in use.
#[derive(Debug)]
struct Serving(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let serving = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&serving))
    }
}

fn load(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
    now: UnixTime,
) -> Result<CertifiedKey, TlsError> {
    let unusable = |file: &Path, flag, problem: String| TlsError::Unusable {
        file: file.to_owned(),
        flag,
        problem,
    };
    let chain = CertificateDer::pem_slice_iter(&read(certificate, CERTIFICATE_FLAG)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("is not PEM: {error}"))
        .and_then(|chain| check(&chain, now).map(|()| chain))
        .map_err(|problem| unusable(certificate, CERTIFICATE_FLAG, problem))?;
    let private = match PrivateKeyDer::from_pem_slice(&read(key, KEY_FLAG)?) {
        Ok(private) => private,
        Err(pem::Error::NoItemsFound) => {
            return Err(unusable(key, KEY_FLAG, "holds no private key".to_owned()));
        }
        Err(error) => return Err(unusable(key, KEY_FLAG, format!("is not PEM: {error}"))),
    };
    CertifiedKey::from_der(chain, private, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        },
        error => unusable(key, KEY_FLAG, format!("holds no key to sign with: {error}")),
    })
}

fn read(file: &Path, flag: &'static str) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|source| TlsError::Unreadable {
        file: file.to_owned(),
        flag,
        source,
    })
}

/// Whether the API server could believe the leaf now; which authority it believes is not known
/// here.
fn check(chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), String> {
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
    Ok(())
}

#[cfg(test)]
mod tests;
