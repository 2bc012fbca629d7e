//! What must hold of whatever strangers send: shared by the fuzz targets and the tests.
//!
//! Each function takes any bytes, panics where something does not hold, and says whether the bytes were understood.

use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::access::{Attributes, Subject};
use crate::api::{Question, Selector, accepts_gzip, wants_aggregated};

/// The target of a request: what is authorized is what is read, and neither depends on how it was encoded.
///
/// # Panics
/// When that does not hold.
pub fn path(bytes: &[u8]) -> bool {
    let Ok(uri) = Uri::try_from(bytes) else {
        return false;
    };
    let request = get(uri);
    let Ok(question) = Question::of(&request) else {
        return false;
    };
    let attributes = question.attributes(&request);
    match &attributes {
        Attributes::NonResource { path, verb } => {
            assert_eq!(path, request.uri.path());
            assert_eq!(verb, "get");
        }
        Attributes::Resource {
            namespace,
            resource,
            subresource,
            name,
            ..
        } => {
            let parts = [namespace, &Some(resource.clone()), subresource, name];
            for part in parts.into_iter().flatten() {
                let is_segment = !part.is_empty() && !part.contains('/');
                assert!(is_segment, "{part:?} is no part of a path: {attributes:?}");
            }
        }
    }
    if let Some(namespace) = question.route.namespace() {
        let Attributes::Resource { namespace: of, .. } = &attributes else {
            panic!("values of {namespace} are authorized as a path: {attributes:?}");
        };
        assert_eq!(of.as_deref(), Some(namespace));
    }
    assert_eq!(again(&request), Some(question), "encoded in another way");
    true
}

/// The question of the same request with each segment of its path decoded and encoded anew.
fn again(request: &Parts) -> Option<Question> {
    let segments = request.uri.path().split('/').map(|segment| {
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        utf8_percent_encode(&decoded, NON_ALPHANUMERIC).to_string()
    });
    let mut target = segments.collect::<Vec<_>>().join("/");
    if let Some(query) = request.uri.query() {
        target.push('?');
        target.push_str(query);
    }
    let uri = Uri::try_from(target).ok()?;
    Question::of(&get(uri)).ok()
}

fn get(uri: Uri) -> Parts {
    let mut request = Request::new(());
    *request.uri_mut() = uri;
    request.into_parts().0
}

/// A label selector: what is understood is written so that it is understood as the same, and means the same.
///
/// # Panics
/// When that does not hold.
pub fn selector(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(selector) = Selector::parse(text) else {
        return false;
    };
    let written = selector.to_string();
    let read = Selector::parse(&written);
    assert_eq!(read.as_ref(), Ok(&selector), "{text:?} became {written:?}");
    for value in [None, Some(""), Some("jvb"), Some("a")] {
        let label = |_: &str| value;
        let everything = selector.is_everything();
        assert!(!everything || selector.matches(label), "{text:?}");
    }
    true
}

/// What a client accepts: neither the form nor the coding of an answer is one that the client did not name.
///
/// # Panics
/// When that does not hold.
pub fn accept(bytes: &[u8]) -> bool {
    let headers = |name: HeaderName| {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(bytes).ok()?;
        headers.insert(name, value);
        Some(headers)
    };
    let (Some(form), Some(coding)) = (headers(ACCEPT), headers(ACCEPT_ENCODING)) else {
        return false;
    };
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let aggregated = wants_aggregated(&form);
    if aggregated {
        for part in [
            "application/json",
            "apidiscovery.k8s.io",
            "apigroupdiscoverylist",
        ] {
            assert!(text.contains(part), "{text:?} does not name {part}");
        }
    }
    let packed = accepts_gzip(&coding);
    assert!(
        !packed || text.contains("gzip") || text.contains('*'),
        "{text:?}"
    );
    aggregated || packed
}

/// The subject of a client's certificate: no name is one that the certificate does not carry, letter by letter.
///
/// # Panics
/// When that does not hold.
pub fn subject(bytes: &[u8]) -> bool {
    let Ok(subject) = Subject::read(bytes) else {
        return false;
    };
    let Subject {
        common_name,
        organizations,
        uid,
    } = &subject;
    for name in organizations.iter().chain(uid).chain([common_name]) {
        let carried = name.is_empty()
            || bytes
                .windows(name.len())
                .any(|part| part == name.as_bytes());
        assert!(carried, "{name:?} is not in the certificate: {subject:?}");
    }
    !common_name.is_empty()
}
