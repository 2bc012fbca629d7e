//! What is no reply of a bridge is refused with words that help, and what cannot be true is set apart.

use std::collections::BTreeMap;

use bridge::Source;
use bridge::reading::ReadError;
use bridge::stats::{Stats, Why};

/// A reply in JSON with some of its members replaced or added.
fn json(source: Source, replaced: &[(&str, &str)]) -> String {
    let (stress, drain) = if source == Source::MetricsJson {
        ("stress", "drain_mode")
    } else {
        ("stress_level", "drain")
    };
    let mut members = BTreeMap::from([
        (stress, "0.5"),
        ("local_endpoints", "3"),
        ("conferences", "1"),
        (drain, "false"),
        ("graceful_shutdown", "false"),
        ("shutting_down", "false"),
        ("healthy", "true"),
    ]);
    members.extend(replaced.iter().copied());
    let members: Vec<_> = members
        .iter()
        .map(|(key, value)| format!("{key:?}:{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// A reply in text, 0.0.4 or OpenMetrics, with lines added.
fn text(first: &str, added: &str, last: &str) -> String {
    let prefix = "jitsi_jvb_";
    format!(
        "{first}{prefix}stress 0.5\n{prefix}local_endpoints 3.0\n{prefix}conferences 1.0\n{prefix}drain_mode 0.0\n\
         {prefix}graceful_shutdown 0.0\n{prefix}shutting_down 0.0\n{added}{last}"
    )
}

fn read(source: Source, body: &str) -> Result<Stats, ReadError> {
    source.read(body.as_bytes(), &[])
}

/// An error as a log shows it: the chain of causes in one line.
fn told(error: &ReadError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn a_number_that_cannot_be_true_is_nonsense_and_never_zero() {
    for (value, why) in [
        ("-1", Why::Negative),
        ("-1.1111111111111112", Why::Negative),
        ("\"NaN\"", Why::NotANumber),
        ("\"Infinity\"", Why::NotANumber),
        ("\"0.5\"", Why::NotANumber),
        ("null", Why::NotANumber),
        ("true", Why::NotANumber),
        ("{}", Why::NotANumber),
        ("[0.5]", Why::NotANumber),
    ] {
        let stats = read(
            Source::MetricsJson,
            &json(Source::MetricsJson, &[("stress", value)]),
        )
        .expect("statistics");
        assert_eq!(stats.stress, None, "{value}");
        let nonsense: Vec<_> = stats
            .nonsense
            .iter()
            .map(|nonsense| (nonsense.key.as_str(), nonsense.why))
            .collect();
        assert_eq!(nonsense, [("stress", why)], "{value}");
        assert_eq!(stats.local_endpoints, Some(3), "{value}: the rest holds");
    }
    for value in ["NaN", "+Inf", "-Inf", "nan"] {
        let stats = read(
            Source::MetricsText,
            &text("", &format!("jitsi_jvb_incoming_bitrate {value}\n"), ""),
        )
        .expect("statistics");
        assert_eq!(
            (stats.incoming_bit_rate, stats.nonsense[0].why),
            (None, Why::NotANumber),
            "{value}"
        );
        assert_eq!(
            stats.nonsense[0].key, "jitsi_jvb_incoming_bitrate",
            "the bridge's own key"
        );
    }
}

#[test]
fn a_count_is_a_whole_number_that_can_be_counted_to() {
    for (value, why) in [
        ("1.5", Why::NotACount),
        ("1e16", Why::NotACount),
        ("18446744073709551615", Why::NotACount),
        ("-3", Why::Negative),
    ] {
        let stats = read(
            Source::ColibriStats,
            &json(Source::ColibriStats, &[("local_endpoints", value)]),
        )
        .expect("statistics");
        assert_eq!(
            (stats.local_endpoints, stats.nonsense[0].why),
            (None, why),
            "{value}"
        );
    }
    for value in ["3.0", "3", "0.3e1", "3E0"] {
        let stats = read(
            Source::ColibriStats,
            &json(Source::ColibriStats, &[("local_endpoints", value)]),
        )
        .expect("statistics");
        assert_eq!(stats.local_endpoints, Some(3), "{value}");
    }
    let stats = read(
        Source::ColibriStats,
        &json(Source::ColibriStats, &[("local_endpoints", "-0.0")]),
    )
    .expect("statistics");
    assert_eq!(stats.local_endpoints, Some(0), "a negative zero is zero");
}

#[test]
fn kilobits_become_bits() {
    let body = json(
        Source::ColibriStats,
        &[("bit_rate_download", "12"), ("bit_rate_upload", "1e308")],
    );
    let stats = read(Source::ColibriStats, &body).expect("statistics");
    assert_eq!(stats.incoming_bit_rate, Some(12_000.0));
    assert_eq!(
        (stats.outgoing_bit_rate, stats.nonsense[0].why),
        (None, Why::NotANumber),
        "too many to be finite"
    );
    let stats = read(
        Source::MetricsJson,
        &json(Source::MetricsJson, &[("incoming_bitrate", "12")]),
    )
    .expect("statistics");
    assert_eq!(stats.incoming_bit_rate, Some(12.0));
}

#[test]
fn a_flag_that_is_neither_true_nor_false_leaves_no_state() {
    for value in ["null", "\"false\"", "2", "{}"] {
        let error = read(
            Source::MetricsJson,
            &json(Source::MetricsJson, &[("drain_mode", value)]),
        )
        .expect_err("no flag");
        assert_eq!(
            told(&error),
            "/metrics as JSON has a key drain_mode that is neither true nor false",
            "{value}"
        );
        let stats = read(
            Source::MetricsJson,
            &json(Source::MetricsJson, &[("healthy", value)]),
        )
        .expect("statistics");
        assert_eq!(
            (stats.healthy, stats.nonsense.len()),
            (None, 1),
            "{value}: health is no part of the state"
        );
    }
}

#[test]
fn a_reply_of_another_server_names_what_it_lacks() {
    let error = read(Source::MetricsJson, r#"{"stress":0.1,"threads":3}"#).expect_err("no bridge");
    assert_eq!(
        told(&error),
        "/metrics as JSON lacks local_endpoints, conferences, drain_mode, graceful_shutdown, shutting_down"
    );
    assert!(error.hint().contains("private HTTP port"));
    let error = read(Source::ColibriStats, "{}").expect_err("no bridge");
    assert!(
        told(&error)
            .starts_with("/colibri/stats lacks stress_level, local_endpoints, conferences, drain"),
        "{error}"
    );
    let error = read(
        Source::MetricsText,
        "# HELP up Up.\n# TYPE up gauge\nup 1\n",
    )
    .expect_err("no bridge");
    assert!(
        told(&error)
            .starts_with("/metrics as text lacks jitsi_jvb_stress, jitsi_jvb_local_endpoints"),
        "{error}"
    );
}

#[test]
fn json_that_is_not_one_whole_object_is_refused() {
    let body = json(Source::MetricsJson, &[]);
    for bent in [
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
        "<html></html>".to_owned(),
        body[..body.len() - 1].to_owned(),
        format!("{body}{body}"),
        format!("{body}x"),
        json(Source::MetricsJson, &[("stress", "NaN")]),
        json(Source::MetricsJson, &[("stress", "1e999")]),
        json(Source::MetricsJson, &[("unknown", "NaN")]),
    ] {
        let error = read(Source::MetricsJson, &bent).expect_err(&bent);
        assert!(
            told(&error).starts_with("/metrics as JSON is not one whole JSON object: "),
            "{error}"
        );
    }
    read(Source::MetricsJson, &format!(" {body}\r\n")).expect("blanks around it do no harm");
}

#[test]
fn a_key_that_comes_twice_is_refused_even_when_both_say_the_same() {
    let body = json(Source::MetricsJson, &[]).replace('}', ",\"stress\":0.5}");
    let error = read(Source::MetricsJson, &body).expect_err("twice");
    assert_eq!(told(&error), "/metrics as JSON has the key stress twice");
    let wanted = ["threads".to_owned()];
    let body = json(Source::MetricsJson, &[("threads", "1")]).replace('}', ",\"threads\":2}");
    let error = Source::MetricsJson
        .read(body.as_bytes(), &wanted)
        .expect_err("twice");
    assert_eq!(told(&error), "/metrics as JSON has the key threads twice");
    read(Source::MetricsJson, &body).expect("nobody wants it");
}

#[test]
fn text_is_read_in_both_formats() {
    for body in [
        text("", "", ""),
        text(
            "# HELP jitsi_jvb_stress Words.\n# TYPE jitsi_jvb_stress gauge\n",
            "",
            "",
        ),
        text("# TYPE jitsi_jvb_stress gauge\n", "", "# EOF\n"),
        text(
            "",
            "jitsi_jvb_x_bucket{le=\"5.0\",} 1.0\njitsi_jvb_x_bucket{le=\"+Inf\"} 1.0\n",
            "",
        ),
        text(
            "",
            "jitsi_jvb_x{a=\"b,c=d\",e=\"f\\\"g\\\\\\n\"} 1.0 1395066363000\n",
            "",
        ),
        text(
            "",
            "jitsi_jvb_x_total 1.7E12 1395066363.123 # {trace_id=\"y\"} 0.67\n",
            "",
        ),
        text("", "jitsi_jvb_x_created 1.795251073014E9\n\n", "# EOF\n"),
        text("", "  jitsi_jvb_x\t5  \r\n", ""),
    ] {
        let stats = read(Source::MetricsText, &body)
            .unwrap_or_else(|error| panic!("{}\n{body}", told(&error)));
        assert_eq!(
            (stats.stress, stats.local_endpoints),
            (Some(0.5), Some(3)),
            "{body}"
        );
    }
}

#[test]
fn a_region_is_read_from_its_label() {
    let stats = read(
        Source::MetricsText,
        &text(
            "",
            "jitsi_jvb_region_info{region=\"a,b=\\\"c\\\"\",} 1.0\n",
            "",
        ),
    )
    .expect("statistics");
    assert_eq!(stats.region.as_deref(), Some("a,b=\"c\""));
    let stats = read(
        Source::MetricsText,
        &text("", "jitsi_jvb_region_info{zone=\"a\"} 1.0\n", ""),
    )
    .expect("statistics");
    assert_eq!(stats.region, None);
}

#[test]
fn what_the_library_drops_in_silence_is_refused() {
    for line in [
        "garbage",
        "jitsi_jvb_x",
        "jitsi_jvb_x five",
        "jitsi_jvb_x 0x5",
        "jitsi_jvb_x 5 soon",
        "jitsi_jvb_x 5 6 7",
        "jitsi_jvb_x 5 NaN",
        "jitsi:jvb:x 5",
        "jitsi_jvb_x{} 5",
        "jitsi_jvb_x{a=\"}\"} 5",
        "jitsi_jvb_x{a=\"} 1 \"} 5",
        "jitsi_jvb_x{a=\"} 1 # \"} 5",
        "jitsi_jvb_x{a=b} 5",
        "jitsi_jvb_x{a=\"b} 5",
        "jitsi_jvb_x{a=\"b\"c=\"d\"} 5",
        "jitsi_jvb_x{a=\"\\x\"} 5",
        "jitsi_jvb_x {a=\"b\"} 5",
    ] {
        let error = read(Source::MetricsText, &text("", &format!("{line}\n"), "")).expect_err(line);
        let expected = format!(
            "/metrics as text is not in a text format of Prometheus: line 7 is no sample: {line:?}"
        );
        assert_eq!(told(&error), expected);
    }
}

#[test]
fn text_that_is_not_whole_is_refused() {
    let open_metrics = "# TYPE jitsi_jvb_stress gauge\n";
    for (body, why) in [
        (String::new(), "it was cut off in its last line"),
        (
            text("", "jitsi_jvb_largest_conference 12", ""),
            "it was cut off in its last line",
        ),
        (
            text(open_metrics, "", ""),
            "it was cut off: OpenMetrics without # EOF at the end",
        ),
        (
            text(open_metrics, "# EOF\n", "jitsi_jvb_x 1\n"),
            "line 9 comes after # EOF",
        ),
        (
            text("", "jitsi_jvb_stress 0.5\n", ""),
            "line 7 gives jitsi_jvb_stress a second time",
        ),
        (
            text("", "jitsi_jvb_x{a=\"b\"} 1\njitsi_jvb_x{a=\"b\"} 1\n", ""),
            "line 8 gives jitsi_jvb_x{a=\"b\"} a second time",
        ),
    ] {
        let error = read(Source::MetricsText, &body).expect_err(&body);
        assert_eq!(
            told(&error),
            format!("/metrics as text is not in a text format of Prometheus: {why}")
        );
    }
    let error = Source::MetricsText
        .read(b"jitsi_jvb_stress \xff\n", &[])
        .expect_err("no UTF-8");
    assert!(
        told(&error).contains("it is not UTF-8: "),
        "{}",
        told(&error)
    );
}

#[test]
fn a_long_line_is_not_repeated_whole() {
    let error =
        read(Source::MetricsText, &format!("{}\n", "é".repeat(10_000))).expect_err("no sample");
    assert!(told(&error).len() < 400, "{}", told(&error));
}
