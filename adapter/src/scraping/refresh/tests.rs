//! Who is asked for a reader's sake, and how long the reader waits.

use tokio::time::{Instant, sleep};

use super::*;

const FRESHNESS: Freshness = Freshness {
    within: Duration::from_secs(1),
    budget: Duration::from_millis(300),
};

const NOW: Time = Time::from_millis(1_795_252_331_847);

#[test]
fn a_bridge_is_asked_when_it_is_old_well_and_at_rest() {
    let ago = |millis| Some(NOW - Duration::from_millis(millis));
    let table = [
        ("fresh", 0, None, ago(1_000), Step::Leave),
        ("old", 0, None, ago(1_001), Step::Ask),
        ("never answered", 0, None, None, Step::Leave),
        ("failing", 1, None, ago(9_000), Step::Leave),
        ("being asked", 0, ago(299), ago(5_000), Step::Await),
        ("being asked first", 0, ago(10), None, Step::Await),
        ("dawdling", 0, ago(300), ago(5_000), Step::Leave),
        ("failing, being asked", 3, ago(1), ago(5_000), Step::Leave),
    ];
    for (what, failures, asked, answered, step) in table {
        let fortune = Fortune {
            answered: answered.is_some(),
            failures,
        };
        let seen = Seen {
            fortune,
            asked,
            answered,
        };
        assert_eq!(FRESHNESS.take(seen, NOW), step, "{what}");
    }
}

/// Looks at the time that a refresh takes when a loop does this with its round.
async fn refresh(does: impl AsyncFnOnce(Round)) -> (Refreshed, Duration) {
    let (refresher, mut rounds) = Refresher::new(FRESHNESS);
    let started = Instant::now();
    let (result, ()) = tokio::join!(refresher.refresh(Vec::new()), async {
        does(rounds.recv().await.unwrap()).await;
    });
    (result, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_read_waits_for_the_last_bridge_and_no_longer() {
    let (result, took) = refresh(async |round| {
        let second = Arc::clone(&round.waiting);
        drop(round);
        sleep(Duration::from_millis(120)).await;
        drop(second);
    })
    .await;
    assert_eq!((result, took.as_millis()), (Refreshed::Complete, 120));
}

#[tokio::test(start_paused = true)]
async fn a_read_waits_no_longer_than_its_budget() {
    let started = Instant::now();
    let (refresher, mut rounds) = Refresher::new(FRESHNESS);
    let never = tokio::spawn(async move {
        let _held = rounds.recv().await;
        std::future::pending::<()>().await;
    });
    assert_eq!(refresher.refresh(Vec::new()).await, Refreshed::Late);
    assert_eq!(started.elapsed().as_millis(), 300);
    never.abort();
}

#[tokio::test(start_paused = true)]
async fn where_nobody_asks_nobody_waits() {
    let started = Instant::now();
    let (refresher, rounds) = Refresher::new(FRESHNESS);
    drop(rounds);
    assert_eq!(refresher.refresh(Vec::new()).await, Refreshed::Skipped);
    assert!(started.elapsed().is_zero());
}
