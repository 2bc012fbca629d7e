//! Verdicts of the API server, kept for a short while and asked for once.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What a verdict is kept under: a digest, so that neither tokens nor long requests stay in memory.
pub(crate) type Key = [u8; 32];

/// Whoever was asking ended without an answer (the process is going down, or a bug).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// A bounded cache with one life time for all its values and a single flight per key.
#[derive(Debug)]
pub(crate) struct Cache<V, E> {
    shared: Arc<Mutex<Shared<V, E>>>,
    life: Duration,
}

#[derive(Debug)]
struct Shared<V, E> {
    kept: Kept<V>,
    flights: HashMap<Key, watch::Receiver<Option<Result<V, E>>>>,
}

impl<V, E> Cache<V, E>
where
    V: Clone + Send + Sync + 'static,
    E: Clone + From<Lost> + Send + Sync + 'static,
{
    /// Keeps at most `capacity` values, each for `life`.
    pub(crate) fn new(capacity: usize, life: Duration) -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared {
                kept: Kept::new(capacity),
                flights: HashMap::new(),
            })),
            life,
        }
    }

    /// The value under `key`, from memory or by `fetch`. All who want the same value at the same
    /// time wait for one `fetch`, and share its error; errors are not kept.
    ///
    /// The fetch runs by itself: that the first who asked went away does not end it for the others,
    /// and its life counts from when it was started, so a slow answer is not kept for longer.
    pub(crate) async fn get<F>(&self, key: Key, fetch: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let mut flight = {
            let now = Instant::now();
            let mut shared = lock(&self.shared);
            if let Some(value) = shared.kept.get(&key, now) {
                return Ok(value.clone());
            }
            match shared.flights.get(&key) {
                Some(flight) => flight.clone(),
                None => self.take_off(&mut shared, key, now, fetch()),
            }
        };
        let landed = flight
            .wait_for(Option::is_some)
            .await
            .map_err(|_| E::from(Lost))?;
        landed.clone().unwrap_or_else(|| Err(E::from(Lost)))
    }

    fn take_off<F>(
        &self,
        shared: &mut Shared<V, E>,
        key: Key,
        now: Instant,
        fetch: F,
    ) -> watch::Receiver<Option<Result<V, E>>>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (landing, flight) = watch::channel(None);
        shared.flights.insert(key, flight.clone());
        let ticket = Ticket {
            shared: Arc::clone(&self.shared),
            key,
        };
        let until = now + self.life;
        tokio::spawn(async move {
            let result = fetch.await;
            if let Ok(value) = &result {
                lock(&ticket.shared)
                    .kept
                    .put(key, value.clone(), Instant::now(), until);
            }
            drop(ticket);
            // Nobody may be left to hear it; the value is kept all the same.
            landing.send_replace(Some(result));
        });
        flight
    }
}

/// Takes the flight off the board however it ends, a panic included.
struct Ticket<V, E> {
    shared: Arc<Mutex<Shared<V, E>>>,
    key: Key,
}

impl<V, E> Drop for Ticket<V, E> {
    fn drop(&mut self) {
        lock(&self.shared).flights.remove(&self.key);
    }
}

fn lock<V, E>(shared: &Mutex<Shared<V, E>>) -> MutexGuard<'_, Shared<V, E>> {
    // Nothing that can panic runs while it is held.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Values and when they end. All live equally long from when they were asked for, so they arrive nearly in the order of their
/// ends; one that ends before another in front of it is told no more from then on, and forgotten with that other.
#[derive(Debug)]
struct Kept<V, S = RandomState> {
    values: HashMap<Key, (V, Instant), S>,
    ends: VecDeque<(Instant, Key)>,
    capacity: usize,
}

impl<V> Kept<V> {
    fn new(capacity: usize) -> Self {
        Self {
            values: HashMap::new(),
            ends: VecDeque::new(),
            capacity,
        }
    }
}

impl<V, S: BuildHasher> Kept<V, S> {
    fn get(&self, key: &Key, now: Instant) -> Option<&V> {
        self.values
            .get(key)
            .filter(|(_, until)| now < *until)
            .map(|(value, _)| value)
    }

