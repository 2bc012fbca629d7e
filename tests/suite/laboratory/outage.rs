use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use laboratory::{Deed, Kubelet, Laboratory, Recorder, objects};

const SOON: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn the_kubelet_goes_on_after_an_outage_of_the_api_server() -> Result<()> {
    let lab = Laboratory::start().await?;
    let runtime = Arc::new(Recorder::default());
    let _kubelet = Kubelet::builder(&lab, Arc::clone(&runtime)).start().await?;
    let pods: Api<Pod> = Api::default_namespaced(lab.client());
    let ready = async |wanted: usize| {
        lab.eventually(&format!("{wanted} bridges are ready"), SOON, || async {
            let list = pods.list(&ListParams::default()).await?;
            let ready = list.iter().filter(|pod| is_ready(pod)).count();
            ensure!(
                ready == wanted && list.items.len() == wanted,
                "{ready} of {}",
                list.items.len()
            );
            Ok(list
                .items
                .iter()
                .filter_map(|pod| pod.metadata.name.clone())
                .collect::<Vec<_>>())
        })
        .await
    };
    lab.put(&objects::bridges("default", "jvb", 2)).await?;
    let names = ready(2).await?;

    lab.kill_api_server().await?;
    ensure!(
        pods.list(&ListParams::default()).await.is_err(),
        "the API server is down"
    );
    // What happens meanwhile is done meanwhile, and told later.
    ensure!(runtime.exit(&names[0], "jvb", 1));
    lab.eventually(
        "the container is restarted without an API server",
        SOON,
        || async {
            let deeds = runtime.deeds(&names[0]);
            ensure!(
                deeds
                    .iter()
                    .filter(|(_, deed)| *deed == Deed::Start)
                    .count()
                    == 2,
                "{deeds:?}"
            );
            Ok(())
        },
    )
    .await?;
    lab.start_api_server().await?;

    lab.eventually("the restart is told", SOON, || async {
        let status = pods.get(&names[0]).await?.status.unwrap_or_default();
        let restarts = status.container_statuses.unwrap_or_default()[0].restart_count;
        ensure!(restarts == 1, "{restarts} restarts");
        Ok(())
    })
    .await?;
    lab.put(&objects::bridges("default", "jvb", 4)).await?;
    ready(4).await?;
    lab.stop_controller_manager().await?;
    lab.start_controller_manager().await?;
    lab.put(&objects::bridges("default", "jvb", 1)).await?;
    ready(1).await?;
    Ok(())
}

fn is_ready(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let mut conditions = status
        .and_then(|status| status.conditions.as_ref())
        .into_iter()
        .flatten();
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
