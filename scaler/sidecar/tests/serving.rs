//! What strangers reach of a bridge through its sidecar, and what not.

mod support;

use std::io::Write as _;
use std::time::{Duration, Instant};

use bridge::Time;
use scaler_token::{Claims, SigningKey};

use support::client::{connect, get, post, rest, send};
use support::mock::{Fault, Mock, quick};
use support::pod::{Pod, claims, now, signed};
use support::{soon, within};

const ENABLE: &str = "/colibri/drain/enable";
const DISABLE: &str = "/colibri/drain/disable";
const SHUTDOWN: &str = "/colibri/shutdown";

fn pod() -> Pod {
    let pod = Pod::started(|address| Mock::start(address, quick()), &[]);
    soon("the bridge is heard", || pod.is_ready());
    pod.bridge.heard();
    pod
}

/// The first lines of what the bridge heard.
fn asked(pod: &Pod) -> Vec<String> {
    let first = |head: &String| head.lines().next().unwrap_or_default().to_owned();
    pod.bridge.heard().iter().map(first).collect()
}

#[test]
fn what_may_be_read_is_read_without_credentials_and_nothing_of_the_reader_goes_further() {
    let pod = pod();
    for (path, told) in [
        ("/metrics", "\"local_endpoints\""),
        ("/colibri/stats", "\"stress_level\""),
        ("/colibri/drain", r#"{"drain":false}"#),
        ("/about/version", "\"JVB\""),
        ("/about/health", ""),
    ] {
        let accept = if path == "/metrics" {
            "accept: application/json;q=0.9\r\n"
        } else {
            ""
        };
        let request = format!(
            "GET {path}?x=y HTTP/1.1\r\nhost: evil\r\n{accept}authorization: Bearer x\r\nx-a: b\r\nupgrade: h2c\r\nconnection: close, x-a\r\n\r\n"
        );
        let heard = send(pod.at, request.as_bytes());
        assert_eq!(heard.status(), 200, "{path}: {}", heard.text);
        assert!(heard.body().contains(told), "{path}: {}", heard.text);
        let heads = pod.bridge.heard();
        let [sent] = &heads[..] else {
            panic!("{heads:?}")
        };
        let mut lines: Vec<&str> = sent.lines().filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        let first = format!("GET {path} HTTP/1.1");
        let accept = if path == "/metrics" {
            "accept: application/json;q=0.9"
        } else {
            "accept: */*"
        };
        let host = format!("host: {}", pod.bridge.address());
        let mut expected = [first.as_str(), accept, host.as_str()];
        expected.sort_unstable();
        assert_eq!(lines, expected);
    }
}

#[test]
fn a_reader_keeps_its_connection_from_one_question_to_the_next() {
    let pod = pod();
    let mut stream = connect(pod.at);
    let ask = "GET /metrics HTTP/1.1\r\nhost: x\r\naccept: application/json\r\n";
    stream.write_all(format!("{ask}\r\n").as_bytes()).unwrap();
    std::thread::sleep(Duration::from_secs(6));
    stream
        .write_all(format!("{ask}connection: close\r\n\r\n").as_bytes())
        .unwrap();
    assert_eq!(rest(&mut stream).answers(), 2);
}

#[test]
fn a_command_without_a_good_token_is_denied_and_counted_and_never_reaches_the_bridge() {
    let pod = pod();
    let stranger = SigningKey::from_seed(&[2; 32]);
    let good = claims(ENABLE, now());
    let ago = |seconds| now() - Duration::from_secs(seconds);
    let of = |claims: Claims| signed(&pod.key, &claims);
    let expired = Claims {
        issued: ago(60),
        expires: ago(30),
        ..good.clone()
    };
    let ahead = now() + Duration::from_mins(1);
    let early = Claims {
        issued: ahead,
        expires: ahead + Duration::from_secs(30),
        ..good.clone()
    };
    let long = Claims {
        expires: now() + Duration::from_hours(1),
        ..good.clone()
    };
    let other = Claims {
        pod: "5f1c2f6e-0000-4f0a-9a55-2f4f4f9d7c11".to_owned(),
        ..good.clone()
    };
    let read = Claims {
        method: http::Method::GET,
        ..good.clone()
    };
    let token = of(good.clone());
    let cut = format!("{}\r\n", &token[..token.len() - 6]);
    let cases = [
        ("nothing", String::new()),
        ("another scheme", "authorization: Bearer abc\r\n".to_owned()),
        ("noise", "authorization: Bridgetender !!!\r\n".to_owned()),
        (
            "a long one",
            format!("authorization: Bridgetender {}\r\n", "a".repeat(4_000)),
        ),
        ("a cut one", cut),
        ("two of them", format!("{token}{token}")),
        ("a stranger's", signed(&stranger, &good)),
        ("an expired one", of(expired)),
        ("one of tomorrow", of(early)),
        ("one that lives too long", of(long)),
        ("another pod's", of(other)),
        ("one for another path", of(claims(DISABLE, now()))),
        ("one for another method", of(read)),
    ];
    for (what, header) in &cases {
        let heard = post(pod.at, ENABLE, header, "");
        assert_eq!(heard.status(), 401, "{what}: {}", heard.text);
        assert_eq!(
            heard.header("www-authenticate"),
            Some("Bridgetender"),
            "{what}"
        );
        let why = heard.header(scaler_token::contract::DENIED_HEADER);
        assert!(
            why.and_then(scaler_token::Denied::from_label).is_some(),
            "{what}: {}",
            heard.text
        );
        assert!(!heard.body().trim().is_empty(), "{what} is told why");
    }
    assert_eq!(asked(&pod), Vec::<String>::new());
    assert!(!pod.bridge.drains());
    let text = get(pod.at, "/sidecar/metrics").text;
    let counts = text
        .lines()
        .filter_map(|line| line.strip_prefix("jvb_sidecar_denied_total{"));
    let sum: usize = counts
        .map(|line| line.split_once("} ").unwrap().1.parse::<usize>().unwrap())
        .sum();
    assert_eq!(sum, cases.len(), "{text}");
    assert!(pod.log().contains("a command was denied"), "{}", pod.log());
    // The same is good.
    assert_eq!(post(pod.at, ENABLE, &token, "").status(), 200);
    assert!(pod.bridge.drains());
}

#[test]
fn a_command_with_a_good_token_is_passed_on_and_may_be_repeated() {
    let pod = pod();
    let token = pod.token(ENABLE);
    for _ in 0..2 {
        assert_eq!(post(pod.at, ENABLE, &token, "").status(), 200);
        assert!(pod.bridge.drains());
    }
    assert_eq!(pod.order(DISABLE, "").status(), 200);
    assert!(!pod.bridge.drains());
    let again = post(pod.at, ENABLE, &token, "");
    assert_eq!(
        again.status(),
        409,
        "sent again after a newer one: {}",
        again.text
    );
    assert!(!pod.bridge.drains());
    for body in ["", "{}", r#"{"graceful-shutdown":"false"}"#] {
        assert_eq!(pod.order(SHUTDOWN, body).status(), 400, "{body}");
    }
    assert!(pod.bridge.is(|bridge| !bridge.flags().shutting_down));
    assert_eq!(
        pod.order(SHUTDOWN, r#"{"graceful-shutdown":false}"#)
            .status(),
        200
    );
    assert!(pod.bridge.is(|bridge| bridge.flags().shutting_down));
}

#[test]
fn what_is_not_known_is_not_there_and_never_reaches_the_bridge() {
    let pod = pod();
    for path in [
        "/",
        "/debug",
        "/stats",
        "/colibri/v2/conferences",
        "/colibri/muc-client/list",
        "/debug/features/x/true",
        "//colibri/drain/enable",
        "/colibri/drain/enable/",
        "/%63olibri/drain/enable",
        "/colibri/stats/../drain/enable",
        "/colibri%2fdrain%2fenable",
        "/COLIBRI/DRAIN/ENABLE",
        "/colibri/drain/enable;a=b",
        "/metrics/",
    ] {
        assert_eq!(get(pod.at, path).status(), 404, "GET {path}");
        let good = pod.token(ENABLE);
        assert_eq!(post(pod.at, path, &good, "").status(), 404, "POST {path}");
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "GET"] {
        let request = format!(
            "{method} {ENABLE} HTTP/1.1\r\nhost: x\r\n{}\r\n",
            pod.token(ENABLE)
        );
        let heard = send(pod.at, request.as_bytes());
        assert_eq!(heard.status(), 405, "{method}");
        assert_eq!(heard.header("allow"), Some("POST"), "{method}");
    }
    assert_eq!(pod.order(&format!("{ENABLE}?x=y"), "").status(), 400);
    assert_eq!(asked(&pod), Vec::<String>::new());
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_read_in_none() {
    let pod = pod();
    let token = pod.token(SHUTDOWN);
    let hidden = format!(
        "POST {ENABLE} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n{}\r\n",
        pod.token(ENABLE)
    );
    let body = r#"{"graceful-shutdown":false}"#;
    let length = body.len();
    for (what, request) in [
        (
            "two lengths",
            format!(
                "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}content-length: {length}\r\ncontent-length: 3\r\n\r\n{body}{hidden}"
            ),
        ),
        (
            "a list of lengths",
            format!(
                "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}content-length: {length}, {length}\r\n\r\n{body}{hidden}"
            ),
        ),
        (
            "a length and chunks",
            format!(
                "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"
            ),
        ),
        (
            "chunks and a length",
            format!(
                "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n{hidden}"
            ),
        ),
        (
            "an encoding that nobody knows",
            format!(
                "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"
            ),
        ),
        (
            "a body to a reader",
            format!(
                "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{hidden}",
                hidden.len()
            ),
        ),
        (
            "a proxy's request",
            format!(
                "POST http://127.0.0.1:8080{ENABLE} HTTP/1.1\r\nhost: x\r\n{}content-length: 0\r\n\r\n{hidden}",
                pod.token(ENABLE)
            ),
        ),
        (
            "a tunnel",
            format!(
                "CONNECT {} HTTP/1.1\r\nhost: x\r\n\r\n{hidden}",
                pod.bridge.address()
            ),
        ),
        (
            "a space before the colon",
            format!(
                "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}content-length : 0\r\n\r\n{hidden}"
            ),
        ),
        (
            "a line of its own kind",
            format!(
                "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}a: b\rc: d\r\ncontent-length: 0\r\n\r\n{hidden}"
            ),
        ),
        (
            "a folded line",
            format!(
                "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}content-length:\r\n 5\r\n\r\n{hidden}"
            ),
        ),
    ] {
        let heard = send(pod.at, request.as_bytes());
        assert!([400, 0].contains(&heard.status()), "{what}: {}", heard.text);
        assert!(heard.answers() <= 1, "{what}: {}", heard.text);
        assert_eq!(asked(&pod), Vec::<String>::new(), "{what}");
        assert!(!pod.bridge.drains(), "{what}");
    }
    assert_eq!(
        get(pod.at, "/metrics").status(),
        200,
        "and it goes on serving"
    );
}

#[test]
fn a_body_or_a_head_that_is_too_large_is_refused_before_it_is_read() {
    let pod = pod();
    let token = pod.token(SHUTDOWN);
    let large = format!(
        "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{token}content-length: 1000000000\r\n\r\n{{"
    );
    let began = Instant::now();
    assert_eq!(send(pod.at, large.as_bytes()).status(), 413);
    let endless = format!(
        "GET /metrics HTTP/1.1\r\nhost: x\r\na: {}",
        "a".repeat(100_000)
    );
    assert!([431, 400, 0].contains(&send(pod.at, endless.as_bytes()).status()));
    let many = format!(
        "GET /metrics HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "a: b\r\n".repeat(500)
    );
    assert!([431, 400, 0].contains(&send(pod.at, many.as_bytes()).status()));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(asked(&pod), Vec::<String>::new());
}

#[test]
fn a_head_or_a_body_that_does_not_come_is_not_waited_for() {
    let pod = pod();
    let mut silent = connect(pod.at);
    let mut half = connect(pod.at);
    half.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n")
        .unwrap();
    let mut body = connect(pod.at);
    let request = format!(
        "POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\n{}content-length: 27\r\n\r\n{{\"grace",
        pod.token(SHUTDOWN)
    );
    body.write_all(request.as_bytes()).unwrap();
    let began = Instant::now();
    let heard = rest(&mut body);
    assert_eq!(heard.status(), 408, "{}", heard.text);
    assert!(began.elapsed() < Duration::from_secs(8));
    for stream in [&mut half, &mut silent] {
        rest(stream);
        assert!(
            began.elapsed() < Duration::from_secs(22),
            "{:?}",
            began.elapsed()
        );
    }
    assert_eq!(asked(&pod), Vec::<String>::new());
}

#[test]
fn a_stranger_whose_body_does_not_come_is_denied_without_waiting() {
    let pod = pod();
    let request = format!("POST {SHUTDOWN} HTTP/1.1\r\nhost: x\r\ncontent-length: 27\r\n\r\n");
    let began = Instant::now();
    assert_eq!(send(pod.at, request.as_bytes()).status(), 401);
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_reader_that_takes_nothing_is_let_go() {
    let pod = pod();
    let mut stream = connect(pod.at);
    // Far more answers than there is room for between the two.
    let asks = "GET /metrics HTTP/1.1\r\nhost: x\r\naccept: text/plain\r\n\r\n".repeat(50);
    let mut sent = 0;
    stream
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    while sent < 5_000 && stream.write_all(asks.as_bytes()).is_ok() {
        sent += 50;
    }
    within(Duration::from_mins(1), "it is let go", || {
        pod.number("jvb_sidecar_connections_hung_up_total{reason=\"late\"}")
            .is_some()
    });
    assert_eq!(get(pod.at, "/metrics").status(), 200);
}

#[test]
fn one_address_has_some_connections_and_not_all() {
    let pod = pod();
    let held: Vec<_> = (0..8).map(|_| connect(pod.at)).collect();
    let mut ninth = connect(pod.at);
    assert_eq!(rest(&mut ninth).text, "");
    drop(held);
    soon("the others have gone", || {
        get(pod.at, "/about/version").status() == 200
    });
}

#[test]
fn whatever_the_bridge_answers_the_reader_has_a_whole_answer_in_time() {
    let pod = pod();
    for (fault, status) in [
        (Fault::Hung, 504),
        (Fault::Endless, 502),
        (Fault::Says("SSH-2.0-OpenSSH_9.9\r\n"), 502),
        (Fault::Says(""), 502),
        (
            Fault::Says("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
            502,
        ),
        (
            Fault::Says("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"),
            502,
        ),
        (
            Fault::Says(
                "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
            ),
            502,
        ),
        (
            Fault::Says(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
            ),
            502,
        ),
        (
            Fault::Says("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\nwhat"),
            500,
        ),
        (
            Fault::Says("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
            404,
        ),
    ] {
        pod.bridge.fault(fault);
        let began = Instant::now();
        let heard = get(pod.at, "/colibri/stats");
        assert_eq!(heard.status(), status, "{fault:?}: {}", heard.text);
        assert!(began.elapsed() < Duration::from_secs(5), "{fault:?}");
        assert_eq!(get(pod.at, "/sidecar/live").status(), 200, "{fault:?}");
    }
    pod.bridge.fault(Fault::Says(
        "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\nserver: x\r\nkeep-alive: timeout=5\r\ncontent-type: text/x\r\ncontent-length: 2\r\n\r\nok",
    ));
    let heard = get(pod.at, "/colibri/stats");
    assert_eq!((heard.status(), heard.body()), (200, "ok"));
    assert_eq!(heard.header("content-type"), Some("text/x"));
    for name in ["set-cookie", "server", "keep-alive"] {
        assert_eq!(heard.header(name), None, "{}", heard.text);
    }
    pod.bridge.fault(Fault::None);
    pod.bridge.stop(bridge::model::Stop::Kill);
    soon("nobody listens", || get(pod.at, "/metrics").status() == 503);
    assert_eq!(pod.order(ENABLE, "").status(), 503);
}

#[test]
fn a_token_is_judged_by_the_clock_of_the_moment_and_not_of_the_start() {
    // A clock that is 8 s off is near enough, one that is 15 s off is not, in both directions.
    let pod = pod();
    let shifted = |millis: i64| {
        let issued = Time::from_millis(now().as_millis() + millis);
        let expires = issued + Duration::from_secs(2);
        signed(
            &pod.key,
            &Claims {
                expires,
                ..claims(ENABLE, issued)
            },
        )
    };
    for (millis, status) in [(8_000, 200), (-8_000, 200), (15_000, 401), (-15_000, 401)] {
        // An older command is overruled by none, as it wants the same.
        let heard = post(pod.at, ENABLE, &shifted(millis), "");
        assert_eq!(heard.status(), status, "{millis}: {}", heard.text);
    }
}
