//! The binary, run to its end, and what it is given to read.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Far more than anything here takes, also where the machine is busy: what has not ended then serves, or hangs.
const LIMIT: Duration = Duration::from_mins(2);

/// Runs the binary, without an environment and without a home, to its end.
pub(crate) fn adapter(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jvb-adapter"));
    command.args(arguments);
    run(command)
}

/// The same behind a command of the shell.
pub(crate) fn under(shell: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("{shell} && exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_jvb-adapter"))
        .args(arguments);
    run(command)
}

fn run(mut command: Command) -> Output {
    let mut child = command
        .env_clear()
        .env("HOME", "/nowhere")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo built the binary before this test");
    // What it says fits into the pipes.
    let give_up = Instant::now() + LIMIT;
    let mut late = false;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > give_up {
            late = true;
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    assert!(
        !late,
        "{command:?} has not ended after {LIMIT:?} and said {}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    output
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder of one test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = format!("jvb-adapter-cli-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> String {
        self.0.display().to_string()
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies in a folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn kubeconfig(server: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Config, current-context: here, contexts: [{{name: here, context: {{cluster: here, user: me}}}}], \
         clusters: [{{name: here, cluster: {{server: '{server}'}}}}], users: [{{name: me, user: {{token: abc}}}}]}}\n"
    )
}

/// An API server that answers everything with this `Status`; it ends with the process.
pub(crate) fn refusing(code: u16, message: &str) -> String {
    let status = format!(
        r#"{{"apiVersion":"v1","kind":"Status","metadata":{{}},"status":"Failure","message":"{message}","code":{code}}}"#
    );
    let answer = format!(
        "HTTP/1.1 {code} No\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{status}",
        status.len()
    );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            // Who has hung up needs no answer.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}
