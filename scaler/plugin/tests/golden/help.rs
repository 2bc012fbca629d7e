//! The program without a cluster.

use std::fmt::Write as _;
use std::process::{Command, Output};

fn plugin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubectl-bridgepool"))
        .args(arguments)
        .env_clear()
        .env("HOME", "/nowhere")
        .output()
        .expect("cargo built the program before this test")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_help_tells_every_command_and_flag() {
    let output = plugin(&["--help"]);
    assert!(output.status.success());
    insta::assert_snapshot!("help", text(&output.stdout));
    let mut all = String::new();
    for command in [
        "status",
        "explain",
        "watch",
        "drain",
        "undrain",
        "pin",
        "unpin",
        "pause",
        "resume",
        "release",
        "template",
        "completion",
    ] {
        let output = plugin(&[command, "--help"]);
        assert!(output.status.success(), "{command}");
        let told = text(&output.stdout);
        assert!(
            told.lines().all(|line| line.chars().count() <= 100),
            "{told}"
        );
        // The options of all commands stand in the help of all.
        let own = told.split("\nOptions of all commands:").next().unwrap();
        let _ = writeln!(all, "$ kubectl bridgepool {command} --help\n{own}");
    }
    insta::assert_snapshot!("help_of_commands", all);
}

#[test]
fn a_wrong_command_line_ends_with_64() {
    for arguments in [
        &[][..],
        &["statsu"],
        &["drain"],
        &["status", "-A", "-n", "jitsi"],
        &["status", "-o", "yaml"],
        &["status", "--controller", "jvb-scaler:8081"],
        &["explain", "jvb-1", "--pool", "jvb"],
    ] {
        let output = plugin(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn without_a_cluster_it_says_what_to_do_next_and_ends_with_2() {
    let mut all = String::new();
    for arguments in [
        &["status"][..],
        &["status", "--kubeconfig=/nowhere/kubeconfig"],
    ] {
        let output = plugin(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let _ = writeln!(
            all,
            "$ kubectl bridgepool {}\n{}",
            arguments.join(" "),
            text(&output.stderr)
        );
    }
    insta::assert_snapshot!(all);
}

#[test]
fn shells_and_kubectl_get_completions() {
    for (shell, word) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef"),
        ("fish", "complete -c"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
        ("kubectl", "exec kubectl-bridgepool __complete"),
    ] {
        let output = plugin(&["completion", shell]);
        assert!(output.status.success(), "{shell}");
        assert!(
            text(&output.stdout).contains(word),
            "{shell}: {}",
            text(&output.stdout)
        );
    }
    let output = plugin(&["__complete", "pa"]);
    assert_eq!(
        text(&output.stdout),
        "pause\tHave a pool left as it is: nothing is started, drained, taken back, moved or removed\n:4\n"
    );
}
