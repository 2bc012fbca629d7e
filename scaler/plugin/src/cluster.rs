//! The API server: what is asked of it, and what is written.

mod leader;

use std::time::Duration;

use http::Request;
use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use reach::Clock;
use scaler_api::labels::POOL;
use scaler_api::{BridgePool, read};
use scaler_policy::world::{Pool, Tuning};
use scaler_policy::{Report, World, observe, report};
use serde_json::Value;

use crate::args::Common;
use crate::trouble::{Right, Trouble};
use crate::view::{Seen, unasked};

/// As whom it writes: `kubectl get --show-managed-fields` tells it.
const MANAGER: &str = "kubectl-bridgepool";

/// Which pools are asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Which {
    /// All of the cluster.
    All,
    /// All of a namespace.
    Of(String),
    /// This one.
    One(String, String),
}

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

/// A bridge's pod, and the pool that it is of.
#[derive(Clone, Debug)]
pub struct Found {
    /// The pod.
    pub pod: Pod,
    /// Its pool.
    pub seen: Seen,
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

    /// What a request comes to in time.
    async fn timely<T>(
        &self,
        right: Right,
        asked: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Trouble> {
        if let Ok(answer) = tokio::time::timeout(self.timeout, asked).await {
            return answer.map_err(|error| Trouble::of(error, right));
        }
        let timeout = humantime::format_duration(self.timeout);
        Err(Trouble::Silent(format!("no answer within {timeout}")))
    }

    /// The pools that are meant. One that cannot be understood is told and left out, unless it is the only one that is meant.
    ///
    /// # Errors
    /// When there is none, or it cannot be asked.
    pub async fn pools(&self, which: &Which) -> Result<Vec<Pool>, Trouble> {
        let path = |namespace: &str| {
            let (group, version) = (scaler_api::GROUP, scaler_api::VERSION);
            format!(
                "/apis/{group}/{version}{namespace}/{}",
                BridgePool::URL_PATH_SEGMENT
            )
        };
        let (path, verb) = match which {
            Which::All => (path(""), "list"),
            Which::Of(namespace) => (path(&format!("/namespaces/{namespace}")), "list"),
            Which::One(namespace, name) => (
                format!("{}/{name}", path(&format!("/namespaces/{namespace}"))),
                "get",
            ),
        };
        let request = Request::get(path).body(Vec::new());
        let request = request.map_err(|_| Trouble::Answer("that is no name".to_owned()))?;
        let answer = self
            .timely(pools(verb), self.client.request::<Value>(request))
            .await;
        match (which, answer) {
            (Which::One(..), Ok(object)) => Ok(vec![understood(object)?]),
            (Which::One(namespace, name), Err(Trouble::Gone(_))) => {
                let there = self.pools_of(namespace).await?;
                Err(Trouble::NoPool {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    there: there.into_iter().map(|pool| pool.name).collect(),
                })
            }
            (_, Ok(mut list)) => Ok(items(&mut list)),
            (_, Err(trouble)) => Err(trouble),
        }
    }

    async fn pools_of(&self, namespace: &str) -> Result<Vec<Pool>, Trouble> {
        let which = Which::Of(namespace.to_owned());
        Box::pin(self.pools(&which)).await
    }

    /// The pool that is meant: the one that is named, or the only one.
    ///
    /// # Errors
    /// When there is none, or several.
    pub async fn pool(&self, name: Option<&str>) -> Result<Pool, Trouble> {
        let namespace = self.namespace.clone();
        if let Some(name) = name {
            let which = Which::One(namespace, plain(name).to_owned());
            let found = self.pools(&which).await?.into_iter().next();
            return found.ok_or_else(|| Trouble::Answer("no pool in the answer".to_owned()));
        }
        let mut there = self.pools_of(&namespace).await?;
        match there.len() {
            0 => Err(Trouble::NoPools {
                namespace: Some(namespace),
            }),
            1 => Ok(there.swap_remove(0)),
            _ => Err(Trouble::Several {
                namespace,
                there: there.into_iter().map(|pool| pool.name).collect(),
            }),
        }
    }

    /// How a pool is: by the leader, else by what is written on its pods.
    ///
    /// # Errors
    /// When its pods cannot be asked for either.
    pub async fn seen(&self, pool: Pool) -> Result<Seen, Trouble> {
        match self.leader_report(&pool).await {
            Ok(report) => Ok(Seen {
                pool,
                report,
                silence: None,
            }),
            Err(silence) => Ok(Seen {
                report: self.written_report(&pool).await?,
                pool,
                silence: Some(silence),
            }),
        }
    }

    async fn written_report(&self, pool: &Pool) -> Result<Report, Trouble> {
        let objects = self.pods_of(&pool.namespace, Some(&pool.name)).await?;
        Ok(written(pool, &objects, &self.clock))
    }

    async fn pods_of(&self, namespace: &str, pool: Option<&str>) -> Result<Vec<Pod>, Trouble> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let selector = match pool {
            Some(pool) => format!("{}={pool}", POOL.name()),
            None => POOL.name().to_owned(),
        };
        let params = ListParams::default().labels(&selector);
        let list = self.timely(pods("list"), api.list(&params)).await?;
        Ok(list.items)
    }

