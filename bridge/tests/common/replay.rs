//! Plays recorded exchanges against the model and compares what it answers.

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use bridge::model::{BridgeConfig, JicofoConfig, Jitsi, SelectionStrategy};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, Response};
use serde_json::Value;

/// Every test binary compiles this module and uses the part that it needs: none of it is dead.
const _: () = {
    let _ = recorded_bridge;
    let _ = recorded_jicofo;
    let _ = two_bridges;
    let _ = in_order;
    let _ = ask;
    let _ = same;
    let _ = shape;
};

/// From the launch of the bridges to the first recorded exchange, unless it matters.
const WARM: Duration = Duration::from_mins(1);

pub(crate) fn recorded_bridge(nick: &str) -> BridgeConfig {
    BridgeConfig {
        region: Some("region1".to_owned()),
        relay_id: Some(nick.to_owned()),
        colibri_rest: true,
        shutdown_rest: true,
        ..BridgeConfig::default()
    }
}

pub(crate) fn recorded_jicofo() -> JicofoConfig {
    JicofoConfig {
        octo: true,
        strategy: SelectionStrategy::RegionBased,
        min_participants: 1,
        ..JicofoConfig::default()
    }
}

/// The two bridges of the recordings, idle and warm at this moment.
pub(crate) fn two_bridges(at: Time) -> Jitsi {
    let launch = at - WARM;
    let mut jitsi = Jitsi::new(recorded_jicofo(), launch);
    jitsi.start_bridge("jvb1", recorded_bridge("jvb1"), launch);
    jitsi.start_bridge("jvb2", recorded_bridge("jvb2"), launch);
    jitsi.advance(at);
    jitsi
}

/// The recorded exchanges of a folder in the order in which they were made, with their moments.
pub(crate) fn in_order(folder: &str) -> Vec<(Time, String)> {
    let mut exchanges: Vec<_> = crate::common::replies(folder, ".txt")
        .into_iter()
        .map(|(path, _)| (crate::common::sent_at(&path), path))
        .collect();
    exchanges.sort();
    exchanges
}

/// Sends what was sent to whom it was sent.
pub(crate) fn ask(jitsi: &mut Jitsi, path: &str, now: Time) -> Option<Response<Vec<u8>>> {
    let request = crate::common::requested(path);
    match request.uri().host().expect("a host") {
        "127.0.1.1" => jitsi.bridge_request("jvb1", &request, now),
        "127.0.1.2" => jitsi.bridge_request("jvb2", &request, now),
        "127.0.1.3" => jitsi.bridge_request("jvb3", &request, now),
        "127.0.0.1" => jitsi.jicofo_request(&request, now),
        _ => panic!("{path}: whose address is that?"),
    }
}

/// Status, headers and body are the same, but for the numbers in statistics.
pub(crate) fn same(path: &str, given: Option<&Response<Vec<u8>>>) {
    let recorded = crate::common::replied(path);
    let (Some(recorded), Some(given)) = (&recorded, given) else {
        assert_eq!(recorded.is_none(), given.is_none(), "{path}: who answered?");
        return;
    };
    assert_eq!(given.status(), recorded.status(), "{path}: {}", text(given));
    let shape = shape(path, &text(recorded));
    assert_eq!(self::shape(path, &text(given)), shape, "{path}");
    let exact = shape == text(recorded);
    assert_eq!(
        headers(given.headers(), exact),
        headers(recorded.headers(), exact),
        "{path}"
    );
}

fn text(reply: &Response<Vec<u8>>) -> String {
    String::from_utf8(reply.body().clone()).expect("text")
}

/// The headers that must agree.
fn headers(headers: &HeaderMap, exact: bool) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| **name != DATE && (exact || **name != CONTENT_LENGTH))
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect()
}

/// What is compared of a body: all of it, or its keys, types and names where it holds numbers that differ from machine to machine.
pub(crate) fn shape(path: &str, body: &str) -> String {
    let body = one_health_check(body);
    if body.starts_with("# ") {
        let names = body.lines().map(|line| match line.rsplit_once(' ') {
            Some((name, _)) if !line.starts_with('#') => name,
            _ => line,
        });
        let mut names: Vec<_> = names.collect();
        // Bridges come in the order of a hash map.
        for bridges in names.chunk_by_mut(|a, b| a.contains("{jvb=") && b.contains("{jvb=")) {
            bridges.sort_unstable();
        }
        names.join("\n")
    } else if body.len() > 200 && body.starts_with('{') {
        let _: Value = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{path}: {e}"));
        types(&body)
    } else {
        body
    }
}

/// Rooms in which jicofo tries itself out have random names, and one or two of them are there: the first, without its number.
fn one_health_check(body: &str) -> String {
    const NAME: &str = "\"__jicofo-health-check-";
    let mut out = String::new();
    let mut rest = body;
    while let Some(at) = rest.find(NAME) {
        let (before, name) = rest.split_at(at);
        out += before;
        let end = 1 + name[1..].find('"').expect("a closing quote") + 1;
        let mut depth = 0;
        let value = name[end..].find(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth < 0 || depth == 0 && (c == ',' || c == ']')
        });
        let value = end + value.expect("an end");
        if out.contains(NAME) {
            if out.ends_with(',') {
                out.pop();
            }
        } else {
            out = out + NAME + "1@\"" + &one_health_check_value(&name[end..value]);
        }
        rest = &name[value..];
    }
    out + rest
}

/// The same inside of its dump.
fn one_health_check_value(dump: &str) -> String {
    let mut parts = dump.split("__jicofo-health-check-");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        out + "__check@" + part.split_once('@').map_or("", |p| p.1)
    })
}

/// JSON with its keys in order, and each value replaced by its type.
fn types(json: &str) -> String {
    let mut out = String::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => rest[1..].find('"').expect("a closing quote") + 2,
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find([',', '}', ']']).expect("an end"),
        };
        let token = &rest[..end];
        rest = &rest[end..];
        out += match first {
            '"' if rest.starts_with(':') || token.contains("region") => token,
            '"' => "text",
            '-' | '0'..='9' if token.contains(['.', 'E']) => "double",
            '-' | '0'..='9' => "long",
            _ => token,
        };
    }
    out
}
