//! The command line of `jvb-adapter check`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::api::Selector;
use crate::authority::Named;

/// What to look at, and how to tell it.
#[derive(Args, Clone, Debug)]
pub struct CheckArguments {
    /// Kubeconfig of the cluster [default: $KUBECONFIG, then the pod's own service account].
    #[arg(long, env = "JVB_ADAPTER_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Look at the bridges and HPAs of this namespace only [default: all namespaces].
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// Label selector of the pods with a videobridge: the one that the adapter runs with.
    #[arg(
        long,
        env = "JVB_ADAPTER_BRIDGES",
        value_name = "SELECTOR",
        default_value = "app.kubernetes.io/component=jvb",
        value_parser = selector
    )]
    pub bridges: String,

    /// The adapter's own ServiceAccount [default: that of the pods behind the APIService].
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = service_account)]
    pub service_account: Option<(String, String)>,

    /// Secret in which the adapter keeps an authority of its own: the one that it runs with [default: that of the pods behind the
    /// APIService].
    #[arg(long, env = "JVB_ADAPTER_TLS_SECRET", value_name = "NAMESPACE/NAME", value_parser = secret)]
    pub tls_secret: Option<(String, String)>,

    /// Time that the API server and each bridge have for one answer.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,

    /// Ask bridges on loopback addresses too, as an adapter with that flag does.
    #[arg(long, env = "JVB_ADAPTER_LOOPBACK_BRIDGES")]
    pub loopback_bridges: bool,

    /// Form of the report.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,
}

/// Form of the report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Output {
    /// For a person.
    Text,
    /// One JSON object, for a program.
    Json,
}

fn selector(text: &str) -> Result<String, String> {
    match Selector::parse(text) {
        Err(error) => Err(error.to_string()),
        Ok(selector) if selector.is_everything() => {
            Err("it must not be empty: every pod would be taken for a bridge".to_owned())
        }
        Ok(_) => Ok(text.to_owned()),
    }
}

fn secret(text: &str) -> Result<(String, String), &'static str> {
    text.parse()
        .map(|Named { namespace, name }| (namespace, name))
}

fn service_account(text: &str) -> Result<(String, String), String> {
    text.split_once('/')
        .filter(|(namespace, name)| {
            !namespace.is_empty() && !name.is_empty() && !name.contains('/')
        })
        .map(|(namespace, name)| (namespace.to_owned(), name.to_owned()))
        .ok_or_else(|| "want NAMESPACE/NAME, for example bridgetender/jvb-adapter".to_owned())
}
