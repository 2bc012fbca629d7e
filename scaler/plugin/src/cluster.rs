//! The API server: what is asked of it, and what is written.

mod bridges;
mod leader;
mod pools;

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use reach::Clock;
use scaler_api::BridgePool;
use serde_json::Value;

pub use bridges::{Found, written};
pub use pools::Which;
pub(crate) use pools::understood;

use crate::args::Common;
use crate::trouble::{Right, Trouble};

/// As whom it writes: `kubectl get --show-managed-fields` tells it.
const MANAGER: &str = "kubectl-bridgepool";

/// The answer of an API server that has too much to do, or does not serve a resource yet.
const TURNED_AWAY: u16 = 429;

/// It says so itself: `Retry-After: 1`.
const AGAIN: Duration = Duration::from_secs(1);

/// A cluster.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    /// The namespace that is meant where none is said.
    namespace: String,
    controller: Option<String>,
    timeout: Duration,
    clock: Clock,
}

/// A change of an object, as a JSON merge patch that names the version of which it is.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The body.
    pub body: &'a Value,
    /// Whether the API server only checks it.
    pub dry_run: bool,
}

const fn pools(verb: &'static str) -> Right {
    Right {
        group: scaler_api::GROUP,
        resource: "bridgepools",
        verb,
    }
}

const fn pods(verb: &'static str) -> Right {
    Right {
        group: "",
        resource: "pods",
        verb,
    }
}

impl Cluster {
    /// The cluster that is meant.
    ///
    /// # Errors
    /// When nothing says which, or how to reach it.
    pub async fn of(common: &Common) -> Result<Self, Trouble> {
        let config = reach::client::config_in(common.kubeconfig.clone(), common.context.clone());
        let mut config = config.await.map_err(Trouble::Client)?;
        // What was found may have changed: whether it is written again is decided anew.
        config.default_retry = false;
        config.connect_timeout = Some(common.request_timeout);
        let namespace = common.namespace.clone();
        Ok(Self {
            namespace: namespace.unwrap_or_else(|| config.default_namespace.clone()),
            client: reach::client::client(config).map_err(Trouble::Client)?,
            controller: common.controller.clone(),
            timeout: common.request_timeout,
            clock: Clock::system(),
        })
    }

    /// The namespace that is meant where none is said.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The client itself, for watches.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// What a request comes to in time. One that the API server turns away for now, because it has too much to do or does not serve
    /// the resource yet (429), has not been looked at: it is asked again, as kubectl does.
    async fn timely<T, F: Future<Output = kube::Result<T>>>(
        &self,
        right: Right,
        ask: impl Fn() -> F,
    ) -> Result<T, Trouble> {
        let mut turned_away = None;
        let asked = async {
            loop {
                match ask().await {
                    Err(kube::Error::Api(status)) if status.code == TURNED_AWAY => {
                        turned_away = Some(status);
                        tokio::time::sleep(AGAIN).await;
                    }
                    answer => return answer,
                }
            }
        };
        if let Ok(answer) = tokio::time::timeout(self.timeout, asked).await {
            return answer.map_err(|error| Trouble::of(error, right));
        }
        if let Some(status) = turned_away {
            return Err(Trouble::of(kube::Error::Api(status), right));
        }
        let timeout = humantime::format_duration(self.timeout);
        Err(Trouble::Silent(format!("no answer within {timeout}")))
    }

    /// Changes a bridge's pod.
    ///
    /// # Errors
    /// When the API server refuses: [`Trouble::Conflict`] when it is no longer as it was found.
    pub async fn write_pod(&self, written: Written<'_>) -> Result<(), Trouble> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), written.namespace);
        let patch = Patch::Merge(written.body);
        let params = params(written.dry_run);
        self.timely(pods("patch"), || api.patch(written.name, &params, &patch))
            .await
            .map(drop)
    }

    /// Changes a pool.
    ///
    /// # Errors
    /// As [`write_pod`](Self::write_pod).
    pub async fn write_pool(&self, written: Written<'_>) -> Result<(), Trouble> {
        let api: Api<BridgePool> = Api::namespaced(self.client.clone(), written.namespace);
        let patch = Patch::Merge(written.body);
        let params = params(written.dry_run);
        self.timely(pools("patch"), || api.patch(written.name, &params, &patch))
            .await
            .map(drop)
    }
}

fn params(dry_run: bool) -> PatchParams {
    PatchParams {
        dry_run,
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

/// A name without the kind that kubectl prints before it.
fn plain(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}
