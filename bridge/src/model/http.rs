//! The bridge's HTTP interface: routes, methods, and who is refused how.

use http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Request, StatusCode};

use super::accept::{Form, by_preference};
use super::agenda::Name;
use super::config::Health;
use super::java::Json;
use super::page::{self, Reply, done, error, handled, json};
use super::videobridge::Http;
use super::{Jitsi, Videobridge, debug, metrics, render, shutdown, stats};
use crate::time::Time;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain;charset=utf-8;version=0.0.4";
const OPEN_METRICS: &str = "application/openmetrics-text;charset=utf-8;version=1.0.0";

/// What answers under a path, and to which method.
#[derive(Clone, Copy)]
enum Route {
    Metrics,
    Health,
    Version,
    Stats,
    Drain,
    SetDrain(bool),
    Shutdown,
    Debug,
    RtcStats,
    RtcStatsMoved,
    Conferences,
}

impl Route {
    fn of(bridge: Videobridge<'_>, path: &str) -> Option<Self> {
        let config = bridge.config();
        let colibri = config.colibri_rest;
        match path.trim_end_matches('/') {
            "/metrics" => Some(Self::Metrics),
            "/about/health" => Some(Self::Health),
            "/about/version" => Some(Self::Version),
            "/colibri/stats" => colibri.then_some(Self::Stats),
            "/colibri/shutdown" => (colibri && config.shutdown_rest).then_some(Self::Shutdown),
            "/colibri/v2/conferences" => colibri.then_some(Self::Conferences),
            "/colibri/drain" => Some(Self::Drain),
            "/colibri/drain/enable" => Some(Self::SetDrain(true)),
            "/colibri/drain/disable" => Some(Self::SetDrain(false)),
            "/debug" => Some(Self::Debug),
            "/debug/stats/rtcstats" => Some(Self::RtcStatsMoved),
            "/stats" => Some(Self::RtcStats),
            _ => None,
        }
    }

    fn method(self) -> Method {
        match self {
            Self::SetDrain(_) | Self::Shutdown => Method::POST,
            _ => Method::GET,
        }
    }

    /// Whether all that it can give is JSON.
    fn only_json(self) -> bool {
        matches!(
            self,
            Self::Version | Self::Stats | Self::Drain | Self::Debug | Self::RtcStats
        )
    }
}

impl Jitsi {
    /// What the bridge answers over HTTP; nothing when nobody listens there: booting, gone.
    ///
    /// The request may carry its authority in its address or in a Host header. The reply is the real one's but for its Date.
    pub fn bridge_request(
        &mut self,
        nick: &str,
        request: &Request<Vec<u8>>,
        now: Time,
    ) -> Option<Reply> {
        self.advance(now);
        let (name, process) = self.processes.get_key_value(nick)?;
        if process.http != Http::Open {
            return None;
        }
        let name = name.clone();
        let bridge = self.bridge(nick)?;
        let reply = match Route::of(bridge, request.uri().path()) {
            None => error(request, StatusCode::NOT_FOUND, "Not Found"),
            Some(route) => match refused(route, request) {
                Some(refusal) => refusal,
                None => self.answer(&name, route, request),
            },
        };
        self.advance(now);
        Some(reply)
    }

    fn answer(&mut self, nick: &Name, route: Route, request: &Request<Vec<u8>>) -> Reply {
        match route {
            Route::SetDrain(drain) => {
                self.set_drain(nick, drain);
                done()
            }
            Route::Shutdown => self.answer_shutdown(nick, request),
            _ => match self.bridge(nick) {
                Some(bridge) => without_body(request, read(bridge, route, request)),
                None => error(request, StatusCode::NOT_FOUND, "Not Found"),
            },
        }
    }

    fn answer_shutdown(&mut self, nick: &Name, request: &Request<Vec<u8>>) -> Reply {
        let sent = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|sent| sent.to_str().ok());
        let is_json = sent.is_some_and(|sent| sent.split(';').next().map(str::trim) == Some(JSON));
        if !is_json && (sent.is_some() || !request.body().is_empty()) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return error(request, status, "Unsupported Media Type");
        }
        if request.body().is_empty() {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return error(request, status, "Internal Server Error");
        }
        match shutdown::graceful(request.body()) {
            Ok(graceful) => {
                self.shut_down(nick, graceful);
                done()
            }
            Err(text) => handled(
                StatusCode::BAD_REQUEST,
                Some("text/plain"),
                text.into_bytes(),
            ),
        }
    }
}

