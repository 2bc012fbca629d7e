//! What somebody sees who holds recordings against the simulator.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

fn jvb_sim(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jvb-sim"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .output()
        .expect("cargo built the binary before this test")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A session as somebody would paste it: command, output, errors, exit code.
fn session(directory: &Path, arguments: &[&str]) -> String {
    let output = jvb_sim(directory, arguments);
    format!(
        "$ jvb-sim {}\n{}{}exit code {}\n",
        arguments.join(" "),
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap_or(-1)
    )
}

fn recorded(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("hpa/tests/recorded")
        .join(format!("hpa-{version}-open.jsonl.gz"))
}

/// Some episodes of the recording of 1.36.3, as lines.
fn episodes(count: usize) -> Vec<String> {
    let file = fs::File::open(recorded("1.36")).expect("it is part of the project");
    let mut all = String::new();
    GzDecoder::new(file)
        .read_to_string(&mut all)
        .expect("gzip of UTF-8");
    all.lines().take(count).map(str::to_owned).collect()
}

fn packed(lines: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(lines.as_bytes()).expect("into memory");
    encoder.finish().expect("into memory")
}

/// A directory of its own with these files.
fn directory(name: &str, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).expect("the target directory can be written");
    for (file, content) in files {
        fs::write(directory.join(file), content).expect("the target directory can be written");
    }
    directory
}

#[test]
fn the_help_tells_every_option() {
    let output = jvb_sim(Path::new("."), &["conformance", "--help"]);
    assert!(output.status.success());
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn recordings_without_a_difference_end_well() {
    let lines = episodes(3).join("\n");
    let directory = directory(
        "same",
        &[
            ("plain.jsonl", format!("{lines}\n\n").into_bytes()),
            ("packed.jsonl.gz", packed(&lines)),
            // Two packed files, one behind the other, are one.
            (
                "twice.jsonl.gz",
                [packed(&format!("{lines}\n")), packed(&lines)].concat(),
            ),
        ],
    );
    insta::assert_snapshot!(session(
        &directory,
        &[
            "conformance",
            "plain.jsonl",
            "packed.jsonl.gz",
            "twice.jsonl.gz"
        ]
    ));
}

#[test]
fn differences_are_shown_and_counted_by_field() {
    let line = episodes(1).remove(0);
    let changed = line
        .replace("\"desiredReplicas\":3,", "\"desiredReplicas\":4,")
        .replace(
            "ScalingLimited=True/ScaleUpLimit",
            "ScalingLimited=True/TooManyReplicas",
        );
    assert_ne!(line, changed, "there is something to find");
    let directory = directory("changed", &[("changed.jsonl", changed.into_bytes())]);
    insta::assert_snapshot!(
        [
            session(&directory, &["conformance", "changed.jsonl", "--show=2"]),
            session(&directory, &["conformance", "changed.jsonl", "--show=0"]),
        ]
        .join("\n")
    );
}

#[test]
fn another_class_decides_otherwise() {
    let file = recorded("1.32.13");
    let file = file.to_str().expect("a path in UTF-8");
    let output = jvb_sim(
        Path::new("."),
        &["conformance", file, "--class", "v1.36.3", "--show=0"],
    );
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.contains("desiredReplicas"), "{told}");
}

#[test]
fn files_that_cannot_be_replayed_are_told_with_file_line_and_remedy() {
    let lines = episodes(2);
    let [first, second] = lines.as_slice() else {
        panic!("two were asked for");
    };
    let whole = packed(&lines.join("\n"));
    let mut damaged = whole.clone();
    // The checksum.
    let end = damaged.len() - 8;
    damaged[end..].fill(0xaa);
    let cases: &[(&str, Vec<u8>)] = &[
        ("empty.jsonl", Vec::new()),
        ("empty.jsonl.gz", packed("")),
        ("cut.jsonl.gz", whole[..whole.len() / 3].to_vec()),
        ("damaged.jsonl.gz", damaged),
        (
            "cut.jsonl",
            format!("{first}\n{}", &second[..second.len() / 2]).into_bytes(),
        ),
        ("garbled.jsonl", format!("{first}\nhello\n").into_bytes()),
        (
            "pretty.jsonl",
            first.replacen("{\"", "{\n\"", 1).into_bytes(),
        ),
        ("list.jsonl", format!("[{first},{second}]").into_bytes()),
        (
            "followed.jsonl.gz",
            [whole.as_slice(), b"and more"].concat(),
        ),
        (
            "both.jsonl",
            first
                .replacen("{\"pods\":[{", "{\"values\":[1],\"pods\":[{", 1)
                .into_bytes(),
        ),
        ("binary.jsonl", vec![0xff, 0x00, 0xfe]),
        (
            "unknown.jsonl",
            second.replace("\"deleting\"", "\"evicted\"").into_bytes(),
        ),
        (
            "future.jsonl",
            first
                .replacen(
                    "\"maxReplicas\"",
                    "\"syncPeriodSeconds\":3,\"maxReplicas\"",
                    1,
                )
                .into_bytes(),
        ),
        (
            "nobody.jsonl",
            first.replacen("\"k8s\":\"1.36.3\",", "", 1).into_bytes(),
        ),
        (
            "version.jsonl",
            first.replacen("1.36.3", "new", 1).into_bytes(),
        ),
        (
            "answers.jsonl",
            first
                .replacen(
                    "\"metrics\":[{\"pods\"",
                    "\"metrics\":[{\"error\":true},{\"pods\"",
                    1,
                )
                .into_bytes(),
        ),
    ];
    let directory = directory("broken", cases);
    let mut sessions = Vec::new();
    for (name, _) in cases {
        let session = session(&directory, &["conformance", name, "--show=0"]);
        assert!(session.ends_with("exit code 2\n"), "{session}");
        sessions.push(session);
    }
    sessions.push(session(&directory, &["conformance", "nowhere.jsonl"]));
    sessions.push(session(&directory, &["conformance", "."]));
    // What can be replayed is, whatever stands beside it.
    sessions.push(session(
        &directory,
        &["conformance", "empty.jsonl", "garbled.jsonl"],
    ));
    insta::assert_snapshot!(sessions.join("\n"));
}

#[test]
fn zeros_after_the_packed_episodes_are_nothing() {
    let whole = packed(&format!("{}\n", episodes(2).join("\n")));
    let zeros = vec![0; 70_000];
    let parts: [&[u8]; 4] = [&whole, &zeros, &whole, &zeros[..3]];
    let directory = directory("zeros", &[("zeros.jsonl.gz", parts.concat())]);
    let session = session(&directory, &["conformance", "zeros.jsonl.gz"]);
    assert!(session.ends_with("exit code 0\n"), "{session}");
    assert!(session.contains("        4 "), "{session}");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let directory = directory("full", &[("one.jsonl", episodes(1).concat().into_bytes())]);
    let full = fs::File::options().write(true).open("/dev/full");
    let output = Command::new(env!("CARGO_BIN_EXE_jvb-sim"))
        .args(["conformance", "one.jsonl"])
        .current_dir(directory)
        .stdout(full.expect("Linux has it"))
        .output()
        .expect("cargo built the binary before this test");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot be written"));
}

#[test]
fn a_wrong_command_line_is_told_with_a_hint() {
    let sessions = [
        session(Path::new("."), &["conformance"]),
        session(Path::new("."), &["conformance", "x", "--class=2"]),
    ];
    insta::assert_snapshot!(sessions.join("\n"));
}
