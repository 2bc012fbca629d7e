//! The serving side of TLS: what this server calls itself, and whom it lets speak.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

mod client_certificate;
mod files;
mod follow;
mod leaf;
#[cfg(test)]
mod tests;

use client_certificate::PossessionVerifier;
use files::Contents;
pub(crate) use files::Files;
pub use files::TlsError;
pub(crate) use follow::{Look, follow};
pub(crate) use leaf::is_overdue;
use leaf::{Leaf, Validity};

/// How connections are encrypted, and what this server calls itself. Clones share the certificate.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    serving: Arc<Serving>,
}

impl Tls {
    /// Reads and checks the serving certificate (with its intermediates behind it) and its key,
    /// both PEM: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, client certificates welcome.
    ///
    /// # Errors
    /// Names the file and the flag.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let first = files.leaf(&files.read()?, &provider, UnixTime::now())?;
        Self::new(provider, first)
    }

    /// The same with a certificate that the adapter has made itself, both PEM.
    pub(crate) fn from_pem(chain: &str, key: &str) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let first =
            Leaf::from_pem(chain, key, &provider, UnixTime::now()).map_err(TlsError::Own)?;
        Self::new(provider, first)
    }

    fn new(provider: Arc<CryptoProvider>, first: Leaf) -> Result<Self, TlsError> {
        let serving = Arc::new(Serving(RwLock::new(first)));
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

    /// The same without HTTP/2, for an API server that loses requests on connections of it which broke.
    #[must_use]
    pub fn http1_only(mut self) -> Self {
        Arc::make_mut(&mut self.config).alpn_protocols = vec![b"http/1.1".to_vec()];
        self
    }

    /// Reads and checks both files again; connections from now on are greeted with what they hold.
    ///
    /// # Errors
    /// As [`Tls::from_files`]; the certificate in use stays.
    pub fn reload(&self, certificate: &Path, key: &Path) -> Result<(), TlsError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        self.take(&files, &files.read()?).map(|_| ())
    }

    /// Connections from now on are greeted with this certificate, both PEM.
    pub(crate) fn replace(&self, chain: &str, key: &str) -> Result<(), TlsError> {
        let provider = self.config.crypto_provider();
        let next = Leaf::from_pem(chain, key, provider, UnixTime::now()).map_err(TlsError::Own)?;
        self.serving.set(next);
        Ok(())
    }

    /// Connections from now on are greeted with these contents of the files, if they are good: whether that is another certificate
    /// than before.
    fn take(&self, files: &Files, contents: &Contents) -> Result<bool, TlsError> {
        let next = files.leaf(contents, self.config.crypto_provider(), UnixTime::now())?;
        let is_other = next.certified().cert != self.serving.now().certified().cert;
        self.serving.set(next);
        Ok(is_other)
    }

    /// When the certificate in use is good.
    pub(crate) fn validity(&self) -> Validity {
        self.serving.now().validity()
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

/// The certificate in use.
#[derive(Debug)]
struct Serving(RwLock<Leaf>);

impl Serving {
    fn set(&self, next: Leaf) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn now(&self) -> Leaf {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now().certified())
    }
}
