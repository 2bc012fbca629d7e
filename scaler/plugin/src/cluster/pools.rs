//! Pools, as the API server has them.

use http::Request;
use k8s_openapi::Resource as _;
use scaler_api::{BridgePool, read};
use scaler_policy::observe;
use scaler_policy::world::Pool;
use serde_json::Value;

use super::{Cluster, plain, pools};
use crate::trouble::Trouble;

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

impl Cluster {
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
            .timely(pools(verb), || {
                self.client.request::<Value>(request.clone())
            })
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
            (_, Ok(mut list)) => items(&mut list),
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
}

/// The pools of a list. One that cannot be understood is told and left out, and is trouble where no other one is left.
fn items(list: &mut Value) -> Result<Vec<Pool>, Trouble> {
    let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else {
        return Ok(Vec::new());
    };
    let (mut pools, mut troubles) = (Vec::new(), Vec::new());
    for object in items {
        let name = object["metadata"]["name"].clone();
        match understood(object) {
            Ok(pool) => pools.push(pool),
            Err(trouble) => {
                eprintln!("warning: the pool {name} is left out: {trouble}");
                troubles.push(trouble);
            }
        }
    }
    match troubles.into_iter().next() {
        Some(trouble) if pools.is_empty() => Err(trouble),
        _ => Ok(pools),
    }
}

/// A pool as this version understands it. In a list objects come without their kind.
pub(crate) fn understood(mut object: Value) -> Result<Pool, Trouble> {
    if object["kind"].is_null() {
        object["apiVersion"] = BridgePool::API_VERSION.into();
        object["kind"] = BridgePool::KIND.into();
    }
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

#[cfg(test)]
mod tests {
    use scaler_api::cases;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pool_that_cannot_be_understood_is_left_out_and_is_no_lack_of_pools() {
        let good = |name: &str| {
            let mut pool = cases::pool(&json!({}));
            pool["metadata"] = json!({
                "name": name, "namespace": "jitsi", "uid": name, "resourceVersion": "7", "generation": 1,
                "creationTimestamp": "2026-03-02T09:00:00Z",
            });
            pool
        };
        let bad = |name: &str| {
            let mut pool = good(name);
            pool["spec"]["replicas"] = json!("many");
            pool
        };
        let names = |pools: &[Value]| {
            let read = items(&mut json!({ "items": pools }));
            read.map(|pools| pools.into_iter().map(|pool| pool.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap(), [""; 0]);
        assert_eq!(names(&[good("a"), bad("b")]).unwrap(), ["a"]);
        let trouble = names(&[bad("b")]).unwrap_err();
        assert!(
            trouble.to_string().contains("cannot be understood"),
            "{trouble}"
        );
    }
}
