//! The three forms in which a bridge tells its statistics: where each is found, and how it is known.
//!
//! [`crate::request`] asks for a form, [`crate::reading`] reads it.

use std::fmt;

/// A form in which a bridge tells its statistics.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// `/metrics` as JSON: about 5 KB, on in a default configuration, and the only one that needs no parser of its own and
    /// tells when the bridge started.
    MetricsJson,
    /// `/colibri/stats`: half the size, off in a default configuration, and the only one that tells the version.
    ColibriStats,
    /// `/metrics` as text, OpenMetrics 1.0.0 or Prometheus 0.0.4: some 30 to 50 KB, and the form that is documented.
    MetricsText,
}

impl Source {
    /// Every form, in the order in which it is worth trying them.
    pub const ALL: [Self; 3] = [Self::MetricsJson, Self::ColibriStats, Self::MetricsText];

    /// The path that this form is found at.
    pub const fn path(self) -> &'static str {
        match self {
            Self::MetricsJson | Self::MetricsText => "/metrics",
            Self::ColibriStats => "/colibri/stats",
        }
    }

    /// The Accept header that asks for this form. A bridge that is asked without one answers 500 (seen on a running bridge).
    ///
    /// For text OpenMetrics is preferred, because only it has an end mark and so tells when it was cut off.
    pub const fn accept(self) -> &'static str {
        match self {
            Self::MetricsJson | Self::ColibriStats => "application/json",
            Self::MetricsText => {
                "application/openmetrics-text;version=1.0.0, text/plain;version=0.0.4;q=0.5"
            }
        }
    }

    /// Whether a reply's Content-Type is one that this form comes in, whatever its parameters.
    pub fn comes_as(self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let own: &[&str] = match self {
            Self::MetricsJson | Self::ColibriStats => &["application/json"],
            Self::MetricsText => &["application/openmetrics-text", "text/plain"],
        };
        own.iter().any(|own| essence.eq_ignore_ascii_case(own))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MetricsJson => "/metrics as JSON",
            Self::ColibriStats => "/colibri/stats",
            Self::MetricsText => "/metrics as text",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_in_html_is_no_statistics() {
        for source in Source::ALL {
            assert!(!source.comes_as("text/html;charset=iso-8859-1"), "{source}");
            assert!(!source.comes_as(""), "{source}");
        }
        assert!(Source::MetricsJson.comes_as("Application/JSON ; charset=utf-8"));
        assert!(!Source::MetricsJson.comes_as("text/plain;version=0.0.4"));
        assert!(Source::MetricsText.comes_as("text/plain;version=0.0.4"));
        assert!(!Source::MetricsText.comes_as("application/json"));
    }
}
