//! The bridges, and what they say when they are asked.

use bridge::source::Source;
use futures::StreamExt as _;
use futures::stream;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use tokio::net::TcpStream;

use crate::check::facts::{Asked, Bridge, By, Known, Moment};
use crate::scraping::Probe;

use super::asker::Asker;
use super::pod;

/// How many bridges are asked at the same time.
const AT_ONCE: usize = 32;

/// The pods that the selector means, each asked.
pub(super) async fn all(
    asker: &Asker,
    selector: &str,
    namespace: Option<&str>,
) -> Known<Vec<Bridge>> {
    let path = namespace.map_or_else(
        || "/api/v1/pods".to_owned(),
        |namespace| format!("/api/v1/namespaces/{namespace}/pods"),
    );
    let pods: Vec<serde_json::Value> = asker.list(&path, Some(selector)).await?;
    let now = asker.now();
    let bridges: Vec<Bridge> = pods.iter().filter_map(|one| pod::read(one, now)).collect();
    let mut bridges: Vec<Bridge> = stream::iter(bridges)
        .map(|bridge| directly(asker, bridge))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    // In a pod, or where one bridge can be reached, the others ought to be too.
    let inside = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let reached = |bridge: &Bridge| !matches!(bridge.asked, Asked::Not | Asked::Unreachable(_));
    if inside || bridges.iter().any(reached) {
        for bridge in &mut bridges {
            if let Asked::Unreachable(text) = &bridge.asked {
                bridge.asked = Asked::Failed {
                    class: "connect",
                    text: text.clone(),
                    by: By::Address,
                };
            }
        }
    } else {
        bridges = stream::iter(bridges)
            .map(|bridge| through(asker, bridge))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
    }
    bridges.sort_by(|one, other| one.pod.cmp(&other.pod));
    Ok(bridges)
}

/// At the pod's own address, with the adapter's own eyes.
async fn directly(asker: &Asker, mut bridge: Bridge) -> Bridge {
    let Some(address) = bridge.address else {
        return bridge;
    };
    let by = By::Address;
    // First whether it is there at all: a bridge that takes the connection and then hangs is reachable.
    let connected = tokio::time::timeout(asker.timeout(), TcpStream::connect(address)).await;
    if let Some(error) = match connected {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no connection within {:?}", asker.timeout())),
    } {
        bridge.asked = Asked::Unreachable(format!("cannot connect to {address}: {error}"));
        return bridge;
    }
    let start = asker.now();
    bridge.asked = match Probe::new(address).ask(&[], asker.timeout()).await {
        Ok(answer) => Asked::Answered {
            stress: answer.stats.stress,
            clock: answer.bridge_clock.map(|told| Moment {
                told,
                asked: start,
                answered: asker.now(),
            }),
            by,
        },
        Err(failure) => Asked::Failed {
            class: failure.class(),
            text: failure.to_string(),
            by,
        },
    };
    bridge
}

/// Through the API server, where the pod network is out of reach and the caller may.
async fn through(asker: &Asker, mut bridge: Bridge) -> Bridge {
    let (Some(address), Asked::Unreachable(direct)) = (bridge.address, &bridge.asked) else {
        return bridge;
    };
    let by = By::Proxy;
    let source = Source::MetricsJson;
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}:{}/proxy{}",
        bridge.pod.namespace,
        bridge.pod.name,
        address.port(),
        source.path()
    );
    let reply = asker
        .ask(Method::GET, &path, source.accept(), Vec::new())
        .await;
    bridge.asked = match reply {
        Err(error) => Asked::Unreachable(format!("{direct}; through the API server: {error}")),
        // Of the API server itself, not of the bridge: who may not, and who cannot.
        Ok(reply)
            if matches!(
                reply.status,
                StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST
            ) =>
        {
            let said = reply.message();
            Asked::Unreachable(format!("{direct}; through the API server: {said}"))
        }
        Ok(reply) if reply.status != StatusCode::OK => {
            let said = reply.message();
            let connect = said.contains("error trying to reach service");
            Asked::Failed {
                class: if connect { "connect" } else { "status" },
                text: format!("{}: {said}", reply.status),
                by,
            }
        }
        Ok(reply) => {
            let kind = reply
                .headers
                .get(CONTENT_TYPE)
                .and_then(|kind| kind.to_str().ok())
                .unwrap_or_default();
            match source.read(&reply.body, &[]) {
                _ if !source.comes_as(kind) => Asked::Failed {
                    class: "content_type",
                    text: format!("the bridge answered with content type `{kind}`"),
                    by,
                },
                Ok(stats) => Asked::Answered {
                    stress: stats.stress,
                    clock: reply.clock,
                    by,
                },
                Err(error) => Asked::Failed {
                    class: "parse",
                    text: format!("{:#}", anyhow::Error::from(error)),
                    by,
                },
            }
        }
    };
    bridge
}
