//! What docs/adapter.md tells operators to apply is taken by the API server.

use anyhow::{Result, ensure};
use laboratory::Laboratory;

const PAGE: &str = include_str!("../../../docs/adapter.md");
const SHIPPED: &str = include_str!("../../../scaler/hpa.yaml");

/// The texts between fences, and the language of each.
fn blocks() -> impl Iterator<Item = (&'static str, &'static str)> {
    let fenced = PAGE.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n'))
}

/// Whether a text is an object of its own, and not a part of one.
fn is_object(text: &str) -> bool {
    let first = text.lines().find(|line| !line.starts_with('#'));
    first.is_some_and(|line| line.starts_with("apiVersion: "))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_are_told_to_apply_is_taken() -> Result<()> {
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    for namespace in ["jitsi", "bridgetender"] {
        lab.namespace(namespace).await?;
    }
    let yaml: Vec<&str> = blocks()
        .filter(|(language, _)| *language == "yaml")
        .map(|(_, text)| text)
        .collect();
    let objects = yaml.iter().filter(|text| text.contains("kind: "));
    let objects: Vec<String> = objects
        .filter(|text| is_object(text))
        // The beginning of an authority stands for all of it.
        .map(|text| text.replace("LS0tLS1CRUdJTi…", ""))
        .collect();
    ensure!(
        yaml.contains(&SHIPPED),
        "the page shows another HPA of a pool than scaler/hpa.yaml"
    );
    let hpa = objects
        .iter()
        .find(|object| object.contains("kind: HorizontalPodAutoscaler"));
    let (before, _) = hpa
        .and_then(|hpa| hpa.split_once("  - type: "))
        .unwrap_or_default();
    // Other metrics for the same HPA.
    let metrics = yaml
        .iter()
        .filter(|text| !is_object(text))
        .filter_map(|text| {
            let kinds = ["External", "Object", "Pods"].map(|kind| format!("  - type: {kind}"));
            kinds
                .iter()
                .find_map(|kind| text.find(kind))
                .map(|at| &text[at..])
        });
    let others: Vec<String> = metrics.map(|metric| format!("{before}{metric}")).collect();
    ensure!(
        objects.len() == 4 && others.len() == 3 && !before.is_empty(),
        "{objects:?}, {others:?}"
    );
    for object in objects.iter().chain(&others) {
        let taken = lab
            .kubectl_with(
                &["create", "--dry-run=server", "--validate=strict", "-f", "-"],
                object,
            )
            .await?;
        let said = String::from_utf8_lossy(&taken.stderr);
        ensure!(
            taken.status.success() && said.is_empty(),
            "{object}: {said}"
        );
    }
    lab.stop().await
}
