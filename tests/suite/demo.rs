//! The demo as a person has it, but for the day, which takes minutes: `make demo` plays and judges that.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::programs::built;

/// How long what takes seconds may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// After how many seconds a command is ended that goes on until Ctrl-C; each next time it has twice as many, up to the most.
const LOOK: u32 = 5;
const MOST: u32 = 40;
/// With which code it then ends: that of `timeout`.
const LOOKED: i32 = 124;

/// A demo that runs, and the folder in which it may write.
struct Demo {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    folder: TempDir,
}

impl Demo {
    fn start(arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut process = Command::new(env!("CARGO_BIN_EXE_demo"))
            .args(arguments)
            .env("BRIDGETENDER_LAB_DIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot run the demo")?;
        let output = process.stdout.take().context("standard output is piped")?;
        Ok(Self {
            process,
            output: BufReader::new(output).lines(),
            folder,
        })
    }

    /// The lines up to one with these words.
    fn until(&mut self, words: &str) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        while let Some(line) = self.output.next().transpose()? {
            let found = line.contains(words);
            lines.push(line);
            if found {
                return Ok(lines);
            }
        }
        bail!("the demo ended without saying {words:?}: {lines:#?}");
    }

    /// Ctrl-C, which a terminal tells the whole group of processes: the code with which the demo ends. Nothing may be left.
    fn interrupt(mut self) -> Result<Option<i32>> {
        ensure!(!self.processes()?.is_empty(), "nothing was started");
        let group = format!("-{}", self.process.id());
        let status = Command::new("/bin/kill")
            .args(["-s", "INT", "--", &group])
            .status()?;
        ensure!(status.success(), "the demo cannot be interrupted");
        while self.output.next().transpose()?.is_some() {}
        let status = self.process.wait()?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let processes = self.processes()?;
            let files: Vec<_> = fs::read_dir(self.folder.path())?.collect();
            // Whoever is gone listens on no address.
            if processes.is_empty() && files.is_empty() {
                return Ok(status.code());
            }
            ensure!(
                Instant::now() < deadline,
                "left behind: {processes:?} and {files:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The command lines of all processes that name the folder.
    fn processes(&self) -> Result<Vec<String>> {
        let folder = self.folder.path().display().to_string();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            // One that ends at this moment is none.
            let line = fs::read(entry?.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if line.contains(&folder) {
                found.push(line);
            }
        }
        Ok(found)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended before: both then say so.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn ctrl_c_leaves_nothing_behind_at_any_time_of_the_day() -> Result<()> {
    // While it starts, and while people come.
    for words in ["in production", " 0:04 "] {
        let mut demo = Demo::start(&[])?;
        demo.until(words)?;
        if words == "in production" {
            while demo.processes()?.is_empty() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let code = demo.interrupt()?;
        ensure!(code == Some(130), "after {words:?} it ends with {code:?}");
    }
    Ok(())
}

#[test]
fn whoever_looks_around_can_do_all_that_the_demo_says() -> Result<()> {
    // The demo finds it beside itself.
    built("kubectl-bridgepool")?;
    let mut demo = Demo::start(&["around"])?;
    let lines = demo.until("Ctrl-C ends it")?;
    let told: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("  "))
        .collect();
    let env = told.iter().find(|line| line.starts_with(". "));
    let env = env.context("no environment is told")?;
    let commands: Vec<&str> = told
        .iter()
        .filter(|line| line.starts_with("kubectl ") || line.starts_with("tail "))
        .filter_map(|line| line.split("  ").next())
        .collect();
    ensure!(commands.len() == 12, "{commands:#?}");
    for command in commands {
        succeeds(env, command).with_context(|| command.to_owned())?;
    }
    let code = demo.interrupt()?;
    ensure!(code == Some(0), "it ends with {code:?}");
    Ok(())
}

/// Runs a command as it is told until it succeeds and says something: for a while the pool has other things to say, or no bridge of
/// this name.
fn succeeds(env: &str, command: &str) -> Result<()> {
    let lasts = command.starts_with("tail ") || command.ends_with(" watch");
    let deadline = Instant::now() + PATIENCE;
    let mut look = LOOK;
    loop {
        let said = shell(env, command, look)?;
        look = (look * 2).min(MOST);
        let wanted = if lasts { LOOKED } else { 0 };
        if said.status.code() == Some(wanted) && !said.stdout.is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{said:#?}");
    }
}

/// With the name of some bridge of the pool, for so many seconds.
fn shell(env: &str, command: &str, look: u32) -> Result<Output> {
    let bridge = "$(kubectl get pods -o jsonpath='{.items[0].metadata.name}')";
    let command = command.replace("BRIDGE", bridge);
    let line = match command.split_once(' ') {
        Some(("kubectl" | "tail", _)) => format!("{env}; timeout {look} {command}"),
        _ => bail!("what is {command:?}?"),
    };
    let output = Command::new("/bin/sh").args(["-c", &line]).output();
    output.context("cannot run a shell")
}
