//! Which bridges a Service leads to: its selector chooses pods by their labels.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

/// What a Service asks of pods' labels: all of these, key and value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Chosen(Box<[(Box<str>, Box<str>)]>);

impl Chosen {
    /// What this Service asks for; none where it chooses no pods by itself: it has no selector, or is a name for another host.
    pub(crate) fn by(service: &Service) -> Option<Self> {
        let ServiceSpec {
            selector, type_, ..
        } = service.spec.as_ref()?;
        if type_.as_deref() == Some("ExternalName") {
            return None;
        }
        let selector = selector.as_ref().filter(|selector| !selector.is_empty())?;
        let pair = |(key, value): (&String, &String)| (key.as_str().into(), value.as_str().into());
        Some(Self(selector.iter().map(pair).collect()))
    }

    /// Whether a pod is chosen whose labels this function looks up.
    pub(crate) fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let mut asked = self.0.iter();
        asked.all(|(key, value)| label(key) == Some(value))
    }
}

/// Why it is not known which bridges a Service leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoService {
    /// The Services of the namespace could not be listed yet.
    Unlisted,
    /// There is none of this name.
    Missing,
    /// It chooses no pods.
    Unselective,
}

/// The Services of the namespaces that are watched.
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// By namespace and name; nothing for one that chooses no pods.
    known: BTreeMap<(Box<str>, Box<str>), Option<Chosen>>,
    /// Of which namespaces all are known; nothing for every namespace.
    listed: BTreeSet<Option<Box<str>>>,
}

impl Services {
    /// These are all Services of a namespace, or of every namespace.
    pub(crate) fn replace(&mut self, namespace: Option<&str>, mut all: Self) {
        match namespace {
            None => self.known.clear(),
            Some(namespace) => self.known.retain(|(known, _), _| **known != *namespace),
        }
        self.known.append(&mut all.known);
        self.listed.insert(namespace.map(Box::from));
    }

    /// The Service is there, is new, or has changed.
    pub(crate) fn observe(&mut self, service: &Service) {
        if let Some(key) = key(service) {
            self.known.insert(key, Chosen::by(service));
        }
    }

    /// The Service is gone.
    pub(crate) fn forget(&mut self, service: &Service) {
        if let Some(key) = key(service) {
            self.known.remove(&key);
        }
    }

    /// What the Service of this name asks of pods.
    ///
    /// # Errors
    /// Why that is not known.
    pub(crate) fn choice(&self, namespace: &str, name: &str) -> Result<&Chosen, NoService> {
        let found = self.known.get(&(namespace.into(), name.into()));
        match found {
            Some(chosen) => chosen.as_ref().ok_or(NoService::Unselective),
            None if self.is_listed(namespace) => Err(NoService::Missing),
            None => Err(NoService::Unlisted),
        }
    }

    fn is_listed(&self, namespace: &str) -> bool {
        let mut listed = self.listed.iter();
        listed.any(|listed| listed.as_deref().is_none_or(|listed| listed == namespace))
    }
}

fn key(service: &Service) -> Option<(Box<str>, Box<str>)> {
    let namespace = service.metadata.namespace.as_deref()?;
    let name = service.metadata.name.as_deref()?;
    Some((namespace.into(), name.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(namespace: &str, name: &str, spec: &serde_json::Value) -> Service {
        let service = json!({"metadata": {"namespace": namespace, "name": name}, "spec": spec});
        serde_json::from_value(service).unwrap()
    }

    /// A list of these alone.
    fn list(services: &mut Services, namespace: Option<&str>, all: &[Service]) {
        let mut listed = Services::default();
        for service in all {
            listed.observe(service);
        }
        services.replace(namespace, listed);
    }

    fn jvb() -> Service {
        service(
            "meet",
            "jvb",
            &json!({"selector": {"app": "jvb", "shard": "a"}}),
        )
    }

    #[test]
    fn a_service_chooses_the_pods_that_carry_all_its_labels() {
        let chosen = Chosen::by(&jvb()).unwrap();
        for (labels, expected) in [
            (&[("app", "jvb"), ("shard", "a"), ("more", "x")][..], true),
            (&[("app", "jvb")], false),
            (&[("app", "jvb"), ("shard", "b")], false),
            (&[], false),
        ] {
            let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
            let matches = chosen.matches(|key| labels.get(key).copied());
            assert_eq!(matches, expected, "{labels:?}");
        }
    }

    #[test]
    fn a_service_without_a_selector_chooses_nobody_and_not_everybody() {
        for spec in [
            json!({}),
            json!({"selector": {}}),
            json!({"type": "ExternalName", "externalName": "x", "selector": {"app": "jvb"}}),
        ] {
            let service = service("meet", "jvb", &spec);
            assert_eq!(Chosen::by(&service), None);
            let mut services = Services::default();
            list(&mut services, None, &[service]);
            assert_eq!(services.choice("meet", "jvb"), Err(NoService::Unselective));
        }
    }

    #[test]
    fn a_service_that_was_not_listed_is_not_one_that_is_missing() {
        let mut services = Services::default();
        assert_eq!(services.choice("meet", "jvb"), Err(NoService::Unlisted));
        list(&mut services, Some("meet"), &[jvb()]);
        assert!(services.choice("meet", "jvb").is_ok());
        assert_eq!(services.choice("meet", "other"), Err(NoService::Missing));
        assert_eq!(services.choice("else", "jvb"), Err(NoService::Unlisted));
        list(&mut services, None, &[]);
        assert_eq!(services.choice("meet", "jvb"), Err(NoService::Missing));
    }

    #[test]
    fn a_list_replaces_what_was_known_of_its_namespace_alone() {
        let mut services = Services::default();
        list(&mut services, Some("meet"), &[jvb()]);
        let other = service("else", "jvb", &json!({"selector": {"app": "jvb"}}));
        list(&mut services, Some("else"), &[other]);
        list(&mut services, Some("meet"), &[]);
        assert_eq!(services.choice("meet", "jvb"), Err(NoService::Missing));
        assert!(services.choice("else", "jvb").is_ok());
    }

    #[test]
    fn what_changes_is_known_at_once() {
        let mut services = Services::default();
        list(&mut services, None, &[]);
        services.observe(&jvb());
        let before = services.choice("meet", "jvb").unwrap().clone();
        services.observe(&service(
            "meet",
            "jvb",
            &json!({"selector": {"app": "other"}}),
        ));
        assert_ne!(services.choice("meet", "jvb"), Ok(&before));
        services.forget(&jvb());
        assert_eq!(services.choice("meet", "jvb"), Err(NoService::Missing));
    }
}
