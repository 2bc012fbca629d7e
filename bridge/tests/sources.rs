//! What a real bridge said in each form is read as what it meant.

mod common;

use bridge::stats::{Flags, StartupTime, Stats};
use bridge::{Source, State, Time, fuzzing, reply};

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
        let in_metrics = source != Source::ColibriStats;
        let expected = Stats {
            stress: Some(0.985_671_794_890_721_1),
            local_endpoints: Some(0),
            relayed_endpoints: Some(0),
            all_endpoints: Some(0),
            conferences: Some(0),
            largest_conference: Some(0),
            incoming_bit_rate: Some(0.0),
            outgoing_bit_rate: Some(0.0),
            incoming_packet_rate: Some(0.0),
            outgoing_packet_rate: Some(0.0),
            flags: Flags::default(),
            healthy: Some(true),
            mucs_joined: Some(1),
            startup_time: in_metrics.then_some(StartupTime(Time::from_millis(1_795_251_073_023))),
            version: (!in_metrics).then(|| "2.3.SNAPSHOT".to_owned()),
            region: Some("region1".to_owned()),
            relay_id: (!in_metrics).then(|| "jvb1".to_owned()),
            extra: Vec::new(),
            nonsense: Vec::new(),
        };
        assert_eq!(read(source, path), expected, "{path}");
    }
}

#[test]
fn the_forms_of_the_same_moment_agree() {
    let mut compared = 0;
    for (folder, some) in [("3-drain", 4), ("6-conference", 20)] {
        for (json, _) in common::replies(folder, "-metrics.txt") {
            let metrics = read(Source::MetricsJson, &json);
            let stats = read(
                Source::ColibriStats,
                &json.replace("-metrics.txt", "-stats.txt"),
            );
            let told_by_both = Stats {
                startup_time: None,
                ..metrics
            };
            assert!(
                fuzzing::agrees(&told_by_both, &stats),
                "{json}: {told_by_both:?}\n{stats:?}"
            );
            assert!(told_by_both.nonsense.is_empty(), "{json}");
            compared += 1;
        }
        assert!(compared >= some, "{folder}: {compared}");
    }
}

#[test]
fn drain_is_read_by_the_name_that_each_form_has_for_it() {
    for moment in [
        "3-drain/04-after-enable-immediately",
        "3-drain/09-drain-after-7s",
        "6-conference/A2-drained-jvb1",
    ] {
        for (source, form) in [
            (Source::MetricsJson, "metrics"),
            (Source::ColibriStats, "stats"),
        ] {
            let stats = read(source, &format!("{moment}-{form}.txt"));
            assert_eq!(State::from(stats.flags), State::Draining, "{moment} {form}");
        }
    }
    for moment in [
        "3-drain/00-before",
        "3-drain/12-drain-disabled-7s",
        "6-conference/A8-fraction-half-jvb1",
    ] {
        for (source, form) in [
            (Source::MetricsJson, "metrics"),
            (Source::ColibriStats, "stats"),
        ] {
            let stats = read(source, &format!("{moment}-{form}.txt"));
            assert_eq!(
                State::from(stats.flags),
                State::Accepting,
                "{moment} {form}"
            );
        }
    }
}

#[test]
fn an_idle_bridge_that_shuts_down_gracefully_is_shutting_down_at_once() {
    let flags = read(
        Source::MetricsJson,
        "3-drain/32-after-graceful-immediately-metrics.txt",
    )
    .flags;
    assert_eq!(
        flags,
        Flags {
            drain: false,
            graceful_shutdown: true,
            shutting_down: true
        }
    );
    let flags = read(Source::ColibriStats, "3-drain/35-shutting-7s-stats.txt").flags;
    assert_eq!(
        flags,
        Flags {
            drain: true,
            graceful_shutdown: true,
            shutting_down: true
        },
        "drain was enabled meanwhile"
    );
}

#[test]
fn a_busy_bridge_that_shuts_down_gracefully_waits_for_the_last_person() {
    let busy = read(
        Source::MetricsJson,
        "6-conference/B1-graceful-at-once-jvb2-metrics.txt",
    );
    assert_eq!(
        (State::from(busy.flags), busy.local_endpoints),
        (State::Graceful, Some(2))
    );
    let left = read(Source::ColibriStats, "6-conference/B4-left-jvb2-stats.txt");
    assert_eq!(
        (State::from(left.flags), left.local_endpoints),
        (State::ShuttingDown, Some(0))
    );
}

#[test]
fn a_forced_shutdown_never_says_graceful() {
    for path in [
        "6-conference/C1-after-1s-metrics.txt",
        "6-conference/C1-after-6s-metrics.txt",
    ] {
        let flags = read(Source::MetricsJson, path).flags;
        assert_eq!(
            flags,
            Flags {
                drain: false,
                graceful_shutdown: false,
                shutting_down: true
            },
            "{path}"
        );
    }
}

