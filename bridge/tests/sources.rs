//! What a real bridge said in each form is read as what it meant.

mod common;

use bridge::stats::{Flags, Stats};
use bridge::{Source, State, reply};

/// Reads a recorded reply as an adapter would: status, content type and body.
fn read(source: Source, path: &str) -> Stats {
    let reply = common::replied(path).expect("a reply");
    reply::stats(source, reply.status(), reply.headers(), reply.body(), &[])
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn an_idle_bridge_is_read_in_every_form() {
    for (source, path) in [
        (Source::MetricsJson, "1-metrics/accept-json.txt"),
        (Source::MetricsJson, "1-metrics/trailing-slash.txt"),
        (Source::ColibriStats, "2-stats/colibri-stats.txt"),
        (Source::MetricsText, "1-metrics/accept-openmetrics.txt"),
        (Source::MetricsText, "1-metrics/accept-any.txt"),
        (Source::MetricsText, "1-metrics/accept-prometheus-real.txt"),
        (Source::MetricsText, "1-metrics/accept-text-plain.txt"),
        (Source::MetricsText, "1-metrics/accept-text-plain-004.txt"),
        (Source::MetricsText, "1-metrics/accept-json-q.txt"),
    ] {
        let stats = read(source, path);
        assert_eq!(stats.stress, Some(0.985_671_794_890_721_1), "{path}");
        assert_eq!(stats.local_endpoints, Some(0), "{path}");
        assert_eq!(stats.conferences, Some(0), "{path}");
        assert_eq!(stats.flags, Flags::default(), "{path}");
        assert_eq!(State::from(stats.flags), State::Accepting, "{path}");
        assert_eq!(stats.healthy, Some(true), "{path}");
        assert_eq!(stats.mucs_joined, Some(1), "{path}");
        assert_eq!(stats.region.as_deref(), Some("region1"), "{path}");
        assert_eq!(stats.nonsense, [], "{path}");
    }
}
