//! What an operator sees of the binary without a cluster.

use std::process::{Command, Output};

fn adapter(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jvb-adapter"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("cargo built the binary before this test")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A command line that is refused: the exit code is 2, nothing goes to standard output, and this is the message.
fn refused(arguments: &[&str]) -> String {
    let output = adapter(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    text(&output.stderr)
}

#[test]
fn the_help_tells_every_flag_with_its_default() {
    let output = adapter(&["--help"]);
    assert!(output.status.success());
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn the_version_is_one_line() {
    let output = adapter(&["--version"]);
    assert_eq!(
        text(&output.stdout),
        concat!("jvb-adapter ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_flags_are_told_with_a_hint() {
    let certificate = ["--tls-cert-file=c", "--tls-private-key-file=k"];
    let mut messages = Vec::new();
    for arguments in [
        vec![],
        vec!["--interval=3"],
        vec!["--bind=6443"],
        vec!["--intervall=3s"],
        vec!["--extra-metric=loss"],
        vec!["--bridges=app in", "--min-coverage=50"],
        vec!["--log=info=debug=warn"],
        vec!["--max-scrapes-per-second=0"],
    ] {
        let mut all = certificate.to_vec();
        if arguments.is_empty() {
            all.clear();
        }
        all.extend(&arguments);
        messages.push(format!(
            "$ jvb-adapter {}\n{}",
            arguments.join(" "),
            refused(&all)
        ));
    }
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn a_certificate_that_is_not_there_is_named() {
    let output = adapter(&[
        "--tls-cert-file=/nowhere/tls.crt",
        "--tls-private-key-file=/nowhere/tls.key",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("/nowhere/tls.crt"), "{told}");
}

#[test]
fn the_help_of_check_tells_its_exit_codes() {
    let output = adapter(&["check", "--help"]);
    assert!(output.status.success());
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn a_wrong_command_line_of_check_is_not_taken_for_an_error_of_the_chain() {
    let mut messages = Vec::new();
    for arguments in [
        &["check", "--output=xml"][..],
        &["check", "--bridges="],
        &["check", "--service-account=jvb-adapter"],
        &["check", "--bind=0.0.0.0:1"],
    ] {
        let output = adapter(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        messages.push(format!(
            "$ jvb-adapter {}\n{}",
            arguments.join(" "),
            text(&output.stderr)
        ));
    }
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn a_check_without_an_api_server_checked_nothing() {
    let output = adapter(&["check", "--kubeconfig=/nowhere/kubeconfig", "--output=json"]);
    assert_eq!(output.status.code(), Some(3));
    let told = text(&output.stdout);
    assert!(
        told.contains("/nowhere/kubeconfig") && told.contains("\"exitCode\": 3"),
        "{told}"
    );
}
