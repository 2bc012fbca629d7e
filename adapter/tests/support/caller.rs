//! A client that speaks TLS as itself.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::pki::{Authority, Identity};
use super::soon::soon;

/// What the server calls itself.
pub(crate) const NAME: &str = "jvb-adapter.jitsi.svc";

/// Which protocol to speak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// One connection.
pub(crate) enum Caller {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) code: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// A TLS connection with a certificate or none, speaking `version`.
pub(crate) async fn dial(
    address: SocketAddr,
    server: &Authority,
    identity: Option<&Identity>,
    version: Version,
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(server.der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        Some(identity) => config
            .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
            .unwrap(),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = match version {
        Version::Http1 => vec![b"http/1.1".to_vec()],
        Version::Http2 => vec![b"h2".to_vec()],
    };
    let name = ServerName::try_from(NAME).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let handshake = async {
        let stream = TcpStream::connect(address).await.unwrap();
        connector.connect(name, stream).await.unwrap()
    };
    soon("a TLS handshake with the server", handshake).await
}

impl Caller {
    pub(crate) async fn dial(
        address: SocketAddr,
        server: &Authority,
        identity: Option<&Identity>,
        version: Version,
    ) -> Self {
        let io = TokioIo::new(dial(address, server, identity, version).await);
        match version {
            Version::Http1 => {
                let (sender, connection) = http1::handshake(io).await.unwrap();
                tokio::spawn(connection);
                Self::Http1(sender)
            }
            Version::Http2 => {
                let (sender, connection) =
                    http2::handshake(TokioExecutor::new(), io).await.unwrap();
                tokio::spawn(connection);
                Self::Http2(sender)
            }
        }
    }

    pub(crate) async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Heard {
        self.send(Method::GET, path, headers, "").await.unwrap()
    }

    /// Sends a request; an answer, or the end of the connection, comes soon.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> hyper::Result<Heard> {
        let what = format!("an answer to {method} {path}");
        soon(&what, self.exchange(method, path, headers, body)).await
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> hyper::Result<Heard> {
        let host = match self {
            Self::Http1(_) => path.to_owned(),
            Self::Http2(_) => format!("https://{NAME}{path}"),
        };
        let mut request = Request::builder().method(method).uri(host);
        if let Self::Http1(_) = self {
            request = request.header("host", NAME);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let (parts, body) = response.into_parts();
        Ok(Heard {
            code: parts.status,
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}
