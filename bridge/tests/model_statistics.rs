//! What a bridge says of itself, beyond people and state: rates, histograms, sizes, its presence, its start.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use std::collections::BTreeSet;

use bridge::model::{BridgeConfig, JicofoConfig, Jitsi, Load, Media};
use bridge::{Source, State, Time};
use deployment::{after, conference, drain, exposition, full, get, known, octo, single, stats};
use http::Request;
use serde_json::Value;

fn launched(config: BridgeConfig) -> Jitsi {
    let mut jitsi = Jitsi::new(single(), after(0.0));
    jitsi.start_bridge("a", config, after(0.0));
    jitsi
}

/// `/metrics` of bridge a for an Accept header.
fn metrics(jitsi: &mut Jitsi, accept: &str, now: Time) -> String {
    let request = Request::get("http://127.0.0.1:8080/metrics")
        .header("Accept", accept)
        .body(Vec::new())
        .expect("a request");
    let reply = jitsi.bridge_request("a", &request, now).expect("a reply");
    String::from_utf8(reply.into_body()).expect("text")
}

fn json(jitsi: &mut Jitsi, now: Time) -> Value {
    serde_json::from_str(&metrics(jitsi, "application/json", now)).expect("JSON")
}

fn colibri(jitsi: &mut Jitsi, now: Time) -> Value {
    let reply = get(jitsi, "a", "/colibri/stats", now).expect("a reply");
    serde_json::from_slice(reply.body()).expect("JSON")
}

#[test]
fn rates_are_of_local_endpoints_in_bits_in_metrics_and_in_kilobits_in_stats() {
    let media = Media {
        up_bits: 450_500,
        down_bits: 1_200_000,
        up_packets: 100,
        down_packets: 200,
    };
    let mut jitsi = Jitsi::new(octo(), after(0.0));
    for nick in ["a", "b"] {
        let config = BridgeConfig {
            media,
            ..full(nick)
        };
        jitsi.start_bridge(nick, config, after(0.0));
    }
    conference(&mut jitsi, "talk", 3, after(31.0));
    drain(&mut jitsi, "a", true, after(32.0));
    jitsi.join("talk", "elsewhere", after(40.0));
    for source in Source::ALL {
        let a = stats(&mut jitsi, "a", source, after(46.0));
        let up = if source == Source::ColibriStats {
            1_351_000.0
        } else {
            1_351_500.0
        };
        assert_eq!(a.relayed_endpoints, Some(1), "{source}");
        assert_eq!(a.incoming_bit_rate, Some(up), "{source}");
        assert_eq!(a.outgoing_bit_rate, Some(3_600_000.0), "{source}");
        assert_eq!(a.incoming_packet_rate, Some(300.0), "{source}");
        assert_eq!(a.outgoing_packet_rate, Some(600.0), "{source}");
    }
    assert_eq!(colibri(&mut jitsi, after(46.0))["bit_rate_download"], 1351);
}

#[test]
fn people_and_totals_are_counted_at_once_and_rates_every_five_seconds() {
    let media = Media {
        up_packets: 100,
        up_bits: 1000,
        ..Media::SILENT
    };
    let mut jitsi = launched(BridgeConfig { media, ..full("a") });
    jitsi.advance(after(30.0));
    conference(&mut jitsi, "talk", 2, after(31.0));
    jitsi.join_as_visitor("talk", "visitor", after(31.0));
    let now = json(&mut jitsi, after(31.0));
    for (key, value) in [
        ("local_endpoints", 3),
        ("current_visitors", 1),
        ("conferences", 1),
        ("endpoints_total", 3),
        ("visitors_total", 1),
        ("conferences_created_total", 1),
        ("incoming_packet_rate", 0),
        ("current_endpoints", 0),
    ] {
        assert_eq!(now[key], value, "{key}");
    }
    let then = json(&mut jitsi, after(35.0));
    assert_eq!(
        (&then["incoming_packet_rate"], &then["current_endpoints"]),
        (&300.into(), &3.into())
    );
}

#[test]
fn histograms_of_conferences_are_cleared_with_every_refresh() {
    let mut jitsi = launched(full("a"));
    jitsi.advance(after(30.0));
    conference(&mut jitsi, "large", 5, after(31.0));
    conference(&mut jitsi, "small", 2, after(31.0));
    let sizes = |jitsi: &mut Jitsi, now| json(jitsi, after(now))["conferences_by_size"].clone();
    let busy = sizes(&mut jitsi, 36.0);
    assert_eq!((&busy["count"], &busy["sum"]), (&2.0.into(), &7.0.into()));
    assert_eq!(
        (&busy["bucket_le_2.0"], &busy["bucket_le_5.0"]),
        (&1.0.into(), &2.0.into())
    );
    for person in 0..5 {
        jitsi.leave("large", &format!("large-{person}"), after(37.0));
    }
    let later = sizes(&mut jitsi, 41.0);
    assert_eq!(
        (&later["count"], &later["sum"]),
        (&1.0.into(), &2.0.into()),
        "less than before"
    );
    let created = |sizes: &Value| sizes["created"].as_f64().expect("a number");
    assert!(
        (created(&later) - created(&busy) - 5.0).abs() < 1e-6,
        "made anew"
    );
}

