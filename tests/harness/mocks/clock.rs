//! Many mock bridges behind one port, whose stress is the time.
//!
//! Whoever reads such a stress later, from whatever adapter, learns how old it is, and needs no timestamp of the adapter for it.
//! Everything else in an answer is what the model of one bridge says that started an hour ago. The bridges are told apart by the
//! address on which they are asked, so that ten thousand of them are one listener.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use bridge::Time;
use bridge::model::{BridgeConfig, JicofoConfig, Jitsi};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;

use super::fault::{Fault, Outcome};
use super::jitsi::now;
use crate::accept::accept;

/// The time comes round after so many milliseconds: nearly three hours, longer than anything is measured.
const ROUND: i64 = 10_000_000;

/// How long the model's bridge has run: long enough that everything it says is settled.
const UPTIME: Duration = Duration::from_hours(1);

/// How many people are on it, in one conference.
const PEOPLE: u32 = 20;

/// Connections that may wait to be accepted: adapters open one to each bridge at once.
const BACKLOG: u32 = 4_096;

const NICK: &str = "jvb";

/// The stress that tells this moment: seconds, with milliseconds behind the point.
pub fn tell(at: Time) -> f64 {
    at.as_millis().rem_euclid(ROUND) as f64 / 1_000.0
}

/// How long ago the moment was that a stress tells.
pub fn age(stress: f64, now: Time) -> Duration {
    let told = (stress * 1_000.0).round() as i64;
    let millis = (now.as_millis() - told).rem_euclid(ROUND);
    Duration::from_millis(millis.unsigned_abs())
}

/// The bridges. Dropping them closes their port.
pub struct Clocks {
    shared: Arc<Shared>,
    port: u16,
    /// Theirs alone: they answer while everything else in this process is busy.
    runtime: Option<Runtime>,
}

struct Shared {
    model: Mutex<Jitsi>,
    /// What the model answered to each kind of request.
    answers: Mutex<BTreeMap<String, Response<Bytes>>>,
    /// Milliseconds between two samples of a bridge's stress; 0: it is measured when it is told.
    sampler: AtomicI64,
    asked: AtomicU64,
    /// The bridge whose first answer somebody waits for, and when it came.
    watched: Mutex<Option<(IpAddr, Option<Time>)>>,
}

impl Clocks {
    /// Starts bridges on every address of the loopback device, on one free port.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub fn start() -> Result<Self> {
        reach::files::raise();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bridges")
            .enable_all()
            .build()?;
        let began = now() - UPTIME;
        let mut model = Jitsi::new(JicofoConfig::default(), began);
        let config = BridgeConfig {
            colibri_rest: true,
            ..BridgeConfig::default()
        };
        model.start_bridge(NICK, config, began);
        let joining = began + UPTIME / 2;
        model.advance(joining);
        for person in 0..PEOPLE {
            model.join("room@conference.meet.local", &format!("p{person}"), joining);
        }
        let shared = Arc::new(Shared {
            model: Mutex::new(model),
            answers: Mutex::default(),
            sampler: AtomicI64::new(0),
            asked: AtomicU64::new(0),
            watched: Mutex::default(),
        });
        let (listener, port) = {
            let _context = runtime.enter();
            listen().context(
                "mock bridges cannot listen on the loopback device alone; before Linux 5.7 only root may",
            )?
        };
        runtime.spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self {
            shared,
            port,
            runtime: Some(runtime),
        })
    }

    /// The port on which every bridge is asked.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on each bridge measures its stress this often, at its own moments, and tells the last measurement, as a real one
    /// does; none: it measures when it is asked.
    pub fn sample_every(&self, interval: Option<Duration>) {
        let millis = interval.map_or(0, |interval| interval.as_millis() as i64);
        self.shared.sampler.store(millis, Ordering::Relaxed);
    }

    /// How many requests have been answered.
    pub fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// Notes when the bridge on this address first answers from now on.
    pub fn watch(&self, bridge: Ipv4Addr) {
        *locked(&self.shared.watched) = Some((bridge.into(), None));
    }

    /// When the bridge that is watched first answered.
    pub fn first_answer(&self) -> Option<Time> {
        locked(&self.shared.watched).and_then(|(_, at)| at)
    }
}

