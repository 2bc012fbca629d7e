//! The APIServices: which lead to us, and what they publish.

use k8s_openapi::ByteString;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::Api;
use kube::api::{Patch, PatchParams};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use super::Named;

/// Those that may lead to us: both versions of the custom metrics API, the preferred one first, and the external one.
pub(crate) const NAMES: [&str; 3] = [
    "v1beta2.custom.metrics.k8s.io",
    "v1beta1.custom.metrics.k8s.io",
    "v1beta1.external.metrics.k8s.io",
];

/// One that leads to us.
#[derive(Clone, Debug)]
pub(super) struct Registration {
    name: &'static str,
    version: Option<String>,
    bundle: Vec<u8>,
    is_insecure: bool,
}

/// What an APIService is to us.
#[derive(Clone, Debug)]
pub(super) enum Leads {
    Here(Registration),
    /// To whom.
    Elsewhere(String),
    Nowhere,
}

/// Where the APIService of this name leads.
pub(super) fn leads(name: &'static str, found: Option<APIService>, service: &Named) -> Leads {
    let Some(found) = found else {
        return Leads::Nowhere;
    };
    let spec = found.spec.unwrap_or_default();
    let Some(target) = spec.service else {
        return Leads::Elsewhere("the API server itself".to_owned());
    };
    let target = Named {
        namespace: target.namespace.unwrap_or_default(),
        name: target.name.unwrap_or_default(),
    };
    if target != *service {
        return Leads::Elsewhere(format!("Service {target}"));
    }
    Leads::Here(Registration {
        name,
        version: found.metadata.resource_version,
        bundle: spec.ca_bundle.map(|bundle| bundle.0).unwrap_or_default(),
        is_insecure: spec.insecure_skip_tls_verify.unwrap_or(false),
    })
}

impl Registration {
    /// The authorities that it publishes.
    pub(super) fn published(&self) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(&self.bundle)
            .filter_map(Result::ok)
            .collect()
    }

    /// Publishes `bundle` if it does not yet. Fails with a conflict if it has changed since it was read: it may lead elsewhere.
    pub(super) async fn publish(
        &mut self,
        api: &Api<APIService>,
        bundle: &str,
    ) -> kube::Result<bool> {
        if self.bundle == bundle.as_bytes() && !self.is_insecure {
            return Ok(false);
        }
        let patch = json!({
            "metadata": {"resourceVersion": self.version},
            "spec": {
                "caBundle": ByteString(bundle.as_bytes().to_vec()),
                // It is refused beside a bundle.
                "insecureSkipTLSVerify": null,
            },
        });
        let patch = Patch::Merge(patch);
        let now = api
            .patch(self.name, &PatchParams::default(), &patch)
            .await?;
        self.version = now.metadata.resource_version;
        self.bundle = bundle.as_bytes().to_vec();
        self.is_insecure = false;
        Ok(true)
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(spec: &serde_json::Value) -> APIService {
        let object = json!({"metadata": {"name": NAMES[0], "resourceVersion": "7"}, "spec": spec});
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn only_what_leads_to_our_service_is_ours() {
        let ours: Named = "jitsi/jvb-adapter".parse().unwrap();
        let leading = |service| {
            let spec =
                json!({"groupPriorityMinimum": 100, "versionPriority": 100, "service": service});
            Some(self::service(&spec))
        };
        let to = |namespace, name| leading(json!({"namespace": namespace, "name": name}));
        assert!(matches!(leads(NAMES[0], None, &ours), Leads::Nowhere));
        assert!(matches!(
            leads(NAMES[0], to("jitsi", "jvb-adapter"), &ours),
            Leads::Here(_)
        ));
        for (found, owner) in [
            (
                to("monitoring", "prometheus-adapter"),
                "Service monitoring/prometheus-adapter",
            ),
            (to("other", "jvb-adapter"), "Service other/jvb-adapter"),
            (leading(json!(null)), "the API server itself"),
        ] {
            let Leads::Elsewhere(whose) = leads(NAMES[0], found, &ours) else {
                panic!("it is not ours");
            };
            assert_eq!(whose, owner);
        }
    }
}
