//! A deployment of the model to play with: named bridges, seconds since the start, and what they say of themselves.

use bridge::model::{BridgeConfig, JicofoConfig, Jitsi, Load, SelectionStrategy};
use bridge::{Stats, Time, reply, request};
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;

/// Every test binary compiles this module and uses the part that it needs: none of it is dead.
const _: () = {
    let _ = after;
    let _ = full;
    let _ = single;
    let _ = octo;
    let _ = deployed;
    let _ = people;
    let _ = conference;
    let _ = get;
    let _ = call;
    let _ = metrics;
    let _ = stats;
    let _ = drain;
    let _ = shutdown;
    let _ = jicofo;
    let _ = known;
    let _ = moved;
    let _ = exposition;
};

/// The moment so many seconds after the start.
pub(crate) fn after(seconds: f64) -> Time {
    Time::from_millis((seconds * 1000.0).round() as i64)
}

/// A bridge with all switches on and no stress of its own but that of its people.
pub(crate) fn full(nick: &str) -> BridgeConfig {
    BridgeConfig {
        region: Some("here".to_owned()),
        relay_id: Some(nick.to_owned()),
        colibri_rest: true,
        shutdown_rest: true,
        stress_of_start: 0.0,
        load: Load::PerEndpoint {
            idle: 0.0,
            each: 0.01,
        },
        ..BridgeConfig::default()
    }
}

/// A jicofo that keeps a conference on one bridge, and that sends even one person to a bridge.
pub(crate) fn single() -> JicofoConfig {
    JicofoConfig {
        min_participants: 1,
        ..JicofoConfig::default()
    }
}

/// The same, with conferences that may spread.
pub(crate) fn octo() -> JicofoConfig {
    JicofoConfig {
        octo: true,
        strategy: SelectionStrategy::RegionBased,
        ..single()
    }
}

/// A deployment in which these bridges are running and idle, 30 s after the start.
pub(crate) fn deployed(config: JicofoConfig, nicks: &[&str]) -> Jitsi {
    let mut jitsi = Jitsi::new(config, after(0.0));
    for nick in nicks {
        jitsi.start_bridge(nick, full(nick), after(0.0));
    }
    jitsi.advance(after(30.0));
    jitsi
}

/// People on each bridge, by name of the bridge.
pub(crate) fn people(jitsi: &Jitsi) -> Vec<u32> {
    jitsi
        .bridges()
        .map(|(_, bridge)| bridge.local_endpoints())
        .collect()
}

/// So many people join a conference, named after it.
pub(crate) fn conference(jitsi: &mut Jitsi, name: &str, size: usize, now: Time) {
    for number in 0..size {
        jitsi.join(name, &format!("{name}-{number}"), now);
    }
}

/// Asks a bridge, as a browser would.
pub(crate) fn call(
    jitsi: &mut Jitsi,
    nick: &str,
    method: Method,
    path: &str,
    now: Time,
) -> Option<Response<Vec<u8>>> {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://127.0.0.1:8080{path}"))
        .header("Accept", "*/*")
        .body(Vec::new())
        .expect("a request");
    jitsi.bridge_request(nick, &request, now)
}

/// Asks a bridge; nothing when nobody listens.
pub(crate) fn get(
    jitsi: &mut Jitsi,
    nick: &str,
    path: &str,
    now: Time,
) -> Option<Response<Vec<u8>>> {
    call(jitsi, nick, Method::GET, path, now)
}

/// What a bridge says, read by this crate's own reader.
pub(crate) fn stats(jitsi: &mut Jitsi, nick: &str, source: bridge::Source, now: Time) -> Stats {
    let request = request::stats(source, "127.0.0.1:8080");
    let reply = jitsi
        .bridge_request(nick, &request, now)
        .expect("somebody listens");
    assert_eq!(reply.status(), StatusCode::OK, "{source:?}");
    source.read(reply.body(), &[]).expect("readable")
}

/// What a bridge says in its `/metrics`.
pub(crate) fn metrics(jitsi: &mut Jitsi, nick: &str, now: Time) -> Stats {
    stats(jitsi, nick, bridge::Source::MetricsJson, now)
}

/// Switches drain on or off.
pub(crate) fn drain(jitsi: &mut Jitsi, nick: &str, on: bool, now: Time) {
    let request = if on {
        request::drain("127.0.0.1:8080")
    } else {
        request::undrain("127.0.0.1:8080")
    };
    let reply = jitsi
        .bridge_request(nick, &request, now)
        .expect("somebody listens");
    reply::drain(reply.status(), reply.body()).expect("it always works");
}

/// Shuts a bridge down through its API.
pub(crate) fn shutdown(jitsi: &mut Jitsi, nick: &str, graceful: bool, now: Time) {
    let request = request::shutdown("127.0.0.1:8080", graceful);
    let reply = jitsi
        .bridge_request(nick, &request, now)
        .expect("somebody listens");
    reply::shutdown(reply.status(), reply.body()).expect("it is switched on");
}

/// What jicofo answers, as JSON or as the text that it is.
pub(crate) fn jicofo(jitsi: &mut Jitsi, path: &str, now: Time) -> (StatusCode, Value) {
    let request = Request::builder()
        .uri(format!("http://127.0.0.1:8888{path}"))
        .body(Vec::new())
        .expect("a request");
    let reply = jitsi.jicofo_request(&request, now).expect("jicofo runs");
    let text = String::from_utf8_lossy(reply.body()).into_owned();
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (reply.status(), value)
}

/// Jicofo's view of one bridge.
pub(crate) fn known(jitsi: &mut Jitsi, nick: &str, now: Time) -> Value {
    let (_, debug) = jicofo(jitsi, "/debug", now);
    let address = format!("{}/{nick}", JicofoConfig::default().brewery);
    debug["bridge_selector"]["bridge"][address].clone()
}

/// What a move reports: endpoints and conferences.
pub(crate) fn moved(jitsi: &mut Jitsi, path: &str, now: Time) -> (u64, u64) {
    let (status, reply) = jicofo(jitsi, &format!("/move-endpoints/{path}"), now);
    assert_eq!(status, StatusCode::OK, "{reply}");
    let count = |key: &str| reply[key].as_u64().expect("a number");
    (count("movedEndpoints"), count("conferences"))
}

/// What jicofo answers in its `/metrics` in the text form 0.0.4.
pub(crate) fn exposition(jitsi: &mut Jitsi, now: Time) -> String {
    let request = Request::builder()
        .uri("http://127.0.0.1:8888/metrics")
        .header("Accept", "text/plain")
        .body(Vec::new())
        .expect("a request");
    let reply = jitsi.jicofo_request(&request, now).expect("jicofo runs");
    String::from_utf8(reply.into_body()).expect("text")
}
