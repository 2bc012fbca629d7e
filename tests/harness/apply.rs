//! Server-side apply of YAML texts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kube::api::{Patch, PatchParams};
use kube::core::{DynamicObject, GroupVersionKind, TypeMeta};
use kube::discovery::{ApiResource, Scope, pinned_kind};
use kube::{Api, Client, ResourceExt};

/// As whom the laboratory applies.
const MANAGER: &str = "laboratory";
/// How long a new custom resource definition may take until it is served.
const ESTABLISHED: Duration = Duration::from_secs(20);

/// Applies objects and remembers what the API server said of their kinds.
pub(crate) struct Applier {
    client: Client,
    kinds: Mutex<BTreeMap<String, (ApiResource, Scope)>>,
}

impl Applier {
    pub(crate) fn new(client: Client) -> Self {
        let kinds = Mutex::default();
        Self { client, kinds }
    }

    pub(crate) async fn apply(&self, yaml: &str) -> Result<()> {
        for object in documents(yaml)? {
            let types = object.types.clone().unwrap_or_default();
            let name = object.name_any();
            let what = format!("{} {name}", types.kind);
            self.apply_one(&types, &name, &object)
                .await
                .with_context(|| format!("cannot apply {what}"))?;
            if types.kind == "CustomResourceDefinition" {
                self.established(&types, &name).await?;
            }
        }
        Ok(())
    }

    async fn apply_one(&self, types: &TypeMeta, name: &str, object: &DynamicObject) -> Result<()> {
        let api = self.api(types, object.namespace().as_deref()).await?;
        let params = PatchParams::apply(MANAGER).force();
        api.patch(name, &params, &Patch::Apply(object)).await?;
        Ok(())
    }

    async fn established(&self, types: &TypeMeta, name: &str) -> Result<()> {
        let api = self.api(types, None).await?;
        let what = format!("CustomResourceDefinition {name} is served");
        crate::eventually(&what, ESTABLISHED, || async {
            let crd = api.get(name).await?;
            let conditions = &crd.data["status"]["conditions"];
            let established = conditions.as_array().is_some_and(|conditions| {
                conditions
                    .iter()
                    .any(|c| c["type"] == "Established" && c["status"] == "True")
            });
            ensure!(established, "conditions {conditions}");
            Ok(())
        })
        .await
    }

    async fn api(&self, types: &TypeMeta, namespace: Option<&str>) -> Result<Api<DynamicObject>> {
        let (resource, scope) = self.kind(types).await?;
        let client = self.client.clone();
        Ok(match scope {
            Scope::Cluster => Api::all_with(client, &resource),
            Scope::Namespaced => {
                Api::namespaced_with(client, namespace.unwrap_or("default"), &resource)
            }
        })
    }

    async fn kind(&self, types: &TypeMeta) -> Result<(ApiResource, Scope)> {
        let key = format!("{} {}", types.api_version, types.kind);
        let known = || self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(&key) {
            return Ok(known.clone());
        }
        let kind = GroupVersionKind::try_from(types)?;
        let (resource, capabilities) = pinned_kind(&self.client, &kind)
            .await
            .with_context(|| format!("the API server does not know {key}"))?;
        let found = (resource, capabilities.scope);
        known().insert(key, found.clone());
        Ok(found)
    }
}

fn documents(yaml: &str) -> Result<Vec<DynamicObject>> {
    let documents: Vec<Option<DynamicObject>> =
        serde_saphyr::from_multiple(yaml).context("the text is no YAML of Kubernetes objects")?;
    let objects: Vec<DynamicObject> = documents.into_iter().flatten().collect();
    if objects.iter().any(|object| object.types.is_none()) {
        bail!("a document has no apiVersion and kind");
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_holds_several_objects_and_empty_documents_are_none() {
        let text = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n---\n\
                    apiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n";
        let names: Vec<String> = documents(text)
            .unwrap()
            .iter()
            .map(ResourceExt::name_any)
            .collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_document_without_kind_is_refused() {
        assert!(documents("metadata: {name: a}\n").is_err());
    }
}
