//! Why the leader does not tell how a pool is.

use std::fmt;

/// Why the leader does not tell how a pool is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Silence {
    /// What is in the way.
    pub why: Why,
    /// What the Lease says, where nobody leads.
    pub leaderless: Option<String>,
}

/// What is in the way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Why {
    /// No controller has written the pool's status yet.
    NeverSeen,
    /// It runs in no pod that it knows.
    NoPod {
        /// Its name in the Lease.
        holder: String,
    },
    /// Whoever asks may not ask pods through the API server.
    Forbidden {
        /// The namespace of the pod.
        namespace: String,
    },
    /// There is no such pod any more.
    PodGone {
        /// Namespace and name.
        pod: String,
    },
    /// It was asked, and there is no answer that helps.
    Unanswered {
        /// Who was asked.
        whom: String,
        /// What came instead.
        why: String,
    },
    /// It tells in a form that this plugin does not know.
    Form(u32),
}

impl Silence {
    /// What to do next.
    pub fn hint(&self) -> String {
        if self.leaderless.is_some() {
            return "look at jvb-scaler's pods; until one of them leads nothing is started, drained or removed".to_owned();
        }
        match &self.why {
            Why::NeverSeen => "jvb-scaler writes the pool's status when it looks after it: see that it runs, and that its --namespaces hold this one".to_owned(),
            Why::NoPod { .. } => "jvb-scaler has to know its pod (--pod, or JVB_SCALER_POD from metadata.name); or forward a port to it and name that with --controller".to_owned(),
            Why::Forbidden { namespace } => format!(
                "the right to get pods/proxy in namespace {namespace}, or `kubectl -n {namespace} port-forward` to jvb-scaler and --controller"
            ),
            Why::PodGone { .. } => "another replica leads soon: try again".to_owned(),
            Why::Unanswered { .. } => "see that the API server reaches pods on that port; or forward a port to jvb-scaler and name that with --controller".to_owned(),
            Why::Form(_) => "use the plugin of the same version as jvb-scaler".to_owned(),
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(said) = &self.leaderless {
            return write!(f, "no jvb-scaler leads: {said}");
        }
        match &self.why {
            Why::NeverSeen => f.write_str("no jvb-scaler has looked after this pool yet"),
            Why::NoPod { holder } => {
                write!(f, "jvb-scaler ({holder}) does not say in which pod it runs")
            }
            Why::Forbidden { namespace } => {
                write!(
                    f,
                    "you may not ask pods in namespace {namespace} through the API server"
                )
            }
            Why::PodGone { pod } => write!(f, "jvb-scaler's pod {pod} is gone"),
            Why::Unanswered { whom, why } => {
                write!(f, "jvb-scaler does not answer at {whom}: {why}")
            }
            Why::Form(form) => write!(
                f,
                "jvb-scaler tells in form {form}, which this plugin does not know"
            ),
        }
    }
}
