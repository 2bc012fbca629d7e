//! Replies as the bridge's Jetty and Jersey write them, error pages included.

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, VARY};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use super::accept;

pub(super) type Reply = Response<Vec<u8>>;

/// A reply of a handler that did its work, whatever the status.
pub(super) fn handled(
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Vec<u8>,
) -> Reply {
    let mut reply = Response::new(Vec::new());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(CONTENT_LENGTH, body.len().into());
    *reply.body_mut() = body;
    reply
}

/// 200 with an empty body.
pub(super) fn done() -> Reply {
    handled(StatusCode::OK, None, Vec::new())
}

/// 200 with JSON.
pub(super) fn json(body: impl std::fmt::Display) -> Reply {
    let body = body.to_string().into_bytes();
    handled(StatusCode::OK, Some("application/json"), body)
}

/// An error of Jersey's or of Jetty's, with the page that goes with it in a form that is accepted.
pub(super) fn error(request: &Request<Vec<u8>>, status: StatusCode, message: &str) -> Reply {
    let mut reply = Response::new(Vec::new());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    let cache = HeaderValue::from_static("must-revalidate,no-cache,no-store");
    headers.insert(CACHE_CONTROL, cache);
    let page = page(request, status, message);
    if let Some((content_type, _)) = page {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    let body = page.map(|(_, body)| body.into_bytes()).unwrap_or_default();
    headers.insert(CONTENT_LENGTH, body.len().into());
    if request.method() != Method::HEAD {
        *reply.body_mut() = body;
    }
    reply
}

/// Jetty writes a page for GET, POST and HEAD only, and in the first form that it knows of those that are accepted.
fn page(
    request: &Request<Vec<u8>>,
    status: StatusCode,
    message: &str,
) -> Option<(&'static str, String)> {
    if ![Method::GET, Method::POST, Method::HEAD].contains(request.method()) {
        return None;
    }
    let (uri, code) = (address(request), status.as_u16());
    let Some(accepted) = request.headers().get(ACCEPT) else {
        return Some(html(&uri, code, message));
    };
    accept::by_preference(accepted.to_str().unwrap_or_default())
        .into_iter()
        .find_map(|media_type| match media_type {
            "text/html" | "text/*" | "*/*" => Some(html(&uri, code, message)),
            "text/plain" => Some(plain(&uri, code, message)),
            "text/json" | "application/json" => Some(object(&uri, code, message)),
            _ => None,
        })
}

fn html(uri: &str, code: u16, message: &str) -> (&'static str, String) {
    let (uri, message) = (escaped(uri), escaped(message));
    let body = format!(
        "<html>\n<head>\n\
         <meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n\
         <title>Error {code} {message}</title>\n</head>\n<body>\n\
         <h2>HTTP ERROR {code} {message}</h2>\n<table>\n\
         <tr><th>URI:</th><td>{uri}</td></tr>\n\
         <tr><th>STATUS:</th><td>{code}</td></tr>\n\
         <tr><th>MESSAGE:</th><td>{message}</td></tr>\n\
         </table>\n\n</body>\n</html>\n"
    );
    ("text/html;charset=iso-8859-1", body)
}

fn plain(uri: &str, code: u16, message: &str) -> (&'static str, String) {
    let body =
        format!("HTTP ERROR {code} {message}\nURI: {uri}\nSTATUS: {code}\nMESSAGE: {message}\n");
    ("text/plain;charset=iso-8859-1", body)
}

/// Read from Jetty's source, not seen.
fn object(uri: &str, code: u16, message: &str) -> (&'static str, String) {
    let body =
        format!("{{\n\"message\":\"{message}\",\n\"url\":\"{uri}\",\n\"status\":\"{code}\"\n}}");
    ("application/json", body)
}

/// The address that was asked for, as the bridge puts it together.
pub(super) fn address(request: &Request<Vec<u8>>) -> String {
    let uri = request.uri();
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let authority = uri.authority().map(http::uri::Authority::as_str).or(host);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("http://{}{path}", authority.unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
