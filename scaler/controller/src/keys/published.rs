//! The ConfigMap with the public keys in a namespace.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use reach::swap;
use scaler_token::PublicKeys;
use scaler_token::contract::{KEYS_FILE, PUBLIC_KEYS};

/// A namespace with a pool, and what was read there.
pub(super) struct Place {
    pub(super) namespace: String,
    api: Api<ConfigMap>,
    there: Option<ConfigMap>,
}

impl Place {
    /// Reads what is published there.
    pub(super) async fn read(client: kube::Client, namespace: &str) -> kube::Result<Self> {
        let api: Api<ConfigMap> = Api::namespaced(client, namespace);
        let there = api.get_opt(PUBLIC_KEYS).await?;
        Ok(Self {
            namespace: namespace.to_owned(),
            api,
            there,
        })
    }

    fn text(&self) -> Option<&str> {
        let data = self.there.as_ref()?.data.as_ref()?;
        data.get(KEYS_FILE).map(String::as_str)
    }

    /// What a pod there would make of it: of garbage, nothing.
    pub(super) fn keys(&self) -> PublicKeys {
        let text = self.text();
        text.and_then(|text| PublicKeys::parse(text).ok())
            .unwrap_or_default()
    }

    /// Whether there is nothing to be done for this to be published.
    pub(super) fn publishes(&self, text: &str) -> bool {
        self.text() == Some(text)
    }

    /// Publishes it; whether it was done. It was not when somebody changed the ConfigMap since it was read: what we would publish
    /// may be older. What else it holds stays.
    pub(super) async fn publish(&self, text: &str) -> kube::Result<bool> {
        let wanted = published(self.there.clone(), &self.namespace, text);
        swap(&self.api, PUBLIC_KEYS, &wanted).await
    }
}

fn published(there: Option<ConfigMap>, namespace: &str, text: &str) -> ConfigMap {
    let mut wanted = there.unwrap_or_default();
    wanted.metadata.name = Some(PUBLIC_KEYS.to_owned());
    wanted.metadata.namespace = Some(namespace.to_owned());
    // Beside it a key of the same name would be refused.
    if let Some(binary) = &mut wanted.binary_data {
        binary.remove(KEYS_FILE);
    }
    let data = wanted.data.get_or_insert_with(BTreeMap::new);
    data.insert(KEYS_FILE.to_owned(), text.to_owned());
    wanted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_there_is_mended_upon_its_version_and_what_else_it_holds_stays() {
        let there = serde_json::from_value(json!({
            "metadata": { "name": PUBLIC_KEYS, "resourceVersion": "7", "labels": { "a": "b" } },
            "data": { "keys.json": "garbage", "note": "ours" },
            "binaryData": { "keys.json": "AAAA" },
        }))
        .unwrap();
        let mended = serde_json::to_value(published(Some(there), "jitsi", "{}")).unwrap();
        assert_eq!(mended["metadata"]["resourceVersion"], "7");
        assert_eq!(mended["metadata"]["labels"], json!({ "a": "b" }));
        assert_eq!(mended["data"], json!({ "keys.json": "{}", "note": "ours" }));
        assert_eq!(mended["binaryData"].get("keys.json"), None);
        let made = serde_json::to_value(published(None, "jitsi", "{}")).unwrap();
        assert_eq!(
            made["metadata"],
            json!({ "name": PUBLIC_KEYS, "namespace": "jitsi" })
        );
    }
}
