//! The adapter's own certificate authority, with a real API server.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::{Api, Client};
use laboratory::{Adapters, Laboratory};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::readers::Readers;

const SECRET: &str = "jvb-adapter-tls";
const SOON: Duration = Duration::from_mins(2);

/// Lifetimes of which many pass in a minute, and of which a third is longer than a busy machine stands still.
const BRIEF: [&str; 2] = ["--ca-lifetime=60s", "--leaf-lifetime=20s"];
/// After so much of it an authority may get a successor: two thirds of a lifetime that begins before its making, in whole seconds.
const SUCCESSOR: Duration = Duration::from_secs(36);

async fn lab() -> Result<Laboratory> {
    Laboratory::builder()
        .controller_manager(false)
        .start()
        .await
}

fn services(lab: &Laboratory) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("apiregistration.k8s.io", "v1", "APIService");
    Api::all_with(lab.client(), &ApiResource::from_gvk(&kind))
}

/// The authorities that an APIService publishes.
async fn bundle(lab: &Laboratory, version: &str) -> Result<Vec<Vec<u8>>> {
    let name = format!("{version}.custom.metrics.k8s.io");
    let service = services(lab).get(&name).await?;
    let bundle = service.data["spec"]["caBundle"].as_str().unwrap_or("");
    let pem = STANDARD.decode(bundle)?;
    let certificates = CertificateDer::pem_slice_iter(&pem);
    Ok(certificates
        .map(|one| Ok(one?.to_vec()))
        .collect::<Result<_, rustls::pki_types::pem::Error>>()?)
}

async fn secret(lab: &Laboratory) -> Result<Secret> {
    let secrets: Api<Secret> = Api::namespaced(lab.client(), "bridgetender");
    Ok(secrets.get(SECRET).await?)
}

fn text(secret: &Secret, key: &str) -> Result<String> {
    let data = secret.data.as_ref().context("the Secret is empty")?;
    Ok(String::from_utf8(
        data.get(key).context("a key is missing")?.0.clone(),
    )?)
}

/// Asks replica `n` itself over a new connection, believing `bundle` alone.
pub(super) async fn ask(
    lab: &Laboratory,
    adapters: &Adapters,
    n: usize,
    path: &str,
    bundle: Vec<Vec<u8>>,
) -> Result<String> {
    let mut config = lab.config_of(&lab.kubeconfig()).await?;
    config.cluster_url = format!("https://{}", adapters.address(n)).parse()?;
    config.tls_server_name = Some(adapters.place().host());
    config.root_cert = Some(bundle);
    let request = http::Request::get(path).body(Vec::new())?;
    Ok(Client::try_from(config)?.request_text(request).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_agree_on_one_authority_and_renew_it_under_load_without_losing_a_read()
-> Result<()> {
    let lab = lab().await?;
    let begun = Instant::now();
    // Both meet an empty Secret at the same moment.
    let adapters = lab
        .adapter()
        .replicas(2)
        .own_authority()
        .flags(&BRIEF)
        .start()
        .await?;
    let published = bundle(&lab, "v1beta2").await?;
    // On a busy machine the start takes longer than the time after which a successor is due.
    let renewed = begun.elapsed() >= SUCCESSOR;
    ensure!(
        published.len() == 1 || renewed,
        "{} authorities",
        published.len()
    );
    let first = published.last().context("no authority")?.clone();
    lab.eventually("both versions publish the same", SOON, || async {
        ensure!(bundle(&lab, "v1beta2").await? == bundle(&lab, "v1beta1").await?);
        Ok(())
    })
    .await?;
    let first_leaf = text(&secret(&lab).await?, "tls.crt")?;

    let readers = Readers::start(&lab, 4).await?;
    let mut leaves = vec![first_leaf];
    let mut overlapped = false;
    let give_up = Instant::now() + 2 * SOON;
    loop {
        // What is published is read first: the replica must be believed by whoever knows that.
        let published = bundle(&lab, "v1beta2").await?;
        for n in [0, 1] {
            ask(&lab, &adapters, n, "/readyz", published.clone())
                .await
                .with_context(|| format!("replica {n} after {} leaves", leaves.len()))?;
        }
        let leaf = text(&secret(&lab).await?, "tls.crt")?;
        if !leaves.contains(&leaf) {
            leaves.push(leaf);
        }
        overlapped |= published.contains(&first) && published.len() == 2;
        if !published.contains(&first) && leaves.len() > 3 {
            break;
        }
        ensure!(
            Instant::now() < give_up,
            "the first authority is still trusted"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(overlapped, "old and new were never trusted together");
    let reads = readers.stop().await?;
    ensure!(reads > 1000, "{reads} reads are no load");
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_somebody_else_is_left_alone() -> Result<()> {
    let lab = lab().await?;
    let theirs = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1beta1.custom.metrics.k8s.io"},
        "spec": {
            "group": "custom.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": true,
            "service": {"namespace": "monitoring", "name": "prometheus-adapter", "port": 443},
        },
    });
    lab.put(&theirs).await?;
    let before = services(&lab).get("v1beta1.custom.metrics.k8s.io").await?;
    let adapters = lab
        .adapter()
        .versions(&["v1beta2"])
        .own_authority()
        .start()
        .await?;
    let published = bundle(&lab, "v1beta2").await?;
    let after = services(&lab).get("v1beta1.custom.metrics.k8s.io").await?;
    ensure!(
        after.data["spec"] == before.data["spec"],
        "{}",
        after.data["spec"]
    );

    // The Secret is taken by somebody: it is not written over, and the adapter goes on with what it has.
    let secrets: Api<Secret> = Api::namespaced(lab.client(), "bridgetender");
    let taken = json!({"data": {"password": ByteString(b"secret".to_vec()), "ca.key": null, "tls.crt": null}});
    let params = PatchParams::default();
    let taken = secrets.patch(SECRET, &params, &Patch::Merge(taken)).await?;
    lab.eventually("the trouble is shown", SOON, || async {
        let metrics = ask(&lab, &adapters, 0, "/metrics", published.clone()).await?;
        ensure!(
            metrics.contains("jvb_adapter_certificate_replacement_broken 1"),
            "{metrics}"
        );
        Ok(())
    })
    .await?;
    ask(&lab, &adapters, 0, "/readyz", published.clone()).await?;
    ensure!(secret(&lab).await?.data == taken.data);

    // Emptied, it is filled anew, and the replica is believed by the new authority.
    let empty: Value = json!({"data": null});
    secrets.patch(SECRET, &params, &Patch::Merge(empty)).await?;
    lab.eventually("a new authority is published and serves", SOON, || async {
        let now = bundle(&lab, "v1beta2").await?;
        ensure!(now != published);
        ask(&lab, &adapters, 0, "/readyz", now).await?;
        Ok(())
    })
    .await?;
    lab.stop().await
}
