//! The loop, with bridges on real sockets.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use reach::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep};

use super::*;
use crate::scraping::refresh::{Refreshed, Refresher};
use crate::telling::fixtures::{RULES, metrics, pod};
use crate::telling::{MetricId, Record, Rules};

const BODY: &str = r#"{"stress":0.25,"local_endpoints":3,"conferences":1,"drain_mode":false,"graceful_shutdown":false,"shutting_down":false,"startup_time":1}"#;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// What bridges have seen of us.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    open: AtomicUsize,
    requests: AtomicUsize,
}

impl Seen {
    fn count(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::SeqCst)
    }
}

/// A bridge that answers, or one that only listens.
async fn bridge(seen: &Arc<Seen>, answers: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::clone(seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = Arc::clone(&seen);
            seen.connections.fetch_add(1, Ordering::SeqCst);
            seen.open.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut head = [0; 4_096];
                while let Ok(1..) = stream.read(&mut head).await {
                    seen.requests.fetch_add(1, Ordering::SeqCst);
                    if answers {
                        let reply = format!(
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
                            BODY.len()
                        );
                        let _ = stream.write_all(reply.as_bytes()).await;
                    }
                }
                seen.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    address
}

const FRESHNESS: Freshness = Freshness {
    within: Duration::from_millis(100),
    budget: Duration::from_millis(400),
};

/// The loop at work.
struct Work {
    refresher: Refresher,
    shared: Arc<Shared>,
    pods: UnboundedSender<Change>,
    shutdown: CancellationToken,
}

impl Work {
    fn start(in_flight: usize, deadline: Duration) -> Self {
        Self::start_at(Duration::from_millis(50), in_flight, deadline)
    }

    fn start_at(interval: Duration, in_flight: usize, deadline: Duration) -> Self {
        let rules = Rules {
            stress_unknown_for: Duration::ZERO,
            ..RULES
        };
        let pace = Pace {
            loopback: Loopback::Asked,
            interval,
            deadline,
            in_flight: NonZeroUsize::new(in_flight).unwrap(),
            per_second: NonZeroU32::new(10_000).unwrap(),
            freshness: FRESHNESS,
        };
        let shared = Arc::new(Shared::new(Clock::system(), metrics(), rules));
        let (pods, seen) = unbounded_channel();
        let shutdown = CancellationToken::new();
        let (refresher, rounds) = Refresher::new(FRESHNESS);
        let scraper = Scraper::new(Arc::clone(&shared), pace);
        tokio::spawn(scraper.run(seen, rounds, shutdown.clone()));
        Self {
            refresher,
            shared,
            pods,
            shutdown,
        }
    }

    fn see(&self, name: &str, uid: &str, address: SocketAddr) -> Arc<Pod> {
        let pod = Pod {
            address: Some(address),
            ..pod(name, uid, None)
        };
        let now = self.shared.clock.now();
        let ticket = self.shared.store_mut().observe(pod, now);
        let pod = Arc::clone(&ticket.pod);
        self.pods.send(Change::Seen(ticket)).unwrap();
        pod
    }

    fn forget(&self, pod: &Arc<Pod>) {
        self.shared.store_mut().forget(pod);
        self.pods.send(Change::Gone(Arc::clone(pod))).unwrap();
    }

    fn is_told(&self, name: &str) -> bool {
        let now = self.shared.clock.now();
        let store = self.shared.store();
        store
            .get("meet", name)
            .is_some_and(|record| record.value(MetricId::STRESS, store.rules(), now).is_ok())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "not in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_bridge_is_asked_at_once_and_again_on_one_connection() {
    let seen = Arc::default();
    let work = Work::start(4, PATIENCE);
    work.see("jvb-0", "u0", bridge(&seen, true).await);
    until("told", || work.is_told("jvb-0")).await;
    until("asked again", || Seen::count(&seen.requests) >= 5).await;
    assert_eq!(Seen::count(&seen.connections), 1);
}

#[tokio::test]
async fn a_pod_that_is_gone_is_left_alone() {
    let seen = Arc::default();
    let work = Work::start(4, PATIENCE);
    let pod = work.see("jvb-0", "u0", bridge(&seen, true).await);
    until("told", || work.is_told("jvb-0")).await;
    work.forget(&pod);
    assert!(
        !work.is_told("jvb-0"),
        "at once, not when the loop gets to it"
    );
    until("the connection closed", || Seen::count(&seen.open) == 0).await;
    let asked = Seen::count(&seen.requests);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(Seen::count(&seen.requests), asked);
}

#[tokio::test]
async fn a_question_under_way_to_a_pod_that_goes_is_broken_off() {
    let seen = Arc::default();
    let work = Work::start(4, PATIENCE);
    let pod = work.see("jvb-0", "u0", bridge(&seen, false).await);
    until("asked", || Seen::count(&seen.requests) == 1).await;
    work.forget(&pod);
    until("the connection closed", || Seen::count(&seen.open) == 0).await;
}

#[tokio::test]
async fn a_bridge_that_hangs_is_asked_one_question_at_a_time() {
    let seen = Arc::default();
    let work = Work::start(4, PATIENCE);
    work.see("jvb-0", "u0", bridge(&seen, false).await);
    until("asked", || Seen::count(&seen.requests) == 1).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(Seen::count(&seen.requests), 1, "four intervals later");
}

#[tokio::test]
async fn only_so_many_bridges_are_asked_at_once_and_all_are_asked() {
    let hung = Arc::default();
    let well = Arc::default();
    let work = Work::start(3, Duration::from_millis(100));
    for name in 0..10 {
        work.see(
            &format!("hung-{name}"),
            &format!("h{name}"),
            bridge(&hung, false).await,
        );
    }
    work.see("jvb-0", "u0", bridge(&well, true).await);
    until("the well one told", || {
        assert!(Seen::count(&hung.open) <= 3);
        work.is_told("jvb-0")
    })
    .await;
    until("every hung one asked", || {
        Seen::count(&hung.connections) >= 10
    })
    .await;
}

#[tokio::test]
async fn bridges_that_hang_do_not_keep_others_from_being_asked() {
    let seen = Arc::default();
    let work = Work::start(BRISK * 4, Duration::from_mins(10));
    let hung = bridge(&seen, false).await;
    for n in 0..BRISK * 2 {
        work.see(&format!("hung-{n}"), &format!("h{n}"), hung);
    }
    until("all hung bridges are asked", || {
        Seen::count(&seen.requests) == BRISK * 2
    })
    .await;
    work.see("well", "w", bridge(&Arc::default(), true).await);
    until("the other one is told", || work.is_told("well")).await;
}

#[tokio::test]
async fn bridges_that_hang_leave_room_for_the_others_however_many_they_are() {
    const HUNG: usize = 40;
    let (hung, well) = (Arc::default(), Arc::default());
    let work = Work::start(4, Duration::from_millis(200));
    let address = bridge(&hung, false).await;
    for n in 0..HUNG {
        work.see(&format!("hung-{n}"), &format!("h{n}"), address);
    }
    work.see("well", "w", bridge(&well, true).await);
    until("all hung bridges were asked", || {
        Seen::count(&hung.requests) >= HUNG
    })
    .await;
    let (hung_before, well_before) = (Seen::count(&hung.requests), Seen::count(&well.requests));
    // Three at once for 200 ms each: meanwhile the other one is due once in 50 ms.
    until("hung bridges were asked again", || {
        Seen::count(&hung.requests) >= hung_before + HUNG / 2
    })
    .await;
    let asked = Seen::count(&well.requests) - well_before;
    assert!(
        asked > 3,
        "in the order in which they are due it would be asked once, and was asked {asked} times"
    );
    assert!(Seen::count(&hung.open) <= 4);
}

#[tokio::test]
async fn the_first_round_ends_when_everybody_was_asked() {
    let seen = Arc::default();
    let work = Work::start(4, Duration::from_millis(100));
    work.see("jvb-0", "u0", bridge(&seen, true).await);
    work.see("jvb-1", "u1", bridge(&seen, false).await);
    until("told", || work.is_told("jvb-0")).await;
    let ready = || work.shared.health.ready(work.shared.clock.now()).is_ok();
    assert!(!ready(), "the pods are not known to be all");
    work.pods.send(Change::Synced).unwrap();
    until("ready", ready).await;
}

#[tokio::test]
async fn an_address_that_another_pod_got_is_another_bridge() {
    let seen = Arc::default();
    let work = Work::start(4, PATIENCE);
    let address = bridge(&seen, true).await;
    let first = work.see("jvb-0", "u0", address);
    until("told", || work.is_told("jvb-0")).await;
    work.see("jvb-1", "u1", address);
    work.forget(&first);
    until("the second told", || work.is_told("jvb-1")).await;
    assert!(!work.is_told("jvb-0"));
    assert_eq!(
        Seen::count(&seen.connections),
        2,
        "the connection is the pod's own"
    );
}

#[tokio::test]
async fn a_pod_whose_address_changes_is_asked_there_alone() {
    let before = Arc::default();
    let after = Arc::default();
    let work = Work::start(4, PATIENCE);
    work.see("jvb-0", "u0", bridge(&before, true).await);
    until("asked here", || Seen::count(&before.requests) > 1).await;
    work.see("jvb-0", "u0", bridge(&after, true).await);
    until("asked there", || Seen::count(&after.requests) > 1).await;
    until("left here", || Seen::count(&before.open) == 0).await;
}

#[tokio::test]
async fn a_bridge_that_was_not_there_yet_is_found_soon() {
    let work = Work::start(4, PATIENCE);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    work.see("jvb-0", "u0", address);
    let failed = || {
        let store = work.shared.store();
        store.get("meet", "jvb-0").and_then(Record::failure) == Some("connect")
    };
    until("refused", failed).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let (_stream, _) = listener.accept().await.unwrap();
}

/// A loop that does not turn.
fn still() -> (Scraper, Arc<Shared>) {
    let shared = Arc::new(Shared::new(Clock::system(), metrics(), RULES));
    let pace = Pace {
        loopback: Loopback::Asked,
        interval: Duration::from_millis(50),
        deadline: PATIENCE,
        in_flight: NonZeroUsize::MIN,
        per_second: NonZeroU32::MAX,
        freshness: FRESHNESS,
    };
    let scraper = Scraper::new(Arc::clone(&shared), pace);
    (scraper, shared)
}

/// The bridge `jvb-0` at this port.
fn at_port(shared: &Shared, port: u16) -> Ticket {
    let pod = Pod {
        address: Some(([127, 0, 0, 1], port).into()),
        ..pod("jvb-0", "u0", None)
    };
    shared.store_mut().observe(pod, shared.clock.now())
}

#[tokio::test]
async fn an_answer_that_comes_when_the_bridge_has_another_address_is_none_of_it() {
    let (mut scraper, shared) = still();
    let ticket = at_port(&shared, 9);
    scraper.see(ticket.clone());
    let done = Done {
        probe: Probe::new(ticket.pod.address.unwrap(), Loopback::Asked),
        ticket,
        result: Err(Failure::Timeout),
        at: shared.clock.now(),
        took: PATIENCE,
    };
    let question = scraper.running.spawn(async { done });
    scraper.targets.get_mut("u0").unwrap().probe = Err(question);
    let ended = scraper.running.join_next_with_id().await;
    let (question, done) = ended.unwrap().unwrap();
    // Heard of in between: the pod is the same, its bridge tells its statistics elsewhere.
    let moved = at_port(&shared, 10);
    scraper.see(moved.clone());
    scraper.finish(question, done);
    let target = &scraper.targets["u0"];
    let asked_at = target.probe.as_ref().map(Probe::address);
    assert_eq!(asked_at.ok(), moved.pod.address);
    assert_eq!(target.fortune, Fortune::default());
}

#[tokio::test]
async fn a_bug_in_one_question_does_not_leave_its_bridge_unasked() {
    let (mut scraper, shared) = still();
    let now = shared.clock.now();
    scraper.see(at_port(&shared, 9));
    let question = scraper.running.spawn(async { panic!("a bug") });
    let target = scraper.targets.get_mut("u0").unwrap();
    target.probe = Err(question);
    let lost = scraper.running.join_next().await.unwrap().err().unwrap();
    scraper.lose(&lost);
    let target = &scraper.targets["u0"];
    assert!(target.probe.is_ok() && target.due > now);
    assert_eq!(target.fortune.failures, 1);
    let store = shared.store();
    assert_eq!(store.get("meet", "jvb-0").unwrap().failure(), Some("bug"));
}

/// Asked once in a day, unless somebody reads. Each bridge has its own moment within it: in a minute the moment of one of ten would
/// often lie within a test.
const SELDOM: Duration = Duration::from_hours(24);

impl Work {
    /// A read of these bridges, as the API does it.
    async fn read(&self, names: &[&str]) -> Option<Refreshed> {
        let old: Vec<Ticket> = {
            let now = self.shared.clock.now();
            let store = self.shared.store();
            let records = names.iter().filter_map(|name| store.get("meet", name));
            let old = records.filter(|record| FRESHNESS.wants(record, now));
            old.map(Record::ticket).collect()
        };
        if old.is_empty() {
            return None;
        }
        Some(self.refresher.refresh(old).await)
    }

    fn age(&self, name: &str) -> Duration {
        let store = self.shared.store();
        let last = store.get("meet", name).and_then(Record::last_answer);
        self.shared.clock.now().since(last.unwrap())
    }
}

#[tokio::test]
async fn a_read_of_old_values_gets_fresh_ones() {
    let seen = Arc::default();
    let work = Work::start_at(SELDOM, 4, PATIENCE);
    work.see("jvb-0", "u0", bridge(&seen, true).await);
    until("told", || work.is_told("jvb-0")).await;
    assert_eq!(work.read(&["jvb-0"]).await, None, "it is fresh");
    sleep(FRESHNESS.within * 2).await;
    let started = Instant::now();
    assert_eq!(work.read(&["jvb-0"]).await, Some(Refreshed::Complete));
    let took = started.elapsed();
    assert!(took < FRESHNESS.budget, "{took:?}");
    assert!(
        work.age("jvb-0") <= took + started.elapsed(),
        "asked within the read"
    );
    assert_eq!(Seen::count(&seen.requests), 2);
}

#[tokio::test]
async fn a_hundred_readers_cause_one_question_to_each_bridge() {
    let seen = Arc::default();
    let work = Work::start_at(SELDOM, 4, PATIENCE);
    let names: Vec<String> = (0..10).map(|n| format!("jvb-{n}")).collect();
    for name in &names {
        work.see(name, name, bridge(&seen, true).await);
    }
    until("told", || names.iter().all(|name| work.is_told(name))).await;
    sleep(FRESHNESS.within * 2).await;
    assert_eq!(Seen::count(&seen.requests), 10);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let readers = (0..100).map(|_| work.read(&names));
    let results = futures::future::join_all(readers).await;
    assert!(
        results
            .iter()
            .all(|result| *result == Some(Refreshed::Complete)),
        "{results:?}"
    );
    assert_eq!(Seen::count(&seen.requests), 20);
}

#[tokio::test]
async fn a_hung_bridge_costs_one_read_its_budget_and_later_ones_nothing() {
    let seen = Arc::<Seen>::default();
    let work = Work::start_at(SELDOM, 4, PATIENCE);
    let (hangs, hang) = tokio::sync::watch::channel(false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 4_096];
        while let Ok(1..) = stream.read(&mut head).await {
            let reply = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
                BODY.len()
            );
            if *hang.borrow() {
                std::future::pending::<()>().await;
            }
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    work.see("hung", "u0", address);
    work.see("well", "u1", bridge(&seen, true).await);
    until("told", || work.is_told("hung") && work.is_told("well")).await;
    hangs.send(true).unwrap();
    sleep(FRESHNESS.within * 2).await;
    let started = Instant::now();
    assert_eq!(work.read(&["hung", "well"]).await, Some(Refreshed::Late));
    assert!(started.elapsed() >= FRESHNESS.budget);
    assert!(
        work.age("well") < started.elapsed(),
        "the well one is fresh"
    );
    assert_eq!(
        work.read(&["hung", "well"]).await,
        Some(Refreshed::Complete),
        "a bridge that has had its time is not waited for again"
    );
}

#[tokio::test]
async fn a_pod_that_goes_is_not_waited_for() {
    let seen = Arc::default();
    let work = Work::start_at(SELDOM, 4, PATIENCE);
    let pod = work.see("jvb-0", "u0", bridge(&seen, true).await);
    until("told", || work.is_told("jvb-0")).await;
    sleep(FRESHNESS.within * 2).await;
    let read = work.read(&["jvb-0"]);
    work.pods.send(Change::Gone(pod)).unwrap();
    assert_eq!(read.await, Some(Refreshed::Complete));
}
