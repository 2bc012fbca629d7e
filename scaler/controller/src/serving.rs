//! /healthz, /readyz, /metrics and how each pool is, over plain HTTP: nothing that is told there is a secret.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use scaler_policy::Report;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::debug;

use crate::asked::{Desk, Unanswered};
use crate::mind::PoolKey;
use crate::shared::Shared;
use crate::telemetry;

/// Who is not asked for so long was not ready; the leader's loop comes round at least every ten seconds.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a whole request may take to come.
const HEAD: Duration = Duration::from_secs(5);

/// How many may ask at the same time: kubelet, Prometheus and a few people.
const CONNECTIONS: usize = 32;

/// The pause after a connection could not be accepted: too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, desk: Desk) -> Infallible {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // Whoever comes when all places are taken waits for one: none is held for longer than a request takes.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            std::future::pending::<()>().await;
            continue;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                debug!("a connection was not accepted: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (shared, desk) = (Arc::clone(&shared), desk.clone());
        connections.spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let (shared, desk) = (&shared, &desk);
                async move { Ok::<_, Infallible>(answer(request.uri().path(), shared, desk).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            if !matches!(tokio::time::timeout(HEAD * 2, connection).await, Ok(Ok(()))) {
                debug!("a connection for health or metrics ended early");
            }
            drop(place);
        });
    }
}

async fn answer(path: &str, shared: &Shared, desk: &Desk) -> Response<Full<Bytes>> {
    match path {
        "/healthz" | "/livez" => told(live(shared)),
        "/readyz" => told(ready(shared)),
        "/metrics" => {
            shared.telemetry.leads(shared.leads());
            match shared.telemetry.render() {
                Ok(text) => {
                    let mut response = text_of(StatusCode::OK, text);
                    let kind = HeaderValue::from_static(telemetry::CONTENT_TYPE);
                    response.headers_mut().insert(CONTENT_TYPE, kind);
                    response
                }
                Err(error) => text_of(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            }
        }
        _ => match pool_of(path) {
            Some(pool) if shared.leads() => how(desk.ask(pool).await),
            Some(_) => text_of(
                StatusCode::SERVICE_UNAVAILABLE,
                "waits for the Lease: the leader knows the pools\n".to_owned(),
            ),
            None => text_of(
                StatusCode::NOT_FOUND,
                "there are /healthz, /readyz, /metrics and /pools/NAMESPACE/NAME\n".to_owned(),
            ),
        },
    }
}

/// The pool of a path `/pools/NAMESPACE/NAME`: neither can hold what would have to be escaped.
fn pool_of(path: &str) -> Option<PoolKey> {
    let (namespace, name) = path.strip_prefix("/pools/")?.split_once('/')?;
    Some((namespace.to_owned(), name.to_owned()))
}

/// How a pool is, as JSON.
fn how(told: Result<Report, Unanswered>) -> Response<Full<Bytes>> {
    let text = match told {
        Ok(report) => serde_json::to_string(&report),
        Err(Unanswered::NoSuchPool) => {
            let text = "no pool of this name is looked after\n".to_owned();
            return text_of(StatusCode::NOT_FOUND, text);
        }
        Err(Unanswered::Busy) => {
            let text = "the loop that decides has no time to answer\n".to_owned();
            return text_of(StatusCode::SERVICE_UNAVAILABLE, text);
        }
    };
    match text {
        Ok(text) => {
            let mut response = text_of(StatusCode::OK, text);
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => text_of(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// Alive unless the leader's loop hangs. No bridge, no jicofo and no API server can make the controller die.
fn live(shared: &Shared) -> Result<&'static str, String> {
    match shared.last_beat() {
        Some(beat) if shared.clock.now().since(beat) > SILENCE => Err(format!(
            "the loop that decides has not come round for {SILENCE:?}"
        )),
        _ => Ok("alive"),
    }
}

/// Ready as long as the API server answers about the Lease, to a leader and to those who wait.
fn ready(shared: &Shared) -> Result<&'static str, String> {
    let silent = shared
        .last_elected()
        .is_none_or(|at| shared.clock.now().since(at) > SILENCE);
    match (silent, shared.leads()) {
        (true, _) => Err("the API server does not answer about the Lease".to_owned()),
        (false, true) => Ok("leads"),
        (false, false) if shared.ends() => Ok("ends when what it sent is answered"),
        (false, false) => Ok("waits for the Lease"),
    }
}

fn told(state: Result<&'static str, String>) -> Response<Full<Bytes>> {
    match state {
        Ok(text) => text_of(StatusCode::OK, format!("{text}\n")),
        Err(text) => text_of(StatusCode::SERVICE_UNAVAILABLE, format!("{text}\n")),
    }
}

fn text_of(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
}
