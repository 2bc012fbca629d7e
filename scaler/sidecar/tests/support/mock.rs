//! A bridge: the model of one behind a socket, and what can be wrong with it.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use bridge::Time;
use bridge::model::{BridgeConfig, JicofoConfig, Jitsi, Stop, Videobridge};
use http::Request;

/// What is wrong with a bridge's answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It takes requests and answers none.
    Hung,
    /// It does what it is told and answers this, byte by byte.
    Says(&'static str),
    /// Its answer has no end.
    Endless,
    /// It is asked as ever, and ignores commands with a good answer.
    Lies,
}

/// A bridge of the model with what it heard.
#[derive(Clone)]
pub(crate) struct Mock {
    address: SocketAddr,
    began: Instant,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    jitsi: Jitsi,
    fault: Fault,
    /// The head of each request, as it came.
    heard: Vec<String>,
    listens: bool,
}

/// A bridge with the delays of a real one, each much shorter.
pub(crate) fn quick() -> BridgeConfig {
    let millis = Duration::from_millis;
    BridgeConfig {
        colibri_rest: true,
        shutdown_rest: true,
        jvm_start: millis(10),
        boot: millis(50),
        brewery_join: millis(300),
        presence_interval: millis(100),
        shutting_down_delay: millis(1_500),
        close_delay: millis(50),
        exit_delay: millis(100),
        terminate_close: millis(20),
        terminate_exit: millis(50),
        ..BridgeConfig::default()
    }
}

const NICK: &str = "jvb";

impl Mock {
    /// One on this address that has just been started; it listens as soon as it has booted.
    pub(crate) fn start(address: IpAddr, config: BridgeConfig) -> Self {
        let mock = Self::absent(address);
        mock.launch(config);
        mock
    }

    /// None yet.
    pub(crate) fn absent(address: IpAddr) -> Self {
        let shared = Shared {
            jitsi: Jitsi::new(JicofoConfig::default(), Time::from_millis(0)),
            fault: Fault::None,
            heard: Vec::new(),
            listens: false,
        };
        let mock = Self {
            address: (address, 8080).into(),
            began: Instant::now(),
            shared: Arc::new(Mutex::new(shared)),
        };
        let serving = mock.clone();
        spawn(move || serving.serve());
        mock
    }

    /// Starts a bridge where one was, or was not.
    pub(crate) fn launch(&self, config: BridgeConfig) {
        let now = self.now();
        self.shared().jitsi.start_bridge(NICK, config, now);
    }

    /// Starts another bridge, to which people can be moved.
    pub(crate) fn launch_another(&self) {
        let now = self.now();
        self.shared().jitsi.start_bridge("another", quick(), now);
        sleep(Duration::from_millis(600));
    }

    /// Ends it.
    pub(crate) fn stop(&self, how: Stop) {
        let now = self.now();
        self.shared().jitsi.stop_bridge(NICK, how, now);
    }

    /// So many people come to one conference.
    pub(crate) fn people(&self, count: u32) {
        let now = self.now();
        for person in 0..count {
            self.shared().jitsi.join("room", &format!("p{person}"), now);
        }
    }

    /// They leave.
    pub(crate) fn nobody(&self) {
        let now = self.now();
        for person in 0..100 {
            self.shared()
                .jitsi
                .leave("room", &format!("p{person}"), now);
        }
    }

    /// From here on this is wrong with it.
    pub(crate) fn fault(&self, fault: Fault) {
        self.shared().fault = fault;
    }

    /// Its address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The heads of the requests that it heard since this was last asked, but for the sidecar's own looks at `/metrics`.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.shared().heard)
    }

    /// How it is, by what only the model knows.
    pub(crate) fn is(&self, look: impl FnOnce(Videobridge<'_>) -> bool) -> bool {
        let now = self.now();
        let mut shared = self.shared();
        shared.jitsi.advance(now);
        shared.jitsi.bridge(NICK).is_some_and(look)
    }

    /// Whether it drains.
    pub(crate) fn drains(&self) -> bool {
        self.is(|bridge| bridge.flags().drain)
    }

    /// How many people had their bridge vanish under them, and how many were moved.
    pub(crate) fn cut_and_moved(&self) -> (u64, u64) {
        let now = self.now();
        let mut shared = self.shared();
        shared.jitsi.advance(now);
        (shared.jitsi.ledger().cut, shared.jitsi.ledger().moved)
    }

    fn now(&self) -> Time {
        // Runs of a bridge are told apart by when they started.
        Time::from_millis(1_772_000_000_000) + self.began.elapsed()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no test panics with it")
    }

    /// Listens while the model does.
    fn serve(&self) {
        let mut listener: Option<TcpListener> = None;
        loop {
            let now = self.now();
            let listens = {
                let mut shared = self.shared();
                shared.jitsi.advance(now);
                shared.listens = shared
                    .jitsi
                    .bridge(NICK)
                    .is_some_and(Videobridge::listening);
                shared.listens
            };
            match (&listener, listens) {
                (None, true) => {
                    let bound = TcpListener::bind(self.address).expect("an address of our own");
                    bound.set_nonblocking(true).expect("a socket");
                    listener = Some(bound);
                }
                (Some(_), false) => listener = None,
                _ => {}
            }
            match listener.as_ref().map(TcpListener::accept) {
                Some(Ok((stream, _))) => {
                    let mock = self.clone();
                    spawn(move || mock.converse(stream));
                }
                _ => sleep(Duration::from_millis(3)),
            }
        }
    }

    fn converse(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_nonblocking(false).ok()?;
        loop {
            let (head, body) = read(&mut stream)?;
            let fault = self.shared().fault;
            let request = parse(&head, body)?;
            let is_look = request.uri().path() == "/metrics"
                && request.headers()["accept"] == "application/json";
            if !is_look {
                self.shared().heard.push(head);
            }
            let answer = match fault {
                Fault::Hung => {
                    sleep(Duration::from_mins(1));
                    return None;
                }
                Fault::Endless => {
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                        .ok()?;
                    loop {
                        stream.write_all(b"400\r\n").ok()?;
                        stream.write_all(&[b'x'; 1024]).ok()?;
                        stream.write_all(b"\r\n").ok()?;
                    }
                }
                Fault::Says(said) => {
                    stream.write_all(said.as_bytes()).ok()?;
                    return None;
                }
                Fault::Lies if request.method() == http::Method::POST => {
                    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()
                }
                Fault::None | Fault::Lies => self.answer(&request)?,
            };
            stream.write_all(&answer).ok()?;
        }
    }

    fn answer(&self, request: &Request<Vec<u8>>) -> Option<Vec<u8>> {
        let now = self.now();
        let reply = self.shared().jitsi.bridge_request(NICK, request, now)?;
        let mut answer = vec![format!("HTTP/1.1 {}", reply.status())];
        for (name, value) in reply.headers() {
            if name != "content-length" {
                answer.push(format!("{name}: {}", value.to_str().ok()?));
            }
        }
        answer.push(format!("content-length: {}\r\n\r\n", reply.body().len()));
        Some([answer.join("\r\n").into_bytes(), reply.into_body()].concat())
    }
}

/// The head of a request, and its body.
fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn parse(head: &str, body: Vec<u8>) -> Option<Request<Vec<u8>>> {
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let mut request = Request::builder().method(first.next()?).uri(first.next()?);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    request.body(body).ok()
}
