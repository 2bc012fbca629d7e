//! The leader of the controller: where it is asked how a pool is, and what it means when it does not answer.

use std::time::Duration;

use http::{Request, StatusCode};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use reach::causes;
use scaler_api::status::Controller;
use scaler_policy::Report;
use scaler_policy::report::FORM;
use scaler_policy::world::Pool;
use serde_json::Value;

use super::Cluster;
use crate::view::{Silence, Why};

/// The longest answer that is read: that about a pool of ten thousand bridges.
const CAP: usize = 32 * 1024 * 1024;

impl Cluster {
    /// How a pool is, by the one that decides about it.
    pub(super) async fn leader_report(&self, pool: &Pool) -> Result<Report, Silence> {
        let told = match (&self.controller, &pool.status.controller) {
            (Some(url), _) => self.ask_at(url, pool).await,
            (None, Some(controller)) => self.ask_through(controller, pool).await,
            (None, None) => Err(Why::NeverSeen),
        };
        match told {
            Ok(report) => Ok(report),
            Err(why) => Err(Silence {
                leaderless: match &pool.status.controller {
                    Some(controller) => self.leaderless(controller).await,
                    None => None,
                },
                why,
            }),
        }
    }

    /// The same where it only helps: `None` when it is not told.
    pub async fn people(&self, pool: &Pool) -> Option<Report> {
        self.leader_report(pool).await.ok()
    }

    /// At this address.
    async fn ask_at(&self, url: &str, pool: &Pool) -> Result<Report, Why> {
        let unanswered = |why: String| Why::Unanswered {
            whom: url.to_owned(),
            why,
        };
        let request = Request::get(format!("{url}{}", path(pool))).body(Vec::new());
        let request = request.map_err(|error| unanswered(error.to_string()))?;
        let (status, body) = reach::send(request, CAP, self.timeout)
            .await
            .map_err(|failure| unanswered(failure.to_string()))?;
        let text = String::from_utf8_lossy(&body);
        if status == StatusCode::OK {
            understand(&text).map_err(|why| why.unwrap_or_else(unanswered))
        } else {
            Err(unanswered(format!("{status}: {}", text.trim())))
        }
    }

    /// Through the API server, which reaches the pod.
    async fn ask_through(&self, controller: &Controller, pool: &Pool) -> Result<Report, Why> {
        let (Some(namespace), Some(pod)) = (&controller.pod_namespace, &controller.pod) else {
            return Err(Why::NoPod {
                holder: controller.holder.clone(),
            });
        };
        let port = controller.port;
        let whom = format!("{namespace}/{pod}:{port}");
        let unanswered = |why: String| Why::Unanswered {
            whom: whom.clone(),
            why,
        };
        let uri = format!(
            "/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{}",
            path(pool)
        );
        let request = Request::get(uri).body(Vec::new());
        let request = request.map_err(|error| unanswered(error.to_string()))?;
        let asked = tokio::time::timeout(self.timeout, self.client.request_text(request)).await;
        match asked {
            Ok(Ok(text)) => understand(&text).map_err(|why| why.unwrap_or_else(unanswered)),
            Ok(Err(kube::Error::Api(status))) => Err(match StatusCode::from_u16(status.code) {
                Ok(StatusCode::FORBIDDEN) => Why::Forbidden {
                    namespace: namespace.clone(),
                },
                // The API server's own answer names the pod; another 404 is the controller's.
                Ok(StatusCode::NOT_FOUND)
                    if status
                        .details
                        .as_ref()
                        .is_some_and(|details| details.name == *pod) =>
                {
                    Why::PodGone {
                        pod: format!("{namespace}/{pod}"),
                    }
                }
                _ => unanswered(status.message.trim().to_owned()),
            }),
            Ok(Err(error)) => Err(unanswered(causes(&error))),
            Err(_) => Err(unanswered("no answer in time".to_owned())),
        }
    }

    /// What the Lease says, where by it nobody leads; `None` where somebody does, or where it cannot be read.
    async fn leaderless(&self, controller: &Controller) -> Option<String> {
        let api: Api<Lease> = Api::namespaced(self.client.clone(), &controller.namespace);
        let asked = tokio::time::timeout(self.timeout, api.get_opt(&controller.lease)).await;
        let lease = asked.ok()?.ok()?;
        let name = format!("{}/{}", controller.namespace, controller.lease);
        let Some(spec) = lease.and_then(|lease| lease.spec) else {
            return Some(format!("the Lease {name} is not there"));
        };
        if spec.holder_identity.as_ref().is_none_or(String::is_empty) {
            return Some(format!("nobody holds the Lease {name}"));
        }
        let renewed = spec.renew_time?.0;
        let good_for = u64::try_from(spec.lease_duration_seconds?).ok()?;
        let now = jiff::Timestamp::from_millisecond(self.clock.now().as_millis()).ok()?;
        let age: Duration = now.duration_since(renewed).try_into().unwrap_or_default();
        // Twice, because our clock may be another one.
        (age > Duration::from_secs(good_for) * 2).then(|| {
            let age = humantime::format_duration(Duration::from_secs(age.as_secs()));
            format!("the Lease {name} was renewed {age} ago for the last time")
        })
    }
}

fn path(pool: &Pool) -> String {
    format!("/pools/{}/{}", pool.namespace, pool.name)
}

/// A report, if it is one of a form that is known here; else why it is none, or what is wrong with it.
fn understand(text: &str) -> Result<Report, Result<Why, String>> {
    let wrong =
        |error: serde_json::Error| Err(format!("what it says cannot be understood: {error}"));
    let value: Value = serde_json::from_str(text).map_err(wrong)?;
    match value["form"].as_u64().map(u32::try_from) {
        Some(Ok(FORM)) => serde_json::from_value(value).map_err(wrong),
        Some(Ok(form)) => Err(Ok(Why::Form(form))),
        _ => Err(Err("what it says has no form".to_owned())),
    }
}
