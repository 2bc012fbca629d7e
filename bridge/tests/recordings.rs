//! The recordings are read as they were made.

mod common;

use http::{Method, StatusCode, header};

#[test]
fn a_request_is_read_from_its_curl_command() {
    let request = common::requested("1-metrics/accept-json-q.txt");
    assert_eq!(request.method(), Method::GET);
    assert_eq!(request.uri(), "http://127.0.1.1:8080/metrics");
    assert_eq!(
        request.headers()[header::ACCEPT],
        "application/json;q=0.5, text/plain;q=0.9"
    );

    let request = common::requested("3-drain/31-shutdown-graceful-true.txt");
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(request.body(), br#"{"graceful-shutdown": true}"#);

    let request = common::requested("3-drain/25-shutdown-form.txt");
    assert_eq!(
        request.headers()[header::CONTENT_TYPE],
        "application/x-www-form-urlencoded"
    );

    assert_eq!(
        common::requested("1-metrics/head.txt").method(),
        Method::HEAD
    );
    assert_eq!(
        common::requested("1-metrics/accept-none.txt")
            .headers()
            .get(header::ACCEPT),
        None
    );
    assert_eq!(
        common::requested("1-metrics/accept-empty.txt").headers()[header::ACCEPT],
        ""
    );
    let query = common::requested("5-jicofo/move-endpoints-negnum.txt");
    assert_eq!(query.uri().query(), Some("bridge=jvb1&numEndpoints=-3"));
}

#[test]
fn a_reply_is_read_without_what_curl_said() {
    let reply = common::replied("2-stats/about-version.txt").expect("a reply");
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(
        reply.body(),
        br#"{"name":"JVB","version":"2.3.SNAPSHOT","os":"Linux"}"#
    );
    let text = common::replied("1-metrics/accept-openmetrics.txt").expect("a reply");
    assert!(text.body().ends_with(b"\n# EOF\n"));
    assert!(
        common::replied("3-drain/36-after-exit-health.txt").is_none(),
        "nobody listened"
    );
}

#[test]
fn every_recording_is_readable() {
    for folder in [
        "1-metrics",
        "2-stats",
        "3-drain",
        "5-jicofo",
        "6-conference",
        "7-default-config",
    ] {
        for (path, _) in common::replies(folder, ".txt") {
            assert!(
                common::requested(&path)
                    .uri()
                    .host()
                    .is_some_and(|host| host.starts_with("127.")),
                "{path}"
            );
        }
    }
    for series in [
        "4-startup/jvb3-start1.jsonl",
        "7-default-config/startup.jsonl",
    ] {
        assert!(
            common::sampled(series)
                .iter()
                .all(|sample| sample["metrics"].is_object()),
            "{series}"
        );
    }
}
