//! The suite: every step, in the order in which they are asked. What changes nothing comes first, what ends the bridge last.

mod drain;
mod jicofo;
mod metrics;
mod moves;
mod paths;
mod pins;
mod shutdown;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};

use crate::step::Step;

/// Every step.
pub fn steps() -> Vec<Step> {
    let parts = [
        metrics::steps(),
        paths::steps(),
        jicofo::steps(),
        drain::steps(),
        moves::steps(),
        pins::steps(),
        shutdown::steps(),
    ];
    parts.into_iter().flatten().collect()
}

/// JSON, as a content type.
const JSON: &str = "application/json";

/// A request that the product never makes: `bridge::request` and `bridge::jicofo::request` have the others.
fn raw(method: Method, authority: &str, path: &str) -> Request<Vec<u8>> {
    let uri = Uri::builder()
        .scheme("http")
        .authority(authority)
        .path_and_query(path)
        .build();
    let mut request = Request::new(Vec::new());
    *request.method_mut() = method;
    // An authority that is none leads nowhere, which is an error when it is asked.
    *request.uri_mut() = uri.unwrap_or_default();
    accepting(request, Some("*/*"))
}

/// A question.
pub(crate) fn get(authority: &str, path: &str) -> Request<Vec<u8>> {
    raw(Method::GET, authority, path)
}

fn post(authority: &str, path: &str) -> Request<Vec<u8>> {
    raw(Method::POST, authority, path)
}

/// The request with this Accept header, or none.
fn accepting(mut request: Request<Vec<u8>>, accept: Option<&'static str>) -> Request<Vec<u8>> {
    match accept {
        Some(accept) => drop(
            request
                .headers_mut()
                .insert(ACCEPT, HeaderValue::from_static(accept)),
        ),
        None => drop(request.headers_mut().remove(ACCEPT)),
    }
    request
}

/// The request with a body of this type.
fn with(mut request: Request<Vec<u8>>, content_type: &'static str, body: &str) -> Request<Vec<u8>> {
    request
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    *request.body_mut() = body.as_bytes().to_vec();
    request
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::known::Names;
    use crate::step::{Connection, Effect, Server};

    #[test]
    fn every_step_has_a_name_of_its_own_a_statement_and_a_source() {
        let steps = steps();
        let names: BTreeSet<_> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), steps.len());
        for step in &steps {
            let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(step.name.chars().all(good), "{}", step.name);
            assert!(
                step.says.len() > 10 && !step.says.ends_with('.'),
                "{}",
                step.name
            );
            assert!(!step.known_from.is_empty(), "{}", step.name);
        }
    }

    #[test]
    fn every_request_goes_to_the_server_of_its_step() {
        let names = Names::new("10.0.0.1:8080", "10.0.0.2:8888");
        for step in steps() {
            let authority = match step.server {
                Server::Bridge => "10.0.0.1:8080",
                Server::Jicofo => "10.0.0.2:8888",
            };
            let request = (step.request)(&names);
            let asked = request.uri().authority().map(http::uri::Authority::as_str);
            assert_eq!(asked, Some(authority), "{}", step.name);
        }
    }

    #[test]
    fn whatever_is_no_plain_question_is_said_to_change_something() {
        for step in steps() {
            let request = (step.request)(&Names::new("b:1", "j:1"));
            let question = matches!(*request.method(), Method::GET | Method::HEAD);
            let moves = request.uri().query().is_some_and(|query| {
                // A move of people of a bridge that exists is a GET too.
                request.uri().path().starts_with("/move-endpoints/") && query.contains("bridge=")
            });
            let stranger = request
                .uri()
                .query()
                .is_some_and(|query| query.contains("bridge=bridgetender-conform-nobody"));
            let known = step.given.contains(&crate::step::Given::ThisBridge);
            if !question || (moves && (!stranger || known)) {
                assert_ne!(step.effect, Effect::Reads, "{}", step.name);
            }
            if request.uri().path().contains("shutdown") && !question {
                assert!(matches!(step.effect, Effect::Ends(_)), "{}", step.name);
            }
        }
    }

    #[test]
    fn nothing_is_asked_of_a_bridge_after_it_has_gone_but_whether_it_has() {
        let steps = steps();
        let gone = steps
            .iter()
            .position(|step| step.name == "shutdown-exit")
            .unwrap();
        for step in &steps[gone + 1..] {
            assert!(
                step.server == Server::Jicofo || step.connection == Connection::Again,
                "{}",
                step.name
            );
        }
        let first_end = steps
            .iter()
            .position(|step| matches!(step.effect, Effect::Ends(_)))
            .unwrap();
        for step in &steps[first_end..] {
            assert!(!matches!(step.effect, Effect::Changes(_)), "{}", step.name);
        }
    }

    #[test]
    fn a_step_is_compared_with_one_that_notes_numbers() {
        let steps = steps();
        for step in &steps {
            if let Some(beside) = step.beside {
                let other = steps.iter().find(|other| other.name == beside).unwrap();
                assert!(
                    !other.notes.is_empty() && other.effect == Effect::Reads,
                    "{}",
                    step.name
                );
            }
        }
    }
}
