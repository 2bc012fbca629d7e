//! Requests to the API server.

use k8s_openapi::api::core::v1::Pod as Object;
use kube::Api;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions,
};
use scaler_api::BridgePool;
use scaler_policy::world::{Owner, Pool, Uid};
use scaler_policy::{Call, Outcome, observe};

use super::outcome::failed;
use super::{Transport, template};
use crate::watch;

impl Transport {
    /// Asks the API server, once.
    pub(super) async fn ask(&self, pool: &Pool, call: &Call) -> Outcome {
        let params = PatchParams::default();
        let asked = match call {
            Call::CreatePod { .. } => self.create(pool, call).await,
            Call::PatchPod {
                name, body, owner, ..
            } => match self.may_own(pool, owner.as_ref()).await {
                Ok(true) => self
                    .pods(pool)
                    .patch(name, &params, &Patch::Merge(body))
                    .await
                    .map(|object| seen(&object, pool)),
                Ok(false) => Ok(Outcome::Refused(
                    "the pool that was to own it is gone or going".to_owned(),
                )),
                Err(error) => Err(error),
            },
            Call::DeletePod {
                name,
                uid,
                resource_version,
            } => {
                let params = DeleteParams {
                    preconditions: Some(Preconditions {
                        uid: Some(uid.0.clone()),
                        resource_version: resource_version.clone(),
                    }),
                    ..DeleteParams::default()
                };
                let deleted = self.pods(pool).delete(name, &params).await;
                deleted.map(|_| Outcome::Done)
            }
            Call::ReadPod { name, .. } => self
                .pods(pool)
                .get(name)
                .await
                .map(|object| seen(&object, pool)),
            Call::ListPods => self.list(pool).await,
            Call::PatchPool { body, .. } => self
                .pools(pool)
                .patch(&pool.name, &params, &Patch::Merge(body))
                .await
                .map(|_| Outcome::Done),
            Call::PatchStatus { body, .. } => self
                .pools(pool)
                .patch_status(&pool.name, &params, &Patch::Merge(body))
                .await
                .map(|_| Outcome::Done),
            Call::Bridge { .. } | Call::MoveRoom { .. } | Call::AskRooms => {
                return Outcome::Refused("this is nothing for the API server".to_owned());
            }
        };
        asked.unwrap_or_else(|error| {
            self.gate.heed(&error);
            failed(&error)
        })
    }

    /// Whether the pool of this UID, where there has to be one, is there and not being deleted: read at this moment, because what
    /// the watch of pools told may be old, and the garbage collector deletes whatever names an owner that is gone.
    async fn may_own(&self, pool: &Pool, owner: Option<&Uid>) -> kube::Result<bool> {
        let Some(owner) = owner else {
            return Ok(true);
        };
        let there = self.pools(pool).get_metadata_opt(&pool.name).await?;
        Ok(there.is_some_and(|there| {
            let metadata = &there.metadata;
            metadata.uid.as_ref() == Some(&owner.0) && metadata.deletion_timestamp.is_none()
        }))
    }

    /// From the template as it was written: what a newer API server knows is passed on.
    async fn create(&self, pool: &Pool, call: &Call) -> kube::Result<Outcome> {
        let body = match template::pod(pool, call, self.sidecar_image.as_deref()) {
            Ok(Some(body)) => body,
            Ok(None) => return Ok(Outcome::Refused("the pool has no template".to_owned())),
            Err(unmade) => return Ok(Outcome::Unmade(unmade)),
        };
        let path = <Object as kube::Resource>::url_path(&(), Some(&pool.namespace));
        let body = serde_json::to_vec(&body).map_err(kube::Error::SerdeError)?;
        let request = kube::core::Request::new(path)
            .create(&PostParams::default(), body)
            .map_err(kube::Error::BuildRequest)?;
        let object: Object = self.client.request(request).await?;
        Ok(seen(&object, pool))
    }

    async fn list(&self, pool: &Pool) -> kube::Result<Outcome> {
        // No selector finds owners: one whose label somebody took off is found among all pods of the namespace.
        let (objects, version) = watch::all(&self.pods(pool), None).await?;
        let pods = objects
            .iter()
            .filter_map(|object| observe::pod(object, &pool.uid, &pool.name))
            .filter(|pod| pod.labelled || pod.owner == Owner::Pool);
        Ok(Outcome::Pods {
            pods: pods.collect(),
            version,
        })
    }

    fn pods(&self, pool: &Pool) -> Api<Object> {
        Api::namespaced(self.client.clone(), &pool.namespace)
    }

    fn pools(&self, pool: &Pool) -> Api<DynamicObject> {
        let kind = ApiResource::erase::<BridgePool>(&());
        Api::namespaced_with(self.client.clone(), &pool.namespace, &kind)
    }
}

/// The object of a reply. One of which too little is told is as good as no reply.
fn seen(object: &Object, pool: &Pool) -> Outcome {
    observe::pod(object, &pool.uid, &pool.name)
        .map_or(Outcome::Unknown, |pod| Outcome::Pod(Box::new(pod)))
}
