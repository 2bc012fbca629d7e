//! The bridges, and what they say when they are asked.

use bridge::source::Source;
use futures::StreamExt as _;
use futures::stream;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use reach::{Loopback, Probe};
use tokio::net::TcpStream;

use crate::check::facts::{Asked, Bridge, By, Known, Moment};

use super::asker::{Asker, Reply};
use super::pod;

/// How many bridges are asked at the same time.
const AT_ONCE: usize = 32;

/// The pods that the selector means, each asked.
pub(super) async fn all(
    asker: &Asker,
    selector: &str,
    namespace: Option<&str>,
    loopback: Loopback,
) -> Known<Vec<Bridge>> {
    let path = namespace.map_or_else(
        || "/api/v1/pods".to_owned(),
        |namespace| format!("/api/v1/namespaces/{namespace}/pods"),
    );
    let pods: Vec<serde_json::Value> = asker.list(&path, Some(selector)).await?;
    let now = asker.now();
    let bridges: Vec<Bridge> = pods.iter().filter_map(|one| pod::read(one, now)).collect();
    let mut bridges: Vec<Bridge> = stream::iter(bridges)
        .map(|bridge| directly(asker, bridge, loopback))
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
async fn directly(asker: &Asker, mut bridge: Bridge, loopback: Loopback) -> Bridge {
    let Some(address) = bridge.address else {
        return bridge;
    };
    let by = By::Address;
    let mut probe = Probe::new(address, loopback);
    if let Err(failure) = probe.check_address() {
        bridge.asked = Asked::Failed {
            class: failure.class(),
            text: failure.to_string(),
            by,
        };
        return bridge;
    }
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
    bridge.asked = match probe.ask(&[], asker.timeout()).await {
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
        Ok(reply) => heard(&reply, source, direct),
        Err(error) => Asked::Unreachable(format!("{direct}; through the API server: {error}")),
    };
    bridge
}

/// What an answer through the API server says: of the API server, or of the bridge behind it.
fn heard(reply: &Reply, source: Source, direct: &str) -> Asked {
    let by = By::Proxy;
    let failed = |class, text| Asked::Failed { class, text, by };
    match reply.status {
        // Who may not, and an address that it does not go to.
        StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
            let said = reply.message();
            return Asked::Unreachable(format!("{direct}; through the API server: {said}"));
        }
        StatusCode::OK => {}
        status => {
            let said = reply.message();
            // The words of the API server's own proxy.
            let connect = said.contains("error trying to reach service");
            let class = if connect { "connect" } else { "status" };
            return failed(class, format!("{status}: {said}"));
        }
    }
    let kind = reply.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !source.comes_as(kind) {
        let text = format!("the bridge answered with content type `{kind}`");
        return failed("content_type", text);
    }
    match source.read(&reply.body, &[]) {
        Ok(stats) => Asked::Answered {
            stress: stats.stress,
            clock: reply.clock,
            by,
        },
        Err(error) => failed("parse", format!("{:#}", anyhow::Error::from(error))),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    const BODY: &str = r#"{"stress":0.25,"local_endpoints":3,"conferences":1,"drain_mode":false,"graceful_shutdown":false,"shutting_down":false}"#;

    fn class(status: u16, kind: &'static str, body: &'static str) -> String {
        let reply = Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]),
            body: body.into(),
            clock: None,
        };
        match heard(&reply, Source::MetricsJson, "no route") {
            Asked::Not => "not asked".to_owned(),
            Asked::Unreachable(text) => text,
            Asked::Failed { class, .. } => class.to_owned(),
            Asked::Answered { stress, .. } => format!("{stress:?}"),
        }
    }

    #[test]
    fn the_api_servers_own_refusals_are_not_the_bridges() {
        let json = "application/json";
        let refused = r#"{"kind":"Status","message":"pods \"jvb\" is forbidden"}"#;
        let unreachable = r#"{"kind":"Status","message":"error trying to reach service: dial tcp 10.0.0.7:8080: connect: connection refused"}"#;
        for (status, kind, body, expected) in [
            (200, json, BODY, "Some(0.25)"),
            (200, json, "{}", "parse"),
            (200, "text/html", "<html>", "content_type"),
            (500, "text/plain", "oh", "status"),
            (302, "text/plain", "", "status"),
            (503, json, unreachable, "connect"),
            (
                403,
                json,
                refused,
                "no route; through the API server: pods \"jvb\" is forbidden",
            ),
        ] {
            assert_eq!(class(status, kind, body), expected, "{status} {body}");
        }
    }
}
