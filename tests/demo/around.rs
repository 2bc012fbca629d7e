//! Everything goes on running, people come and go, and whoever wants to looks around with kubectl.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::column::Column;
use crate::day;
use crate::screen::Screen;
use crate::setup::{NAME, SetUp};
use crate::stage::Stage;

/// A command, and what it shows or does.
type Deed = (&'static str, &'static str);

/// What the plugin is good for.
const PLUGIN: [Deed; 5] = [
    (
        "kubectl bridgepool status",
        "how it is, how many more people fit",
    ),
    (
        "kubectl bridgepool explain",
        "who would be drained next, and why",
    ),
    ("kubectl bridgepool watch", "what changes, as it happens"),
    (
        "kubectl bridgepool drain BRIDGE",
        "empty it; another takes its place",
    ),
    ("kubectl bridgepool --help", "what else it is good for"),
];

/// What needs nothing but kubectl and a shell.
const KUBECTL: [Deed; 7] = [
    ("kubectl get hpa,bp,pods -A", "both columns"),
    (
        "kubectl describe bp jvb",
        "the pool's conditions and events",
    ),
    (
        "kubectl scale bp jvb --replicas=6",
        "the HPA takes it back in a while",
    ),
    ("kubectl explain bp.spec.drain", "what can be set"),
    ("kubectl get --raw \"$STRESS\"", "what the adapter tells"),
    (
        "kubectl get --raw \"$COMMITTED\"",
        "what the pool's HPA sees of it",
    ),
    ("tail -f \"$DECISIONS\"", "each decision with its evidence"),
];

/// Lets people come and go, says how to look around, and waits for Ctrl-C.
pub(crate) async fn look_around(stage: &Stage, screen: &Screen) -> Result<()> {
    let columns = stage.columns.iter();
    let _people: Vec<_> = columns.map(Column::play_on).collect();
    let plugin = furnish(stage).await?;
    // Who reads of Ctrl-C may press it at once.
    let mut interrupts = signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?;
    screen.line(&told(&stage.lab.folder().join("env"), plugin))?;
    interrupts.recv().await;
    Ok(())
}

/// Makes what a shell needs for the commands; false when the plugin was not built.
async fn furnish(stage: &Stage) -> Result<bool> {
    let (lab, folder) = (&stage.lab, stage.lab.folder());
    let programs = folder.join("bin");
    fs::create_dir(&programs).context("cannot make a folder for kubectl")?;
    symlink(laboratory::kubectl_path()?, programs.join("kubectl"))?;
    let plugin = std::env::current_exe()?.with_file_name("kubectl-bridgepool");
    let built = plugin.is_file();
    if built {
        symlink(plugin, programs.join("kubectl-bridgepool"))?;
    }
    let namespace = format!("--namespace={}", SetUp::Pool.namespace());
    lab.kubectl_text(&["config", "set-context", "--current", &namespace])
        .await?;
    let path = |path: &Path| path.display().to_string();
    let variables = [
        ("KUBECONFIG", path(&lab.kubeconfig())),
        // What kubectl remembers goes with the rest.
        ("KUBECACHEDIR", path(&folder.join("cache"))),
        ("BRIDGEPOOL_CONTROLLER", stage.controller()),
        ("STRESS", SetUp::Pool.stress()),
        ("COMMITTED", SetUp::Pool.committed()),
        ("DECISIONS", path(&stage.decisions())),
    ];
    let mut script = String::new();
    for (name, value) in variables {
        let _ = writeln!(script, "export {name}={}", quoted(&value));
    }
    let _ = writeln!(script, "export PATH={}:\"$PATH\"", quoted(&path(&programs)));
    fs::write(folder.join("env"), script).context("cannot write what a shell needs")?;
    Ok(built)
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What one can do.
fn told(env: &Path, plugin: bool) -> String {
    let (people, pool, plain) = (
        day::AFTERWARDS,
        SetUp::Pool.namespace(),
        SetUp::Plain.namespace(),
    );
    let mut text = format!(
        "\nit goes on running: {people} people come and go in both. In another terminal:\n\n  \
         . {}\n\n",
        quoted(&env.display().to_string())
    );
    let deeds = PLUGIN.iter().filter(|_| plugin).chain(&KUBECTL);
    for (command, what) in deeds {
        let _ = writeln!(text, "  {command:<34} {what}");
    }
    if !plugin {
        text += "\nkubectl bridgepool is missing: `cargo build --package kubectl-bridgepool`\n";
    }
    let _ = write!(
        text,
        "\nThat is the pool `{NAME}` in the namespace `{pool}`; `-n {plain}` is the Deployment.\n\
         There are no nodes: kubectl logs and exec have nothing to show.\n\
         \nCtrl-C ends it and leaves nothing behind"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_can_do_fits_a_terminal() {
        let env = Path::new("/tmp/bridgetender-12345-0123456789ab/env");
        let both = [true, false].map(|plugin| told(env, plugin));
        let drawn = both.join("\n\n──────\n");
        assert!(
            drawn.lines().all(|line| line.chars().count() <= 80),
            "{drawn}"
        );
        insta::assert_snapshot!(drawn);
    }

    #[test]
    fn a_folder_is_one_word_of_a_shell() {
        assert_eq!(quoted("/tmp/it's here"), r"'/tmp/it'\''s here'");
    }
}
