use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;
use kube::api::ListParams;
use laboratory::Laboratory;

const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: pools.laboratory.example}
spec:
  group: laboratory.example
  scope: Namespaced
  names: {plural: pools, singular: pool, kind: Pool}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

#[tokio::test(flavor = "multi_thread")]
async fn two_laboratories_start_side_by_side_and_do_not_meet() -> Result<()> {
    let begun = Instant::now();
    let (one, other) = tokio::try_join!(
        Laboratory::builder().audit_log(true).start(),
        Laboratory::builder().crds(CRD).start()
    )?;
    println!("two started in {:.1} s", begun.elapsed().as_secs_f64());
    ensure!(one.network() != other.network());
    ensure!(one.folder() != other.folder());

    one.apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: jitsi}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note, namespace: jitsi}\ndata: {a: b}\n",
    )
    .await?;
    let names = one
        .kubectl_text(&["get", "configmaps", "-n", "jitsi", "-o", "name"])
        .await?;
    ensure!(names.contains("configmap/note"), "{names}");
    let namespaces: Api<Namespace> = Api::all(other.client());
    ensure!(namespaces.get_opt("jitsi").await?.is_none());

    other
        .apply("apiVersion: laboratory.example/v1\nkind: Pool\nmetadata: {name: pool}\n")
        .await?;
    let pools = other.kubectl_text(&["get", "pools", "-o", "name"]).await?;
    ensure!(pools.contains("/pool"), "{pools}");

    let kubeconfig = one.identity("alice", &["developers", "people"])?;
    let refused = Api::<ConfigMap>::default_namespaced(one.client_of(&kubeconfig).await?)
        .list(&ListParams::default())
        .await;
    ensure!(refused.is_err_and(|error| error.to_string().contains("\"alice\"")));
    let hers = one
        .audit()?
        .into_iter()
        .find(|request| request.user.username == "alice");
    let hers = hers.expect("the audit log has alice's request");
    ensure!(
        hers.response_status
            .is_some_and(|answer| answer.code == 403)
    );
    ensure!(
        hers.user
            .groups
            .starts_with(&["developers".into(), "people".into()])
    );

    let begun = Instant::now();
    tokio::try_join!(one.stop(), other.stop())?;
    println!("two stopped in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_cannot_start_shows_the_end_of_its_log_and_leaves_nothing() {
    let started = Laboratory::builder()
        .api_server_flag("--no-such-flag")
        .start()
        .await;
    let error = format!("{:#}", started.err().expect("an unknown flag is refused"));
    assert!(error.contains("kube-apiserver cannot start"), "{error}");
    assert!(error.contains("unknown flag: --no-such-flag"), "{error}");
    let (_, log) = error.split_once("the end of ").expect("the log is named");
    let (log, _) = log.split_once(":\n").expect("its lines follow");
    let folder = Path::new(log).parent().expect("a log lies in a folder");
    assert!(!folder.exists(), "{} is left", folder.display());
}
