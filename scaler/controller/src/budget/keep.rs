//! A budget, written as it is wanted.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use tracing::info;

use super::{Step, Wanted, correction, step};

/// As which field manager it is written.
const MANAGER: &str = "bridgetender.dev/jvb-scaler";

/// Makes the budget what it shall be; what stands in the way, where something does.
///
/// # Errors
/// What the API server says.
pub(crate) async fn keep(
    api: &Api<PodDisruptionBudget>,
    wanted: &Wanted,
    there: Option<&PodDisruptionBudget>,
) -> kube::Result<Option<String>> {
    let what = step(wanted, there);
    match (&what, there) {
        (Step::Nothing, _) | (Step::Correct | Step::Remove, None) => return Ok(None),
        (Step::Foreign, _) => {
            return Ok(Some(
                "one of this name belongs to somebody else: delete it, or rename the pool"
                    .to_owned(),
            ));
        }
        (Step::Create, _) => {
            let body = serde_json::from_value(wanted.body()).map_err(kube::Error::SerdeError)?;
            api.create(&PostParams::default(), &body).await?;
        }
        (Step::Correct, Some(there)) => {
            let params = PatchParams {
                field_manager: Some(MANAGER.to_owned()),
                ..PatchParams::default()
            };
            let body = Patch::Merge(correction(wanted, there));
            api.patch(&wanted.name, &params, &body).await?;
        }
        (Step::Remove, Some(there)) => {
            let params = DeleteParams {
                preconditions: Some(Preconditions {
                    uid: there.metadata.uid.clone(),
                    resource_version: None,
                }),
                ..DeleteParams::default()
            };
            api.delete(&wanted.name, &params).await?;
        }
    }
    info!(
        "PodDisruptionBudget {}/{}: {what:?}",
        wanted.namespace, wanted.name
    );
    Ok(None)
}