#[test]
fn json_is_by_far_the_smallest_form_and_open_metrics_the_smaller_text() {
    let recorded = |name: &str| {
        let path = format!("1-metrics/accept-{name}.txt");
        common::replied(&path).expect("a reply").into_body().len()
    };
    let sizes = ["json", "openmetrics", "text-plain"].map(recorded);
    assert!(
        sizes[0] < 6_000 && sizes[1] > 5 * sizes[0] && sizes[2] > sizes[1],
        "{sizes:?}"
    );
    let mut jitsi = launched(full("a"));
    let forms = [
        "application/json",
        "application/openmetrics-text",
        "text/plain",
    ];
    for (form, recorded) in forms.into_iter().zip(sizes) {
        let size = metrics(&mut jitsi, form, after(60.0)).len();
        assert!(
            size.abs_diff(recorded) * 20 < recorded,
            "{form}: {size}, recorded {recorded}"
        );
    }
}

#[test]
fn no_metric_has_a_label_but_buckets_and_the_region() {
    let mut jitsi = launched(full("a"));
    conference(&mut jitsi, "talk", 3, after(31.0));
    for form in ["application/openmetrics-text", "text/plain"] {
        let text = metrics(&mut jitsi, form, after(60.0));
        let labelled: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with('#') && line.contains('{'))
            .collect();
        assert!(labelled.len() > 50, "{form}");
        for line in labelled {
            let label = line.contains("_bucket{le=\"")
                || line.starts_with("jitsi_jvb_region_info{region=\"");
            assert!(label, "{form}: {line}");
        }
    }
}

#[test]
fn only_stats_tell_who_the_bridge_is_and_only_with_a_name_for_it() {
    let named = ["version", "release", "region", "relay_id"];
    let mut jitsi = launched(BridgeConfig {
        release: Some("7".to_owned()),
        ..full("a")
    });
    let stats = colibri(&mut jitsi, after(30.0));
    assert_eq!(
        named.map(|key| stats[key].clone()),
        ["2.3.SNAPSHOT", "7", "here", "a"]
    );
    let metrics = json(&mut jitsi, after(30.0));
    for key in [
        "version",
        "release",
        "relay_id",
        "current_timestamp",
        "average_participant_stress",
    ] {
        assert_eq!(metrics.get(key), None, "{key}");
        assert!(stats.get(key).is_some(), "{key}");
    }
    let mut jitsi = launched(BridgeConfig {
        region: None,
        relay_id: None,
        ..full("a")
    });
    let stats = colibri(&mut jitsi, after(30.0));
    for key in ["release", "region", "relay_id"] {
        assert_eq!(stats.get(key), None, "{key}");
    }
    assert_eq!(json(&mut jitsi, after(30.0)).get("region"), None);
}

#[test]
fn numbers_that_old_dashboards_ask_for_are_gone() {
    let recorded = common::replied("2-stats/colibri-stats.txt").expect("a reply");
    let recorded: Value = serde_json::from_slice(recorded.body()).expect("JSON");
    let mut jitsi = launched(full("a"));
    let given = colibri(&mut jitsi, after(30.0));
    for key in [
        "cpu_usage",
        "used_memory",
        "jitter_aggregate",
        "audiochannels",
        "videochannels",
        "videostreams",
        "conference_sizes",
        "total_failed_conferences",
    ] {
        assert_eq!((recorded.get(key), given.get(key)), (None, None), "{key}");
    }
    assert_eq!(
        recorded["participants"], recorded["endpoints"],
        "one number by two names"
    );
}

/// The names and values of a presence, in its order.
fn told(presence: &str) -> Vec<(String, String)> {
    let body = presence.strip_prefix("<stats xmlns='http://jitsi.org/protocol/colibri'>");
    let body = body
        .and_then(|body| body.strip_suffix("</stats>"))
        .expect("one element");
    let stats = body.split_inclusive("/>").map(|stat| {
        let stat = stat
            .strip_prefix("<stat name='")
            .and_then(|stat| stat.strip_suffix("'/>"));
        let (name, value) = stat
            .and_then(|stat| stat.split_once("' value='"))
            .expect("a stat");
        (name.to_owned(), value.to_owned())
    });
    stats.collect()
}

