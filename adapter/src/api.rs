//! The custom metrics API: discovery, values, and how the adapter fares.
//!
//! A path and a query become a question (`route`, `selector`), which `read` answers from what is known in `telling`, in the
//! forms of `wire` and the numbers of `quantity`.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use serde_json::json;

use crate::access::{Attributes, User};
use crate::api::route::{Route, nowhere};
use crate::api::wire::discovery::{AGGREGATED, Discovery, Document};
use crate::api::wire::openapi::OpenApi;
use crate::api::wire::values::bytes;
use crate::scraping::Refresher;
use crate::serving::{Body, Service, Status};
use crate::shared::Shared;
use crate::telemetry;
use crate::telling::{Record, Ticket};

mod asked;
mod external;
mod keda;
mod limit;
mod packing;
mod quantity;
mod read;
mod route;
mod selector;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use limit::{UserLimit, UserQuota};
pub(crate) use packing::accepts_gzip;
pub(crate) use route::Question;
pub(crate) use selector::Selector;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers requests from what is known; where that is old, the bridges are asked first.
#[derive(Debug)]
pub(crate) struct Api {
    shared: Arc<Shared>,
    discovery: Discovery,
    openapi: OpenApi,
    with_external: bool,
    namespaces: Vec<String>,
    refresher: Option<Refresher>,
    limit: Option<UserLimit>,
}

impl Api {
    /// Answers from this, external metrics too or not.
    pub(crate) fn new(shared: Arc<Shared>, with_external: bool) -> Self {
        Self {
            discovery: Discovery::new(&shared.metrics, with_external),
            openapi: OpenApi::new(&shared.metrics, with_external),
            shared,
            with_external,
            namespaces: Vec::new(),
            refresher: None,
            limit: None,
        }
    }

    /// Answers for these namespaces alone; for all where none is named.
    #[must_use]
    pub(crate) fn within(mut self, namespaces: Vec<String>) -> Self {
        self.namespaces = namespaces;
        self
    }

    /// Lets each user ask so often; without this as often as they like.
    #[must_use]
    pub(crate) fn limited_to(mut self, quota: UserQuota) -> Self {
        self.limit = Some(UserLimit::new(quota));
        self
    }

    /// Nobody looks at the other namespaces: whether there are bridges is not known.
    fn check_namespace(&self, route: &Route) -> Result<(), Status> {
        match route.namespace() {
            Some(namespace)
                if !self.namespaces.is_empty()
                    && !self.namespaces.iter().any(|known| known == namespace) =>
            {
                Err(Status::not_found(format!(
                    "the bridges of the namespace {namespace} are not known here; hint: the adapter's --namespaces are {}",
                    self.namespaces.join(", ")
                )))
            }
            _ => Ok(()),
        }
    }

    /// Has bridges asked before values of them are told that have grown old.
    #[must_use]
    pub(crate) fn refreshed_by(mut self, refresher: Refresher) -> Self {
        self.refresher = Some(refresher);
        self
    }

    /// Waits, within the budget, until the bridges that the question is about have been asked as lately as wanted.
    async fn freshen(&self, route: &Route) {
        let Some(refresher) = &self.refresher else {
            return;
        };
        let old: Vec<Ticket> = {
            let now = self.shared.clock.now();
            let store = self.shared.store();
            let wanted = move |bridge: &Record| refresher.freshness.wants(bridge, now);
            asked::bridges(&store, route, wanted)
                .map(Record::ticket)
                .collect()
        };
        if !old.is_empty() {
            let result = refresher.refresh(old).await;
            self.shared.telemetry.refreshed(result);
        }
    }

    fn question(&self, request: &Parts) -> Result<Question, Status> {
        let question = Question::of(request)?;
        if question.route.is_external() && !self.with_external {
            return Err(nowhere(request.uri.path()));
        }
        Ok(question)
    }

    /// A replica that was restarted in its place may be asked before anybody has looked at its /readyz.
    fn check_informed(&self) -> Result<(), Status> {
        let informed = self.shared.health.informed(self.shared.clock.now());
        informed.map_err(Status::service_unavailable)
    }

