//! The serving side against a real client over TLS, with an API server that is asked.

use std::time::Duration;

use adapter::access::StartError;
use adapter::serving::Limits;
use futures::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
mod certificates;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod smuggling;

use support::caller::{Caller, Heard, Version, dial};
use support::pki::{Authority, Wish};
use support::soon::{SOON, soon};
use support::stand::{Stand, guard, published};

const ADA: (&str, &str) = ("authorization", "Bearer ada-token");

/// Whom the aggregator may claim to speak for without anybody being asked.
const ROOT: [(&str, &str); 2] = [
    ("x-remote-user", "root"),
    ("x-remote-group", "system:masters"),
];

/// Knows Ada's token, and that she may do everything.
async fn stand_of_ada() -> Stand {
    stand_within(Limits::default()).await
}

/// The same, with less patience.
async fn stand_within(limits: Limits) -> Stand {
    let stand = Stand::within(limits).await;
    let ada = json!({"username": "ada", "groups": ["ops"]});
    let mut knowledge = stand.api.knowledge();
    knowledge.tokens.insert("ada-token".to_owned(), ada);
    knowledge.allowed.insert("ada".to_owned());
    drop(knowledge);
    stand
}

/// Asks until the answer is what is waited for.
async fn until(caller: &mut Caller, headers: &[(&str, &str)], code: StatusCode) -> Heard {
    let give_up = Instant::now() + SOON;
    loop {
        let heard = caller.get("/pods", headers).await;
        if heard.code == code {
            return heard;
        }
        assert!(Instant::now() < give_up, "still {heard:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn strangers_see_the_open_paths_alone() {
    let stand = Stand::new().await;
    for version in [Version::Http1, Version::Http2] {
        let mut caller = stand.call_by(None, version).await;
        let open = caller.get("/healthz?verbose", &[]).await;
        assert_eq!((open.code, &open.body[..]), (StatusCode::OK, &b"ok"[..]));
        for path in ["/pods", "/healthz/", "/healthz/ping", "/", "/unknown"] {
            let mut caller = stand.call_by(None, version).await;
            let heard = caller.get(path, &[]).await;
            assert_eq!(heard.code, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(heard.headers["content-type"], "application/json");
            assert_eq!(heard.headers["x-content-type-options"], "nosniff");
            assert_eq!(
                heard.body,
                r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#
            );
        }
    }
    assert!(stand.api.knowledge().access_reviews.is_empty());
    assert!(stand.api.knowledge().token_reviews.is_empty());
}

#[tokio::test]
async fn a_stranger_does_not_keep_the_connection() {
    let stand = Stand::new().await;
    let mut caller = stand.call(None).await;
    assert_eq!(
        caller.get("/pods", &[]).await.code,
        StatusCode::UNAUTHORIZED
    );
    let Caller::Http2(sender) = &mut caller else {
        unreachable!()
    };
    let gone = timeout(SOON, async {
        while sender.ready().await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("the server says goodbye");
}

#[tokio::test]
async fn a_known_token_is_let_in_and_an_unknown_one_is_not() {
    let stand = stand_of_ada().await;
    for version in [Version::Http1, Version::Http2] {
        let mut caller = stand.call_by(None, version).await;
        let heard = caller.get("/pods", &[ADA]).await;
        assert_eq!(heard.code, StatusCode::OK, "{heard:?}");
        let said = heard.json();
        assert_eq!(
            (&said["user"], &said["groups"]),
            (&json!("ada"), &json!("ops,system:authenticated"))
        );
        let headers = said["headers"].to_string();
        assert!(!headers.contains("authorization"), "{headers}");
        let eve = ("authorization", "Bearer eve-token");
        let heard = caller.get("/pods", &[eve]).await;
        assert_eq!(heard.code, StatusCode::UNAUTHORIZED);
    }
    let reviews = stand.api.knowledge().token_reviews.clone();
    let expected = ["ada-token", "eve-token"].map(|token| json!({"token": token}));
    assert_eq!(reviews, expected, "each is asked about once");
}

#[tokio::test]
async fn whoever_may_not_is_told_so_as_kubernetes_does() {
    let stand = stand_of_ada().await;
    stand.api.knowledge().allowed.clear();
    let mut caller = stand.call(None).await;
    let heard = caller.get("/pods", &[ADA]).await;
    assert_eq!(heard.code, StatusCode::FORBIDDEN);
    assert_eq!(
        heard.message(),
        r#"pods.custom.metrics.k8s.io "*" is forbidden: User "ada" cannot get resource "pods/stress_level" in API group "custom.metrics.k8s.io" in the namespace "jitsi""#
    );
    let spec = stand.api.knowledge().access_reviews[0].clone();
    assert_eq!(spec["groups"], json!(["ops", "system:authenticated"]));
    assert_eq!(spec["resourceAttributes"]["subresource"], "stress_level");
}

#[tokio::test]
async fn the_aggregator_speaks_for_others_and_masters_need_no_review() {
    let stand = Stand::new().await;
    stand.api.knowledge().allowed.insert("hpa".to_owned());
    let mut caller = stand.aggregator().await;
    let heard = caller.get("/pods", &[("x-remote-user", "hpa")]).await;
    assert_eq!(heard.json()["user"], "hpa");
    assert_eq!(stand.api.knowledge().access_reviews.len(), 1);
    let masters = [
        ("x-remote-user", "system:kube-aggregator"),
        ("x-remote-group", "system:masters"),
    ];
    let heard = caller.get("/apis", &masters).await;
    assert_eq!(heard.json()["user"], "system:kube-aggregator");
    assert_eq!(
        heard.json()["headers"]
            .to_string()
            .matches("remote")
            .count(),
        0
    );
    assert_eq!(stand.api.knowledge().access_reviews.len(), 1);
}

#[tokio::test]
async fn headers_of_the_front_proxy_are_worth_nothing_in_other_mouths() {
    let stand = stand_of_ada().await;
    stand.api.knowledge().allowed.insert("bob".to_owned());
    let bob = stand.clients.issue(&Wish::client("bob"));
    let proxy_by_name = stand.clients.issue(&Wish::client("proxy"));
    let foreign = Authority::new("proxies").issue(&Wish::client("proxy"));
    let claim = [
        ("x-remote-user", "eve"),
        ("X-Remote-Group", "system:masters"),
        ("x-remote-extra-scopes", "all"),
        ("x-remote-uid", "0"),
    ];
    let mut with_token = claim.to_vec();
    with_token.push(ADA);
    let cases = [
        ("no certificate", None, &claim[..], Err(401)),
        ("a token", None, &with_token[..], Ok("ada")),
        ("a client", Some(&bob), &claim[..], Ok("bob")),
        (
            "a client and a token",
            Some(&bob),
            &with_token[..],
            Ok("bob"),
        ),
        (
            "the proxy's name",
            Some(&proxy_by_name),
            &claim[..],
            Err(403),
        ),
        ("another's proxy", Some(&foreign), &claim[..], Err(401)),
        (
            "another's proxy and a token",
            Some(&foreign),
            &with_token[..],
            Ok("ada"),
        ),
    ];
    for (what, identity, headers, expected) in cases {
        for version in [Version::Http1, Version::Http2] {
            let mut caller = stand.call_by(identity, version).await;
            let heard = caller.get("/pods", headers).await;
            match expected {
                Err(code) => assert_eq!(heard.code.as_u16(), code, "{what}: {heard:?}"),
                Ok(user) => {
                    let said = heard.json();
                    assert_eq!(said["user"], user, "{what}: {heard:?}");
                    assert!(!said["groups"].to_string().contains("masters"), "{what}");
                    assert!(!said["headers"].to_string().contains("remote"), "{what}");
                }
            }
        }
    }
    for spec in &stand.api.knowledge().access_reviews {
        assert_ne!(spec["user"], "eve", "{spec}");
        assert!(!spec.to_string().contains("system:masters"), "{spec}");
    }
}

#[tokio::test]
async fn a_chain_is_believed_with_its_intermediate_and_nobody_vouches_for_himself() {
    let stand = stand_of_ada().await;
    let between = stand.clients.intermediate("between");
    let mut whole = between.issue(&Wish::client("ada"));
    let mut caller = stand.call(Some(&whole)).await;
    assert_eq!(caller.get("/pods", &[]).await.code, StatusCode::OK);
    whole.chain.truncate(1);
    for refused in [whole, Wish::client("ada").self_signed()] {
        let mut caller = stand.call(Some(&refused)).await;
        assert_eq!(
            caller.get("/pods", &[]).await.code,
            StatusCode::UNAUTHORIZED
        );
        let mut caller = stand.call(Some(&refused)).await;
        assert_eq!(caller.get("/healthz", &[]).await.code, StatusCode::OK);
    }
}

#[tokio::test]
async fn new_authorities_take_effect_for_new_and_for_living_connections() {
    let stand = stand_of_ada().await;
    let old = stand.clients.issue(&Wish::client("ada"));
    let mut living = stand.call(Some(&old)).await;
    assert_eq!(living.get("/pods", &[]).await.code, StatusCode::OK);
    let mut aggregator = stand.aggregator().await;
    let claim = [("x-remote-user", "ada")];
    assert_eq!(aggregator.get("/pods", &claim).await.code, StatusCode::OK);

    let (clients, proxies) = (Authority::new("clients"), Authority::new("proxies"));
    let new = clients.issue(&Wish::client("ada"));
    let mut early = stand.call(Some(&new)).await;
    stand.api.publish(published(&clients, &stand.proxies));
    until(&mut living, &[], StatusCode::UNAUTHORIZED).await;
    assert_eq!(early.get("/pods", &[]).await.code, StatusCode::OK);
    let mut late = stand.call(Some(&new)).await;
    assert_eq!(late.get("/pods", &[]).await.code, StatusCode::OK);
    assert_eq!(aggregator.get("/pods", &claim).await.code, StatusCode::OK);

    stand.api.publish(published(&clients, &proxies));
    until(&mut aggregator, &claim, StatusCode::UNAUTHORIZED).await;
    let proxy = proxies.issue(&Wish::client("proxy"));
    let mut next = stand.call(Some(&proxy)).await;
    assert_eq!(next.get("/pods", &claim).await.json()["user"], "ada");
}

#[tokio::test]
async fn what_the_api_server_said_last_holds_when_it_unsays_it() {
    let mut stand = stand_of_ada().await;
    let mut aggregator = stand.aggregator().await;
    let claim = [("x-remote-user", "ada")];
    assert_eq!(aggregator.get("/pods", &claim).await.code, StatusCode::OK);
    stand.api.withdraw();
    // Something that is seen only after the withdrawal.
    let clients = Authority::new("clients");
    let mut broken = published(&clients, &stand.proxies);
    broken.insert(
        "requestheader-client-ca-file".to_owned(),
        "broken".to_owned(),
    );
    stand.api.publish(broken);
    let new = clients.issue(&Wish::client("ada"));
    let mut client = stand.call(Some(&new)).await;
    if client.get("/pods", &[]).await.code != StatusCode::OK {
        // A refused connection ends: the next one is another.
        let give_up = Instant::now() + SOON;
        while stand.call(Some(&new)).await.get("/pods", &[]).await.code != StatusCode::OK {
            assert!(Instant::now() < give_up);
            sleep(Duration::from_millis(5)).await;
        }
    }
    assert_eq!(aggregator.get("/pods", &claim).await.code, StatusCode::OK);
    stand.api.stop().await;
    assert_eq!(aggregator.get("/pods", &claim).await.code, StatusCode::OK);
}

#[tokio::test]
async fn a_hundred_equal_requests_ask_the_api_server_once() {
    let stand = stand_of_ada().await;
    stand.api.hold_reviews();
    let Caller::Http2(sender) = stand.call(None).await else {
        unreachable!()
    };
    let all = join_all((0..100).map(|_| {
        let mut caller = Caller::Http2(sender.clone());
        async move { caller.get("/pods", &[ADA]).await.code }
    }));
    let release = async {
        sleep(Duration::from_millis(50)).await;
        stand.api.release_reviews();
    };
    let (codes, ()) = futures::join!(all, release);
    assert_eq!(codes, [StatusCode::OK; 100]);
    let knowledge = stand.api.knowledge();
    let asked = (
        knowledge.token_reviews.len(),
        knowledge.access_reviews.len(),
    );
    assert_eq!(asked, (1, 1));
}

#[tokio::test]
async fn a_verdict_about_a_very_long_request_is_not_kept() {
    let stand = stand_of_ada().await;
    let mut caller = stand.call(None).await;
    for (length, reviews) in [(9_000, 1), (10_000, 3)] {
        let path = format!("/{}", "x".repeat(length));
        for _ in 0..2 {
            assert_eq!(caller.get(&path, &[ADA]).await.code, StatusCode::OK);
        }
        assert_eq!(stand.api.knowledge().access_reviews.len(), reviews);
    }
}

#[tokio::test]
async fn without_the_api_server_it_says_so_and_recovers() {
    let mut stand = stand_of_ada().await;
    let mut aggregator = stand.aggregator().await;
    let known = [("x-remote-user", "ada")];
    assert_eq!(aggregator.get("/pods", &known).await.code, StatusCode::OK);
    stand.api.stop().await;

    let unknown = [("x-remote-user", "bob")];
    let heard = aggregator.get("/pods", &unknown).await;
    assert_eq!(heard.code, StatusCode::SERVICE_UNAVAILABLE);
    // client-go would wait and ask ten times more, on a worker that other HPAs need.
    assert!(!heard.headers.contains_key("retry-after"));
    let message = heard.message();
    let why = "the API server cannot be asked for a SubjectAccessReview: ";
    assert!(message.starts_with(why), "{message}");
    assert!(message.to_lowercase().contains("refused"), "{message}");
    let heard = stand.call(None).await.get("/pods", &[ADA]).await;
    assert_eq!(heard.code, StatusCode::SERVICE_UNAVAILABLE);
    assert!(heard.message().contains("for a TokenReview: "), "{heard:?}");
    let cached = aggregator.get("/pods", &known).await;
    assert_eq!(cached.code, StatusCode::OK, "a kept verdict holds");

    stand.api.restart().await;
    stand.api.knowledge().allowed.insert("bob".to_owned());
    assert_eq!(aggregator.get("/pods", &unknown).await.code, StatusCode::OK);
}

#[tokio::test]
async fn an_adapter_that_may_not_ask_says_which_right_it_lacks() {
    let stand = stand_of_ada().await;
    stand.api.knowledge().forbids_reviews = true;
    for (identity, header, kind) in [
        (None, ADA, "TokenReview"),
        (
            Some(stand.proxies.issue(&Wish::client("proxy"))),
            ("x-remote-user", "ada"),
            "SubjectAccessReview",
        ),
    ] {
        let mut caller = stand.call(identity.as_ref()).await;
        let heard = caller.get("/pods", &[header]).await;
        assert_eq!(heard.code, StatusCode::INTERNAL_SERVER_ERROR);
        let message = heard.message();
        assert!(message.contains(kind), "{message}");
        assert!(message.contains("system:auth-delegator"), "{message}");
    }
}

#[tokio::test]
async fn starting_without_the_role_names_the_role() {
    let stand = Stand::new().await;
    stand.api.knowledge().forbids_config = true;
    let Err(error) = guard(&stand.api, Duration::from_secs(3)).await else {
        panic!("it started");
    };
    assert!(matches!(error, StartError::Forbidden(_)), "{error}");
    let error = error.to_string();
    for part in [
        "may not read ConfigMap kube-system/extension-apiserver-authentication",
        "cannot list",
        "Role extension-apiserver-authentication-reader",
        "RoleBinding",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn starting_without_the_config_map_or_an_api_server_says_so() {
    let mut stand = Stand::new().await;
    stand.api.knowledge().config = None;
    let brief = Duration::from_secs(3);
    let missing = guard(&stand.api, brief).await.err().unwrap().to_string();
    assert!(missing.contains("not after 3s"), "{missing}");
    stand.api.stop().await;
    let down = guard(&stand.api, brief).await.err().unwrap().to_string();
    assert!(down.to_lowercase().contains("refused"), "{down}");
}

#[tokio::test]
async fn only_reading_is_served_and_only_to_those_who_are_known() {
    let stand = stand_of_ada().await;
    for version in [Version::Http1, Version::Http2] {
        let mut caller = stand.call_by(None, version).await;
        let empty = caller
            .send(Method::HEAD, "/pods", &[ADA], "")
            .await
            .unwrap();
        assert_eq!((empty.code, empty.body.len()), (StatusCode::OK, 0));
        for method in [Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let heard = caller
                .send(method.clone(), "/pods", &[ADA], "")
                .await
                .unwrap();
            assert_eq!(heard.code, StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(heard.headers["allow"], "GET, HEAD");
            assert_eq!(heard.json()["reason"], "MethodNotAllowed");
            let mut stranger = stand.call_by(None, version).await;
            let heard = stranger.send(method, "/healthz", &[], "").await.unwrap();
            assert_eq!(heard.code, StatusCode::UNAUTHORIZED);
        }
        let heard = caller
            .send(Method::GET, "/pods", &[ADA], "{}")
            .await
            .unwrap();
        assert_eq!(heard.code, StatusCode::PAYLOAD_TOO_LARGE);
        let mut caller = stand.call_by(None, version).await;
        assert_eq!(
            caller.get("/unknown", &[ADA]).await.code,
            StatusCode::NOT_FOUND
        );
    }
}

#[tokio::test]
async fn a_bug_in_one_request_is_a_500_and_harms_no_other() {
    let stand = stand_of_ada().await;
    let mut caller = stand.call(None).await;
    let heard = caller.get("/panic", &[ADA]).await;
    assert_eq!(heard.code, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!heard.message().contains("a bug"), "{heard:?}");
    assert_eq!(caller.get("/pods", &[ADA]).await.code, StatusCode::OK);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_504() {
    let limits = Limits {
        answer: Duration::from_millis(50),
        ..Limits::default()
    };
    let stand = Stand::within(limits).await;
    let mut caller = stand.aggregator().await;
    let heard = caller.get("/never", &ROOT).await;
    assert_eq!(heard.code, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(heard.message(), "no answer within 50ms");
}

#[tokio::test]
async fn every_refusal_is_told_for_the_metrics_and_no_look_at_the_health_is_one() {
    let stand = stand_within(Limits {
        answer: Duration::from_secs(8),
        ..Limits::default()
    })
    .await;
    for name in ["noisy", "nobody"] {
        let user = json!({"username": name});
        let token = format!("{name}-token");
        stand.api.knowledge().tokens.insert(token, user);
    }
    let asked = [
        ("/healthz", None, 200),
        ("/pods", Some("ada-token"), 200),
        ("/pods", None, 401),
        ("/pods", Some("nobody-token"), 403),
        ("/unknown", Some("ada-token"), 404),
        ("/pods", Some("noisy-token"), 429),
        ("/panic", Some("ada-token"), 500),
        ("/never", Some("ada-token"), 504),
    ];
    for (path, token, code) in asked {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> = bearer
            .iter()
            .map(|bearer| ("authorization", bearer.as_str()))
            .collect();
        let mut caller = stand.call(None).await;
        let heard = caller.get(path, &headers).await;
        assert_eq!(heard.code, code, "{path} {token:?}: {heard:?}");
    }
    let refused = asked.map(|(.., code)| code).into_iter();
    let refused: Vec<u16> = refused.filter(|code| *code != 200).collect();
    let told = stand.service.refusals.lock().unwrap();
    let told: Vec<u16> = told.iter().map(StatusCode::as_u16).collect();
    assert_eq!(told, refused);
}

#[tokio::test]
async fn oversized_headers_are_refused() {
    let stand = stand_of_ada().await;
    let large = "x".repeat(100 * 1024);
    let huge = "x".repeat(200 * 1024);
    let monstrous = "x".repeat(1024 * 1024);
    for version in [Version::Http1, Version::Http2] {
        let mut caller = stand.call_by(None, version).await;
        let heard = caller.get("/pods", &[ADA, ("x-large", &large)]).await;
        assert_eq!(heard.code, StatusCode::OK, "{version:?}");
        for (size, huge) in [("200 KiB", &huge), ("1 MiB", &monstrous)] {
            let mut caller = stand.call_by(None, version).await;
            let headers = [ADA, ("x-huge", huge.as_str())];
            // Where it is still being written when the answer is known, the connection may break.
            if let Ok(heard) = caller.send(Method::GET, "/pods", &headers, "").await {
                let too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                assert_eq!(heard.code, too_large, "{version:?} {size}");
            }
        }
        let mut caller = stand.call_by(None, version).await;
        assert_eq!(caller.get("/pods", &[ADA]).await.code, StatusCode::OK);
    }
}

#[tokio::test]
async fn many_groups_of_one_user_are_not_oversized() {
    let stand = Stand::new().await;
    let proxy = stand.proxies.issue(&Wish::client("proxy"));
    let groups: Vec<_> = (0..500)
        .map(|n| format!("oidc:a-rather-long-group-{n}"))
        .collect();
    let mut claim = vec![("x-remote-user", "ada")];
    claim.extend(
        groups
            .iter()
            .map(|group| ("x-remote-group", group.as_str())),
    );
    claim.push(("x-remote-group", "system:masters"));
    for version in [Version::Http1, Version::Http2] {
        let mut caller = stand.call_by(Some(&proxy), version).await;
        let heard = caller.get("/pods", &claim).await;
        assert_eq!(heard.code, StatusCode::OK, "{version:?} {heard:?}");
    }
}

#[tokio::test]
async fn whoever_says_nothing_is_sent_away() {
    let limits = Limits {
        // Long enough for a busy machine to make an honest handshake.
        handshake: Duration::from_secs(1),
        header: Duration::from_secs(1),
        rest: Duration::from_secs(1),
        stranger_rest: Duration::from_secs(1),
        farewell: Duration::from_millis(500),
        ..Limits::default()
    };
    let stand = Stand::within(limits).await;
    let mut byte = [0; 1];
    let mut mute = TcpStream::connect(stand.address).await.unwrap();
    let end = timeout(SOON, mute.read(&mut byte)).await;
    assert_eq!(end.expect("no handshake").unwrap_or(0), 0);
    for version in [Version::Http1, Version::Http2] {
        let mut idle = dial(stand.address, &stand.server, None, version).await;
        let end = timeout(SOON, async {
            while idle.read(&mut byte).await.unwrap_or(0) > 0 {}
        });
        end.await
            .unwrap_or_else(|_| panic!("{version:?} without a request"));
    }
    let mut slow = dial(stand.address, &stand.server, None, Version::Http1).await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        .await
        .unwrap();
    let end = timeout(SOON, async {
        while slow.read(&mut byte).await.unwrap_or(0) > 0 {}
    });
    end.await.expect("half a header");
}

#[tokio::test]
async fn the_end_waits_for_a_running_request_and_takes_no_new_one() {
    for version in [Version::Http1, Version::Http2] {
        let stand = stand_of_ada().await;
        let mut caller = stand.call_by(None, version).await;
        let mut idle = stand.call_by(None, version).await;
        assert_eq!(idle.get("/healthz", &[]).await.code, StatusCode::OK);
        let running = tokio::spawn(async move { caller.get("/slow", &[ADA]).await });
        soon("the request", stand.service.arrived.notified()).await;
        stand.shutdown.cancel();
        let refused = async {
            while TcpStream::connect(stand.address).await.is_ok() {
                sleep(Duration::from_millis(5)).await;
            }
            while idle.send(Method::GET, "/healthz", &[], "").await.is_ok() {}
        };
        timeout(SOON, refused).await.expect("no new work");
        assert!(!stand.serving.is_finished());
        stand.service.proceed.notify_one();
        let heard = running.await.unwrap();
        assert_eq!(heard.code, StatusCode::OK, "{version:?}");
        timeout(SOON, stand.serving)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let limits = Limits {
        drain: Duration::from_millis(100),
        ..Limits::default()
    };
    let stand = Stand::within(limits).await;
    let mut caller = stand.aggregator().await;
    let running =
        tokio::spawn(async move { caller.send(Method::GET, "/slow", &ROOT, "").await.is_err() });
    soon("the request", stand.service.arrived.notified()).await;
    stand.shutdown.cancel();
    timeout(SOON, stand.serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(running.await.unwrap(), "the request was cut");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let stand = Stand::within(limits).await;
    let mut first = stand.call_by(None, Version::Http1).await;
    assert_eq!(first.get("/healthz", &[]).await.code, StatusCode::OK);
    let second = tokio::time::timeout(Duration::from_millis(100), stand.call(None));
    assert!(second.await.is_err(), "there was a place");
    drop(first);
    let third = timeout(SOON, stand.call(None));
    let mut third = third.await.expect("the place is free");
    assert_eq!(third.get("/healthz", &[]).await.code, StatusCode::OK);
}

#[tokio::test]
async fn one_address_does_not_get_all_places() {
    let limits = Limits {
        connections_of_one: 2,
        ..Limits::default()
    };
    let stand = Stand::within(limits).await;
    let from = |last| {
        let address = stand.address;
        async move {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(([127, 0, 0, last], 0).into()).unwrap();
            socket.connect(address).await.unwrap()
        }
    };
    let (first, _second) = (from(2).await, from(2).await);
    let mut third = from(2).await;
    let ended = timeout(SOON, third.read(&mut [0])).await;
    // An end or a reset.
    assert!(
        !matches!(ended.expect("it is hung up on"), Ok(1..)),
        "it was spoken to"
    );
    let mut other = stand.call(None).await;
    assert_eq!(other.get("/healthz", &[]).await.code, StatusCode::OK);
    drop(first);
    let free = timeout(SOON, async {
        // Whoever is not hung up on is waited for.
        while timeout(Duration::from_millis(200), from(2).await.read(&mut [0]))
            .await
            .is_ok()
        {}
    });
    free.await.expect("the place is free");
}
