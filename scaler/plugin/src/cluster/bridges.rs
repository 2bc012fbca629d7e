//! Bridges and how they are: by the leader, or by what is written on their pods.

use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use reach::Clock;
use scaler_api::labels::POOL;
use scaler_policy::world::{Pool, Tuning};
use scaler_policy::{Report, World, observe, report};

use super::{Cluster, plain, pods};
use crate::trouble::Trouble;
use crate::view::{Seen, unasked};

/// A bridge's pod, and the pool that it is of.
#[derive(Clone, Debug)]
pub struct Found {
    /// The pod.
    pub pod: Pod,
    /// Its pool.
    pub seen: Seen,
}

impl Cluster {
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
        let list = self.timely(pods("list"), || api.list(&params)).await?;
        Ok(list.items)
    }

    /// A bridge and its pool.
    ///
    /// # Errors
    /// When there is none, or it is of no pool.
    pub async fn bridge(&self, name: &str) -> Result<Found, Trouble> {
        let (namespace, name) = (self.namespace.as_str(), plain(name));
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let found = self.timely(pods("get"), || api.get_opt(name)).await?;
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
}

/// How a pool is by what is written on its pods alone: of its bridges nothing is known.
pub fn written(pool: &Pool, objects: &[Pod], clock: &Clock) -> Report {
    let now = clock.now();
    let mut world = World::new(pool.clone(), Tuning::default(), now);
    world.observe_skew(0);
    for pod in objects
        .iter()
        .filter_map(|object| observe::pod(object, &pool.uid, &pool.name))
    {
        world.observe_pod(pod, now);
    }
    unasked(report(&world, now))
}
