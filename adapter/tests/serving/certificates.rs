//! Every wrong proof of an identity, over the wire: who shows it is nobody, whatever else they say.

use std::sync::Arc;

use http::StatusCode;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::support::caller::{NAME, Version};
use super::support::pki::{Authority, Identity, Wish};
use super::support::stand::Stand;
use super::{ADA, stand_of_ada};

/// Whom everybody here would like to be.
const CLAIM: [(&str, &str); 2] = [
    ("x-remote-user", "root"),
    ("x-remote-group", "system:masters"),
];

/// Asks with this certificate, for oneself and as somebody else: the codes of both answers.
async fn codes(stand: &Stand, identity: &Identity) -> (u16, u16) {
    let mut codes = Vec::new();
    for headers in [&[][..], &CLAIM] {
        for version in [Version::Http1, Version::Http2] {
            let mut caller = stand.call_by(Some(identity), version).await;
            codes.push(caller.get("/pods", headers).await.code.as_u16());
        }
    }
    assert_eq!(
        (codes[0], codes[2]),
        (codes[1], codes[3]),
        "HTTP/1 and HTTP/2"
    );
    (codes[0], codes[2])
}

/// Nobody was asked what `root` may, and nobody came as a master.
fn nobody_was_believed(stand: &Stand) {
    let reviews = &stand.api.knowledge().access_reviews;
    for review in reviews {
        assert_ne!(review["user"], "root", "{review}");
        assert!(!review.to_string().contains("masters"), "{review}");
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let stand = stand_of_ada().await;
    for (common_name, authority) in [("ada", &stand.clients), ("proxy", &stand.proxies)] {
        let expired = authority.issue(&Wish {
            years: (2000, 2001),
            ..Wish::client(common_name)
        });
        assert_eq!(codes(&stand, &expired).await, (401, 401), "{common_name}");
    }
    nobody_was_believed(&stand);
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_refused() {
    let stand = stand_of_ada().await;
    for (common_name, authority) in [("ada", &stand.clients), ("proxy", &stand.proxies)] {
        let early = authority.issue(&Wish {
            years: (2900, 3000),
            ..Wish::client(common_name)
        });
        assert_eq!(codes(&stand, &early).await, (401, 401), "{common_name}");
    }
    nobody_was_believed(&stand);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_though_it_has_the_same_name() {
    let stand = stand_of_ada().await;
    for (name, common_name) in [
        ("clients", "ada"),
        ("proxies", "proxy"),
        ("serving", "proxy"),
    ] {
        let stranger = Authority::new(name).issue(&Wish::client(common_name));
        assert_eq!(codes(&stand, &stranger).await, (401, 401), "{name}");
    }
    // Nor does the authority of our own certificate vouch for anybody.
    let ours = stand.server.issue(&Wish::client("proxy"));
    assert_eq!(codes(&stand, &ours).await, (401, 401));
    nobody_was_believed(&stand);
}

#[tokio::test]
async fn a_certificate_for_servers_is_refused() {
    let stand = stand_of_ada().await;
    for (common_name, authority) in [("ada", &stand.clients), ("proxy", &stand.proxies)] {
        let server = authority.issue(&Wish {
            usages: vec![ExtendedKeyUsagePurpose::ServerAuth],
            ..Wish::client(common_name)
        });
        assert_eq!(codes(&stand, &server).await, (401, 401), "{common_name}");
    }
    nobody_was_believed(&stand);
}

#[tokio::test]
async fn a_front_proxy_of_another_name_is_refused() {
    let stand = stand_of_ada().await;
    for common_name in ["kubelet", "proxy2", "Proxy", "proxy ", "system:masters", ""] {
        let other = stand.proxies.issue(&Wish::client(common_name));
        assert_eq!(codes(&stand, &other).await, (401, 401), "{common_name:?}");
    }
    nobody_was_believed(&stand);
}

#[tokio::test]
async fn a_client_of_the_cluster_is_itself_whomever_it_claims_to_be() {
    let stand = stand_of_ada().await;
    let ada = stand.clients.issue(&Wish::client("ada"));
    assert_eq!(codes(&stand, &ada).await, (200, 200));
    let claiming = stand.call(Some(&ada)).await.get("/pods", &CLAIM).await;
    assert_eq!(claiming.json()["user"], "ada");
    let bob = stand.clients.issue(&Wish::client("bob"));
    assert_eq!(codes(&stand, &bob).await, (403, 403));
    // Not even with the name of the front proxy.
    let named = stand.clients.issue(&Wish::client("proxy"));
    assert_eq!(codes(&stand, &named).await, (403, 403));
    nobody_was_believed(&stand);
}

/// Presents one certificate and signs with the key of another.
#[derive(Debug)]
struct Thief(Arc<CertifiedKey>);

impl ResolvesClientCert for Thief {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused() {
    let stand = stand_of_ada().await;
    let proxy = stand.proxies.issue(&Wish::client("proxy"));
    let own = Wish::client("proxy").self_signed();
    let provider = rustls::crypto::ring::default_provider();
    let key = provider.key_provider.load_private_key(own.key).unwrap();
    let stolen = Thief(Arc::new(CertifiedKey::new(proxy.chain, key)));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        roots.add(stand.server.der()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(provider.clone()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(Thief(Arc::clone(&stolen.0))));
        let stream = TcpStream::connect(stand.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from(NAME).unwrap();
        // With TLS 1.3 the client learns of it only when it reads.
        let Ok(mut stream) = connector.connect(name, stream).await else {
            continue;
        };
        let request = b"GET /pods HTTP/1.1\r\nHost: x\r\nX-Remote-User: root\r\n\r\n";
        let _ = stream.write_all(request).await;
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        assert!(heard.is_empty(), "{}", String::from_utf8_lossy(&heard));
    }
    nobody_was_believed(&stand);
}

#[tokio::test]
async fn nobody_in_particular_is_refused_whoever_vouches_for_them() {
    let stand = stand_of_ada().await;
    stand
        .api
        .knowledge()
        .allowed
        .insert("system:anonymous".to_owned());
    let anonymous = json!({"username": "system:anonymous", "groups": ["system:unauthenticated"]});
    let token = "anonymous-token".to_owned();
    stand.api.knowledge().tokens.insert(token, anonymous);
    let certificate = stand.clients.issue(&Wish::client("system:anonymous"));
    assert_eq!(codes(&stand, &certificate).await, (401, 401));
    let token = ("authorization", "Bearer anonymous-token");
    let heard = stand.call(None).await.get("/pods", &[token]).await;
    assert_eq!(heard.code, StatusCode::UNAUTHORIZED);
    let mut aggregator = stand.aggregator().await;
    let claim = [("x-remote-user", "system:anonymous")];
    assert_eq!(
        aggregator.get("/pods", &claim).await.code,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        stand.call(None).await.get("/pods", &[]).await.code,
        StatusCode::UNAUTHORIZED
    );
    assert!(stand.api.knowledge().access_reviews.is_empty());
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused_when_its_verdict_has() {
    let stand = stand_of_ada().await;
    let mut caller = stand.call(None).await;
    assert_eq!(caller.get("/pods", &[ADA]).await.code, StatusCode::OK);
    stand.api.knowledge().tokens.remove("ada-token");
    // A verdict holds for ten seconds, and not for as long as the connection.
    let refused = async {
        while stand.call(None).await.get("/pods", &[ADA]).await.code == StatusCode::OK {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(super::SOON, refused)
        .await
        .expect("the token is not believed for ever");
    let never = ("authorization", "Bearer expired-long-ago");
    let heard = stand.call(None).await.get("/pods", &[never]).await;
    assert_eq!(heard.code, StatusCode::UNAUTHORIZED);
}
