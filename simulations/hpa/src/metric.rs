//! One metric of an HPA: where it comes from, what it aims at, and what it is called.

use std::fmt;

use crate::reason::Reason;
use crate::spec::{LabelSelector, SourceType};

/// Where values come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// What pods use of a resource.
    Resource {
        /// `cpu`, `memory`, ...
        name: String,
    },
    /// What one container of each pod uses of a resource.
    ContainerResource {
        /// `cpu`, `memory`, ...
        name: String,
        /// Which container.
        container: String,
    },
    /// A value per pod.
    Pods {
        /// Name of the metric.
        name: String,
    },
    /// A value of an object.
    Object {
        /// The object's kind.
        kind: String,
        /// Name of the metric.
        name: String,
        /// Which of its series.
        selector: Option<LabelSelector>,
    },
    /// Values from outside the cluster.
    External {
        /// Name of the metric.
        name: String,
        /// Which of its series.
        selector: Option<LabelSelector>,
    },
}

/// What is aimed at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// Percent of what pods request.
    Utilization(i32),
    /// Thousandths per pod.
    Average(i64),
    /// Thousandths in all.
    Value(i64),
}

/// One metric of an HPA.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Where it comes from.
    pub source: Source,
    /// What it aims at.
    pub target: Target,
}

impl Source {
    /// Its type.
    pub fn kind(&self) -> SourceType {
        match self {
            Self::Resource { .. } => SourceType::Resource,
            Self::ContainerResource { .. } => SourceType::ContainerResource,
            Self::Pods { .. } => SourceType::Pods,
            Self::Object { .. } => SourceType::Object,
            Self::External { .. } => SourceType::External,
        }
    }

    /// Whether young pods are left out: they burn CPU while they start.
    pub(crate) fn is_cpu(&self) -> bool {
        matches!(self, Self::Resource { name } | Self::ContainerResource { name, .. } if name == "cpu")
    }

    /// What a failure to compute it is called.
    pub(crate) fn failure(&self) -> Reason {
        match self {
            Self::Resource { .. } => Reason::FailedGetResourceMetric,
            Self::ContainerResource { .. } => Reason::FailedGetContainerResourceMetric,
            Self::Pods { .. } => Reason::FailedGetPodsMetric,
            Self::Object { .. } => Reason::FailedGetObjectMetric,
            Self::External { .. } => Reason::FailedGetExternalMetric,
        }
    }

    pub(crate) fn is_object_or_external(&self) -> bool {
        matches!(self, Self::Object { .. } | Self::External { .. })
    }
}

impl fmt::Display for Metric {
    /// As the reasons of a rescale name it, also where that is odd: the average of an object is called external.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.target) {
            (Source::Resource { name }, Target::Utilization(_)) => {
                write!(f, "{name} resource utilization (percentage of request)")
            }
            (Source::ContainerResource { name, .. }, Target::Utilization(_)) => write!(
                f,
                "{name} container resource utilization (percentage of request)"
            ),
            (Source::Resource { name } | Source::ContainerResource { name, .. }, _) => {
                write!(f, "{name} resource")
            }
            (Source::Pods { name }, _) => write!(f, "pods metric {name}"),
            (Source::Object { kind, name, .. }, Target::Value(_)) => {
                write!(f, "{kind} metric {name}")
            }
            (Source::Object { name, selector, .. } | Source::External { name, selector }, _) => {
                write!(f, "external metric {name}(")?;
                match selector {
                    None => f.write_str("nil)"),
                    Some(selector) => write!(f, "{selector})"),
                }
            }
        }
    }
}

impl fmt::Display for LabelSelector {
    /// As Go prints a pointer to one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("&LabelSelector{MatchLabels:map[string]string{")?;
        for (label, value) in &self.match_labels {
            write!(f, "{label}: {value},")?;
        }
        f.write_str("},MatchExpressions:[]LabelSelectorRequirement{")?;
        for requirement in &self.match_expressions {
            write!(
                f,
                "LabelSelectorRequirement{{Key:{},Operator:{},Values:[{}],}},",
                requirement.key,
                requirement.operator,
                requirement.values.join(" ")
            )?;
        }
        f.write_str("},}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_named_as_go_prints_it() {
        let selector: LabelSelector = serde_json::from_str(
            r#"{"matchLabels": {"b": "2", "a": "1"},
                "matchExpressions": [{"key": "c", "operator": "In", "values": ["x", "y"]}]}"#,
        )
        .unwrap();
        let metric = Metric {
            source: Source::External {
                name: "people".to_owned(),
                selector: Some(selector),
            },
            target: Target::Value(1),
        };
        assert_eq!(
            metric.to_string(),
            "external metric people(&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},\
             MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:c,Operator:In,Values:[x y],},},})"
        );
    }
}
