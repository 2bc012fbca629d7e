//! The HPA that operators are given is the one that the simulation runs.

use scaler_api::autoscaler;
use serde_json::Value;

#[test]
fn the_committed_hpa_is_the_one_that_everything_else_uses() {
    let committed: Value = serde_saphyr::from_str(include_str!("../../hpa.yaml")).unwrap();
    assert_eq!(committed, autoscaler::definition("jitsi", "jvb", (2, 20)));
}
