//! Requests to a bridge's private HTTP interface; [`crate::reply`] reads what it answers.
//!
//! An authority is an address with a port, such as `10.1.2.3:8080` or `[fd00::1]:8080`. One that is none makes a request without
//! an authority, which no HTTP client sends. There is no authentication: whoever reaches that port may ask all of this.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri};

use crate::source::Source;

/// The path of each request, without a query.
pub mod path {
    /// Health, read by [`crate::reply::health`].
    pub const HEALTH: &str = "/about/health";
    /// Version, read by [`crate::reply::version`].
    pub const VERSION: &str = "/about/version";
    /// Whether the bridge drains, read by [`crate::reply::drain_state`].
    pub const DRAIN: &str = "/colibri/drain";
    /// Begins to drain.
    pub const DRAIN_ENABLE: &str = "/colibri/drain/enable";
    /// Ends to drain.
    pub const DRAIN_DISABLE: &str = "/colibri/drain/disable";
    /// Shuts down, gracefully or not.
    pub const SHUTDOWN: &str = "/colibri/shutdown";
}

/// Asks for statistics in a form.
pub fn stats(source: Source, authority: &str) -> Request<Vec<u8>> {
    let mut request = to(Method::GET, authority, source.path(), Vec::new());
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static(source.accept()));
    request
}

impl Source {
    /// The request for this form; the same as [`stats`].
    pub fn request(self, authority: &str) -> Request<Vec<u8>> {
        stats(self, authority)
    }
}

/// Asks for the last result of the bridge's own health check. The first one runs a minute after the start; until then the
/// answer is good, whatever is wrong, and it never tells whether the bridge reaches XMPP (seen on a running bridge).
pub fn health(authority: &str) -> Request<Vec<u8>> {
    to(Method::GET, authority, path::HEALTH, Vec::new())
}

/// Asks for the bridge's version.
pub fn version(authority: &str) -> Request<Vec<u8>> {
    to(Method::GET, authority, path::VERSION, Vec::new())
}

/// Asks whether the bridge drains.
pub fn drain_state(authority: &str) -> Request<Vec<u8>> {
    to(Method::GET, authority, path::DRAIN, Vec::new())
}

/// Lets the bridge drain: jicofo, which learns of it within the next 5 s, gives it no new conference while another bridge takes
/// them. Nobody is moved. May be repeated, and taken back with [`undrain`].
pub fn drain(authority: &str) -> Request<Vec<u8>> {
    to(Method::POST, authority, path::DRAIN_ENABLE, Vec::new())
}

/// Takes a bridge that drains back into service. May be repeated.
pub fn undrain(authority: &str) -> Request<Vec<u8>> {
    to(Method::POST, authority, path::DRAIN_DISABLE, Vec::new())
}

/// Shuts the bridge down, for which there is no way back; may be repeated.
///
/// Gracefully: it takes no new conferences, and leaves a minute after the last person. Otherwise: jicofo moves everybody at
/// once, or hangs up on them where no other bridge takes them, and the bridge leaves after a minute (seen on a running bridge).
pub fn shutdown(authority: &str, graceful: bool) -> Request<Vec<u8>> {
    let body = format!(r#"{{"graceful-shutdown":{graceful}}}"#);
    json(to(
        Method::POST,
        authority,
        path::SHUTDOWN,
        body.into_bytes(),
    ))
}

/// A request with an Accept header, without which some replies are a 500.
pub(crate) fn to(
    method: Method,
    authority: &str,
    path_and_query: &str,
    body: Vec<u8>,
) -> Request<Vec<u8>> {
    // Paths are constants and queries are percent-encoded, so that only the authority can be at fault.
    let path =
        PathAndQuery::try_from(path_and_query).unwrap_or_else(|_| PathAndQuery::from_static("/"));
    let uri = Uri::builder()
        .scheme("http")
        .authority(authority)
        .path_and_query(path.clone())
        .build();
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri.unwrap_or_else(|_| Uri::from(path));
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("*/*"));
    request
}

/// The request with its body declared as JSON: without it a bridge answers 415.
pub(crate) fn json(mut request: Request<Vec<u8>>) -> Request<Vec<u8>> {
    request
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_goes_without_an_accept_header() {
        for source in Source::ALL {
            let request = source.request("10.1.2.3:8080");
            assert_eq!(request.method(), Method::GET);
            assert_eq!(
                request.uri(),
                format!("http://10.1.2.3:8080{}", source.path()).as_str()
            );
            assert_eq!(request.headers()[ACCEPT], source.accept());
        }
    }

    #[test]
    fn a_bad_authority_makes_a_request_that_leads_nowhere() {
        for authority in [
            "",
            "a b",
            "10.1.2.3:8080/x",
            "fd00::1 :8080",
            "10.1.2.3:8080?x=y",
        ] {
            let request = drain(authority);
            assert_eq!(request.uri().authority(), None, "{authority:?}");
            assert_eq!(request.uri().path(), "/colibri/drain/enable");
        }
        assert_eq!(
            drain("[fd00::1]:8080").uri(),
            "http://[fd00::1]:8080/colibri/drain/enable"
        );
    }
}
