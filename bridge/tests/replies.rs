//! What a real bridge answered to commands is read as what it did.

mod common;

use bridge::reply::{self, Health, ReplyError, Version};
use bridge::{Source, request};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, StatusCode};

/// Reads a recorded reply with a function of [`bridge::reply`].
fn read<T>(path: &str, reader: impl FnOnce(StatusCode, &[u8]) -> T) -> T {
    let reply = common::replied(path).expect("a reply");
    reader(reply.status(), reply.body())
}

/// What makes a request what it is: how curl and we say it beyond that does not matter to a bridge.
fn essence(request: &Request<Vec<u8>>) -> (String, String, Option<String>, Vec<u8>) {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .map(|value| value.to_str().expect("text").to_owned());
    let body = request
        .body()
        .iter()
        .copied()
        .filter(|byte| *byte != b' ')
        .collect();
    (
        request.method().to_string(),
        request.uri().to_string(),
        content_type,
        body,
    )
}

#[test]
fn our_requests_are_the_recorded_ones() {
    for (path, ours) in [
        (
            "2-stats/about-health.txt",
            request::health("127.0.1.1:8080"),
        ),
        (
            "2-stats/about-version.txt",
            request::version("127.0.1.1:8080"),
        ),
        (
            "2-stats/colibri-drain-get.txt",
            request::drain_state("127.0.1.1:8080"),
        ),
        (
            "2-stats/colibri-stats.txt",
            request::stats(Source::ColibriStats, "127.0.1.1:8080"),
        ),
        (
            "1-metrics/accept-json.txt",
            request::stats(Source::MetricsJson, "127.0.1.1:8080"),
        ),
        (
            "1-metrics/accept-openmetrics.txt",
            request::stats(Source::MetricsText, "127.0.1.1:8080"),
        ),
        (
            "3-drain/03-drain-enable-post.txt",
            request::drain("127.0.1.2:8080"),
        ),
        (
            "3-drain/10-drain-disable.txt",
            request::undrain("127.0.1.2:8080"),
        ),
        (
            "3-drain/31-shutdown-graceful-true.txt",
            request::shutdown("127.0.1.2:8080", true),
        ),
        (
            "6-conference/C1-force.txt",
            request::shutdown("127.0.1.2:8080", false),
        ),
    ] {
        assert_eq!(essence(&ours), essence(&common::requested(path)), "{path}");
        assert!(
            ours.headers().contains_key(ACCEPT),
            "{path}: without an Accept header some replies are a 500"
        );
    }
}

