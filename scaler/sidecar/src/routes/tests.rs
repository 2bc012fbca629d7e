use super::*;

fn of(method: &str, target: &str) -> Result<Route, Refusal> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    Route::of(&method, &Uri::try_from(target).unwrap())
}

#[test]
fn the_paths_are_those_that_the_controller_knows() {
    let paths = |of: fn(&Route) -> bool| -> Vec<&str> {
        let routes = Route::ALL.into_iter().filter(of);
        routes.map(Route::path).collect()
    };
    let reads = paths(|route| matches!(route, Route::Read(_)));
    let changes = paths(|route| matches!(route, Route::Change(_)));
    assert_eq!(reads, contract::READS);
    assert_eq!(changes, contract::MUTATIONS);
}

#[test]
fn each_route_has_one_path_and_one_method() {
    for route in Route::ALL {
        assert_eq!(of(route.method().as_str(), route.path()), Ok(route));
        for method in [
            "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "TRACE", "get",
        ] {
            if method != route.method().as_str() {
                let expected = Err(Refusal::Method(route.method()));
                assert_eq!(of(method, route.path()), expected, "{method} {route:?}");
            }
        }
    }
}

#[test]
fn a_path_that_is_almost_one_is_none() {
    for target in [
        "/",
        "//colibri/drain/enable",
        "/colibri//drain/enable",
        "/colibri/drain/enable/",
        "/colibri/drain/",
        "/colibri/drain/enable;x=y",
        "/colibri/drain/./enable",
        "/colibri/stats/../drain/enable",
        "/metrics/../colibri/shutdown",
        "/%63olibri/drain/enable",
        "/colibri%2Fdrain%2Fenable",
        "/colibri/drain/enable%20",
        "/colibri/drain/enable%00",
        "/COLIBRI/drain/enable",
        "/colibri/v2/conferences",
        "/colibri/muc-client/add",
        "/debug",
        "/debug/features/x/true",
        "/stats",
        "/sidecar",
        "/sidecar/",
        "*",
    ] {
        for method in ["GET", "POST"] {
            assert_eq!(
                of(method, target),
                Err(Refusal::Unknown),
                "{method} {target}"
            );
        }
    }
}

#[test]
fn a_target_that_names_a_server_is_refused_even_if_the_path_is_good() {
    for target in [
        "http://127.0.0.1:8080/metrics",
        "http://10.1.2.3/colibri/drain/enable",
        "https://example.org/about/health",
        "example.org:443",
    ] {
        for method in ["GET", "POST", "CONNECT"] {
            assert_eq!(
                of(method, target),
                Err(Refusal::Elsewhere),
                "{method} {target}"
            );
        }
    }
}

#[test]
fn a_query_is_dropped_from_a_read_and_refused_with_a_command() {
    assert_eq!(of("GET", "/metrics?x=y"), Ok(Route::Read(Read::Metrics)));
    assert_eq!(of("POST", "/colibri/drain/enable?"), Err(Refusal::Query));
    assert_eq!(of("POST", "/colibri/shutdown?a=b"), Err(Refusal::Query));
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn a_body_has_one_length_and_comes_with_commands_alone() {
    const READ: Route = Route::Read(Read::Metrics);
    const CHANGE: Route = Route::Change(Change::ShutDown);
    for (route, lines, expected) in [
        (READ, &[][..], Ok(())),
        (READ, &[("content-length", "0")], Ok(())),
        (READ, &[("content-length", "1")], Err(Refusal::Framing)),
        (CHANGE, &[], Ok(())),
        (CHANGE, &[("content-length", "1024")], Ok(())),
        (CHANGE, &[("content-length", "1025")], Err(Refusal::Large)),
        (
            CHANGE,
            &[("content-length", "99999999999999999999999")],
            Err(Refusal::Large),
        ),
        (CHANGE, &[("content-length", "+5")], Err(Refusal::Framing)),
        (CHANGE, &[("content-length", "")], Err(Refusal::Framing)),
        (
            CHANGE,
            &[("content-length", "5"), ("content-length", "5")],
            Err(Refusal::Framing),
        ),
        (
            CHANGE,
            &[("transfer-encoding", "chunked")],
            Err(Refusal::Framing),
        ),
        (
            CHANGE,
            &[("content-length", "5"), ("transfer-encoding", "identity")],
            Err(Refusal::Framing),
        ),
    ] {
        assert_eq!(
            framing(route, &headers(lines)),
            expected,
            "{route:?} {lines:?}"
        );
    }
}

#[test]
fn nothing_of_a_reader_reaches_the_bridge_but_what_it_accepts() {
    let sent = headers(&[
        ("accept", "text/plain"),
        ("accept", "x/y"),
        ("authorization", "Bridgetender x.y"),
        ("connection", "keep-alive, x-a"),
        ("host", "evil.example"),
        ("x-a", "b"),
        ("upgrade", "h2c"),
    ]);
    for route in Route::ALL {
        let Route::Read(read) = route else { continue };
        let request = read.request("127.0.0.1:8080", &sent);
        let uri = format!("http://127.0.0.1:8080{}", route.path());
        assert_eq!(request.uri(), uri.as_str());
        assert_eq!(request.method(), Method::GET);
        assert!(request.body().is_empty());
        let told: Vec<_> = request.headers().iter().collect();
        assert_eq!(told, [(&ACCEPT, &HeaderValue::from_static("text/plain"))]);
        let plain = read.request("127.0.0.1:8080", &HeaderMap::new());
        assert_eq!(plain.headers()[ACCEPT], "*/*", "{route:?}");
        let long = headers(&[("accept", &"a".repeat(2_000))]);
        assert_eq!(
            read.request("127.0.0.1:8080", &long).headers()[ACCEPT],
            "*/*"
        );
    }
}

#[test]
fn a_command_is_built_anew_and_its_body_has_one_meaning() {
    let bridge = "127.0.0.1:8080";
    for (body, graceful) in [
        (r#"{"graceful-shutdown":false}"#, false),
        (r#" { "graceful-shutdown" : true } "#, true),
    ] {
        let request = Change::ShutDown.request(bridge, body.as_bytes()).unwrap();
        let expected = request::shutdown(bridge, graceful);
        assert_eq!(request.body(), expected.body());
        assert_eq!(request.uri(), expected.uri());
    }
    for body in [
        "",
        "{}",
        "null",
        "[false]",
        r#"{"graceful-shutdown":"false"}"#,
        r#"{"graceful-shutdown":false,"x":1}"#,
        r#"{"graceful-shutdown":false,"graceful-shutdown":true}"#,
        r#"{"graceful-shutdown":false} "#.repeat(2).as_str(),
    ] {
        let refused = Change::ShutDown.request(bridge, body.as_bytes()).err();
        assert_eq!(refused, Some(Refusal::Body), "{body}");
    }
    for change in [Change::Drain, Change::Undrain] {
        let request = change.request(bridge, b"whatever").unwrap();
        assert!(request.body().is_empty());
        assert_eq!(request.uri().path(), Route::Change(change).path());
        assert_eq!(request.method(), Method::POST);
    }
}
