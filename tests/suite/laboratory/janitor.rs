use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use laboratory::Laboratory;

/// How the laboratory of the child process is to end.
const END: &str = "LABORATORY_OF_A_CHILD_ENDS_BY";
const GONE: Duration = Duration::from_mins(1);
/// How long the child process may live.
const LIMIT: Duration = Duration::from_mins(5);

#[test]
fn nothing_is_left_of_a_laboratory_that_is_dropped() -> Result<()> {
    let child = LaboratoryOfAChild::start("drop")?;
    ensure!(child.status()?.success());
    Ok(())
}

#[test]
fn nothing_is_left_of_a_laboratory_whose_test_panics() -> Result<()> {
    let child = LaboratoryOfAChild::start("panic")?;
    ensure!(!child.status()?.success());
    Ok(())
}

#[test]
fn nothing_is_left_of_a_laboratory_whose_process_is_killed() -> Result<()> {
    let child = LaboratoryOfAChild::start("signal")?;
    child.signal("KILL", "")?;
    ensure!(!child.status()?.success());
    Ok(())
}

#[test]
fn nothing_is_left_of_a_laboratory_that_is_interrupted() -> Result<()> {
    let child = LaboratoryOfAChild::start("signal")?;
    // Ctrl-C: a terminal signals the whole group of processes.
    child.signal("INT", "-")?;
    ensure!(!child.status()?.success());
    Ok(())
}

/// What the other tests of this file run in a process of its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the tests beside it, in a process that they end"]
async fn a_laboratory_of_a_child() -> Result<()> {
    let end = env::var(END).unwrap_or_else(|_| "drop".into());
    let lab = Laboratory::builder()
        .controller_manager(false)
        .start()
        .await?;
    let pids: Vec<String> = lab.pids().iter().map(ToString::to_string).collect();
    println!("\nLABORATORY {} {}", lab.folder().display(), pids.join(" "));
    std::io::stdout().flush()?;
    match end.as_str() {
        "drop" => Ok(()),
        "panic" => panic!("as asked for"),
        _ => std::future::pending().await,
    }
}

/// Kills a process after so long, until what is returned is dropped: whoever reads its output then reads no more.
fn kill_after(limit: Duration, pid: u32) -> Sender<()> {
    let (ended, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        if waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            eprintln!("the child has not ended after {limit:?} and is killed");
            // It may have ended in this moment.
            let _ = Command::new("/bin/kill")
                .args(["-s", "KILL", "--", &pid.to_string()])
                .status();
        }
    });
    ended
}

struct LaboratoryOfAChild {
    process: Child,
    /// Its end calls off the killing of a child that lives for too long.
    _ended: Sender<()>,
    /// Held open: the child goes on writing to it.
    output: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
    pids: Vec<String>,
}

impl LaboratoryOfAChild {
    fn start(end: &str) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["--exact", "laboratory::janitor::a_laboratory_of_a_child"])
            .args(["--ignored", "--nocapture"])
            .env(END, end)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let output = process.stdout.take().context("standard output is piped")?;
        let ended = kill_after(LIMIT, process.id());
        let mut output = BufReader::new(output).lines();
        while let Some(line) = output.next().transpose()? {
            let Some(told) = line.strip_prefix("LABORATORY ") else {
                continue;
            };
            let mut words = told.split(' ').map(String::from);
            let folder = words.next().context("the folder is told")?.into();
            let pids: Vec<String> = words.collect();
            ensure!(
                pids.len() == 3,
                "etcd, API server and janitor, not {pids:?}"
            );
            return Ok(Self {
                process,
                _ended: ended,
                output,
                folder,
                pids,
            });
        }
        bail!(
            "the child has not started its laboratory: {}",
            process.wait()?
        );
    }

    fn signal(&self, name: &str, group: &str) -> Result<()> {
        let left = self.pids.iter().filter(|pid| self.lives(pid)).count();
        ensure!(
            left == self.pids.len(),
            "all live before the signal, not {left}"
        );
        let target = format!("{group}{}", self.process.id());
        let status = Command::new("/bin/kill")
            .args(["-s", name, "--", &target])
            .status()?;
        ensure!(status.success());
        Ok(())
    }

    /// Waits for the child and checks that nothing is left.
    fn status(mut self) -> Result<std::process::ExitStatus> {
        while self.output.next().transpose()?.is_some() {}
        let status = self.process.wait()?;
        let deadline = Instant::now() + GONE;
        loop {
            let left: Vec<&String> = self.pids.iter().filter(|pid| self.lives(pid)).collect();
            if left.is_empty() && !self.folder.exists() {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("{left:?} live on, folder there: {}", self.folder.exists());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A pid that was given to another process does not count.
    fn lives(&self, pid: &str) -> bool {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(&*self.folder.to_string_lossy())
    }
}
