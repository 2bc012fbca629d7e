//! What a walk found.

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Could not be seen from here, and others of the same step say enough.
    Skipped,
    /// Works, but may mislead or break.
    Warning,
    /// Must be seen to know whether the chain holds, and could not be.
    Unknown,
    /// The chain is broken here.
    Error,
}

impl Severity {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Error => "error",
        }
    }
}

/// A link of the chain.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Whether it answers at all.
    ApiServer,
    /// The APIServices.
    Aggregation,
    /// What the HPA and the adapter may do.
    Rights,
    /// What there is to ask for.
    Discovery,
    /// The bridges and what they say.
    Bridges,
    /// Whether their stress means anything.
    Stress,
    /// Whether everybody has the same time.
    Clocks,
    /// The HPAs that use our metrics.
    Autoscalers,
}

impl Step {
    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ApiServer => "API server",
            Self::Aggregation => "Aggregation",
            Self::Rights => "Rights",
            Self::Discovery => "Discovery",
            Self::Bridges => "Bridges",
            Self::Stress => "Stress",
            Self::Clocks => "Clocks",
            Self::Autoscalers => "HPAs",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The link of the chain.
    pub step: Step,
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at.
    pub subject: String,
    /// What was seen.
    pub text: String,
    /// Why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The command that mends it, for a POSIX shell; what a person should know of it stands behind `#`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// The command that shows more, where only a person can tell what is to be done. In the same form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<String>,
}

impl Finding {
    pub(super) fn new(
        step: Step,
        severity: Severity,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            step,
            severity,
            subject: subject.into(),
            text: text.into(),
            why: None,
            mend: None,
            look: None,
        }
    }

    pub(super) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    pub(super) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    pub(super) fn look(mut self, look: impl Into<String>) -> Self {
        self.look = Some(look.into());
        self
    }

    /// With the one command or the other.
    pub(super) fn advise(self, advice: Advice) -> Self {
        match advice {
            Advice::Mend(command) => self.mend(command),
            Advice::Look(command) => self.look(command),
        }
    }
}

/// What to do about a finding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Advice {
    /// This command mends it.
    Mend(String),
    /// This command shows more.
    Look(String),
}

/// Everything that a walk found, in the order of the chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// In the order of the chain.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The report of a walk that ended before its first step.
    pub(super) fn unreachable(error: &anyhow::Error) -> Self {
        let finding = Finding::new(
            Step::ApiServer,
            Severity::Unknown,
            "API server",
            format!("{error:#}"),
        )
        .why("without it nothing can be checked")
        .look(
            "kubectl version  # then set --kubeconfig or KUBECONFIG to the cluster that is meant",
        );
        Self {
            findings: vec![finding],
        }
    }

    /// The worst that was found.
    pub fn severity(&self) -> Severity {
        let severities = self.findings.iter().map(|finding| finding.severity);
        severities.max().unwrap_or(Severity::Ok)
    }

    /// What the process ends with: 0 all is well, 1 warnings, 2 errors, 3 what matters could not be checked.
    pub fn exit_code(&self) -> u8 {
        match self.severity() {
            Severity::Ok | Severity::Skipped => 0,
            Severity::Warning => 1,
            Severity::Error => 2,
            Severity::Unknown => 3,
        }
    }

    /// How many findings are so bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }
}
