//! The JSON that goes over the wire, apart from errors.

pub(crate) mod discovery;
pub(crate) mod external;
pub(crate) mod openapi;
pub(crate) mod values;

#[cfg(test)]
mod tests;

/// The group of the custom metrics API.
pub(crate) const GROUP: &str = "custom.metrics.k8s.io";

/// The version of the custom metrics API in which a question is asked and answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Version {
    /// The older form: flat items.
    V1Beta1,
    /// The preferred form.
    V1Beta2,
}

impl Version {
    /// Both, the preferred one first.
    pub(crate) const ALL: [Self; 2] = [Self::V1Beta2, Self::V1Beta1];

    /// As in a path.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V1Beta1 => "v1beta1",
            Self::V1Beta2 => "v1beta2",
        }
    }

    /// The version of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// Group and version as in `apiVersion`.
    pub(crate) const fn api_version(self) -> &'static str {
        match self {
            Self::V1Beta1 => "custom.metrics.k8s.io/v1beta1",
            Self::V1Beta2 => "custom.metrics.k8s.io/v1beta2",
        }
    }
}
