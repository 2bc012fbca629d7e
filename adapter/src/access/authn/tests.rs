use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::CertificateDer;

use super::*;
use crate::pki::{Authority, Wish, published};

/// 21 November 2026, in seconds since 1970.
const NOW: u64 = 1_795_219_200;
const YEAR: u64 = 365 * 24 * 60 * 60;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// An API server's two authorities, and what it publishes about them.
struct Cluster {
    clients: Authority,
    proxies: Authority,
}

impl Cluster {
    fn new() -> Self {
        Self {
            clients: Authority::new("clients"),
            proxies: Authority::new("proxies"),
        }
    }

    fn publishes(&self) -> BTreeMap<String, String> {
        published(&self.clients.pem(), &self.proxies.pem(), r#"["proxy"]"#)
    }

    fn delegation(&self) -> Delegation {
        let (delegation, problems) = Delegation::default().updated(&self.publishes());
        assert_eq!(problems, Vec::<String>::new());
        delegation
    }
}

fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect()
}

fn peer(chain: &[CertificateDer<'static>]) -> Peer {
    Peer::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), chain.to_vec())
}

/// A reviewer that reaches nobody: certificates need none.
fn nobody() -> Arc<Reviewer> {
    let config = kube::Config::new("http://127.0.0.1:9/".parse().unwrap());
    Arc::new(Reviewer::new(kube::Client::try_from(config).unwrap()))
}

async fn ask(
    delegation: &Delegation,
    peer: &Peer,
    mut headers: HeaderMap,
    now: u64,
) -> Result<User, String> {
    let (_sender, receiver) = tokio::sync::watch::channel(Arc::new(delegation.clone()));
    let authenticator = Authenticator::new(receiver, nobody());
    let user = authenticator
        .authenticate(peer, &mut headers, at(now))
        .await;
    assert!(
        headers.keys().all(|name| name == "accept"),
        "claims stayed behind: {headers:?}"
    );
    user.map_err(|refusal| match refusal {
        Refusal::Unknown(reasons) => reasons.join("; "),
        Refusal::Unavailable(error) => panic!("{error}"),
    })
}

const CLAIM: &[(&str, &str)] = &[
    ("accept", "*/*"),
    ("x-remote-user", "eve"),
    ("x-remote-group", "system:masters"),
    ("x-remote-extra-scopes", "all"),
];

#[tokio::test]
async fn the_front_proxy_speaks_for_others() {
    let cluster = Cluster::new();
    let proxy = peer(&cluster.proxies.issue(&Wish::client("proxy")).chain);
    let claim = headers(&[
        ("x-remote-user", "ada"),
        ("x-remote-uid", "7"),
        ("x-remote-group", "ops"),
        ("x-remote-group", "dev"),
        ("x-remote-extra-example.com%2fscopes", "read"),
        ("x-remote-extra-example.com%2fscopes", "write"),
    ]);
    let user = ask(&cluster.delegation(), &proxy, claim, NOW).await;
    let expected = User {
        name: "ada".to_owned(),
        uid: Some("7".to_owned()),
        groups: ["ops", "dev", "system:authenticated"]
            .map(str::to_owned)
            .into(),
        extra: [(
            "example.com/scopes".to_owned(),
            vec!["read".to_owned(), "write".to_owned()],
        )]
        .into(),
    };
    assert_eq!(user, Ok(expected));
}

#[tokio::test]
async fn the_aggregator_speaks_for_itself_without_any_group() {
    let cluster = Cluster::new();
    let proxy = peer(&cluster.proxies.issue(&Wish::client("proxy")).chain);
    let claim = headers(&[("x-remote-user", "system:kube-aggregator")]);
    let user = ask(&cluster.delegation(), &proxy, claim, NOW)
        .await
        .unwrap();
    assert_eq!(user.groups, ["system:authenticated"]);
}

#[tokio::test]
async fn a_client_is_who_its_certificate_says_whatever_its_headers_claim() {
    let cluster = Cluster::new();
    let wish = Wish {
        organization: Some("ops"),
        ..Wish::client("ada")
    };
    let client = peer(&cluster.clients.issue(&wish).chain);
    for claim in [headers(&[]), headers(CLAIM)] {
        let user = ask(&cluster.delegation(), &client, claim, NOW)
            .await
            .unwrap();
        assert_eq!(user.name, "ada");
        assert_eq!(user.groups, ["ops", "system:authenticated"]);
        let keys: Vec<_> = user.extra.keys().collect();
        assert_eq!(keys, ["authentication.kubernetes.io/credential-id"]);
    }
}