impl Drop for Clocks {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// On every address, but for this machine alone.
fn listen() -> std::io::Result<(TcpListener, u16)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind_device(Some(b"lo"))?;
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
    let listener = socket.listen(BACKLOG)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let stream = accept(&listener).await;
        drop(tokio::spawn(converse(stream, Arc::clone(&shared))));
    }
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let Ok(address) = stream.local_addr() else {
        return; // gone already
    };
    // Small answers shall not wait for each other; without it they are late, not wrong.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let reply = shared.answer(address.ip(), &request);
        async { Ok::<_, Infallible>(reply) }
    });
    // However it ends, the other side knows as much as there is to know.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Shared {
    fn answer(&self, bridge: IpAddr, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let Some(reply) = self.words(request) else {
            let mut nobody = Response::default();
            *nobody.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return nobody;
        };
        let now = now();
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some((watched, first)) = &mut *locked(&self.watched)
            && *watched == bridge
        {
            first.get_or_insert(now);
        }
        match Fault::Lying(tell(self.measured(bridge, now))).spoil(reply) {
            Outcome::Reply(reply) | Outcome::Cut(reply, _) => reply.map(Full::new),
            Outcome::Silence | Outcome::Reset => Response::default(),
        }
    }

    /// What the model says to this request, but for the stress.
    fn words(&self, request: &Request<Incoming>) -> Option<Response<Bytes>> {
        let accept = request.headers().get(http::header::ACCEPT);
        let key = format!("{} {} {accept:?}", request.method(), request.uri());
        if let Some(known) = locked(&self.answers).get(&key) {
            return Some(known.clone());
        }
        let mut question = Request::new(Vec::new());
        *question.method_mut() = request.method().clone();
        *question.uri_mut() = request.uri().clone();
        *question.headers_mut() = request.headers().clone();
        let reply = locked(&self.model).bridge_request(NICK, &question, now())?;
        let reply = reply.map(Bytes::from);
        locked(&self.answers).insert(key, reply.clone());
        Some(reply)
    }

    /// The moment at which a bridge measured the stress that it tells now.
    fn measured(&self, bridge: IpAddr, now: Time) -> Time {
        let interval = self.sampler.load(Ordering::Relaxed);
        if interval == 0 {
            return now;
        }
        // Each at its own moments, spread evenly: neighbours are far apart (a prime).
        let host = match bridge {
            IpAddr::V4(bridge) => i64::from(u32::from(bridge) & 0xffff),
            IpAddr::V6(_) => 0,
        };
        let phase = host * 7_919;
        Time::from_millis(now.as_millis() - (now.as_millis() - phase).rem_euclid(interval))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stress_tells_its_age_across_the_round() {
        for told in [0, 1, 999, ROUND - 1, ROUND, 1_790_000_123_456] {
            for age_of in [0, 1, 250, 15_000] {
                let stress = tell(Time::from_millis(told));
                let seen = age(stress, Time::from_millis(told + age_of));
                assert_eq!(seen.as_millis() as i64, age_of, "{told} {stress}");
            }
        }
    }

    #[tokio::test]
    async fn each_bridge_says_the_time_and_the_sampled_one_an_earlier_one() {
        let clocks = Clocks::start().unwrap();
        let ask = async |host: u8| {
            let url = format!("http://127.77.1.{host}:{}/metrics", clocks.port);
            let client =
                hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                    .build_http::<Full<Bytes>>();
            let request = Request::get(url)
                .header(http::header::ACCEPT, "application/json")
                .body(Full::default())
                .unwrap();
            let reply = client.request(request).await.unwrap().into_body();
            let body = http_body_util::BodyExt::collect(reply).await.unwrap();
            let stats = bridge::source::Source::MetricsJson
                .read(&body.to_bytes(), &[])
                .unwrap();
            assert_eq!(stats.local_endpoints, Some(PEOPLE.into()));
            age(stats.stress.unwrap(), now())
        };
        clocks.watch(Ipv4Addr::new(127, 77, 1, 9));
        assert!(ask(1).await < Duration::from_secs(30));
        assert_eq!(clocks.first_answer(), None);
        clocks.sample_every(Some(Duration::from_mins(30)));
        let sampled = [ask(9).await, ask(10).await];
        assert!(sampled[0].abs_diff(sampled[1]) > Duration::from_secs(1));
        assert!(clocks.first_answer().is_some());
        assert_eq!(clocks.asked(), 3);
    }
}
