//! Whom the adapter believes, with a real API server to say so.

use std::time::Duration;

use adapter::Config;
use anyhow::{Context, Result, ensure};
use clap::Parser;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, Client};
use laboratory::{Laboratory, Place, Priority};
use tokio_util::sync::CancellationToken;

const GROUP: &str = "custom.metrics.k8s.io";
const STRESS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level";
const SOON: Duration = Duration::from_mins(2);

/// What the adapter needs, and what two of its readers may.
const RIGHTS: &str = r"
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: pods-reader},
 rules: [{apiGroups: [''], resources: [pods], verbs: [get, list, watch]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: adapter-pods},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pods-reader},
 subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: adapter}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: adapter-delegator},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:auth-delegator'},
 subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: adapter}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: adapter-reader, namespace: kube-system},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader},
 subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: adapter}]}
---
{apiVersion: v1, kind: Namespace, metadata: {name: jitsi}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: keda, namespace: jitsi}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: stress-reader, namespace: jitsi},
 rules: [{apiGroups: [custom.metrics.k8s.io], resources: [pods/stress_level], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: stress-readers, namespace: jitsi},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: stress-reader},
 subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ada}, {kind: ServiceAccount, name: keda}]}
";

#[tokio::test(flavor = "multi_thread")]
async fn the_adapter_believes_whom_the_api_server_believes() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    lab.apply(RIGHTS).await?;
    let place = lab.place("bridgetender", "jvb-adapter").await?;
    let address = lab.adapter_address(0);
    let kubeconfig = lab.identity("adapter", &[])?;
    let arguments = adapter::args::Arguments::try_parse_from([
        "jvb-adapter".to_owned(),
        format!("--bind={address}"),
        format!("--tls-cert-file={}", place.certificate().display()),
        format!("--tls-private-key-file={}", place.key().display()),
        format!("--kubeconfig={}", kubeconfig.display()),
    ])?;
    let shutdown = CancellationToken::new();
    let config = Config::try_from(arguments)?;
    let running = tokio::spawn(adapter::run(config, shutdown.clone()));
    place.set_backends(&[address]);
    for version in ["v1beta1", "v1beta2"] {
        lab.aggregate(&place, GROUP, version, Priority::default())
            .await?;
        lab.aggregated(GROUP, version, true, SOON).await?;
    }

    // Through the API server: the front proxy speaks for others, and for itself.
    let ada = lab.identity("ada", &["ops"])?;
    let eve = lab.identity("eve", &[])?;
    let admin = lab.kubeconfig();
    let through = |kubeconfig| {
        let lab = &lab;
        async move { ask(&lab.client_of(kubeconfig).await?).await }
    };
    // At first it does not know the pods yet.
    for kubeconfig in [&admin, &ada] {
        lab.eventually("who may read is answered", SOON, || async {
            let code = through(kubeconfig).await?;
            ensure!(code == 200, "{code}");
            Ok(())
        })
        .await?;
    }
    ensure!(through(&eve).await? == 403);

    // Past the API server: certificates of its clients, and tokens, of which it knows whose they are.
    let direct = |kubeconfig| direct(&place, kubeconfig, None);
    ensure!(ask(&direct(admin.clone()).await?).await? == 200);
    ensure!(ask(&direct(ada.clone()).await?).await? == 200);
    let refused = direct(eve.clone()).await?.request_text(get()?).await;
    let refused = refused.err().context("eve was let in")?.to_string();
    let expected = r#"pods.custom.metrics.k8s.io "*" is forbidden: User "eve" cannot get resource "pods/stress_level" in API group "custom.metrics.k8s.io" in the namespace "jitsi""#;
    ensure!(refused.contains(expected), "{refused}");
    let accounts: Api<ServiceAccount> = Api::namespaced(lab.client(), "jitsi");
    let wish = TokenRequest {
        spec: TokenRequestSpec::default(),
        ..TokenRequest::default()
    };
    let token = accounts
        .create_token_request("keda", &PostParams::default(), &wish)
        .await?;
    let token = token.status.context("no token")?.token;
    for (token, code) in [(token, 200), ("invented".to_owned(), 401)] {
        let client = self::direct(&place, ada.clone(), Some(token)).await?;
        ensure!(ask(&client).await? == code, "{code}");
    }

    // Its own API server away: what was asked lately is still known.
    ensure!(ask(&direct(ada.clone()).await?).await? == 200);
    lab.kill_api_server().await?;
    ensure!(ask(&direct(ada).await?).await? == 200);
    let bob = lab.identity("bob", &[])?;
    ensure!(ask(&direct(bob).await?).await? == 503);

    shutdown.cancel();
    tokio::time::timeout(SOON, running).await???;
    Ok(())
}

fn get() -> Result<http::Request<Vec<u8>>> {
    Ok(http::Request::get(STRESS).body(Vec::new())?)
}

/// The HTTP status code of the answer to an HPA's question.
async fn ask(client: &Client) -> Result<u16> {
    match client.request_text(get()?).await {
        Ok(_) => Ok(200),
        Err(kube::Error::Api(status)) => Ok(status.code),
        Err(error) => Err(error.into()),
    }
}

/// A client of the adapter itself, with the certificate in a kubeconfig or, instead, a token.
async fn direct(
    place: &Place,
    kubeconfig: std::path::PathBuf,
    token: Option<String>,
) -> Result<Client> {
    let mut config = place.config(&kubeconfig).await?;
    if let Some(token) = token {
        config.auth_info = kube::config::AuthInfo {
            token: Some(token.into()),
            ..kube::config::AuthInfo::default()
        };
    }
    Ok(Client::try_from(config)?)
}