    async fn respond(&self, request: &Parts) -> Result<Response<Body>, Status> {
        let Question { route, pretty } = self.question(request)?;
        self.check_namespace(&route)?;
        if matches!(route, Route::Read(_) | Route::External(_) | Route::Group(_)) {
            self.check_informed()?;
        }
        self.freshen(&route).await;
        Ok(match route {
            Route::Groups if wants_aggregated(&request.headers) => {
                let content_type = HeaderValue::from_static(AGGREGATED);
                discovery(&self.discovery.aggregated, content_type, request, pretty)
            }
            Route::Groups => discovery(&self.discovery.groups, JSON, request, pretty),
            Route::ApiGroup => discovery(&self.discovery.group, JSON, request, pretty),
            Route::Resources(version) => {
                discovery(self.discovery.resources(version), JSON, request, pretty)
            }
            Route::Read(read) => values(request, read::answer(&self.shared, &read, pretty)?),
            Route::ExternalGroup => {
                discovery(&self.discovery.external_group, JSON, request, pretty)
            }
            Route::ExternalResources => {
                discovery(&self.discovery.external_resources, JSON, request, pretty)
            }
            Route::Group(read) => ok(JSON, keda::answer(&self.shared, &read, pretty)?),
            Route::External(read) => {
                values(request, external::answer(&self.shared, &read, pretty)?)
            }
            Route::OpenApi => discovery(&self.openapi.index, JSON, request, pretty),
            Route::OpenApiOf { group, version } => {
                let document = self.openapi.document(&group, &version);
                let document = document.ok_or_else(|| nowhere(request.uri.path()))?;
                discovery(document, JSON, request, pretty)
            }
            Route::Build => ok(
                JSON,
                bytes(
                    &json!({
                        "gitVersion": concat!("v", env!("CARGO_PKG_VERSION")),
                        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
                    }),
                    pretty,
                ),
            ),
            Route::Telemetry => {
                let now = self.shared.clock.now();
                let text = self
                    .shared
                    .telemetry
                    .render(&self.shared.store(), &self.shared.metrics, now)
                    .map_err(|error| Status::internal(error.to_string()))?;
                ok(HeaderValue::from_static(telemetry::CONTENT_TYPE), text)
            }
        })
    }
}

impl Service for Api {
    fn admit(&self, user: &User) -> Result<(), Status> {
        let Some(limit) = &self.limit else {
            return Ok(());
        };
        let admitted = limit.admit(user);
        if admitted.is_err() {
            self.shared.telemetry.limited();
        }
        admitted
    }

    fn has_room_of_its_own(&self, user: &User) -> bool {
        let limit = self.limit.as_ref();
        limit.is_some_and(|limit| limit.is_unlimited(user))
    }

    fn attributes(&self, request: &Parts) -> Result<Attributes, Status> {
        self.question(request)
            .map(|question| question.attributes(request))
    }

    async fn answer(&self, _user: &User, request: &Parts) -> Response<Body> {
        let response = self
            .respond(request)
            .await
            .unwrap_or_else(Status::into_response);
        self.shared.telemetry.answered(response.status());
        response
    }

    fn refused(&self, code: StatusCode) {
        self.shared.telemetry.answered(code);
    }

    fn open(&self, path: &str) -> Option<Response<Body>> {
        let now = self.shared.clock.now();
        let health = match path {
            "/healthz" | "/livez" => self.shared.health.live(now),
            "/readyz" => self.shared.health.ready(now),
            _ => return None,
        };
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        Some(match health {
            Ok(()) => ok(text, Bytes::from_static(b"ok")),
            Err(why) => {
                let mut response = ok(text, Bytes::from_static(why.as_bytes()));
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
        })
    }
}

fn ok(content_type: HeaderValue, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::new(body.into()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Values, packed where they are many and the client can take it.
fn values(request: &Parts, body: Vec<u8>) -> Response<Body> {
    if !packing::is_large(&body) {
        return ok(JSON, body);
    }
    let mut response = if accepts_gzip(&request.headers) {
        let mut response = ok(JSON, packing::gzip(&body));
        let coding = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, coding);
        response
    } else {
        ok(JSON, body)
    };
    let vary = HeaderValue::from_static("Accept-Encoding");
    response.headers_mut().insert(VARY, vary);
    response
}

/// A document that never changes, or only the word that it has not changed.
fn discovery(
    document: &Document,
    content_type: HeaderValue,
    request: &Parts,
    pretty: bool,
) -> Response<Body> {
    let known = request
        .headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == document.tag);
    let mut response = if known {
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        ok(content_type, document.text(pretty))
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&document.tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    response
}

/// Whether the first form that the client accepts and we have is aggregated discovery; what it says beyond group, version and
/// kind (`profile=nopeer`, q-values) is tolerated.
pub(crate) fn wants_aggregated(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|accept| accept.to_str().ok())
        .flat_map(|accept| accept.split(','))
        .find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "application/*" | "*/*") {
                return None;
            }
            let parameters: Vec<&str> = parts.collect();
            let has = |wanted| parameters.contains(&wanted);
            let kind = parameters
                .iter()
                .any(|parameter| parameter.starts_with("as="));
            match (kind, media) {
                (true, "application/json")
                    if has("g=apidiscovery.k8s.io")
                        && has("v=v2")
                        && has("as=APIGroupDiscoveryList") =>
                {
                    Some(true)
                }
                // Another kind (v2beta1, Table): what comes after it may do.
                (true, _) => None,
                (false, _) => Some(false),
            }
        })
        .unwrap_or(false)
}
