//! The sidecar's container: its process, its volumes, and the controller's key.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bridge::Time;
use http::Method;
use scaler_token::{Claims, PublicKeys, SigningKey};
use tempfile::TempDir;

use super::client::{Heard, get, post};
use super::mock::Mock;
use super::{address, soon};

/// The pod's UID.
pub(crate) const UID: &str = "5f1c2f6e-6f0e-4f0a-9a55-2f4f4f9d7c11";

/// A pod with a bridge, and a sidecar when it is started.
pub(crate) struct Pod {
    /// Its bridge.
    pub(crate) bridge: Mock,
    /// Where the sidecar serves.
    pub(crate) at: SocketAddr,
    /// Its volumes, and whatever else there is on disk.
    pub(crate) disk: TempDir,
    /// The controller's key.
    pub(crate) key: SigningKey,
    /// Further flags of `serve`.
    pub(crate) flags: Vec<String>,
    process: Option<Child>,
}

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_jvb-sidecar");

impl Pod {
    /// With a bridge, a key, no annotations, and a sidecar that looks often.
    pub(crate) fn new(bridge: impl FnOnce(std::net::IpAddr) -> Mock) -> Self {
        let address = address();
        let pod = Self {
            bridge: bridge(address),
            at: (address, 8090).into(),
            disk: tempfile::tempdir().expect("a folder"),
            key: SigningKey::from_seed(&[1; 32]),
            flags: Vec::new(),
            process: None,
        };
        pod.keys(&[&pod.key]);
        pod
    }

    /// The same with the sidecar started.
    pub(crate) fn started(bridge: impl FnOnce(std::net::IpAddr) -> Mock, flags: &[&str]) -> Self {
        let mut pod = Self::new(bridge);
        pod.flags = flags.iter().map(ToString::to_string).collect();
        pod.start();
        pod
    }

    /// A path on the pod's disk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.disk.path().join(name)
    }

    /// Starts the sidecar's container.
    pub(crate) fn start(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"));
        let mut command = command(PROGRAM, &["serve", "--interval=150ms", "--deadline=1s"]);
        command
            .arg(format!("--listen={}", self.at))
            .arg(format!("--bridge={}", self.bridge.address()))
            .arg(format!("--state={}", self.path("volume").display()))
            .arg(format!("--keys={}", self.path("keys.json").display()))
            .arg(format!(
                "--annotations={}",
                self.path("annotations").display()
            ))
            .env("POD_UID", UID)
            .stderr(log.expect("a file"))
            .stdout(Stdio::null());
        if !self.flags.iter().any(|flag| flag.starts_with("--grace")) {
            command.arg("--grace=10m");
        }
        let child = command
            .args(&self.flags)
            .spawn()
            .expect("cargo built the program before this test");
        self.process = Some(child);
        soon("the sidecar serves", || {
            std::net::TcpStream::connect(self.at).is_ok()
        });
    }

    /// Kills the sidecar, as the kernel does when there is too little memory.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// The sidecar's process.
    pub(crate) fn process(&mut self) -> &mut Child {
        self.process.as_mut().expect("a sidecar that was started")
    }

    /// What the controller's ConfigMap holds.
    pub(crate) fn keys(&self, keys: &[&SigningKey]) {
        let keys: PublicKeys = keys.iter().map(|key| key.public()).collect();
        self.write("keys.json", &keys.print());
    }

    /// What the downward API writes.
    pub(crate) fn annotate(&self, intent: &str, since: &str) {
        let text = format!(
            "bridgetender.dev/intent=\"{intent}\"\nbridgetender.dev/intent-since=\"{since}\"\n"
        );
        self.write("annotations", &text);
    }

    /// Another file in the place of one.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path("new"), text).expect("a file");
        fs::rename(self.path("new"), self.path(name)).expect("a file");
    }

    /// A token of the controller that is good now.
    pub(crate) fn token(&self, path: &str) -> String {
        let issued = now();
        signed(&self.key, &claims(path, issued))
    }

    /// A command with a good token.
    pub(crate) fn order(&self, path: &str, body: &str) -> Heard {
        post(self.at, path, &self.token(path), body)
    }

    /// The sidecar's own numbers that begin with this.
    pub(crate) fn number(&self, line: &str) -> Option<String> {
        let told = get(self.at, "/sidecar/metrics");
        told.body()
            .lines()
            .find_map(|told| told.strip_prefix(line)?.strip_prefix(' '))
            .map(ToOwned::to_owned)
    }

    /// Whether the pod is ready.
    pub(crate) fn is_ready(&self) -> bool {
        get(self.at, "/sidecar/ready").status() == 200
    }

    /// What the sidecar logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

/// The moment.
pub(crate) fn now() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Time::from_millis(0) + since
}

/// Claims for a POST to this path.
pub(crate) fn claims(path: &str, issued: Time) -> Claims {
    Claims {
        pod: UID.to_owned(),
        method: Method::POST,
        path: path.to_owned(),
        issued,
        expires: issued + Duration::from_secs(30),
    }
}

/// A command of this program, with nothing of our environment.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    command
}

/// A header with a token.
pub(crate) fn signed(key: &SigningKey, claims: &Claims) -> String {
    let header = key.sign(claims);
    format!("authorization: {}\r\n", header.to_str().expect("ASCII"))
}
