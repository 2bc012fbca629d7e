//! What an operator sees of the binary without a cluster.

use std::process::{Command, Output};

fn scaler(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jvb-scaler"))
        .args(arguments)
        .env_clear()
        .env("HOME", "/nowhere")
        .output()
        .expect("cargo built the binary before this test")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_help_tells_every_flag_with_its_default() {
    let output = scaler(&["--help"]);
    assert!(output.status.success());
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn wrong_flags_are_told_with_a_hint() {
    let mut messages = Vec::new();
    for arguments in [
        &["--interval=3"][..],
        &["--bind=8081"],
        &["--jicofo=jicofo"],
        &["--renew-deadline=20s", "--watch-silence=1s"],
        &["--log=info=debug=warn"],
        &["--namespaces=a,a"],
    ] {
        let output = scaler(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        messages.push(format!(
            "$ jvb-scaler {}\n{}",
            arguments.join(" "),
            text(&output.stderr)
        ));
    }
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn without_a_cluster_it_says_what_to_do_next() {
    for (arguments, expected) in [
        (&[][..], "hint: set --kubeconfig or KUBECONFIG"),
        (
            &["--kubeconfig=/nowhere/kubeconfig"],
            "cannot read /nowhere/kubeconfig (--kubeconfig)",
        ),
    ] {
        let output = scaler(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let told = text(&output.stderr);
        assert!(told.contains(expected), "{told}");
    }
}
