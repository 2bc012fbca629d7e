//! An authority of the adapter's own, for clusters without cert-manager.
//!
//! All replicas share a Secret that somebody else has made, empty: the first to write fills it (a write names the version that it
//! has read, so there is one first), the others read what it wrote. It holds the authorities that are to be trusted, the key
//! that signs, and the leaf that all replicas serve. What is to be done is decided in `plan`, which does no I/O; `keeper` reads,
//! writes, and publishes the authorities in the `caBundle` of the APIServices that lead to us, and of no other.
//!
//! Nothing that is trusted today is distrusted before it has expired: an authority is published long before it signs, and stays
//! published until no leaf of it can be valid. So it does not matter which replica, or which API server, hears of a change when.

mod held;
mod keeper;
mod mint;
mod plan;
mod registration;
mod trust;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub(crate) use keeper::Keeper;
pub(crate) use registration::NAMES;

/// How an object with a namespace is named on the command line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Named {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for Named {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ok = |part: &str| {
            let inside = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)
            };
            !part.is_empty() && part.bytes().all(inside)
        };
        match text.split_once('/') {
            Some((namespace, name)) if ok(namespace) && ok(name) => Ok(Self {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err("want NAMESPACE/NAME, for example bridgetender/jvb-adapter-tls"),
        }
    }
}

impl Named {
    /// The names by which a Service is called in its cluster; the third is what the API server asks for.
    fn hosts(&self) -> [String; 4] {
        let Self { namespace, name } = self;
        [
            name.clone(),
            format!("{name}.{namespace}"),
            self.host(),
            format!("{name}.{namespace}.svc.cluster.local"),
        ]
    }

    /// The name that the API server asks for.
    fn host(&self) -> String {
        format!("{}.{}.svc", self.name, self.namespace)
    }
}

/// What an own authority is to be like.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The Secret that all replicas share.
    pub(crate) secret: Named,
    /// The Service that leads to them.
    pub(crate) service: Named,
    /// How long an authority is good.
    pub(crate) ca_lifetime: Duration,
    /// How long a leaf is good.
    pub(crate) leaf_lifetime: Duration,
}

impl Settings {
    /// How often to look whether something is due: a small part of the time that is left when it is.
    fn look_every(&self) -> Duration {
        (self.leaf_lifetime / 60).clamp(Duration::from_millis(200), Duration::from_secs(30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_parts() {
        let named: Named = "jitsi/tls".parse().unwrap();
        assert_eq!(
            (named.namespace.as_str(), named.name.as_str()),
            ("jitsi", "tls")
        );
        assert_eq!(named.hosts()[2], "tls.jitsi.svc");
        for wrong in [
            "",
            "tls",
            "/tls",
            "jitsi/",
            "jitsi/tls/more",
            "Jitsi/tls",
            "jitsi/t ls",
        ] {
            assert!(wrong.parse::<Named>().is_err(), "{wrong}");
        }
    }
}
