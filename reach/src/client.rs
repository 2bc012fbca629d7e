//! How the API server is reached.

mod proxy;

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::ConfigExt as _;
use kube::client::retry::RetryPolicy;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use tower::retry::RetryLayer;
use tower::{BoxError, ServiceBuilder};

use self::proxy::Surroundings;
use crate::causes;

/// How long to try to reach the API server in one attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that nobody used for so long is used by nobody any more: it may have fallen silent, and so may all of its age.
const IDLE: Duration = Duration::from_secs(30);

/// How long the API server may be silent beyond the length of a watch: the watches' own margin.
const SILENCE: Duration = Duration::from_secs(5);

/// Why there is no way to an API server.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A kubeconfig that is not there or is none.
    #[error("cannot read {} (--kubeconfig): {why}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A kubeconfig that does not say how to reach a cluster.
    #[error("cannot use {} (--kubeconfig): {why}", file.display())]
    Unusable {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A context that the kubeconfig does not have.
    #[error("the kubeconfig has no context {0} (--context)")]
    Context(String),
    /// Nothing says which cluster.
    #[error(
        "no cluster is configured: no kubeconfig ({kubeconfig}), and no service account of a pod ({pod})"
    )]
    None {
        /// Why there is no kubeconfig.
        kubeconfig: String,
        /// Why there is no service account.
        pod: String,
    },
    /// What names a proxy, or leaves one out, is not understood.
    #[error("cannot use the proxy that is configured for the API server: {0}")]
    Proxy(String),
    /// It says so in a way that no client can be made of.
    #[error("cannot make a client of the API server: {0}")]
    Client(String),
}

impl ClientError {
    /// What to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "--kubeconfig names a file that kubectl can use, and that this user may read; in a pod leave it out"
            }
            Self::Unusable { .. } => {
                "`kubectl config view --kubeconfig FILE` shows its contexts, `kubectl config use-context` chooses one"
            }
            Self::Context(_) => "`kubectl config get-contexts` lists those that there are",
            Self::None { .. } => {
                "set --kubeconfig or KUBECONFIG, or run in a pod with a service account and its token"
            }
            Self::Proxy(_) => {
                "HTTPS_PROXY, or proxy-url in the kubeconfig, is http://HOST:PORT, or with https or socks5; NO_PROXY lists what is reached without it: hosts, .domains, addresses and networks between commas"
            }
            Self::Client(_) => {
                "`kubectl get --raw /readyz` with the same kubeconfig asks the same API server"
            }
        }
    }
}

/// A client of the API server at `config` whose watches notice when it has fallen silent.
///
/// # Errors
/// When its certificates or credentials are none.
pub fn watching(mut config: kube::Config, watch_seconds: u32) -> Result<kube::Client, ClientError> {
    // A watch ends by itself when nothing comes, but the request for a list or for the next watch would be waited for as long as
    // a dead connection lives.
    config.read_timeout = Some(Duration::from_secs(watch_seconds.into()) + SILENCE);
    config.reset_reader_on_write = true;
    client(config)
}

/// A client of the API server at `config`.
///
/// # Errors
/// When its certificates or credentials are none.
pub fn client(config: kube::Config) -> Result<kube::Client, ClientError> {
    prompt(config).map_err(|error| match error {
        // Not the whole of it: there may be a password in it.
        kube::Error::ProxyProtocolUnsupported { proxy_url }
        | kube::Error::ProxyProtocolDisabled { proxy_url, .. } => {
            let scheme = proxy_url.scheme_str().unwrap_or("missing");
            ClientError::Proxy(format!("its scheme is {scheme}, which is not supported"))
        }
        error => ClientError::Client(causes(&error)),
    })
}

/// The client that kube makes of a configuration, but on connections that send at once. Kube leaves Nagle's algorithm on, and then
/// the first request of each connection waits for the acknowledgement of the handshake, some 40 ms: a reader would wait them with
/// the review that it is to be let in by.
fn prompt(config: kube::Config) -> Result<kube::Client, kube::Error> {
    if config.proxy_url.is_some() {
        // Tunnels are kube's.
        return kube::Client::try_from(config);
    }
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let mut connector = TimeoutConnector::new(connector);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let again = config
        .default_retry
        .then(|| RetryLayer::new(RetryPolicy::server_retry()));
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(again)
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(
            hyper_util::client::legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .build(connector),
        );
    Ok(kube::Client::new(service, config.default_namespace))
}

/// How to reach the API server: by this kubeconfig, else by the environment's, else as a pod.
///
/// # Errors
/// When there is none, or one that cannot be used.
pub async fn config(kubeconfig: Option<PathBuf>) -> Result<kube::Config, ClientError> {
    config_in(kubeconfig, None).await
}

/// The same by another context than the kubeconfig's current one, where one is named: a pod has none.
///
/// # Errors
/// When there is none, or one that cannot be used.
pub async fn config_in(
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
) -> Result<kube::Config, ClientError> {
    let options = KubeConfigOptions {
        context,
        ..KubeConfigOptions::default()
    };
    let mut config = match kubeconfig {
        Some(file) => {
            let kubeconfig = read(&file)?;
            kube::Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map(behind_a_proxy)
                .map_err(|error| match (proxy(&error), error) {
                    (Some(error), _) => error,
                    (None, KubeconfigError::LoadContext(context)) if options.context.is_some() => {
                        ClientError::Context(context)
                    }
                    (None, error) => ClientError::Unusable {
                        why: causes(&error),
                        file,
                    },
                })?
        }
        None => match kube::Config::from_kubeconfig(&options).await {
            Ok(config) => behind_a_proxy(config),
            Err(KubeconfigError::LoadContext(context)) if options.context.is_some() => {
                return Err(ClientError::Context(context));
            }
            // In a pod no proxy is between it and the API server.
            Err(kubeconfig) => {
                kube::Config::incluster().map_err(|pod| match proxy(&kubeconfig) {
                    Some(error) => error,
                    None => ClientError::None {
                        kubeconfig: why(&kubeconfig),
                        pod: causes(&pod),
                    },
                })?
            }
        },
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    Ok(config)
}

fn behind_a_proxy(mut config: kube::Config) -> kube::Config {
    let found = config.proxy_url.take();
    config.proxy_url = Surroundings::from_env().choose(&config.cluster_url, found);
    config
}

/// The error, if it is about a proxy and not about the kubeconfig.
fn proxy(error: &KubeconfigError) -> Option<ClientError> {
    matches!(
        error,
        KubeconfigError::ParseProxyUrl(_) | KubeconfigError::ParseNoProxy(_)
    )
    .then(|| ClientError::Proxy(causes(error)))
}

fn read(file: &Path) -> Result<Kubeconfig, ClientError> {
    Kubeconfig::read_from(file).map_err(|error| ClientError::Unreadable {
        file: file.to_owned(),
        why: match &error {
            // The file is named already.
            KubeconfigError::ReadConfig(cause, _) => cause.to_string(),
            error => why(error),
        },
    })
}

/// On one line.
fn why(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(cause, file) => format!("{}: {cause}", file.display()),
        // The other lines draw the place in the file.
        KubeconfigError::Parse(cause) => {
            let cause = cause.to_string();
            cause.lines().next().unwrap_or_default().to_owned()
        }
        error => causes(error),
    }
}
