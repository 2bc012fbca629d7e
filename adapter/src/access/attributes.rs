//! What a request wants to do, in the terms of Kubernetes' authorization.

/// What is asked about a request before it is answered (`SubjectAccessReview`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attributes {
    /// Something of an API group.
    Resource {
        /// The namespace, none for the cluster scope.
        namespace: Option<String>,
        /// `get` or `list`.
        verb: String,
        /// For example `custom.metrics.k8s.io`.
        group: String,
        /// For example `v1beta2`.
        version: String,
        /// For example `pods` or `deployments.apps`.
        resource: String,
        /// The metric, where the resource is an object.
        subresource: Option<String>,
        /// The object; `*` is a name like any other.
        name: Option<String>,
    },
    /// Any other path, for example `/metrics` or discovery.
    NonResource {
        /// The path without its query.
        path: String,
        /// The method in lower case.
        verb: String,
    },
}

impl Attributes {
    /// How many characters of the request are in the client's hand.
    pub(crate) fn size(&self) -> usize {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        match self {
            Self::NonResource { path, verb } => path.len() + verb.len(),
            Self::Resource {
                namespace,
                verb,
                group,
                version,
                resource,
                subresource,
                name,
            } => {
                len(namespace)
                    + verb.len()
                    + group.len()
                    + version.len()
                    + resource.len()
                    + len(subresource)
                    + len(name)
            }
        }
    }
}