    /// A bridge and its pool.
    ///
    /// # Errors
    /// When there is none, or it is of no pool.
    pub async fn bridge(&self, name: &str) -> Result<Found, Trouble> {
        let (namespace, name) = (self.namespace.as_str(), plain(name));
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let found = self.timely(pods("get"), api.get_opt(name)).await?;
        let Some(pod) = found else {
            let there = self.pods_of(namespace, None).await?;
            return Err(Trouble::NoBridge {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                there: there.iter().map(kube::ResourceExt::name_any).collect(),
            });
        };
        let not_one = |why: String| Trouble::NotABridge {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            why,
        };
        let pool = pod.labels().get(POOL.name()).cloned();
        let pool = pool.ok_or_else(|| not_one(format!("it has no label {}", POOL.name())))?;
        let pool = match self.pool(Some(&pool)).await {
            Err(Trouble::NoPool { .. }) => {
                return Err(not_one(format!("its pool {pool} is not there")));
            }
            other => other?,
        };
        let seen = self.seen(pool).await?;
        Ok(Found { pod, seen })
    }

    /// The names of all bridges of the namespace.
    ///
    /// # Errors
    /// When they cannot be asked for.
    pub async fn bridge_names(&self) -> Result<Vec<String>, Trouble> {
        let there = self.pods_of(&self.namespace, None).await?;
        Ok(there.iter().map(kube::ResourceExt::name_any).collect())
    }

    /// Changes a bridge's pod.
    ///
    /// # Errors
    /// When the API server refuses: [`Trouble::Conflict`] when it is no longer as it was found.
    pub async fn write_pod(&self, written: Written<'_>) -> Result<(), Trouble> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), written.namespace);
        let patch = Patch::Merge(written.body);
        let params = params(written.dry_run);
        self.timely(pods("patch"), api.patch(written.name, &params, &patch))
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
        self.timely(pools("patch"), api.patch(written.name, &params, &patch))
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

/// How a pool is by what is written on its pods alone: of its bridges nothing is known.
pub fn written(pool: &Pool, objects: &[Pod], clock: &Clock) -> Report {
    let now = clock.now();
    let mut world = World::new(pool.clone(), Tuning::default(), now);
    for pod in objects
        .iter()
        .filter_map(|object| observe::pod(object, &pool.uid))
    {
        world.observe_pod(pod, now);
    }
    unasked(report(&world, now))
}

fn items(list: &mut Value) -> Vec<Pool> {
    let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else {
        return Vec::new();
    };
    let items = items.into_iter().filter_map(|mut object| {
        // In a list objects come without their kind.
        object["apiVersion"] = BridgePool::API_VERSION.into();
        object["kind"] = BridgePool::KIND.into();
        let name = object["metadata"]["name"].clone();
        let pool = understood(object);
        if let Err(trouble) = &pool {
            eprintln!("warning: the pool {name} is left out: {trouble}");
        }
        pool.ok()
    });
    items.collect()
}

/// A pool as this version understands it.
pub(crate) fn understood(object: Value) -> Result<Pool, Trouble> {
    let wrong = |why: String| Trouble::Refused {
        why: format!("the pool cannot be understood: {}", why.replace('\n', "; ")),
        hint: "use the plugin of the same version as the CRD".to_owned(),
    };
    let pool = read(object).map_err(|problems| wrong(problems.to_string()))?;
    let revision = pool
        .status
        .as_ref()
        .and_then(|status| status.current_revision.clone());
    observe::pool(pool, revision.unwrap_or_default()).map_err(|missing| wrong(missing.to_string()))
}
