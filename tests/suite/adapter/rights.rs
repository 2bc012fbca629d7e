//! What the adapter does with its rights: it needs nothing else, and all of them.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bridge::model::Load;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::api::PostParams;
use kube::config::AuthInfo;
use kube::{Api, Client};
use laboratory::{Laboratory, NAMESPACE, Request};
use serde::Deserialize;

const PATIENCE: Duration = Duration::from_secs(30);
const ADAPTER: &str = "system:serviceaccount:bridgetender:jvb-adapter";

/// A verb on a resource of a group, of any name or of one.
type Right = (String, String, String, String);

fn right(group: &str, resource: &str, name: &str, verb: &str) -> Right {
    [group, resource, name, verb].map(str::to_owned).into()
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    rules: Vec<PolicyRule>,
}

/// Each single right of the file, and of the roles of Kubernetes that it binds.
fn given() -> Result<BTreeSet<Right>> {
    let objects: Vec<Object> =
        serde_saphyr::from_multiple(include_str!("../../../adapter/rbac.yaml"))?;
    let mut all: BTreeSet<Right> = [
        right("authentication.k8s.io", "tokenreviews", "", "create"),
        right("authorization.k8s.io", "subjectaccessreviews", "", "create"),
        right(
            "",
            "configmaps",
            "extension-apiserver-authentication",
            "list",
        ),
        right(
            "",
            "configmaps",
            "extension-apiserver-authentication",
            "watch",
        ),
    ]
    .into();
    for rule in objects.into_iter().flat_map(|object| object.rules) {
        let names = rule.resource_names.unwrap_or_else(|| vec![String::new()]);
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for name in &names {
                    all.extend(
                        rule.verbs
                            .iter()
                            .map(|verb| right(group, resource, name, verb)),
                    );
                }
            }
        }
    }
    Ok(all)
}

/// The right that a request takes.
fn taken(request: &Request) -> Result<Right> {
    let (path, query) = request.uri.split_once('?').unwrap_or((&request.uri, ""));
    let mut parts = path.split('/').skip(1);
    let group = match parts.next() {
        Some("api") => "",
        Some("apis") => parts.next().context("a group")?,
        _ => return Ok(right("", path, "", &request.verb)),
    };
    let rest: Vec<&str> = parts.skip(1).collect();
    let rest = match &rest[..] {
        ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
        rest => rest,
    };
    let resource = rest
        .first()
        .with_context(|| format!("no resource in {path}"))?;
    let selected = query
        .split('&')
        .find_map(|part| part.strip_prefix("fieldSelector=metadata.name%3D"));
    let name = rest.get(1).copied().or(selected).unwrap_or_default();
    Ok(right(group, resource, name, &request.verb))
}

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

    let given = given()?;
    lab.eventually("each right was used", PATIENCE, || async {
        let asked = lab.audit()?;
        let asked = asked
            .iter()
            .filter(|request| request.user.username == ADAPTER);
        let used = asked.map(taken).collect::<Result<BTreeSet<Right>>>()?;
        let unused: Vec<&Right> = given.difference(&used).collect();
        ensure!(unused.is_empty(), "never used: {unused:?}");
        Ok(())
    })
    .await?;
    for request in lab.audit()? {
        if request.user.username != ADAPTER {
            continue;
        }
        let code = request
            .response_status
            .as_ref()
            .map_or(0, |answer| answer.code);
        ensure!(
            given.contains(&taken(&request)?) && code != 401 && code != 403,
            "{} {}: {code}",
            request.verb,
            request.uri
        );
    }
    lab.stop().await
}
