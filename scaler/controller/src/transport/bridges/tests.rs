use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use reach::Loopback;
use scaler_policy::world::Command;
use scaler_token::{PublicKeys, SigningKey};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::config::{Questions, Writing};
use crate::keys::Signer;
use crate::shared::Shared;
use crate::transport::Gate;

const UID: &str = "3d0c2a7e";

/// Something that answers so at a pod's address, and what it is told.
async fn listening(status: u16, body: &'static str) -> (String, UnboundedReceiver<Parts>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tell = tell.clone();
            let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                drop(tell.send(request.into_parts().0));
                let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                async move { Ok::<_, Infallible>(response) }
            });
            let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(serving);
        }
    });
    (address, told)
}

/// One that has no API server, and signs with this.
fn transport(signer: &Signer) -> Transport {
    let nobody = tower::service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, _>(std::io::Error::other("nobody is asked"))
    });
    let shared = Arc::new(Shared::new());
    let timeout = Duration::from_secs(5);
    let writing = Writing {
        timeout,
        in_flight: 1,
        per_second: NonZeroU32::MIN,
    };
    let questions = Questions {
        jicofo: None,
        deadline: timeout,
        in_flight: 1,
        loopback: Loopback::allowed(true),
    };
    let gate = Arc::new(Gate::new(writing, Arc::clone(&shared)));
    let client = kube::Client::new(nobody, "bridgetender");
    Transport::new(
        client,
        gate,
        timeout,
        &questions,
        None,
        signer.clone(),
        &shared,
    )
}

fn drain(authority: &str, signed: bool) -> Call {
    Call::Bridge {
        uid: Uid(UID.to_owned()),
        authority: authority.to_owned(),
        signed,
        command: Command::Drain,
    }
}

/// One that signs with a key, and what pods know of it.
fn signing() -> (Transport, PublicKeys) {
    let signer = Signer::default();
    let key = SigningKey::from_seed(&[1; 32]);
    let keys = PublicKeys::from_iter([key.public()]);
    signer.know(key, bridge::Time::from_millis(i64::MAX));
    (transport(&signer), keys)
}

#[tokio::test]
async fn a_bridge_behind_a_sidecar_is_told_by_a_token_and_any_other_without() {
    let (transport, keys) = signing();
    let (authority, mut told) = listening(200, "").await;
    for signed in [true, false] {
        let outcome = transport.tell(&drain(&authority, signed)).await;
        assert_eq!(outcome, Outcome::Done);
        let request = told.recv().await.unwrap();
        let token = request.headers.get(AUTHORIZATION);
        assert_eq!(token.is_some(), signed);
        if signed {
            let (path, now) = (request.uri.path(), transport.shared.clock.now());
            let claims = keys.verify(token, UID, &request.method, path, now);
            assert!(claims.is_ok(), "{claims:?}");
        }
    }
}

#[tokio::test]
async fn without_a_key_nothing_leaves_for_a_sidecar_and_why_is_told() {
    let transport = transport(&Signer::default());
    let (authority, mut told) = listening(200, "").await;
    let outcome = transport.tell(&drain(&authority, true)).await;
    let Outcome::Refused(why) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(why.contains("there is no key to sign it with yet"), "{why}");
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn what_a_sidecar_says_of_a_token_is_told_as_the_reason() {
    let (transport, _) = signing();
    let (authority, _told) = listening(401, "the token is from the future: set the clock\n").await;
    let outcome = transport.tell(&drain(&authority, true)).await;
    let expected =
        "the sidecar does not take our token: the token is from the future: set the clock";
    assert_eq!(outcome, Outcome::Refused(expected.to_owned()));
}