#[tokio::test]
async fn only_good_chains_are_believed() {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    let cluster = Cluster::new();
    let delegation = cluster.delegation();
    let stranger = Authority::new("stranger");
    let between = cluster.clients.intermediate("between");
    let ada = Wish::client("ada");
    let with = |usages: &[ExtendedKeyUsagePurpose]| Wish {
        usages: usages.to_vec(),
        ..ada.clone()
    };
    let during = |from, to| Wish {
        years: (from, to),
        ..ada.clone()
    };
    let through = between.issue(&ada).chain;
    let mut interrupted = through.clone();
    interrupted.truncate(1);
    let issue = |wish: &Wish| cluster.clients.issue(wish).chain;
    let cases = [
        ("good", issue(&ada), Ok("ada")),
        (
            "several usages",
            issue(&with(&[ServerAuth, ClientAuth])),
            Ok("ada"),
        ),
        ("no usage at all, as Go", issue(&with(&[])), Ok("ada")),
        ("through an intermediate", through, Ok("ada")),
        ("no certificate", Vec::new(), Err("no client certificate")),
        (
            "expired",
            issue(&during(2000, 2026)),
            Err("it expired at 2026-01-01T00:00:00Z"),
        ),
        (
            "not yet valid",
            issue(&during(2027, 3000)),
            Err("not valid before 2027-01-01T00:00:00Z"),
        ),
        (
            "for servers only",
            issue(&with(&[ServerAuth])),
            Err("it is not for clients"),
        ),
        (
            "of a stranger",
            stranger.issue(&ada).chain,
            Err("no authority in the bundle vouches"),
        ),
        (
            "self-signed",
            ada.self_signed().chain,
            Err("no authority in the bundle vouches"),
        ),
        (
            "missing its intermediate",
            interrupted,
            Err("no authority in the bundle vouches"),
        ),
        (
            "the authority's own",
            vec![cluster.clients.der()],
            Err("an authority's own"),
        ),
        (
            "without a name",
            issue(&Wish::client("")),
            Err("no common name"),
        ),
        (
            "anonymous",
            issue(&Wish::client("system:anonymous")),
            Err("anonymous"),
        ),
        (
            "not a certificate",
            vec![CertificateDer::from(vec![1, 2, 3])],
            Err("it is not a certificate"),
        ),
    ];
    for (what, chain, expected) in cases {
        for claim in [headers(&[]), headers(CLAIM)] {
            let user = ask(&delegation, &peer(&chain), claim, NOW).await;
            match (&user, expected) {
                (Ok(user), Ok(name)) => assert_eq!(user.name, name, "{what}"),
                (Err(reasons), Err(reason)) => {
                    assert!(reasons.contains(reason), "{what}: {reasons}");
                }
                _ => panic!("{what}: {user:?}"),
            }
        }
    }
}

#[tokio::test]
async fn only_good_chains_may_speak_for_others() {
    let cluster = Cluster::new();
    let delegation = cluster.delegation();
    let proxy = Wish::client("proxy");
    let old = Wish {
        years: (2000, 2026),
        ..proxy.clone()
    };
    let server = Wish {
        usages: vec![ExtendedKeyUsagePurpose::ServerAuth],
        ..proxy.clone()
    };
    let other = Wish::client("ada");
    let stranger = Authority::new("proxies");
    let cases = [
        ("expired", cluster.proxies.issue(&old).chain, "expired"),
        (
            "for servers only",
            cluster.proxies.issue(&server).chain,
            "certificate as front proxy: it is not for clients",
        ),
        (
            "another name",
            cluster.proxies.issue(&other).chain,
            "\"ada\" is not one of the allowed",
        ),
        (
            "of a stranger",
            stranger.issue(&proxy).chain,
            "certificate as front proxy",
        ),
        (
            "self-signed",
            proxy.self_signed().chain,
            "no authority in the bundle vouches",
        ),
    ];
    for (what, chain, reason) in cases {
        let refused = ask(&delegation, &peer(&chain), headers(CLAIM), NOW).await;
        let reasons = refused.expect_err(what);
        assert!(reasons.contains(reason), "{what}: {reasons}");
    }
    // A client of the proxy's name is a client of that name, and speaks for nobody else.
    let client = peer(&cluster.clients.issue(&proxy).chain);
    let user = ask(&delegation, &client, headers(CLAIM), NOW)
        .await
        .unwrap();
    assert_eq!(user.name, "proxy");
}

