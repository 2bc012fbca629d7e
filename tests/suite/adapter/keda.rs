//! What KEDA's metrics-api scaler sees: a URL, a bearer token, and a number by a path.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::Load;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::config::AuthInfo;
use kube::{Api, Client};
use laboratory::mocks::Fault;
use laboratory::{Adapters, Laboratory, NAMESPACE};
use serde_json::Value;

const URL: &str = "/keda/v1/namespaces/jitsi/deployments.apps/jvb";

/// How long something may take that takes seconds on an idle machine.
const SOON: Duration = Duration::from_mins(2);

/// What docs/adapter.md tells operators to apply.
const ROLE: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: keda-reads-bridges, namespace: jitsi}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: keda-reads-bridges, namespace: jitsi}
rules:
- apiGroups: [custom.metrics.k8s.io]
  resources: [deployments.apps]
  resourceNames: [jvb]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: keda-reads-bridges, namespace: jitsi}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: keda-reads-bridges}
subjects: [{kind: ServiceAccount, name: keda-reads-bridges, namespace: jitsi}, {kind: User, name: keda-with-certificate}]
";

/// The adapter as somebody with a token reaches it, past the API server.
async fn with_token(lab: &Laboratory, adapters: &Adapters, token: String) -> Result<Client> {
    let mut config = adapters.place().config(&lab.kubeconfig()).await?;
    config.auth_info = AuthInfo {
        token: Some(token.into()),
        ..AuthInfo::default()
    };
    Ok(Client::try_from(config)?)
}

/// The number at this place of the document, or the code of the refusal: what the scaler makes of it.
async fn scaler(client: &Client, url: &str, value_location: &str) -> Result<Result<f64, u16>> {
    let request = http::Request::get(url).body(Vec::new())?;
    match client.request::<Value>(request).await {
        Ok(document) => {
            let number = document[value_location].as_f64();
            Ok(Ok(number.with_context(|| {
                format!("no number at {value_location} of {document}")
            })?))
        }
        Err(kube::Error::Api(status)) => Ok(Err(status.code)),
        Err(error) => Err(error.into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keda_reads_a_total_with_a_token_that_may_read_nothing_else() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(Load::Measured(0.25)).start().await?;
    let flags = ["--max-age=3s", "--deadline=1s"];
    let adapters = lab.adapter().flags(&flags).start().await?;
    lab.apply(ROLE).await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(lab.client(), NAMESPACE);
    let wish = TokenRequest {
        spec: TokenRequestSpec::default(),
        ..TokenRequest::default()
    };
    let token = accounts
        .create_token_request("keda-reads-bridges", &PostParams::default(), &wish)
        .await?;
    let token = token.status.context("no token")?.token;
    let keda = with_token(&lab, &adapters, token).await?;
    lab.eventually("both bridges are told", SOON, || async {
        let told = scaler(&keda, URL, "stress_level_total").await?;
        ensure!(told == Ok(0.5), "{told:?}");
        Ok(())
    })
    .await?;
    for (url, code) in [
        ("/keda/v1/namespaces/jitsi/deployments.apps/other", 403),
        ("/keda/v1/namespaces/kube-system/deployments.apps/jvb", 403),
        (
            "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level",
            403,
        ),
    ] {
        let told = scaler(&keda, url, "stress_level_total").await?;
        ensure!(told == Err(code), "{url}: {told:?}");
    }
    // What is called `authMode: tls` there.
    let identity = lab.identity("keda-with-certificate", &[])?;
    let certified = Client::try_from(adapters.place().config(&identity).await?)?;
    lab.eventually("the same is told to a certificate", SOON, || async {
        let told = scaler(&certified, URL, "stress_level_total").await?;
        ensure!(told == Ok(0.5), "{told:?}");
        Ok(())
    })
    .await?;

    let stranger = with_token(&lab, &adapters, "invented".to_owned()).await?;
    let told = scaler(&stranger, URL, "stress_level_total").await?;
    ensure!(told == Err(401), "{told:?}");

    // Half of the bridges alone would look like half of the load.
    bridges.break_some(2, &Fault::Hung).await?;
    lab.eventually("the total is refused", SOON, || async {
        let told = scaler(&keda, URL, "stress_level_total").await?;
        ensure!(told == Err(503), "{told:?}");
        Ok(())
    })
    .await?;
    lab.stop().await
}
