//! Paths and queries: what a request asks for, and what Kubernetes calls that when it asks who may.

use std::borrow::Cow;

use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::access::Attributes;
use crate::api::selector::Selector;
use crate::api::wire::{GROUP, Version, external};
use crate::serving::Status;

#[cfg(test)]
mod tests;

/// What a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    /// `/apis`: all groups.
    Groups,
    /// `/apis/custom.metrics.k8s.io`: the group's versions.
    ApiGroup,
    /// `/apis/custom.metrics.k8s.io/VERSION`: what there is to ask for.
    Resources(Version),
    /// Values.
    Read(Read),
    /// `/apis/external.metrics.k8s.io`: that group's only version.
    ExternalGroup,
    /// `/apis/external.metrics.k8s.io/v1beta1`: which external metrics there are.
    ExternalResources,
    /// Values of an external metric.
    External(ExternalRead),
    /// `/keda/v1/namespaces/...`: all totals of one group of bridges.
    Group(GroupRead),
    /// `/openapi/v3`: where the documents are that say what the answers are made of.
    OpenApi,
    /// `/openapi/v3/apis/GROUP/VERSION`: that document.
    OpenApiOf {
        /// The group.
        group: String,
        /// Its version.
        version: String,
    },
    /// `/version`: which build this is.
    Build,
    /// `/metrics`: how the adapter itself fares.
    Telemetry,
}

/// A question for values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Read {
    /// The version of the question and of the answer.
    pub version: Version,
    /// The namespace; none at the scope of the cluster.
    pub namespace: Option<String>,
    /// Whose values.
    pub target: Target,
    /// Name of the metric.
    pub metric: String,
    /// Which objects, where all of a resource are asked for.
    pub selector: Selector,
    /// Which series of the metric.
    pub metric_selector: Selector,
}

/// A question for the values of an external metric.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ExternalRead {
    /// The namespace of the bridges.
    pub namespace: String,
    /// Name of the metric.
    pub metric: String,
    /// Which series of the metric, by the metric's own labels.
    pub selector: Selector,
}

/// A question for all that one group of bridges comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct GroupRead {
    /// The namespace of the bridges.
    pub namespace: String,
    /// What the group is, for example `deployments.apps`.
    pub resource: String,
    /// Its name.
    pub name: String,
}

/// Whose values are asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// The namespace itself.
    Namespace,
    /// Every object of a resource, for example `pods`, that the selector means.
    All(String),
    /// One object.
    Named {
        /// Its resource, for example `deployments.apps`.
        resource: String,
        /// Its name.
        name: String,
    },
}

/// A request, understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Question {
    /// What it asks for.
    pub route: Route,
    /// Whether the answer is for eyes.
    pub pretty: bool,
}

/// The name that means every object.
const ALL: &str = "*";

impl Question {
    /// Understands a request.
    ///
    /// # Errors
    /// The answer to a request that cannot be understood: 404 for a path, 400 for a query, 405 for a method.
    pub(crate) fn of(request: &Parts) -> Result<Self, Status> {
        if request.method != Method::GET && request.method != Method::HEAD {
            return Err(Status::method_not_allowed(format!(
                "the method {} is not served here: metrics are read with GET",
                request.method
            )));
        }
        let query = Query::of(request.uri.query().unwrap_or_default())?;
        if query.watch {
            return Err(Status::method_not_allowed(
                "metrics cannot be watched: ask again when you want to know again",
            ));
        }
        Ok(Self {
            route: route(request.uri.path(), &query.selector, &query.metric_selector)?,
            pretty: query.pretty,
        })
    }

    /// What authorization is asked about this request, as Kubernetes' own servers name it.
    pub(crate) fn attributes(&self, request: &Parts) -> Attributes {
        let read = match &self.route {
            Route::Read(read) => read,
            // Kubernetes sees a resource without a name, and calls reading all of a resource `list`.
            Route::External(read) => {
                return Attributes::Resource {
                    namespace: Some(read.namespace.clone()),
                    verb: "list".to_owned(),
                    group: external::GROUP.to_owned(),
                    version: external::VERSION.to_owned(),
                    resource: read.metric.clone(),
                    subresource: None,
                    name: None,
                };
            }
            // A resource and no path, so that a Role of the bridges' own namespace can allow it, down to the one group.
            Route::Group(read) => {
                return Attributes::Resource {
                    namespace: Some(read.namespace.clone()),
                    verb: "get".to_owned(),
                    group: GROUP.to_owned(),
                    version: Version::ALL[0].name().to_owned(),
                    resource: read.resource.clone(),
                    subresource: None,
                    name: Some(read.name.clone()),
                };
            }
            _ => {
                return Attributes::NonResource {
                    path: request.uri.path().to_owned(),
                    verb: request.method.as_str().to_ascii_lowercase(),
                };
            }
        };
        let (resource, subresource, name) = match &read.target {
            Target::Namespace => ("metrics", None, &*read.metric),
            Target::All(resource) => (&**resource, Some(read.metric.clone()), ALL),
            Target::Named { resource, name } => {
                (&**resource, Some(read.metric.clone()), name.as_str())
            }
        };
        Attributes::Resource {
            namespace: read.namespace.clone(),
            verb: "get".to_owned(),
            group: GROUP.to_owned(),
            version: read.version.name().to_owned(),
            resource: resource.to_owned(),
            subresource,
            name: Some(name.to_owned()),
        }
    }
}

