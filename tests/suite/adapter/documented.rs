//! What docs/adapter.md tells operators to apply is taken by the API server.

use anyhow::{Result, ensure};
use laboratory::Laboratory;

const PAGE: &str = include_str!("../../../docs/adapter.md");

/// The texts between fences, and the language of each.
fn blocks() -> impl Iterator<Item = (&'static str, &'static str)> {
    let fenced = PAGE.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n'))
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
        .filter(|text| text.starts_with("apiVersion: "))
        // The beginning of an authority stands for all of it.
        .map(|text| text.replace("LS0tLS1CRUdJTi…", ""))
        .collect();
    let hpa = objects
        .iter()
        .find(|object| object.contains("kind: HorizontalPodAutoscaler"));
    let (before, _) = hpa
        .and_then(|hpa| hpa.split_once("  - type: "))
        .unwrap_or_default();
    // Other metrics for the same HPA.
    let metrics = yaml.iter().filter_map(|text| {
        text.find("  - type: External")
            .or(text.find("  - type: Object"))
            .map(|at| &text[at..])
    });
    let others: Vec<String> = metrics.map(|metric| format!("{before}{metric}")).collect();
    ensure!(
        objects.len() == 3 && others.len() == 2 && !before.is_empty(),
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