    fn put(&mut self, key: Key, value: V, now: Instant, until: Instant) {
        while let Some(&(end, oldest)) = self.ends.front() {
            if now < end && self.values.len() < self.capacity {
                break;
            }
            self.ends.pop_front();
            // Renewed since: a later entry in the queue ends it.
            if self.values.get(&oldest).is_some_and(|(_, e)| *e == end) {
                self.values.remove(&oldest);
            }
        }
        self.values.insert(key, (value, until));
        self.ends.push_back((until, key));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    const LIFE: Duration = Duration::from_secs(10);

    #[derive(Clone, Debug, PartialEq)]
    enum Trouble {
        Down,
        Lost,
    }

    impl From<Lost> for Trouble {
        fn from(Lost: Lost) -> Self {
            Self::Lost
        }
    }

    fn key(n: u64) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&n.to_be_bytes());
        key
    }

    /// Counts how often it is asked, and answers after a while.
    #[derive(Clone, Default)]
    struct Source(Arc<AtomicUsize>);

    impl Source {
        fn ask<T: Send + 'static>(&self, answer: T) -> impl Future<Output = T> + Send + use<T> {
            let asked = Arc::clone(&self.0);
            async move {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(1)).await;
                answer
            }
        }

        fn asked(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_who_ask_at_once_share_one_answer() {
        let (cache, source) = (Cache::<_, Trouble>::new(8, LIFE), Source::default());
        let all = (0..100).map(|_| cache.get(key(1), || source.ask(Ok("yes"))));
        let all = join_all(all).await;
        assert!(all.iter().all(|answer| *answer == Ok("yes")));
        assert_eq!(source.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_is_shared_but_not_kept() {
        let (cache, source) = (Cache::<(), _>::new(8, LIFE), Source::default());
        let all = (0..100).map(|_| cache.get(key(1), || source.ask(Err(Trouble::Down))));
        let all = join_all(all).await;
        assert!(all.iter().all(|answer| *answer == Err(Trouble::Down)));
        assert_eq!(source.asked(), 1);
        assert_eq!(cache.get(key(1), || source.ask(Ok(()))).await, Ok(()));
        assert_eq!(source.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_lives_from_when_it_was_asked_for() {
        let (cache, source) = (Cache::<_, Trouble>::new(8, LIFE), Source::default());
        for (passed, asked) in [(0, 1), (8, 1), (2, 2)] {
            tokio::time::advance(Duration::from_secs(passed)).await;
            let answer = cache.get(key(1), || source.ask(Ok(7))).await;
            assert_eq!((answer, source.asked()), (Ok(7), asked), "{passed} s later");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_to_ask_may_go_away() {
        let (cache, source) = (Cache::<_, Trouble>::new(8, LIFE), Source::default());
        let impatient = cache.get(key(1), || source.ask(Ok("yes")));
        let given_up = tokio::time::timeout(Duration::from_millis(1), impatient).await;
        assert!(given_up.is_err());
        let patient = cache.get(key(1), || source.ask(Ok("second"))).await;
        assert_eq!((patient, source.asked()), (Ok("yes"), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_that_panics_is_lost_and_the_next_one_flies_again() {
        let cache = Cache::<u8, Trouble>::new(8, LIFE);
        let lost = cache.get(key(1), || async { panic!("a bug") }).await;
        assert_eq!(lost, Err(Trouble::Lost));
        assert_eq!(cache.get(key(1), || async { Ok(3) }).await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn it_never_holds_more_than_its_capacity() {
        let cache = Cache::<u64, Trouble>::new(4, LIFE);
        for n in 0..100 {
            assert_eq!(cache.get(key(n), || async move { Ok(n) }).await, Ok(n));
        }
        {
            let shared = lock(&cache.shared);
            assert_eq!(shared.kept.values.len(), 4);
            assert_eq!(shared.kept.ends.len(), 4);
            assert!(shared.flights.is_empty());
        }
        let source = Source::default();
        assert_eq!(cache.get(key(99), || source.ask(Ok(0))).await, Ok(99));
        assert_eq!(cache.get(key(0), || source.ask(Ok(0))).await, Ok(0));
        assert_eq!(source.asked(), 1, "the newest was kept, the oldest was not");
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_is_forgotten_when_something_new_comes() {
        let cache = Cache::<u64, Trouble>::new(1_000, LIFE);
        for n in 0..100 {
            assert_eq!(cache.get(key(n), || async move { Ok(n) }).await, Ok(n));
        }
        tokio::time::advance(LIFE).await;
        assert_eq!(cache.get(key(7), || async { Ok(1) }).await, Ok(1));
        assert_eq!(lock(&cache.shared).kept.values.len(), 1);
    }
}
