//! Kubernetes' own Go clients of the metrics APIs, set up as kube-controller-manager sets them up for the HPA.
//!
//! The clients live in a program of their own, `tests/strangers`; what it is asked and what it answers goes through pipes.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Mutex;

use crate::laboratory::Laboratory;
use crate::tools;

/// Whom the HPA's requests are by where kube-controller-manager uses service account credentials.
const HPA: &str = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";

/// How long they may take; their own limit is that of the HPA's requests.
const ANSWER: Duration = Duration::from_mins(2);

/// The clients, with the rights of the HPA. Dropping them ends them.
#[derive(Debug)]
pub struct GoClients {
    pipes: Mutex<Pipes>,
    _process: Child,
}

#[derive(Debug)]
struct Pipes {
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// One read of metrics.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    api: &'static str,
    namespace: String,
    group: String,
    kind: String,
    name: String,
    selector: String,
    metric: String,
    metric_selector: String,
}

/// What the clients made of the server's answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// The values; none where there is an error.
    #[serde(default)]
    pub items: Option<Vec<Item>>,
    /// The error.
    pub error: Option<Failure>,
    /// The request, and the form of what came back.
    pub wire: Wire,
}

/// One value.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Group and version of the object's kind; empty for external metrics, as are the object's kind, namespace and name.
    pub api_version: String,
    /// The object's kind.
    pub kind: String,
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The metric's name.
    pub metric: String,
    /// The series' selector.
    pub series: Value,
    /// The labels of an external metric's series.
    pub labels: Value,
    /// When the value was true.
    pub timestamp: Timestamp,
    /// The span that the value stands for, in seconds.
    pub window_seconds: Option<i64>,
    /// The value in thousandths, which is all that the HPA looks at.
    pub milli: i64,
}

/// An error as the clients understood it.
#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    /// What people read.
    pub message: String,
    /// The reason in the server's `Status`; empty where it was none.
    pub reason: String,
    /// The code in the server's `Status`; 0 where it was none.
    pub code: u16,
}

/// A request and its answer on the wire.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wire {
    /// Path and query; empty where the clients sent nothing.
    pub uri: String,
    /// Which forms the clients accept.
    pub accept: String,
    /// In which form the server answered.
    pub content_type: String,
}

impl Laboratory {
    /// The kubeconfig of the HPA: its user, and with it its rights.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn hpa_kubeconfig(&self) -> Result<PathBuf> {
        let groups = [
            "system:serviceaccounts",
            "system:serviceaccounts:kube-system",
        ];
        self.identity(HPA, &groups)
    }

    /// Starts the clients.
    ///
    /// # Errors
    /// When their program was not built or cannot be run.
    pub fn go_clients(&self) -> Result<GoClients> {
        let kubeconfig = self.hpa_kubeconfig()?;
        let mut process =
            tokio::process::Command::from(self.janitor.command(&tools::metrics_reader()?))
                .arg(kubeconfig)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .context("cannot run the Go clients")?;
        let answers = process.stdout.take().context("they have an output")?;
        let pipes = Pipes {
            questions: process.stdin.take().context("they have an input")?,
            answers: BufReader::new(answers).lines(),
        };
        Ok(GoClients {
            pipes: Mutex::new(pipes),
            _process: process,
        })
    }
}

impl GoClients {
    /// Asks for metrics. What the server refuses is an answer here.
    ///
    /// # Errors
    /// When the clients' program has ended, or says nothing for two minutes.
    pub async fn ask(&self, question: &Question) -> Result<Answer> {
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        let gone = "the Go clients are gone";
        let mut pipes = self.pipes.lock().await;
        pipes.questions.write_all(&line).await.context(gone)?;
        let answer = tokio::time::timeout(ANSWER, pipes.answers.next_line());
        let answer = answer.await.context("the Go clients do not answer")?;
        let answer = answer?.context(gone)?;
        serde_json::from_str(&answer).with_context(|| format!("no answer: {answer}"))
    }
}

impl Question {
    /// A metric of all pods in a namespace, as for an HPA's metric of type Pods.
    pub fn pods(namespace: &str, metric: &str) -> Self {
        Self {
            kind: "Pod".to_owned(),
            ..Self::new("custom", namespace, metric)
        }
    }

    /// A metric of one object, as for an HPA's metric of type Object.
    pub fn object(namespace: &str, (group, kind): (&str, &str), name: &str, metric: &str) -> Self {
        Self {
            group: group.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            ..Self::new("custom", namespace, metric)
        }
    }

    /// A metric of a namespace itself, as for an HPA's metric of type Object.
    pub fn namespace(name: &str, metric: &str) -> Self {
        Self::object("", ("", "Namespace"), name, metric)
    }

    /// A metric of no object, as for an HPA's metric of type External.
    pub fn external(namespace: &str, metric: &str) -> Self {
        Self::new("external", namespace, metric)
    }

    /// Only of objects with these labels.
    #[must_use]
    pub fn labelled(mut self, selector: &str) -> Self {
        selector.clone_into(&mut self.selector);
        self
    }

    /// Only the series with these labels.
    #[must_use]
    pub fn series(mut self, selector: &str) -> Self {
        selector.clone_into(&mut self.metric_selector);
        self
    }

    fn new(api: &'static str, namespace: &str, metric: &str) -> Self {
        Self {
            api,
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            ..Self::default()
        }
    }
}