fn route(path: &str, selector: &Selector, metric_selector: &Selector) -> Result<Route, Status> {
    let nowhere = || nowhere(path);
    let decoded: Option<Vec<Cow<'_, str>>> = path
        .strip_prefix('/')
        .ok_or_else(nowhere)?
        .split('/')
        .map(segment)
        .collect();
    let decoded = decoded.ok_or_else(nowhere)?;
    let segments: Vec<&str> = decoded.iter().map(|segment| &**segment).collect();
    let (version, rest) = match *segments {
        ["apis"] => return Ok(Route::Groups),
        ["apis", GROUP] => return Ok(Route::ApiGroup),
        ["openapi", "v3"] => return Ok(Route::OpenApi),
        ["openapi", "v3", "apis", group, version] => {
            return Ok(Route::OpenApiOf {
                group: group.to_owned(),
                version: version.to_owned(),
            });
        }
        ["version"] => return Ok(Route::Build),
        ["metrics"] => return Ok(Route::Telemetry),
        ["keda", "v1", "namespaces", namespace, resource, name] => {
            return Ok(Route::Group(GroupRead {
                namespace: namespace.to_owned(),
                resource: resource.to_owned(),
                name: name.to_owned(),
            }));
        }
        ["apis", external::GROUP] => return Ok(Route::ExternalGroup),
        ["apis", external::GROUP, external::VERSION] => return Ok(Route::ExternalResources),
        [
            "apis",
            external::GROUP,
            external::VERSION,
            "namespaces",
            namespace,
            metric,
        ] => {
            return Ok(Route::External(ExternalRead {
                namespace: namespace.to_owned(),
                metric: metric.to_owned(),
                selector: selector.clone(),
            }));
        }
        ["apis", GROUP, version, ref rest @ ..] => {
            (Version::of(version).ok_or_else(nowhere)?, rest)
        }
        _ => return Err(nowhere()),
    };
    let read = |namespace: Option<&str>, target, metric: &str| {
        Ok(Route::Read(Read {
            version,
            namespace: namespace.map(str::to_owned),
            target,
            metric: metric.to_owned(),
            selector: selector.clone(),
            metric_selector: metric_selector.clone(),
        }))
    };
    match *rest {
        [] => Ok(Route::Resources(version)),
        ["namespaces", namespace, "metrics", metric] => {
            read(Some(namespace), Target::Namespace, metric)
        }
        ["namespaces", namespace, resource, name, metric] => {
            read(Some(namespace), target(resource, name), metric)
        }
        // Everywhere in Kubernetes /namespaces/NAME opens a namespace: what follows is not an object's metric.
        ["namespaces", ..] => Err(nowhere()),
        [resource, name, metric] => read(None, target(resource, name), metric),
        _ => Err(nowhere()),
    }
}

fn target(resource: &str, name: &str) -> Target {
    if name == ALL {
        Target::All(resource.to_owned())
    } else {
        Target::Named {
            resource: resource.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl Route {
    /// The namespace whose bridges are asked about.
    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Read(read) => read.namespace.as_deref(),
            Self::External(read) => Some(&read.namespace),
            Self::Group(read) => Some(&read.namespace),
            _ => None,
        }
    }

    /// Whether it is of the group of external metrics, which is not always served.
    pub(crate) const fn is_external(&self) -> bool {
        matches!(
            self,
            Self::ExternalGroup | Self::ExternalResources | Self::External(_)
        )
    }
}

/// The answer to a path that leads nowhere.
pub(crate) fn nowhere(path: &str) -> Status {
    Status::not_found(format!("the server could not find the path {path}"))
}

/// One segment of a path, decoded once; none where it is empty, is no text, or hides a slash, which no name has.
fn segment(encoded: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(encoded)
        .decode_utf8()
        .ok()
        .filter(|segment| !segment.is_empty() && !segment.contains('/'))
}

#[derive(Debug, Default)]
struct Query {
    selector: Selector,
    metric_selector: Selector,
    pretty: bool,
    watch: bool,
}

impl Query {
    /// What is known of the query; the rest (`fieldSelector`, `timeout`, ...) is tolerated, as Kubernetes' servers do.
    fn of(query: &str) -> Result<Self, Status> {
        let mut known = Self::default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8().map_err(|_| {
                Status::bad_request(format!("the value of {name} in the query is no UTF-8"))
            })?;
            let yes = !matches!(&*value, "false" | "0");
            match name {
                "labelSelector" => known.selector = selector(&value)?,
                "metricLabelSelector" => known.metric_selector = selector(&value)?,
                "pretty" => known.pretty = yes,
                "watch" => known.watch = yes,
                _ => {}
            }
        }
        Ok(known)
    }
}

fn selector(text: &str) -> Result<Selector, Status> {
    Selector::parse(text).map_err(|error| Status::bad_request(error.to_string()))
}