#[test]
fn commands_that_were_obeyed_are_read_so() {
    for path in [
        "3-drain/03-drain-enable-post.txt",
        "3-drain/05-drain-enable-again.txt",
        "6-conference/A2-drain-enable.txt",
    ] {
        read(path, reply::drain).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    read("3-drain/34-drain-enable-while-shutting.txt", reply::drain)
        .expect("drain works to the last");
    for path in [
        "3-drain/10-drain-disable.txt",
        "3-drain/11-drain-disable-again.txt",
        "7-default-config/drain-disable.txt",
    ] {
        read(path, reply::undrain).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    for path in [
        "3-drain/31-shutdown-graceful-true.txt",
        "3-drain/33-shutdown-graceful-again.txt",
        "6-conference/C1-force.txt",
    ] {
        read(path, reply::shutdown).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn the_drain_state_is_read() {
    for (path, drains) in [
        ("2-stats/colibri-drain-get.txt", false),
        ("3-drain/00-before-drain.txt", false),
        ("3-drain/04-after-enable-immediately-drain.txt", true),
        ("3-drain/09-drain-after-7s-drain.txt", true),
        ("3-drain/12-drain-disabled-7s-drain.txt", false),
        ("3-drain/28-still-running-drain.txt", false),
        ("3-drain/32-after-graceful-immediately-drain.txt", false),
        ("3-drain/35-shutting-7s-drain.txt", true),
        ("7-default-config/drain-get.txt", true),
        ("7-default-config/drain-get2.txt", false),
    ] {
        assert_eq!(
            read(path, reply::drain_state).expect("a state"),
            drains,
            "{path}"
        );
    }
}

#[test]
fn a_bridge_is_healthy_through_drain_and_shutdown_until_it_is_gone() {
    let mut healthy = 0;
    for folder in ["3-drain", "6-conference"] {
        for (path, reply) in common::replies(folder, "-health.txt") {
            let Some(reply) = reply else {
                assert_eq!(
                    path, "3-drain/36-after-exit-health.txt",
                    "nobody listens only after the end"
                );
                continue;
            };
            assert_eq!(
                reply::health(reply.status(), reply.body()).expect("a health"),
                Health::Healthy,
                "{path}"
            );
            healthy += 1;
        }
    }
    assert!(healthy > 30, "{healthy} recordings");
}

#[test]
fn an_unhealthy_bridge_says_why() {
    let health = read("7-default-config/health-unhealthy.txt", reply::health).expect("a health");
    assert_eq!(
        health,
        Health::Unhealthy("No valid IP addresses available for harvesting.".to_owned())
    );
    assert_eq!(
        read("7-default-config/health.txt", reply::health).expect("a health"),
        Health::Healthy
    );
}

#[test]
fn the_version_is_read() {
    let version = read("2-stats/about-version.txt", reply::version).expect("a version");
    let expected = Version {
        name: "JVB".to_owned(),
        version: "2.3.SNAPSHOT".to_owned(),
        os: "Linux".to_owned(),
    };
    assert_eq!(version, expected);
    assert_eq!(
        read("7-default-config/version.txt", reply::version).expect("a version"),
        expected
    );
}

#[test]
fn a_shutdown_that_is_switched_off_names_both_switches() {
    let error = read("7-default-config/shutdown-disabled.txt", reply::shutdown).expect_err("a 404");
    assert_eq!(error.to_string(), "/colibri/shutdown is switched off (404)");
    for switch in [
        "videobridge.rest.shutdown.enabled",
        "SHUTDOWN_REST_ENABLED",
        "videobridge.apis.rest.enabled",
        "COLIBRI_REST_ENABLED",
    ] {
        assert!(
            error.hint().contains(switch),
            "{switch} in {:?}",
            error.hint()
        );
    }
}

/// Reads a recorded reply as statistics in a form, which fails.
fn refused(source: Source, path: &str) -> ReplyError {
    let reply = common::replied(path).expect("a reply");
    reply::stats(source, reply.status(), reply.headers(), reply.body(), &[]).expect_err(path)
}

#[test]
fn statistics_that_are_switched_off_name_their_switch() {
    let error = refused(Source::ColibriStats, "7-default-config/stats.txt");
    assert_eq!(error.to_string(), "/colibri/stats is switched off (404)");
    assert!(
        error.hint().contains("videobridge.apis.rest.enabled")
            && error.hint().contains("COLIBRI_REST_ENABLED")
    );
}

#[test]
fn a_request_without_accept_header_is_named_as_the_cause_of_500() {
    for path in ["none", "empty", "html", "garbage", "application-star"] {
        let error = refused(Source::MetricsJson, &format!("1-metrics/accept-{path}.txt"));
        assert_eq!(
            error.to_string(),
            "/metrics answered 500 Internal Server Error",
            "{path}: no page for a browser in it"
        );
        assert!(error.hint().contains("Accept"), "{path}");
    }
}

#[test]
fn what_a_server_says_in_text_is_told() {
    let error = refused(
        Source::ColibriStats,
        "2-stats/colibri-stats-accept-text.txt",
    );
    assert_eq!(
        error.to_string(),
        "/colibri/stats answered 406 Not Acceptable: HTTP ERROR 406 Not Acceptable"
    );
    let error = read("3-drain/24-shutdown-badjson.txt", reply::shutdown).expect_err("a 400");
    assert!(
        error
            .to_string()
            .starts_with("/colibri/shutdown answered 400 Bad Request: Unexpected character"),
        "{error}"
    );
}

#[test]
fn commands_that_were_refused_are_errors() {
    for (path, status) in [
        ("3-drain/20-shutdown-get.txt", 405),
        ("3-drain/21-shutdown-nobody.txt", 500),
        ("3-drain/22-shutdown-nobody-json.txt", 500),
        ("3-drain/23-shutdown-empty-object.txt", 400),
        ("3-drain/24-shutdown-badjson.txt", 400),
        ("3-drain/25-shutdown-form.txt", 415),
        ("3-drain/26-shutdown-unknown-field.txt", 400),
        ("3-drain/27-shutdown-graceful-notbool.txt", 400),
    ] {
        match read(path, reply::shutdown) {
            Err(ReplyError::Refused { status: seen, .. }) => assert_eq!(seen, status, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    for path in [
        "3-drain/01-drain-post-bare.txt",
        "3-drain/02-drain-enable-get.txt",
        "3-drain/07-drain-put.txt",
    ] {
        match read(path, reply::drain) {
            Err(ReplyError::Refused { status, .. }) => assert_eq!(status, 405, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    assert!(matches!(
        read("3-drain/08-drain-bogus.txt", reply::drain),
        Err(ReplyError::Disabled { .. })
    ));
}

#[test]
fn a_page_with_status_200_is_no_statistics() {
    let page = common::replied("2-stats/root.txt").expect("a page in HTML");
    for source in Source::ALL {
        let error = reply::stats(source, StatusCode::OK, page.headers(), page.body(), &[])
            .expect_err("a page");
        let expected = format!(
            "{} answered with \"text/html;charset=iso-8859-1\", which is not its form",
            source.path()
        );
        assert_eq!(error.to_string(), expected);
    }
    let head = refused(Source::MetricsJson, "1-metrics/head.txt");
    assert!(matches!(head, ReplyError::Form { .. }), "{head}");
    let empty = refused(Source::MetricsText, "1-metrics/head.txt");
    assert!(
        matches!(empty, ReplyError::Stats(_)),
        "an empty body of the right type: {empty}"
    );
    let drain = reply::drain_state(StatusCode::OK, page.body()).expect_err("a page");
    assert_eq!(
        drain.to_string(),
        "/colibri/drain answered with a body that cannot be read"
    );
}
