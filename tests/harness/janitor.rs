//! Nothing is left behind, however a laboratory ends.
//!
//! A child of the laboratory, `/bin/sh` in a process group of its own, reads from a pipe that only the laboratory holds open.
//! When the laboratory's process is gone, be it by return, panic, Ctrl-C or SIGKILL, the pipe ends; the janitor then kills every
//! process that was started for the laboratory and removes its folder. Every other child is started through [`Janitor::command`],
//! which writes the child's pid down before the program runs: there is no moment in which a child lives that is not on the list.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result};

/// `$1` is the folder. A pid counts only while its command line names the folder: pids are given anew, folders are not.
const SCRIPT: &str = r#"
folder=$1
trap '' INT TERM HUP QUIT
while read -r _; do :; done
living() {
    for pid in $(cat "$folder/pids" 2>/dev/null); do
        tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$folder" && echo "$pid"
    done
}
rounds=0
while [ -d "$folder" ] && [ $rounds -lt 200 ]; do
    rounds=$((rounds + 1))
    pids=$(living)
    if [ -n "$pids" ]; then kill -KILL $pids; sleep 0.05; else rm -rf "$folder"; fi
done 2>/dev/null
"#;

/// Writes its pid down, then becomes the program. Where the folder is gone it becomes nothing.
const STARTER: &str = r#"echo $$ >>"$0/pids" && exec "$@""#;

/// The folder of one laboratory, and the process that sees to it that folder and children go with the laboratory.
#[derive(Debug)]
pub(crate) struct Janitor {
    folder: PathBuf,
    process: Child,
    lifeline: Option<ChildStdin>,
}

impl Janitor {
    /// Makes the folder and starts the janitor, which also keeps `claim` open until everything is gone.
    pub(crate) fn start(claim: TcpListener) -> Result<Self> {
        let folder = make_folder()?;
        let mut process = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "bridgetender-janitor"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::from(OwnedFd::from(claim)))
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .inspect_err(|_| drop(fs::remove_dir_all(&folder)))
            .context("cannot start /bin/sh as the laboratory's janitor")?;
        let lifeline = process.stdin.take();
        Ok(Self {
            folder,
            process,
            lifeline,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command whose process ends with the laboratory. Its command line must name something in the folder.
    pub(crate) fn command(&self, program: &Path) -> Command {
        command(&self.folder, program)
    }

    /// The janitor's own pid.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // Nothing to be done about an error here; the janitor goes its way without being waited for.
        let _ = self.process.wait();
    }
}

/// The same for whoever knows the laboratory by its folder alone.
pub(crate) fn command(folder: &Path, program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", STARTER])
        .arg(folder)
        .arg(program)
        .stdin(Stdio::null())
        .process_group(0);
    command
}

/// A folder that is nobody else's to read, under a name that no earlier one had: the janitor relies on it.
fn make_folder() -> Result<PathBuf> {
    let parent =
        std::env::var_os("BRIDGETENDER_LAB_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    // Processes may run elsewhere, and are known by this path.
    let parent = std::path::absolute(parent).context("the laboratory has no folder to be in")?;
    let folder = tempfile::Builder::new()
        .prefix(&format!("bridgetender-{}-", std::process::id()))
        .rand_bytes(12)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(&parent)
        .with_context(|| {
            format!(
                "cannot make the laboratory's folder in {}; hint: BRIDGETENDER_LAB_DIR names another place for it",
                parent.display()
            )
        })?;
    Ok(folder.keep())
}
