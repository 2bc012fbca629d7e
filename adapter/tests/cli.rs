//! What an operator sees of the binary without a cluster.

#[cfg(test)]
#[path = "support/binary.rs"]
mod binary;

use binary::{Folder, adapter, kubeconfig, refusing, text, under};

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
fn without_an_api_server_it_says_what_is_wrong_and_what_to_do_next() {
    let folder = Folder::new("start");
    let unknown = refusing(401, "Unauthorized");
    let forbidden = refusing(
        403,
        "configmaps is forbidden: User \\\"jane\\\" cannot list resource",
    );
    let context = kubeconfig("https://127.0.0.1:1").replace("context: here", "context: gone");
    let mut messages = Vec::new();
    for (what, kubeconfig) in [
        ("no kubeconfig", None),
        (
            "one that is not there",
            Some("/nowhere/kubeconfig".to_owned()),
        ),
        (
            "one that is none",
            Some(folder.file("none", "clusters: [\n")),
        ),
        ("an empty one", Some(folder.file("empty", ""))),
        (
            "one whose context is gone",
            Some(folder.file("context", &context)),
        ),
        (
            "nobody listens there",
            Some(folder.file("closed", &kubeconfig("https://127.0.0.1:1"))),
        ),
        (
            "an API server of another cluster",
            Some(folder.file("unknown", &kubeconfig(&unknown))),
        ),
        (
            "an API server that allows nothing",
            Some(folder.file("forbidden", &kubeconfig(&forbidden))),
        ),
    ] {
        let kubeconfig = kubeconfig.map(|file| format!("--kubeconfig={file}"));
        let mut arguments = vec![
            "--tls-secret=bridgetender/jvb-adapter-tls",
            "--bind=127.0.0.1:0",
            "--start-timeout=3s",
        ];
        arguments.extend(kubeconfig.as_deref());
        let output = adapter(&arguments);
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert!(output.stdout.is_empty(), "{what}");
        let told = text(&output.stderr);
        // What comes before is said while it tries.
        let (_, last) = told.rsplit_once("ERROR ").expect("it says why it ends");
        messages.push(format!("# {what}\n{last}"));
    }
    let told = messages
        .join("\n")
        .replace(&folder.path(), "FOLDER")
        .replace(&unknown, "http://UNKNOWN")
        .replace(&forbidden, "http://FORBIDDEN");
    insta::assert_snapshot!(told);
}

#[test]
fn while_it_waits_for_an_api_server_it_says_so_once() {
    let folder = Folder::new("once");
    let file = folder.file("closed", &kubeconfig("https://127.0.0.1:1"));
    let output = adapter(&[
        "--tls-secret=bridgetender/jvb-adapter-tls",
        "--bind=127.0.0.1:0",
        "--start-timeout=4s",
        &format!("--kubeconfig={file}"),
    ]);
    let told = text(&output.stderr);
    for (words, times) in [
        ("api_server=https://127.0.0.1:1/", 1),
        ("cannot follow ConfigMap", 1),
        ("the pods cannot be watched", 1),
    ] {
        assert_eq!(told.matches(words).count(), times, "{words}: {told}");
    }
}

#[test]
fn it_takes_as_many_files_as_it_may_and_says_where_that_is_little() {
    let folder = Folder::new("files");
    let file = folder.file("closed", &kubeconfig("https://127.0.0.1:1"));
    let kubeconfig = format!("--kubeconfig={file}");
    for (limits, told) in [
        ("ulimit -Sn 64", None),
        ("ulimit -n 500", Some("open_files=500")),
    ] {
        let output = under(
            limits,
            &[
                "--tls-secret=bridgetender/jvb-adapter-tls",
                "--bind=127.0.0.1:0",
                "--start-timeout=1s",
                &kubeconfig,
            ],
        );
        let said = text(&output.stderr);
        let little = said.contains("few files may be open at once");
        assert_eq!(little, told.is_some(), "{limits}: {said}");
        assert!(said.contains(told.unwrap_or_default()), "{limits}: {said}");
    }
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
        vec!["--start-timeout=0s"],
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