#[test]
fn presence_carries_what_stats_do() {
    let mut jitsi = launched(full("a"));
    conference(&mut jitsi, "talk", 2, after(31.0));
    let stats = colibri(&mut jitsi, after(45.0));
    let stats = stats.as_object().expect("an object");
    let presence = jitsi.bridge("a").expect("it runs").presence();
    let told = told(&presence);
    let names: BTreeSet<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, stats.keys().map(String::as_str).collect());
    for (name, value) in told {
        let stat = &stats[&name];
        let stat = stat.as_str().map_or(stat.to_string(), str::to_owned);
        assert_eq!(value, stat, "{name}");
    }
}

#[test]
fn a_filtered_presence_carries_all_that_jicofo_reads_and_little_else() {
    let config = |stats_filter| BridgeConfig {
        stats_filter,
        release: Some("<7> & 'more'".to_owned()),
        load: Load::Measured(0.5),
        ..full("a")
    };
    let (mut plain, mut filtered) = (launched(config(false)), launched(config(true)));
    for jitsi in [&mut plain, &mut filtered] {
        drain(jitsi, "a", true, after(30.0));
        jitsi.advance(after(60.0));
    }
    let presence = filtered.bridge("a").expect("it runs").presence();
    let names: Vec<_> = told(&presence).into_iter().map(|(name, _)| name).collect();
    let wanted = [
        "average_participant_stress",
        "current_timestamp",
        "drain",
        "graceful_shutdown",
        "healthy",
        "region",
        "relay_id",
        "release",
        "shutting_down",
        "stress_level",
        "version",
    ];
    assert_eq!(
        names.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(wanted)
    );
    assert!(
        presence.contains("name='release' value='&lt;7> &amp; &apos;more&apos;'"),
        "{presence}"
    );
    assert!(presence.contains("name='drain' value='true'"), "{presence}");
    let view = known(&mut plain, "a", after(60.0));
    assert_eq!(
        known(&mut filtered, "a", after(60.0)),
        view,
        "jicofo sees no difference"
    );
    assert_eq!(view["stress"], 0.5);
    assert!(!BridgeConfig::default().stats_filter);
}

#[test]
fn jicofo_labels_a_bridge_with_its_nickname() {
    let mut jitsi = Jitsi::new(JicofoConfig::default(), after(0.0));
    jitsi.start_bridge("jvb-7f9c", full("jvb-7f9c"), after(0.0));
    conference(&mut jitsi, "talk", 2, after(31.0));
    let text = exposition(&mut jitsi, after(40.0));
    assert!(
        text.contains("\njitsi_jicofo_bridge_endpoints{jvb=\"jvb-7f9c\",} 2.0\n"),
        "{text}"
    );
}

#[test]
fn a_bridge_starts_as_the_recorded_one_did() {
    let samples = common::sampled("4-startup/jvb2-from-process-start.jsonl");
    let mut jitsi = launched(BridgeConfig {
        region: Some("region1".to_owned()),
        load: Load::Measured(0.043_616_842_811_608_79),
        stress_of_start: 0.157_295_850_066_934_42 - 0.043_616_842_811_608_79,
        ..full("a")
    });
    for sample in samples {
        let second = sample["t"].as_f64().expect("seconds");
        let now = after(second);
        let request = Source::MetricsJson.request("127.0.0.1:8080");
        let given = jitsi.bridge_request("a", &request, now);
        let recorded = &sample["metrics"]["body"];
        assert_eq!(
            given.is_some(),
            recorded.is_object(),
            "{second}: who listens?"
        );
        let Some(given) = given else { continue };
        let given: Value = serde_json::from_slice(given.body()).expect("JSON");
        assert_eq!(
            given.as_object().map(serde_json::Map::len),
            recorded.as_object().map(serde_json::Map::len),
            "{second}"
        );
        for key in [
            "muc_clients_configured",
            "muc_clients_connected",
            "mucs_connected",
            "mucs_joined",
            "thread_count",
            "healthy",
        ] {
            assert_eq!(given[key], recorded[key], "{second}: {key}");
        }
        let stress = |metrics: &Value| metrics["stress"].as_f64().expect("a number");
        assert!(
            (stress(&given) - stress(recorded)).abs() < 1e-9,
            "{second}: {given}"
        );
    }
}

#[test]
fn a_bridge_that_no_jicofo_knows_is_healthy() {
    let mut jitsi = launched(BridgeConfig {
        brewery: false,
        ..full("a")
    });
    let reply = get(&mut jitsi, "a", "/about/health", after(3600.0)).expect("a reply");
    assert_eq!((reply.status().as_u16(), reply.body().len()), (200, 0));
    let metrics = json(&mut jitsi, after(3600.0));
    assert_eq!(
        (&metrics["healthy"], &metrics["mucs_joined"]),
        (&true.into(), &0.into())
    );
    assert_eq!(known(&mut jitsi, "a", after(3600.0)), Value::Null);
    assert_eq!(
        jitsi.bridge("a").map(bridge::model::Videobridge::state),
        Some(State::Accepting)
    );
}
