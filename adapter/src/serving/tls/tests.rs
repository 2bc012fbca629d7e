use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, ServerConnection,
    SignatureScheme, SupportedProtocolVersion,
};

use super::*;
use crate::pki::{Authority, Identity, Wish};

const NAME: &str = "jvb-adapter.jitsi.svc";

/// A folder with a certificate and a key, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(certificate: &str, key: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("jvb-adapter-tls-{}-{number}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).unwrap();
        folder.write(certificate, key);
        folder
    }

    fn of(identity: &Identity) -> Self {
        Self::new(&identity.chain_pem, &identity.key_pem)
    }

    fn write(&self, certificate: &str, key: &str) {
        std::fs::write(self.certificate(), certificate).unwrap();
        std::fs::write(self.key(), key).unwrap();
    }

    fn certificate(&self) -> PathBuf {
        self.0.join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.0.join("tls.key")
    }

    fn load(&self) -> Result<Tls, TlsError> {
        Tls::from_files(&self.certificate(), &self.key())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_wrong_with_the_files_is_said_with_their_names_and_flags() {
    let authority = Authority::new("serving");
    let good = authority.issue(&Wish::server(NAME));
    let other = authority.issue(&Wish::server(NAME));
    let years = |from, to| Wish {
        years: (from, to),
        ..Wish::server(NAME)
    };
    let of = |wish: &Wish| {
        let identity = authority.issue(wish);
        (identity.chain_pem, identity.key_pem)
    };
    let nameless = Wish {
        names: Vec::new(),
        ..Wish::server(NAME)
    };
    let client = Wish {
        names: vec![NAME.to_owned()],
        ..Wish::client("ada")
    };
    let (chain, key) = (good.chain_pem.clone(), good.key_pem.clone());
    let cases = [
        (
            (String::new(), key.clone()),
            "tls.crt (--tls-cert-file) holds no certificate",
        ),
        (
            (key.clone(), key.clone()),
            "tls.crt (--tls-cert-file) holds no certificate",
        ),
        (
            (chain.replace('M', "!"), key.clone()),
            "tls.crt (--tls-cert-file) is not PEM",
        ),
        (
            (chain.clone(), String::new()),
            "tls.key (--tls-private-key-file) holds no private key",
        ),
        (
            (chain.clone(), chain.clone()),
            "tls.key (--tls-private-key-file) holds no private key",
        ),
        (
            (chain.clone(), other.key_pem.clone()),
            "tls.key (--tls-private-key-file) is not that of the certificate in",
        ),
        (
            of(&years(2000, 2001)),
            "tls.crt (--tls-cert-file) expired on Jan  1 00:00:00 2001",
        ),
        (
            of(&years(2999, 3000)),
            "tls.crt (--tls-cert-file) is not valid before",
        ),
        (
            of(&nameless),
            "tls.crt (--tls-cert-file) has no subject alternative names",
        ),
        (of(&client), "tls.crt (--tls-cert-file) is not for servers"),
    ];
    for ((certificate, key), problem) in cases {
        let error = Folder::new(&certificate, &key).load().unwrap_err();
        let error = error.to_string();
        assert!(error.contains(problem), "{problem}: {error}");
    }
    let missing = Folder::of(&good);
    std::fs::remove_file(missing.key()).unwrap();
    let error = missing.load().unwrap_err().to_string();
    assert!(error.contains("cannot read") && error.contains("tls.key (--tls-private-key-file)"));
}

/// Presents a certificate and signs with some key.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn presents(certificate: &Identity, key: &Identity) -> Presents {
    let provider = rustls::crypto::ring::default_provider();
    let key = provider.key_provider.load_private_key(key.key.clone_key());
    let chain = certificate.chain.clone();
    Presents(Arc::new(CertifiedKey::new(chain, key.unwrap())))
}

fn client(
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
    presents: Option<Presents>,
) -> ClientConnection {
    client_of(authority, version, presents, Vec::new())
}

/// The same, that offers protocols.
fn client_of(
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
    presents: Option<Presents>,
    offers: Vec<Vec<u8>>,
) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match presents {
        Some(presents) => config.with_client_cert_resolver(Arc::new(presents)),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = offers;
    let name = ServerName::try_from(NAME).unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

/// A handshake without a network: the certificates that both sides see, or what the server says.
fn shake(
    tls: &Tls,
    mut client: ClientConnection,
) -> Result<(usize, CertificateDer<'static>), Error> {
    let mut server = ServerConnection::new(tls.config()).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            server.read_tls(&mut bytes).unwrap();
            server.process_new_packets()?;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            client.read_tls(&mut bytes).unwrap();
            client.process_new_packets().unwrap();
        }
    }
    let of_server = client.peer_certificates().unwrap()[0].clone().into_owned();
    Ok((server.peer_certificates().map_or(0, <[_]>::len), of_server))
}

#[test]
fn a_client_without_the_key_of_its_certificate_does_not_pass_the_handshake() {
    let (serving, clients) = (Authority::new("serving"), Authority::new("clients"));
    let between = clients.intermediate("between");
    let tls = Folder::of(&serving.issue(&Wish::server(NAME)))
        .load()
        .unwrap();
    let (ada, eve) = (
        between.issue(&Wish::client("ada")),
        Wish::client("eve").self_signed(),
    );
    for version in [&TLS12, &TLS13] {
        let stolen = client(&serving, version, Some(presents(&ada, &eve)));
        let refused = shake(&tls, stolen).map(|(certificates, _)| certificates);
        let bad = Error::InvalidCertificate(CertificateError::BadSignature);
        assert_eq!(refused, Err(bad), "{version:?}");
        // The same two with keys of their own, and none: nobody is judged yet.
        for (own, certificates) in [(Some(&ada), 2), (Some(&eve), 1), (None, 0)] {
            let presents = own.map(|own| presents(own, own));
            let passed = shake(&tls, client(&serving, version, presents));
            assert_eq!(passed.unwrap().0, certificates, "{version:?}");
        }
    }
}

