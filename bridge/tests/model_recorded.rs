//! The model answers what a real bridge and a real jicofo answered.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::Time;
use bridge::model::{BridgeConfig, Health, JicofoConfig, Jitsi};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, Response};
use serde_json::Value;

/// When the recordings were made, near enough.
const LAUNCH: Time = Time::from_millis(1_795_251_071_523);

fn after(seconds: u64) -> Time {
    LAUNCH + Duration::from_secs(seconds)
}

fn recorded_bridge(nick: &str) -> BridgeConfig {
    BridgeConfig {
        region: Some("region1".to_owned()),
        relay_id: Some(nick.to_owned()),
        colibri_rest: true,
        shutdown_rest: true,
        ..BridgeConfig::default()
    }
}

fn recorded_jicofo() -> JicofoConfig {
    JicofoConfig {
        octo: true,
        min_participants: 1,
        ..JicofoConfig::default()
    }
}

fn two_bridges() -> Jitsi {
    let mut jitsi = Jitsi::new(recorded_jicofo(), LAUNCH);
    jitsi.start_bridge("jvb1", recorded_bridge("jvb1"), LAUNCH);
    jitsi.start_bridge("jvb2", recorded_bridge("jvb2"), LAUNCH);
    jitsi.advance(after(60));
    jitsi
}

/// Sends what was sent to whom it was sent.
fn ask(jitsi: &mut Jitsi, path: &str, now: Time) -> Option<Response<Vec<u8>>> {
    let request = common::requested(path);
    match request.uri().host().expect("a host") {
        "127.0.1.1" => jitsi.bridge_request("jvb1", &request, now),
        "127.0.1.2" => jitsi.bridge_request("jvb2", &request, now),
        "127.0.1.3" => jitsi.bridge_request("jvb3", &request, now),
        _ => panic!("{path}: whose address is that?"),
    }
}

/// Status, headers and body are the same, but for the numbers in statistics.
fn same(path: &str, given: Option<&Response<Vec<u8>>>) {
    let recorded = common::replied(path);
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
fn shape(path: &str, body: &str) -> String {
    if body.starts_with("# ") {
        let lines = body.lines().map(|line| match line.rsplit_once(' ') {
            Some((name, _)) if !line.starts_with('#') => format!("{name}\n"),
            _ => format!("{line}\n"),
        });
        lines.collect()
    } else if body.len() > 200 && body.starts_with('{') {
        let _: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{path}: {e}"));
        types(body)
    } else {
        body.to_owned()
    }
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

#[test]
fn every_accept_header_gets_the_recorded_form_of_metrics() {
    let mut jitsi = two_bridges();
    for (path, _) in common::replies("1-metrics", ".txt") {
        same(&path, ask(&mut jitsi, &path, after(60)).as_ref());
    }
}

#[test]
fn every_other_path_of_an_idle_bridge_answers_as_recorded() {
    let mut jitsi = two_bridges();
    for (path, _) in common::replies("2-stats", ".txt") {
        same(&path, ask(&mut jitsi, &path, after(60)).as_ref());
    }
}
