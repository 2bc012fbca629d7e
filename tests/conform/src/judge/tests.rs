use std::io::ErrorKind;

use http::StatusCode;
use reach::Failure;

use super::*;
use crate::expect::{Body, Want, json, nothing, page, plain, status};
use crate::known::Names;

fn known() -> Known {
    let mut names = Names::new("bridge:8080", "jicofo:8888");
    names.member = Some("brewery@muc/jvb~1".to_owned());
    Known::new(names)
}

fn reply(code: u16, content_type: &str, body: &str) -> Response<Bytes> {
    Response::builder()
        .status(code)
        .header(CONTENT_TYPE, content_type)
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

/// Where a reply differs.
fn at(expected: &Expected, known: &Known, reply: &Response<Bytes>) -> Vec<String> {
    let differences = judge(expected, known, Ok(reply));
    differences
        .into_iter()
        .map(|difference| difference.at)
        .collect()
}

#[test]
fn a_status_that_differs_hides_what_follows_from_it() {
    let expected = json(vec![("/drain", Want::Is(true))]);
    let differences = judge(
        &expected,
        &known(),
        Ok(&reply(404, "application/json", "{}")),
    );
    assert_eq!(differences, [Difference::new("status", "200", "404")]);
}

#[test]
fn headers_are_compared_by_what_they_mean() {
    let expected = status(200)
        .header(Header::Type("text/plain"))
        .header(Header::Version("0.0.4"))
        .body(Body::Any);
    for content_type in [
        "text/plain;charset=utf-8;version=0.0.4",
        "Text/Plain; version=0.0.4; charset=utf-8",
    ] {
        assert_eq!(
            at(&expected, &known(), &reply(200, content_type, "")),
            [""; 0],
            "{content_type}"
        );
    }
    for content_type in [
        "text/html;version=0.0.4",
        "text/plain;version=1.0.0",
        "",
        "version=0.0.4",
    ] {
        let at = at(&expected, &known(), &reply(200, content_type, ""));
        assert!(
            !at.is_empty() && at.iter().all(|at| at == "header content-type"),
            "{content_type}"
        );
    }
    let allowed = status(405)
        .header(Header::Allow(&["GET", "OPTIONS"]))
        .body(Body::Any);
    for (value, good) in [
        ("OPTIONS, GET", true),
        ("GET", false),
        ("GET,OPTIONS,POST", false),
    ] {
        let mut reply = reply(405, "", "");
        reply.headers_mut().insert(ALLOW, value.parse().unwrap());
        assert_eq!(at(&allowed, &known(), &reply).is_empty(), good, "{value}");
    }
    let moved = status(302)
        .header(Header::Location("/there"))
        .body(Body::Any);
    for (value, good) in [
        ("http://jvb:8080/there", true),
        ("/there", true),
        ("http://jvb:8080/here", false),
    ] {
        let mut reply = reply(302, "", "");
        reply.headers_mut().insert(LOCATION, value.parse().unwrap());
        assert_eq!(at(&moved, &known(), &reply).is_empty(), good, "{value}");
    }
}

#[test]
fn bodies_are_what_they_should_be_or_differ() {
    for (expected, good, bad) in [
        (nothing(), "", "x"),
        (plain(200, "OK"), "OK", "ok"),
        (page(200), "<tr><th>STATUS:</th><td>200</td></tr>", "<html>"),
        (status(200).body(Body::Has("b")), "abc", "ac"),
        (
            status(200).body(Body::Reason),
            "no address",
            r#"{"reason":1}"#,
        ),
        (status(200).body(Body::Reason), "no address", " "),
        (status(200).body(Body::List), "[1]", "{}"),
        (json(vec![]), "{}", "[]"),
        (json(vec![]), r#"{"a":1}"#, "nonsense"),
    ] {
        let content_type = match &expected {
            Expected::Reply(reply) => reply.headers.first().map_or("", |header| match header {
                Header::Type(essence) => *essence,
                _ => "",
            }),
            Expected::Nobody => "",
        };
        assert_eq!(
            at(&expected, &known(), &reply(200, content_type, good)),
            [""; 0],
            "{good}"
        );
        assert_eq!(
            at(&expected, &known(), &reply(200, content_type, bad)),
            ["body"],
            "{bad}"
        );
    }
}

#[test]
fn every_kind_of_value_has_others_that_it_is_not() {
    let mut known = known();
    known.draining = Some(true);
    known.noted.insert("n", 1.5);
    for (want, good, bad) in [
        (Want::Flag, "false", "0"),
        (Want::Is(true), "true", "false"),
        (Want::Says("JVB"), r#""JVB""#, r#""jvb""#),
        (Want::Text, r#""x""#, r#""""#),
        (Want::Object, "{}", "[]"),
        (Want::Count, "3", "-1"),
        (Want::Count, "0", "0.5"),
        (Want::Exactly(0), "0", "1"),
        (Want::Stress, "1.111", "-1.111"),
        (Want::Stress, "0", r#""NaN""#),
        (Want::Moment, "1795251073023", "1795251073"),
        (Want::Draining, "true", "false"),
        (Want::Graceful, "true", "1"),
        (Want::ShuttingDown, "false", "null"),
        (Want::Above("n"), "1.6", "1.5"),
        (Want::Above("unknown"), "0", "null"),
        (Want::Noted("n"), "1.5", "1.6"),
        (Want::Noted("unknown"), "7", r#""7""#),
    ] {
        let expected = json(vec![("/a", want)]);
        let with = |value: &str| reply(200, "application/json", &format!(r#"{{"a":{value}}}"#));
        assert_eq!(
            at(&expected, &known, &with(good)),
            [""; 0],
            "{want:?} {good}"
        );
        assert_eq!(
            at(&expected, &known, &with(bad)),
            ["body /a"],
            "{want:?} {bad}"
        );
        let without = reply(200, "application/json", "{}");
        assert_eq!(at(&expected, &known, &without), ["body /a"], "{want:?}");
    }
    let expected = json(vec![("/a", Want::Absent)]);
    assert_eq!(
        at(
            &expected,
            &known,
            &reply(200, "application/json", r#"{"a":null}"#)
        ),
        ["body /a"]
    );
    assert_eq!(
        at(&expected, &known, &reply(200, "application/json", "{}")),
        [""; 0]
    );
}

#[test]
fn the_bridge_of_a_field_is_found_by_its_address_in_the_brewery() {
    let expected = json(vec![("/bridge/{bridge}/drain", Want::Is(true))]);
    let body = r#"{"bridge":{"brewery@muc/jvb~1":{"drain":true}}}"#;
    assert_eq!(
        at(&expected, &known(), &reply(200, "application/json", body)),
        [""; 0]
    );
    let body = r#"{"bridge":{"brewery@muc/jvb2":{"drain":true}}}"#;
    let differences = at(&expected, &known(), &reply(200, "application/json", body));
    assert_eq!(differences, ["body /bridge/brewery@muc~1jvb~01/drain"]);
}

#[test]
fn nobody_is_whoever_refuses_or_closes_and_not_whoever_is_silent() {
    let refused = Failure::Connect(ErrorKind::ConnectionRefused);
    assert_eq!(judge(&Expected::Nobody, &known(), Err(&refused)), []);
    assert_eq!(
        judge(&Expected::Nobody, &known(), Err(&Failure::Closed)),
        []
    );
    assert_eq!(
        judge(&Expected::Nobody, &known(), Err(&Failure::Timeout)).len(),
        1
    );
    let somebody = Response::builder()
        .status(StatusCode::OK)
        .body(Bytes::new())
        .unwrap();
    assert_eq!(judge(&Expected::Nobody, &known(), Ok(&somebody)).len(), 1);
    let differences = judge(&nothing(), &known(), Err(&refused));
    assert_eq!(differences[0].expected, "a reply with status 200");
}
