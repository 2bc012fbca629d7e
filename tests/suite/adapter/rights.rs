//! What the adapter does with its rights: it needs nothing else, and all of them.

use anyhow::{Context, Result, ensure};
use bridge::model::Load;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::config::AuthInfo;
use kube::{Api, Client};
use laboratory::{Laboratory, NAMESPACE};

use crate::rights;

const ADAPTER: &str = "system:serviceaccount:bridgetender:jvb-adapter";

/// What the roles of Kubernetes itself allow that the file binds: group, resource, name and verb.
const OF_KUBERNETES: &[[&str; 4]] = &[
    ["authentication.k8s.io", "tokenreviews", "", "create"],
    ["authorization.k8s.io", "subjectaccessreviews", "", "create"],
    [
        "",
        "configmaps",
        "extension-apiserver-authentication",
        "list",
    ],
    [
        "",
        "configmaps",
        "extension-apiserver-authentication",
        "watch",
    ],
];

/// A read past the API server with a token: the adapter has to ask whose it is.
async fn read_with_token(lab: &Laboratory, adapters: &laboratory::Adapters) -> Result<()> {
    let accounts: Api<ServiceAccount> = Api::namespaced(lab.client(), NAMESPACE);
    let account = serde_json::from_value(serde_json::json!({"metadata": {"name": "reader"}}))?;
    let params = PostParams::default();
    accounts.create(&params, &account).await?;
    let wish = TokenRequest {
        spec: TokenRequestSpec::default(),
        ..TokenRequest::default()
    };
    let token = accounts
        .create_token_request("reader", &params, &wish)
        .await?;
    let mut config = adapters.place().config(&lab.kubeconfig()).await?;
    // Its certificate is of its own making, and not what is looked at here.
    config.accept_invalid_certs = true;
    config.auth_info = AuthInfo {
        token: Some(token.status.context("no token")?.token.into()),
        ..AuthInfo::default()
    };
    let request = http::Request::get("/metrics").body(Vec::new())?;
    let refused = Client::try_from(config)?.request_text(request).await;
    let said = refused.err().context("a stranger was let in")?.to_string();
    ensure!(
        said.contains("system:serviceaccount:jitsi:reader"),
        "{said}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adapter_needs_no_other_right_and_uses_each_that_it_has() -> Result<()> {
    let lab = Laboratory::builder().audit_log(true).start().await?;
    let bridges = lab.bridges(2).load(Load::Measured(0.4)).start().await?;
    let adapters = lab.adapter().own_authority().external(true).start().await?;
    let hpa = lab.hpa(&bridges).start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    read_with_token(&lab, &adapters).await?;

    let file = include_str!("../../../adapter/rbac.yaml");
    rights::exactly(&lab, ADAPTER, file, OF_KUBERNETES).await?;
    lab.stop().await
}
