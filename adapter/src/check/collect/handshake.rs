//! A TLS handshake with the adapter's Service, to see what the API server sees.

use std::sync::Arc;
use std::time::Duration;

use bridge::Time;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::check::facts::Served;

/// The certificates of a PEM bundle.
///
/// # Errors
/// When there is none, or one that is no certificate.
pub(super) fn authorities(bundle: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(bundle)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err("it holds no certificate in PEM form".to_owned());
    }
    for certificate in &found {
        X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    }
    Ok(found)
}

/// From when to when a certificate is valid; never, where it is none.
pub(super) fn period(certificate: &CertificateDer<'_>) -> (Time, Time) {
    let seconds = |seconds: i64| Time::from_millis(seconds.saturating_mul(1000));
    X509Certificate::from_der(certificate).map_or_else(
        |_| (Time::default(), Time::default()),
        |(_, certificate)| {
            let validity = certificate.validity();
            (
                seconds(validity.not_before.timestamp()),
                seconds(validity.not_after.timestamp()),
            )
        },
    )
}

/// Connects, verifies the certificate for `name` against the bundle, and hangs up.
pub(super) async fn with(
    address: (&str, u16),
    name: &str,
    bundle: &[u8],
    timeout: Duration,
) -> Served {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities(bundle).unwrap_or_default());
    let (host, port) = address;
    let connector = match connector(roots) {
        Ok(connector) => connector,
        Err(error) => return Served::Refused(error),
    };
    let Ok(server) = ServerName::try_from(name.to_owned()) else {
        return Served::Refused(format!("`{name}` is no DNS name"));
    };
    let exchange = async {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| Served::Unreachable(format!("{host}:{port} from here: {error}")))?;
        connector.connect(server, stream).await.map_err(|error| {
            // Only a verdict on the certificate is one: whoever hangs up may be down, or a proxy in between.
            let verdict = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match verdict {
                Some(rustls::Error::InvalidCertificate(reason)) => Served::Refused(words(reason)),
                _ => Served::Unreachable(format!("{host}:{port}: no handshake: {error}")),
            }
        })
    };
    let stream = match tokio::time::timeout(timeout, exchange).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(verdict)) => return verdict,
        Err(_) => {
            return Served::Unreachable(format!(
                "{host}:{port} does not answer from here within {timeout:?}"
            ));
        }
    };
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let (from, until) = chain.first().map_or_else(Default::default, period);
    Served::Verified {
        until,
        lifetime: until.since(from),
    }
}

/// Without a client certificate: the adapter asks for one and goes on without.
fn connector(roots: RootCertStore) -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn words(reason: &rustls::CertificateError) -> String {
    use rustls::CertificateError as E;
    match reason {
        E::UnknownIssuer | E::BadSignature => {
            "it is not signed by an authority in caBundle".to_owned()
        }
        E::Expired | E::ExpiredContext { .. } => "it has expired".to_owned(),
        E::NotValidYet | E::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            "it does not carry the Service's DNS name".to_owned()
        }
        other => other.to_string(),
    }
}