#[test]
fn a_chain_without_an_end_is_refused() {
    let (serving, clients) = (Authority::new("serving"), Authority::new("clients"));
    let tls = Folder::of(&serving.issue(&Wish::server(NAME)))
        .load()
        .unwrap();
    let mut ada = clients.issue(&Wish::client("ada"));
    ada.chain.extend(std::iter::repeat_n(clients.der(), 10));
    let endless = client(&serving, &TLS13, Some(presents(&ada, &ada)));
    assert!(shake(&tls, endless).is_err());
    ada.chain.pop();
    let long = client(&serving, &TLS13, Some(presents(&ada, &ada)));
    assert_eq!(shake(&tls, long).unwrap().0, 10);
}

#[test]
fn a_new_certificate_greets_new_connections_and_a_bad_one_changes_nothing() {
    let serving = Authority::new("serving");
    let first = serving.issue(&Wish::server(NAME));
    let second = serving.issue(&Wish::server(NAME));
    let files = Folder::of(&first);
    let tls = files.load().unwrap();
    let greeting = || shake(&tls, client(&serving, &TLS13, None)).unwrap().1;
    assert_eq!(greeting(), first.chain[0]);

    files.write(&second.chain_pem, &first.key_pem);
    let error = tls.reload(&files.certificate(), &files.key()).unwrap_err();
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    assert_eq!(greeting(), first.chain[0]);

    files.write(&second.chain_pem, &second.key_pem);
    tls.reload(&files.certificate(), &files.key()).unwrap();
    assert_eq!(greeting(), second.chain[0]);
}

#[tokio::test]
async fn a_certificate_whose_link_is_swapped_is_taken_up_and_a_broken_one_is_not() {
    let serving = Authority::new("serving");
    let (first, second) = (
        serving.issue(&Wish::server(NAME)),
        serving.issue(&Wish::server(NAME)),
    );
    let folder = Folder::of(&first);
    // As the kubelet does it: the files are links through a link that is replaced.
    let data = |name: &str, chain: &str, key: &str| {
        let place = folder.0.join(name);
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("tls.crt"), chain).unwrap();
        std::fs::write(place.join("tls.key"), key).unwrap();
        std::os::unix::fs::symlink(&place, folder.0.join("next")).unwrap();
        std::fs::rename(folder.0.join("next"), folder.0.join("..data")).unwrap();
    };
    data("1", &first.chain_pem, &first.key_pem);
    let files = Files {
        certificate: folder.0.join("..data/tls.crt"),
        key: folder.0.join("..data/tls.key"),
    };
    let tls = Tls::from_files(&files.certificate, &files.key).unwrap();
    let (sender, mut looks) = tokio::sync::mpsc::unbounded_channel();
    let every = std::time::Duration::from_millis(5);
    let following = tokio::spawn(follow(tls.clone(), files, every, move |look| {
        if look != Look::Same {
            let _ = sender.send(look);
        }
    }));
    let greeting = || shake(&tls, client(&serving, &TLS13, None)).unwrap().1;
    assert_eq!(greeting(), first.chain[0]);
    data("2", &second.chain_pem, &second.key_pem);
    assert_eq!(looks.recv().await, Some(Look::Replaced));
    assert_eq!(greeting(), second.chain[0]);
    data("3", &first.chain_pem, &second.key_pem);
    let Some(Look::Broken(problem)) = looks.recv().await else {
        panic!("it was taken");
    };
    assert!(
        problem.contains("is not that of the certificate"),
        "{problem}"
    );
    assert_eq!(greeting(), second.chain[0]);
    following.abort();
}

#[test]
fn http2_is_spoken_unless_it_is_switched_off() {
    let serving = Authority::new("serving");
    let tls = Folder::of(&serving.issue(&Wish::server(NAME)))
        .load()
        .unwrap();
    let spoken = |tls: &Tls, offers: &[&str]| {
        let offers = offers.iter().map(|offer| offer.as_bytes().to_vec());
        let client = client_of(&serving, &TLS13, None, offers.collect());
        let mut server = ServerConnection::new(tls.config()).unwrap();
        let mut hello = Vec::new();
        { client }.write_tls(&mut hello).unwrap();
        server.read_tls(&mut hello.as_slice()).unwrap();
        server.process_new_packets()?;
        Ok::<_, Error>(server.alpn_protocol().map(<[u8]>::to_vec))
    };
    let (h1, h2) = (Some(b"http/1.1".to_vec()), Some(b"h2".to_vec()));
    assert_eq!(spoken(&tls, &["http/1.1", "h2"]), Ok(h2));
    assert_eq!(spoken(&tls, &["http/1.1"]), Ok(h1.clone()));
    let tls = tls.http1_only();
    assert_eq!(spoken(&tls, &["h2", "http/1.1"]), Ok(h1));
    assert_eq!(spoken(&tls, &["h2"]), Err(Error::NoApplicationProtocol));
}
