//! The serving certificate and its key as files: read, checked, and named where they are at fault.

use std::path::{Path, PathBuf};

use rustls::InconsistentKeys;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;

use super::leaf::{self, Leaf};

/// The flag that names the file of the serving certificate.
pub(crate) const CERTIFICATE_FLAG: &str = "--tls-cert-file";
/// The flag that names the file of the serving certificate's key.
pub(crate) const KEY_FLAG: &str = "--tls-private-key-file";

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
    /// What an own authority has made cannot be used.
    #[error("the certificate of the own authority {0}")]
    Own(String),
    /// The cryptography lacks what the protocol needs.
    #[error("cannot set up TLS")]
    Setup(#[from] rustls::Error),
}

/// The files of a serving certificate.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The chain, PEM.
    pub(crate) certificate: PathBuf,
    /// The key, PEM.
    pub(crate) key: PathBuf,
}

/// What they hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Contents {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl Files {
    /// What they hold now; whether it is good is not looked at.
    pub(super) fn read(&self) -> Result<Contents, TlsError> {
        Ok(Contents {
            certificate: read(&self.certificate, CERTIFICATE_FLAG)?,
            key: read(&self.key, KEY_FLAG)?,
        })
    }

    /// The certificate in `contents` of these files, if the API server could believe it now.
    pub(super) fn leaf(
        &self,
        contents: &Contents,
        provider: &CryptoProvider,
        now: UnixTime,
    ) -> Result<Leaf, TlsError> {
        let Self { certificate, key } = self;
        let unusable = |file: &Path, flag, problem: String| TlsError::Unusable {
            file: file.to_owned(),
            flag,
            problem,
        };
        let chain = CertificateDer::pem_slice_iter(&contents.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("is not PEM: {error}"));
        let (chain, validity) = chain
            .and_then(|chain| leaf::check(&chain, now).map(|validity| (chain, validity)))
            .map_err(|problem| unusable(certificate, CERTIFICATE_FLAG, problem))?;
        let private = match PrivateKeyDer::from_pem_slice(&contents.key) {
            Ok(private) => private,
            Err(pem::Error::NoItemsFound) => {
                return Err(unusable(key, KEY_FLAG, "holds no private key".to_owned()));
            }
            Err(error) => return Err(unusable(key, KEY_FLAG, format!("is not PEM: {error}"))),
        };
        let certified =
            CertifiedKey::from_der(chain, private, provider).map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    TlsError::Mismatch {
                        certificate: certificate.clone(),
                        key: key.clone(),
                    }
                }
                error => unusable(key, KEY_FLAG, format!("holds no key to sign with: {error}")),
            })?;
        Ok(Leaf::new(certified, validity))
    }
}

fn read(file: &Path, flag: &'static str) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|source| TlsError::Unreadable {
        file: file.to_owned(),
        flag,
        source,
    })
}
