//! What somebody sees of the binary without a pod.

use std::process::{Command, Output};

fn sidecar(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jvb-sidecar"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("cargo built the binary before this test")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_help_tells_every_command_and_flag_with_its_default() {
    let mut told = Vec::new();
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["terminate", "--help"],
        &["wait", "--help"],
    ] {
        let output = sidecar(arguments);
        assert!(output.status.success(), "{arguments:?}");
        told.push(format!(
            "$ jvb-sidecar {}\n{}",
            arguments.join(" "),
            text(&output.stdout)
        ));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn wrong_flags_are_told_with_a_hint() {
    let mut messages = Vec::new();
    for arguments in [
        &["serve"][..],
        &["serve", "--grace=30s"],
        &["serve", "--grace=30"],
        &["serve", "--grace=0s", "--interval=1ms", "--deadline=0s"],
        &["serve", "--grace=30s", "--pod-uid=a", "--listen=8090"],
        &[
            "serve",
            "--grace=30s",
            "--pod-uid=a",
            "--listen=127.0.0.1:8080",
        ],
        &[
            "serve",
            "--grace=30s",
            "--pod-uid=a",
            "--log=info=debug=warn",
        ],
        &["wait", "--grace=soon"],
        &["drain"],
    ] {
        let output = sidecar(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        messages.push(format!(
            "$ jvb-sidecar {}\n{}",
            arguments.join(" "),
            text(&output.stderr)
        ));
    }
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn what_keeps_it_from_running_is_told() {
    let output = sidecar(&[
        "serve",
        "--grace=5m",
        "--pod-uid=a",
        "--listen=203.0.113.1:8090",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("cannot listen on 203.0.113.1:8090 (--listen)"),
        "{told}"
    );
    let output = sidecar(&["terminate", "--state=/proc/nowhere"]);
    assert_eq!(output.status.code(), Some(1));
}