#[test]
fn participants_count_people_who_are_not_here() {
    let gone = read(Source::MetricsJson, "6-conference/C1-after-1s-metrics.txt");
    assert_eq!(
        (gone.all_endpoints, gone.local_endpoints),
        (Some(2), Some(0)),
        "everybody was moved a second ago"
    );
    let relayed = read(Source::ColibriStats, "6-conference/A4-third-jvb2-stats.txt");
    assert_eq!(
        (relayed.all_endpoints, relayed.local_endpoints),
        (Some(3), Some(1))
    );
    assert_eq!(
        (relayed.relayed_endpoints, relayed.largest_conference),
        (Some(2), Some(3))
    );
    let refused = read(
        Source::MetricsJson,
        "6-conference/B3-gamma-jvb1-metrics.txt",
    );
    assert_eq!(
        (refused.all_endpoints, refused.local_endpoints),
        (Some(0), Some(0))
    );
    let ended = read(Source::ColibriStats, "6-conference/D2-stats.txt");
    assert_eq!(
        (
            ended.all_endpoints,
            ended.local_endpoints,
            ended.conferences
        ),
        (Some(1), Some(0), Some(0))
    );
}

#[test]
fn stress_above_one_is_a_measurement() {
    let stats = read(Source::MetricsJson, "6-conference/A1-live-jvb1-metrics.txt");
    assert_eq!(stats.stress, Some(1.114_463_440_321_960_4));
    assert_eq!(
        (stats.local_endpoints, stats.conferences),
        (Some(2), Some(1))
    );
}

#[test]
fn a_default_configuration_is_read_too() {
    let fresh = read(Source::MetricsJson, "7-default-config/metrics.txt");
    assert_eq!(
        (fresh.stress, fresh.healthy, fresh.mucs_joined),
        (Some(1.111_111_111_111_111_2), Some(true), Some(0))
    );
    assert_eq!(
        (fresh.region, fresh.version, fresh.relay_id),
        (None, None, None)
    );
    let later = read(
        Source::MetricsJson,
        "7-default-config/metrics-unhealthy.txt",
    );
    assert_eq!(
        (later.healthy, later.startup_time),
        (Some(false), fresh.startup_time)
    );
}

#[test]
fn the_first_reply_after_a_start_tells_when_that_was_and_a_placeholder_of_stress() {
    for (series, placeholder, startup_time) in [
        (
            "4-startup/jvb2-from-process-start.jsonl",
            0.0,
            1_795_251_133_866,
        ),
        (
            "4-startup/jvb3-start1.jsonl",
            1.111_111_111_111_111_2,
            1_795_252_723_435,
        ),
        (
            "7-default-config/startup.jsonl",
            1.111_111_111_111_111_2,
            1_795_252_637_552,
        ),
    ] {
        let samples = common::sampled(series);
        let answered = samples
            .iter()
            .filter(|sample| sample["metrics"]["status"] == 200);
        let read: Vec<_> = answered
            .map(|sample| {
                let body = sample["metrics"]["body"].to_string();
                Source::MetricsJson
                    .read(body.as_bytes(), &[])
                    .unwrap_or_else(|error| panic!("{series}: {error}"))
            })
            .collect();
        let startup_time = Some(StartupTime(Time::from_millis(startup_time)));
        assert_eq!(
            (read[0].stress, read[0].startup_time),
            (Some(placeholder), startup_time),
            "{series}"
        );
        assert_eq!(
            read[0].mucs_joined,
            Some(0),
            "{series}: HTTP answers before the brewery is joined"
        );
        assert!(
            read.iter().all(|stats| stats.startup_time == startup_time),
            "{series}: one process"
        );
    }
}

#[test]
fn further_numbers_are_read_by_the_bridges_own_key() {
    let wanted = [
        "jvm_open_fd_count",
        "jitsi_jvb_thread_count",
        "nothing_of_the_kind",
        "healthy",
        "stress",
    ];
    let wanted = wanted.map(str::to_owned);
    for path in [
        "1-metrics/accept-json.txt",
        "1-metrics/accept-openmetrics.txt",
        "1-metrics/accept-text-plain.txt",
    ] {
        let source = if path.contains("json") {
            Source::MetricsJson
        } else {
            Source::MetricsText
        };
        let body = common::replied(path).expect("a reply").into_body();
        let stats = source.read(&body, &wanted).expect("statistics");
        let told: Vec<_> = stats
            .extra
            .iter()
            .map(|(key, value)| (key.as_str(), *value))
            .collect();
        assert_eq!(told[0], ("jvm_open_fd_count", 230.0), "{path}");
        assert_eq!(told[1].0, "jitsi_jvb_thread_count", "{path}");
        assert_eq!(
            told[2..],
            [("healthy", 1.0), ("stress", 0.985_671_794_890_721_1)],
            "{path}"
        );
        assert_eq!(
            stats.stress,
            Some(0.985_671_794_890_721_1),
            "{path}: a field may be asked for again"
        );
    }
    let histogram = ["conferences_by_size".to_owned()];
    let body = common::replied("1-metrics/accept-json.txt")
        .expect("a reply")
        .into_body();
    let stats = Source::MetricsJson
        .read(&body, &histogram)
        .expect("statistics");
    assert_eq!(
        (stats.extra.len(), stats.nonsense[0].key.as_str()),
        (0, "conferences_by_size"),
        "no number"
    );
}
