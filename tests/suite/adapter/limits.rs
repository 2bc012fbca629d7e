//! How often one user may ask, and who may ask as often as they like.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::model::Load;
use kube::Client;
use laboratory::Laboratory;

const STRESS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/pods/*/stress_level";
const TOTAL: &str =
    "/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/deployments.apps/jvb/stress_level_total";
const GROUP: &str = "custom.metrics.k8s.io";

/// How long something may take that takes a second on an idle machine.
const SOON: Duration = Duration::from_mins(2);

/// HPAs that read at once, each every second.
const HPAS: usize = 12;

const READERS: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: jitsi}
rules: [{apiGroups: [custom.metrics.k8s.io], resources: [pods/stress_level], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: jitsi}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: noisy}
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: quiet}
";

/// Somebody who does not try again by themselves.
async fn client(lab: &Laboratory, user: &str) -> Result<Client> {
    let config = lab.config_of(&lab.identity(user, &[])?).await?;
    Ok(Client::try_from(config)?)
}

/// The code of the answer, and the message of a refusal.
async fn read(client: &Client) -> Result<(u16, String)> {
    let request = http::Request::get(STRESS).body(Vec::new())?;
    match client.request_text(request).await {
        Ok(_) => Ok((200, String::new())),
        Err(kube::Error::Api(status)) => Ok((status.code, status.message)),
        Err(error) => Err(error.into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_in_a_loop_is_refused_and_neither_others_nor_many_hpas_are() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(2).load(Load::Measured(0.5)).start().await?;
    let _adapters = lab
        .adapter()
        .flags(&["--user-requests-per-second=1", "--user-requests-burst=5"])
        .start()
        .await?;
    lab.apply(READERS).await?;
    // What is not known yet would be refused too.
    lab.eventually("the total is known", SOON, || async {
        lab.kubectl_text(&["get", "--raw", TOTAL]).await.map(drop)
    })
    .await?;
    let (noisy, quiet) = (client(&lab, "noisy").await?, client(&lab, "quiet").await?);
    let mut hpas = Vec::new();
    for n in 0..HPAS {
        let hpa = lab
            .hpa(&bridges)
            .on_a_stand_in(&format!("stand-in-{n}"), 1)
            .on_deployment("stress_level_total", "400m");
        hpas.push(hpa.start().await?);
    }
    lab.eventually("both may read", SOON, || async {
        ensure!(read(&quiet).await?.0 == 200);
        Ok(())
    })
    .await?;
    // The eventuality has used up some of the burst; after a rest it is whole again.
    tokio::time::sleep(Duration::from_secs(6)).await;

    // All at once, so that a slow machine gives nobody the time to be forgiven.
    let answers = futures::future::join_all((0..100).map(|_| read(&noisy))).await;
    let mut codes: BTreeMap<u16, usize> = BTreeMap::new();
    let mut refusal = String::new();
    for answer in answers {
        let (code, message) = answer?;
        *codes.entry(code).or_default() += 1;
        if code == 429 {
            refusal = message;
        }
    }
    ensure!(codes.keys().eq(&[200, 429]), "{codes:?}");
    ensure!(codes[&429] > 50, "{codes:?}");
    ensure!(refusal.contains("hint: ask less often"), "{refusal}");
    ensure!(
        read(&quiet).await?.0 == 200,
        "the noisy one took from another"
    );

    // The HPAs have read dozens of times a second meanwhile, all as one user.
    for hpa in &hpas {
        hpa.until("ScalingActive", "True", "ValidMetricFound")
            .await?;
        ensure!(hpa.events("FailedGetObjectMetric").await?.is_empty());
    }
    // And the API server asks for discovery and for whether we are there.
    for version in ["v1beta1", "v1beta2"] {
        lab.aggregated(GROUP, version, true, SOON).await?;
    }
    lab.stop().await
}
