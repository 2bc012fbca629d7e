//! Jicofo's HTTP interface: routes, parameters, and its own way of refusing.

use http::header::ACCEPT;
use http::{Method, Request, StatusCode};

use super::accept::Form;
use super::agenda::Name;
use super::java::Json;
use super::ktor::{bare, chunked, json, plain, reply};
use super::moves::Moved;
use super::page::Reply;
use super::query::{Query, Refusal, decoded, jid};
use super::{Jitsi, jicofo_debug, jicofo_metrics, jicofo_stats, render};
use crate::time::Time;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Jitsi {
    /// What jicofo answers over HTTP; nothing while it does not run. The reply is the real one's, which has no Date.
    pub fn jicofo_request(&mut self, request: &Request<Vec<u8>>, now: Time) -> Option<Reply> {
        self.advance(now);
        self.jicofo.as_ref()?;
        let reply = self.route(request);
        self.advance(now);
        Some(reply)
    }

    fn route(&mut self, request: &Request<Vec<u8>>) -> Reply {
        let path = request.uri().path();
        let method = match path {
            "/pin/remove" => Method::POST,
            "/pin" if *request.method() == Method::POST => Method::POST,
            _ => Method::GET,
        };
        let allowed = *request.method() == method;
        let query = Query::of(request);
        match path {
            "/about/health" if !self.config.health_checks => bare(StatusCode::NOT_FOUND),
            _ if !known(path) => bare(StatusCode::NOT_FOUND),
            _ if !allowed => bare(StatusCode::METHOD_NOT_ALLOWED),
            "/about/health" => match self.unhealthy() {
                None => plain(StatusCode::OK, "OK".to_owned()),
                Some(text) => plain(StatusCode::INTERNAL_SERVER_ERROR, text),
            },
            "/about/version" => chunked(&Json::object([
                ("name", Json::from("JiCoFo")),
                ("version", self.config.version.as_str().into()),
                ("os", "Linux".into()),
            ])),
            "/metrics" => self.jicofo_metrics(request),
            "/stats" => json(&jicofo_stats::stats(self)),
            "/rtcstats" => json(&Json::object::<String>([])),
            "/debug" => json(&jicofo_debug::debug(
                self,
                query.get("full").as_deref() == Some("true"),
            )),
            "/debug/conferences" => json(&jicofo_debug::conferences(self)),
            "/debug/conferences-full" => json(&jicofo_debug::conferences_full(self)),
            "/pin" if method == Method::POST => self.pin(request.body()),
            "/pin" => chunked(&self.pins()),
            "/pin/remove" => self.unpin(request.body()),
            "/move-endpoints/move-endpoint" => moved(self.ask_endpoint(&query)),
            "/move-endpoints/move-endpoints" => moved(self.ask_endpoints(&query)),
            "/move-endpoints/move-fraction" => moved(self.ask_fraction(&query)),
            _ => self.debug_conference(path),
        }
    }

    /// What is wrong with jicofo, if anything is: no bridge that is operational and not gracefully shutting down.
    pub(super) fn unhealthy(&self) -> Option<String> {
        let known = self.jicofo.as_ref().map(|jicofo| &jicofo.known)?;
        let usable = known
            .values()
            .any(|known| known.operational(self.now) && !known.graceful);
        let count = known.len();
        (!usable).then(|| format!("No operational bridges available (total bridge count: {count})"))
    }

    fn debug_conference(&self, path: &str) -> Reply {
        let conference = decoded(path.trim_start_matches("/debug/conference/"));
        match jid(&conference) {
            Some(conference) => json(&jicofo_debug::conference(self, &conference)),
            None => Refusal::BadRequest("Invalid conference ID".to_owned()).reply(),
        }
    }

    fn jicofo_metrics(&self, request: &Request<Vec<u8>>) -> Reply {
        let accepted = request
            .headers()
            .get(ACCEPT)
            .and_then(|accepted| accepted.to_str().ok());
        let measured = jicofo_metrics::measured(self);
        let text = |open, content_type| {
            let order = jicofo_metrics::TEXT_ORDER;
            let text = render::text(jicofo_metrics::PREFIX, order, &measured, open, true);
            reply(StatusCode::OK, Some(content_type), text)
        };
        // Unlike the bridge, it answers without the header too.
        match accepted.map_or(Some(Form::OpenMetrics), Form::accepted) {
            Some(Form::Json) => json(&render::json(&measured)),
            Some(Form::Text) => text(false, TEXT),
            Some(Form::OpenMetrics) => text(true, OPEN_METRICS),
            None => {
                let types = "application/openmetrics-text, text/plain and application/json";
                let text = format!("Supported media types are {types}");
                plain(StatusCode::INTERNAL_SERVER_ERROR, text)
            }
        }
    }

    fn ask_endpoint(&mut self, query: &Query) -> Result<Moved, Refusal> {
        let conference = query.required("conference")?;
        let endpoint = query.required("endpoint")?;
        let conference = self.conference(&conference)?;
        let bridge = query
            .get("bridge")
            .map(|bridge| self.named_bridge(&bridge))
            .transpose()?;
        Ok(self.move_endpoint(&conference, &endpoint, bridge.as_ref()))
    }

    fn ask_endpoints(&mut self, query: &Query) -> Result<Moved, Refusal> {
        let bridge = self.named_bridge(&query.required("bridge")?)?;
        let count = query.get("numEndpoints").unwrap_or_else(|| "1".to_owned());
        let count: i32 = count.parse().map_err(|_| not_a_number(&count))?;
        let conference = query.get("conference");
        let conference = conference
            .map(|conference| self.conference(&conference))
            .transpose()?;
        let count = usize::try_from(count).unwrap_or(0);
        Ok(self.move_endpoints(&bridge, conference.as_ref(), count))
    }

    fn ask_fraction(&mut self, query: &Query) -> Result<Moved, Refusal> {
        let bridge = self.named_bridge(&query.required("bridge")?)?;
        let fraction = query.get("fraction").unwrap_or_else(|| "0.1".to_owned());
        match fraction.parse::<f64>() {
            Ok(fraction) if fraction.is_nan() => {
                Err(Refusal::Unhandled("Cannot round NaN value.".to_owned()))
            }
            Ok(fraction) => Ok(self.move_fraction(&bridge, fraction)),
            Err(_) => Err(not_a_number(&fraction)),
        }
    }

    fn conference(&self, conference: &str) -> Result<Name, Refusal> {
        let address = jid(conference)
            .ok_or_else(|| Refusal::BadRequest("Invalid parameter: conference ID".to_owned()))?;
        let found = self.rooms.get_key_value(address.as_str());
        found
            .map(|(name, _)| name.clone())
            .ok_or_else(|| Refusal::not_found("Conference"))
    }

    /// A bridge by its address in the brewery or by its nick alone.
    fn named_bridge(&self, bridge: &str) -> Result<Name, Refusal> {
        let nick = bridge
            .strip_prefix(&self.config.brewery)
            .and_then(|nick| nick.strip_prefix('/'))
            .unwrap_or(bridge);
        let known = self
            .jicofo
            .as_ref()
            .and_then(|jicofo| jicofo.known.get_key_value(nick));
        known
            .map(|(name, _)| name.clone())
            .ok_or_else(|| Refusal::not_found("Bridge"))
    }
}

fn known(path: &str) -> bool {
    matches!(
        path,
        "/about/health"
            | "/about/version"
            | "/metrics"
            | "/stats"
            | "/rtcstats"
            | "/debug"
            | "/debug/conferences"
            | "/debug/conferences-full"
            | "/pin"
            | "/pin/remove"
            | "/move-endpoints/move-endpoint"
            | "/move-endpoints/move-endpoints"
            | "/move-endpoints/move-fraction"
    ) || path
        .strip_prefix("/debug/conference/")
        .is_some_and(|name| !name.is_empty())
}

fn not_a_number(text: &str) -> Refusal {
    Refusal::Unhandled(format!("For input string: \"{text}\""))
}

fn moved(moved: Result<Moved, Refusal>) -> Reply {
    match moved {
        Ok(moved) => chunked(&Json::object([
            ("movedEndpoints", Json::from(moved.endpoints)),
            ("conferences", moved.conferences.into()),
        ])),
        Err(refusal) => refusal.reply(),
    }
}

/// A refusal of the body of a pin, or success.
pub(super) fn pinned(result: Result<(), Refusal>) -> Reply {
    match result {
        Ok(()) => bare(StatusCode::OK),
        Err(refusal) => refusal.reply(),
    }
}