/// A method or an Accept header that the route does not take.
fn refused(route: Route, request: &Request<Vec<u8>>) -> Option<Reply> {
    let (method, wanted) = (request.method(), route.method());
    let head = *method == Method::HEAD && wanted == Method::GET;
    if *method != wanted && !head {
        let allow = format!("{wanted},OPTIONS");
        let mut reply = if *method == Method::OPTIONS {
            done()
        } else {
            error(
                request,
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed",
            )
        };
        if let Ok(allow) = HeaderValue::from_str(&allow) {
            reply.headers_mut().insert(ALLOW, allow);
        }
        return Some(reply);
    }
    let accepted = request.headers().get(ACCEPT)?.to_str().unwrap_or_default();
    let takes_json = by_preference(accepted)
        .iter()
        .any(|taken| ["*/*", "application/*", JSON, ""].contains(taken));
    (route.only_json() && !takes_json)
        .then(|| error(request, StatusCode::NOT_ACCEPTABLE, "Not Acceptable"))
}

fn read(bridge: Videobridge<'_>, route: Route, request: &Request<Vec<u8>>) -> Reply {
    match route {
        Route::Metrics => metrics(bridge, request),
        Route::Health => health(bridge),
        Route::Version => json(Json::object([
            ("name", Json::from("JVB")),
            ("version", bridge.config().version.as_str().into()),
            ("os", bridge.config().os.as_str().into()),
        ])),
        Route::Stats => json(stats::stats(bridge)),
        Route::Drain => json(Json::object([("drain", Json::from(bridge.flags().drain))])),
        Route::Debug => json(debug::debug(bridge)),
        Route::RtcStats => json(r#"{"conferences":{}}"#),
        Route::RtcStatsMoved => moved(request),
        Route::Conferences | Route::SetDrain(_) | Route::Shutdown => {
            error(request, StatusCode::NOT_IMPLEMENTED, "Not Implemented")
        }
    }
}

fn metrics(bridge: Videobridge<'_>, request: &Request<Vec<u8>>) -> Reply {
    let accepted = request
        .headers()
        .get(ACCEPT)
        .map(|accepted| accepted.to_str());
    let form = accepted.and_then(|accepted| Form::accepted(accepted.unwrap_or_default()));
    let Some(form) = form else {
        return error(
            request,
            StatusCode::INTERNAL_SERVER_ERROR,
            "Request failed.",
        );
    };
    let measured = metrics::measured(bridge);
    let text = |open| {
        let text = render::text(
            metrics::PREFIX,
            metrics::TEXT_ORDER,
            &measured,
            open,
            bridge.config().created_series,
        );
        let content_type = if open { OPEN_METRICS } else { TEXT };
        let mut reply = handled(StatusCode::OK, Some(content_type), text.into_bytes());
        // Too long for Jetty's buffer, so it does not know the length.
        reply.headers_mut().remove(CONTENT_LENGTH);
        let chunked = HeaderValue::from_static("chunked");
        reply.headers_mut().insert(TRANSFER_ENCODING, chunked);
        reply
    };
    match form {
        Form::Json => json(render::json(&measured)),
        Form::Text => text(false),
        Form::OpenMetrics => text(true),
    }
}

fn health(bridge: Videobridge<'_>) -> Reply {
    let health = bridge.health();
    let status = match health {
        Health::Good => return done(),
        Health::Bad(_) | Health::Hung => StatusCode::INTERNAL_SERVER_ERROR,
        Health::Soft(_) => StatusCode::SERVICE_UNAVAILABLE,
        Health::Coded(code, _) => {
            StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    let message = health.message().unwrap_or_default();
    // Plain text, whatever the header says.
    handled(status, Some(JSON), message.as_bytes().to_vec())
}

fn moved(request: &Request<Vec<u8>>) -> Reply {
    let mut reply = handled(StatusCode::FOUND, None, Vec::new());
    let to = page::address(request).replace("/debug/stats/", "/debug/stats/jvb/");
    if let Ok(to) = HeaderValue::from_str(&to) {
        reply.headers_mut().insert(LOCATION, to);
    }
    reply
}

/// A HEAD gets the headers of a GET, but for the length, which is 0.
fn without_body(request: &Request<Vec<u8>>, mut reply: Reply) -> Reply {
    if *request.method() == Method::HEAD {
        reply.body_mut().clear();
        reply.headers_mut().remove(TRANSFER_ENCODING);
        reply.headers_mut().insert(CONTENT_LENGTH, 0.into());
    }
    reply
}
