//! Why something could not be asked or done, and what to do next.

use std::fmt;

use http::StatusCode;
use kube::core::Status;
use reach::causes;
use reach::client::ClientError;

use crate::near::near;

/// Exit code: it could not be asked or done.
pub const NOT_DONE: u8 = 2;

/// Exit code: the command line is wrong.
pub const USAGE: u8 = 64;

/// Why something could not be asked or done.
#[derive(Debug)]
pub enum Trouble {
    /// There is no way to an API server.
    Client(ClientError),
    /// The API server did not answer.
    Silent(String),
    /// It does not know BridgePools.
    NoCrd,
    /// Whoever asks may not.
    Forbidden(Right, String),
    /// There is no such pool.
    NoPool {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Those that there are.
        there: Vec<String>,
    },
    /// There is no pool at all.
    NoPools {
        /// Where; `None` is everywhere.
        namespace: Option<String>,
    },
    /// There are several, and none was named.
    Several {
        /// Their namespace.
        namespace: String,
        /// Their names.
        there: Vec<String>,
    },
    /// There is no such bridge.
    NoBridge {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Those that there are.
        there: Vec<String>,
    },
    /// The pod is there, and is a bridge of no pool.
    NotABridge {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What keeps it from being one.
        why: String,
    },
    /// What was asked for cannot be done as things are.
    Refused {
        /// Why.
        why: String,
        /// What to do next.
        hint: String,
    },
    /// What was found changed again and again before it could be written.
    Conflict(String),
    /// It is not there, or not any more.
    Gone(String),
    /// An answer that is none of these.
    Answer(String),
}

/// A right, as a rule of RBAC names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Right {
    /// The API group.
    pub group: &'static str,
    /// The resource, with its sub-resource.
    pub resource: &'static str,
    /// What is done with it.
    pub verb: &'static str,
}

impl Trouble {
    /// What became of a request that takes this right.
    pub(crate) fn of(error: kube::Error, right: Right) -> Self {
        match error {
            kube::Error::Api(status) => Self::answered(&status, right),
            error => Self::Silent(causes(&error)),
        }
    }

    fn answered(status: &Status, right: Right) -> Self {
        match StatusCode::from_u16(status.code) {
            Ok(StatusCode::FORBIDDEN) => Self::Forbidden(right, status.message.clone()),
            Ok(StatusCode::NOT_FOUND)
                if right.group == scaler_api::GROUP
                    && status
                        .details
                        .as_ref()
                        .is_none_or(|details| details.name.is_empty()) =>
            {
                Self::NoCrd
            }
            Ok(StatusCode::NOT_FOUND) => Self::Gone(status.message.clone()),
            Ok(StatusCode::CONFLICT) => Self::Conflict(status.message.clone()),
            _ => Self::Answer(status.message.clone()),
        }
    }

    /// What the program ends with.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Several { .. } => USAGE,
            _ => NOT_DONE,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Client(error) => error.hint().to_owned(),
            Self::Silent(_) => "`kubectl get --raw /readyz` asks the same API server; --request-timeout gives it more time".to_owned(),
            Self::NoCrd => "install them: kubectl apply --server-side -f bridgepools.yaml (scaler/api/crd in Bridgetender's repository)".to_owned(),
            Self::Forbidden(right, _) => format!(
                "a Role or ClusterRole that is bound to you has to hold\n\
                 - apiGroups: [\"{}\"]\n  resources: [{}]\n  verbs: [{}]",
                right.group, right.resource, right.verb
            ),
            Self::NoPool { there, name, .. } => named(name, there, "pool"),
            Self::NoBridge { there, name, .. } => named(name, there, "bridge"),
            Self::NoPools { namespace } => match namespace {
                Some(_) => "-n names another namespace; `kubectl bridgepool status -A` shows the pools of all".to_owned(),
                None => "`kubectl explain bridgepool.spec` tells what a pool is made of".to_owned(),
            },
            Self::Several { there, .. } => format!("name one of {}", there.join(", ")),
            Self::NotABridge { .. } => "`kubectl bridgepool status` lists the bridges of each pool".to_owned(),
            Self::Refused { hint, .. } => hint.clone(),
            Self::Gone(_) | Self::Conflict(_) => "try again".to_owned(),
            Self::Answer(_) => "see what the API server says".to_owned(),
        }
    }
}

fn named(name: &str, there: &[String], what: &str) -> String {
    let near = near(name, there);
    match (near.as_slice(), there) {
        ([], []) => format!("there is no {what} in this namespace; -n names another one"),
        ([], there) => format!("there are {}", listed(there)),
        (near, _) => format!("did you mean {}?", near.join(" or ")),
    }
}

/// So many names at most are listed.
const NAMES: usize = 10;

fn listed(there: &[String]) -> String {
    let more = there.len().saturating_sub(NAMES);
    let names = there[..there.len() - more].join(", ");
    if more == 0 {
        names
    } else {
        format!("{names} and {more} more")
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(error) => error.fmt(f),
            Self::Silent(why) => write!(f, "the API server does not answer: {why}"),
            Self::NoCrd => f.write_str("the cluster does not know BridgePools"),
            Self::Forbidden(_, said) => write!(f, "you may not: {said}"),
            Self::NoPool {
                namespace, name, ..
            } => write!(f, "there is no pool {name} in namespace {namespace}"),
            Self::NoPools {
                namespace: Some(namespace),
            } => write!(f, "there is no pool in namespace {namespace}"),
            Self::NoPools { namespace: None } => f.write_str("there is no pool in this cluster"),
            Self::Several { namespace, .. } => {
                write!(
                    f,
                    "namespace {namespace} has several pools, and none is named"
                )
            }
            Self::NoBridge {
                namespace, name, ..
            } => write!(f, "there is no bridge {name} in namespace {namespace}"),
            Self::NotABridge {
                namespace,
                name,
                why,
            } => write!(
                f,
                "the pod {namespace}/{name} is no bridge of a pool: {why}"
            ),
            Self::Refused { why, .. } => f.write_str(why),
            Self::Conflict(what) => write!(f, "it changed while it was being written: {what}"),
            Self::Gone(said) => write!(f, "it is not there any more: {said}"),
            Self::Answer(said) => write!(f, "the API server refuses: {said}"),
        }
    }
}

impl std::error::Error for Trouble {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_there_is_told_with_near_ones_or_with_all() {
        let there: Vec<String> = (0..12).map(|n| format!("jvb-{n}x")).collect();
        for (name, there, hint) in [
            ("jbv-3x", &there[..], "did you mean jvb-3x?"),
            ("physics", &there[..2], "there are jvb-0x, jvb-1x"),
            (
                "physics",
                &[][..],
                "there is no pool in this namespace; -n names another one",
            ),
        ] {
            assert_eq!(named(name, there, "pool"), hint);
        }
        assert!(named("physics", &there, "pool").ends_with("jvb-9x and 2 more"));
    }
}