#[tokio::test]
async fn a_front_proxy_that_names_nobody_or_two_is_not_believed() {
    let cluster = Cluster::new();
    let proxy = peer(&cluster.proxies.issue(&Wish::client("proxy")).chain);
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[], "it names no user"),
        (&[("x-remote-group", "system:masters")], "it names no user"),
        (
            &[("x-remote-user", "eve"), ("x-remote-user", "ada")],
            "more than one user",
        ),
        (&[("x-remote-user", "system:anonymous")], "anonymous"),
    ];
    for (claim, reason) in cases {
        let refused = ask(&cluster.delegation(), &proxy, headers(claim), NOW).await;
        let reasons = refused.expect_err(reason);
        assert!(reasons.contains(reason), "{reasons}");
    }
}

#[tokio::test]
async fn an_expired_authority_vouches_for_nobody() {
    let old = Authority::valid("clients", (2000, 2026));
    let data = published(&old.pem(), &Authority::new("proxies").pem(), "[]");
    let (delegation, _) = Delegation::default().updated(&data);
    let client = peer(&old.issue(&Wish::client("ada")).chain);
    assert!(ask(&delegation, &client, headers(&[]), NOW).await.is_err());
    let before = ask(&delegation, &client, headers(&[]), NOW - YEAR).await;
    assert_eq!(before.unwrap().name, "ada");
}

#[tokio::test]
async fn a_certificate_that_expires_on_a_living_connection_is_not_believed_any_more() {
    let cluster = Cluster::new();
    let delegation = cluster.delegation();
    let wish = Wish {
        years: (2000, 2027),
        ..Wish::client("ada")
    };
    let client = peer(&cluster.clients.issue(&wish).chain);
    // Midnight of 1 January 2027.
    let end = 1_798_761_600;
    for (now, believed) in [(NOW, true), (end, true), (end + 1, false)] {
        let user = ask(&delegation, &client, headers(&[]), now).await;
        assert_eq!(user.is_ok(), believed, "{now}: {user:?}");
    }
}

#[tokio::test]
async fn another_authority_takes_effect_on_a_living_connection() {
    let (old, new) = (Cluster::new(), Cluster::new());
    let (before, _) = Delegation::default().updated(&old.publishes());
    let (after, _) = before.updated(&new.publishes());
    let client = peer(&old.clients.issue(&Wish::client("ada")).chain);
    let next = peer(&new.clients.issue(&Wish::client("ada")).chain);
    for (delegation, peer, believed) in [
        (&before, &client, true),
        (&before, &next, false),
        (&after, &client, false),
        (&after, &next, true),
    ] {
        let user = ask(delegation, peer, headers(&[]), NOW).await;
        assert_eq!(user.is_ok(), believed, "{user:?}");
    }
}

#[test]
fn a_verdict_is_made_once_per_generation_and_minute() {
    let cluster = Cluster::new();
    let delegation = cluster.delegation();
    let client = peer(&cluster.clients.issue(&Wish::client("ada")).chain);
    let verdict =
        |delegation: &Delegation, after| client.verdict(delegation, at(NOW + after)).unwrap();
    let first = verdict(&delegation, 0);
    assert!(Arc::ptr_eq(&first, &verdict(&delegation, 59)));
    let second = verdict(&delegation, 60);
    assert!(!Arc::ptr_eq(&first, &second));
    let (changed, _) = delegation.updated(&Cluster::new().publishes());
    assert!(!Arc::ptr_eq(&second, &verdict(&changed, 61)));
}

#[tokio::test]
async fn where_every_client_could_be_the_front_proxy_nobody_is() {
    let cluster = Cluster::new();
    let both = cluster.clients.pem();
    let client = peer(&cluster.clients.issue(&Wish::client("ada")).chain);
    for (names, problems) in [("[]", 1), (r#"["proxy"]"#, 0)] {
        let data = published(&both, &both, names);
        let (delegation, found) = Delegation::default().updated(&data);
        assert_eq!(found.len(), problems, "{found:?}");
        let user = ask(&delegation, &client, headers(CLAIM), NOW).await;
        assert_eq!(user.unwrap().name, "ada");
    }
}

#[tokio::test]
async fn claims_are_taken_out_also_where_nobody_may_make_them() {
    let none = ask(&Delegation::default(), &peer(&[]), headers(CLAIM), NOW).await;
    assert!(none.unwrap_err().contains("no bearer token"));
}
