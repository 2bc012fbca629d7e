//! The program as somebody runs it.

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use common::placeholders;
use conform::mocks::{Mocks, Setup};

fn conform(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conform"));
    command.args(words);
    command
}

/// Exit code, output and errors.
fn output(words: &[&str]) -> Result<(Option<i32>, String, String)> {
    let output = conform(words).output()?;
    let text = |bytes| String::from_utf8(bytes).map(|text| placeholders(&text));
    Ok((
        output.status.code(),
        text(output.stdout)?,
        text(output.stderr)?,
    ))
}

/// A port on which nobody listens.
fn nobody() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(format!("http://{}", listener.local_addr()?))
}

#[test]
fn help_tells_what_it_does() -> Result<()> {
    let (code, text, _) = output(&["--help"])?;
    insta::assert_snapshot!("help", text);
    ensure!(code == Some(0));
    Ok(())
}

#[test]
fn the_page_names_no_flag_that_does_not_exist() -> Result<()> {
    let (_, help, _) = output(&["--help"])?;
    let page = include_str!("../../../docs/conform.md");
    let flag = |c: char| c.is_ascii_lowercase() || c == '-';
    let named = page.split("--").skip(1).filter_map(|rest| {
        let end = rest.find(|c| !flag(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        name.starts_with(|c: char| c.is_ascii_lowercase())
            .then_some(name)
    });
    let named: std::collections::BTreeSet<_> = named.collect();
    ensure!(named.len() > 5, "{named:?}");
    for name in named {
        ensure!(help.contains(&format!("--{name}")), "--{name}");
    }
    Ok(())
}

#[test]
fn the_steps_are_listed() -> Result<()> {
    let (code, text, _) = output(&["--list"])?;
    insta::assert_snapshot!("list", text);
    ensure!(code == Some(0));
    Ok(())
}

#[test]
fn where_nothing_can_be_reached_it_says_what_to_do() -> Result<()> {
    let (bridge, jicofo) = (nobody()?, nobody()?);
    let (code, text, _) = output(&[
        "--bridge", &bridge, "--jicofo", &jicofo, "--only", "version",
    ])?;
    let port = |url: &str| {
        url.rsplit_once(':')
            .map(|(_, port)| port.to_owned())
            .unwrap_or_default()
    };
    let text = text
        .replace(&port(&bridge), "PORT")
        .replace(&port(&jicofo), "PORT");
    insta::assert_snapshot!("unreachable", text);
    ensure!(code == Some(2), "{code:?}");
    Ok(())
}

#[test]
fn what_is_wrong_about_a_command_line_is_said_with_what_would_be_right() -> Result<()> {
    for (words, told) in [
        (&["--bridge", "https://jvb"][..], "hint: http://HOST:PORT"),
        (&["--allow-shutdown"], "--allow-changes"),
        (&["--nick", "jvb1"], "--bridge <URL>"),
        (&["--deadline", "0s"], "more than nothing and at most 24h"),
    ] {
        let (code, _, errors) = output(words)?;
        ensure!(
            code == Some(2) && errors.contains(told),
            "{words:?}: {code:?} {errors}"
        );
    }
    let (code, _, errors) = output(&["--only", "no-such-step", "--bridge", "127.0.0.1"])?;
    ensure!(
        code == Some(2) && errors.contains("hint: --list tells their names"),
        "{code:?} {errors}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_jicofo_alone_in_reach_jicofo_is_asked_and_the_run_fails() -> Result<()> {
    let mocks = Mocks::start(Setup::Everything).await?;
    let (bridge, jicofo) = (nobody()?, mocks.jicofo.to_string());
    let words = [
        "--bridge", &bridge, "--jicofo", &jicofo, "--only", "version",
    ];
    let (code, text, _) = output(&words)?;
    ensure!(code == Some(1), "{code:?} {text}");
    ensure!(text.contains("as expected  jicofo-version"), "{text}");
    ensure!(
        text.contains("not asked    version: the bridge cannot be reached"),
        "{text}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ctrl_c_drain_mode_is_as_it_was() -> Result<()> {
    let mocks = Mocks::start(Setup::Everything).await?;
    let (bridge, jicofo) = (
        mocks.bridge.as_ref().context("a bridge")?.to_string(),
        mocks.jicofo.to_string(),
    );
    // With the name of another bridge jicofo never sees this one drain, and that step waits.
    let words = [
        "--bridge",
        &bridge,
        "--jicofo",
        &jicofo,
        "--nick",
        "jvb2",
        "--allow-changes",
        "--only",
        "drain-",
        "--patience",
        "1h",
    ];
    let mut child = conform(&words).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?);
    let mut line = String::new();
    while !line.contains("as expected  drain-enable-body") {
        line.clear();
        ensure!(lines.read_line(&mut line)? > 0, "it ended by itself");
    }
    let drains = || {
        mocks
            .jitsi
            .look(|model| model.bridge("jvb1").map(|bridge| bridge.flags().drain))
    };
    ensure!(drains() == Some(true));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()?;
    ensure!(killed.success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest)?;
    let code = child.wait()?.code();
    ensure!(code == Some(130), "{code:?} {rest}");
    ensure!(
        rest.contains("put back     drain mode off") && rest.contains("\ninterrupted\n"),
        "{rest}"
    );
    ensure!(drains() == Some(false));
    Ok(())
}
