use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use scaler_token::{KeyId, LIFETIME, SEED_BYTES, SKEW};

use super::*;
use crate::keys::PATIENCE;

const START: Time = Time::from_millis(1_795_219_200_000);

const PACE: Pace = Pace {
    rotation: Duration::from_mins(10),
    refresh: Duration::from_mins(1),
    overlap: Duration::from_mins(3),
};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn seed(number: u8) -> Seed {
    Seed::new([number; SEED_BYTES])
}

fn keys(numbers: &[u8]) -> PublicKeys {
    let key = |number: &u8| seed(*number).public().clone();
    numbers.iter().map(key).collect()
}

/// Key 2 signs for so many seconds, and key 3 was made so many seconds ago and seen everywhere so many seconds ago; key 1 is
/// retired for so many seconds.
fn held(signs: u64, next: Option<(u64, Option<u64>)>, retired: Option<u64>) -> Held {
    Held {
        signing: Signing {
            seed: seed(2),
            since: START - secs(signs),
        },
        next: next.map(|(made, published)| Next {
            seed: seed(3),
            made: START - secs(made),
            published: published.map(|age| START - secs(age)),
        }),
        retired: Vec::from_iter(retired.map(|age| Retired {
            key: seed(1).public().clone(),
            since: START - secs(age),
        })),
    }
}

#[test]
fn what_is_due_when() {
    use Change::{First, Forget, HandOver, Next as Make, Seen, Unseen};
    let (all, none, some) = (
        &[&[2, 3][..], &[3]],
        &[&[2][..], &[2]],
        &[&[2, 3][..], &[2]],
    );
    assert_eq!(plan(None, &[keys(&[])], &PACE, START), Some(First));
    for (what, held, published, due) in [
        ("all is young", held(0, None, None), none, None),
        ("just not yet", held(599, None, None), none, None),
        (
            "the period is over",
            held(600, None, None),
            none,
            Some(Make),
        ),
        ("one was made", held(700, Some((0, None)), None), none, None),
        ("one has it", held(700, Some((30, None)), None), some, None),
        (
            "all have it",
            held(700, Some((30, None)), None),
            all,
            Some(Seen),
        ),
        (
            "all had it",
            held(700, Some((30, Some(20))), None),
            some,
            Some(Unseen),
        ),
        (
            "nobody has it any more",
            held(999, Some((90, Some(80))), None),
            none,
            Some(Unseen),
        ),
        (
            "not for long enough",
            held(700, Some((90, Some(59))), None),
            all,
            None,
        ),
        (
            "for long enough",
            held(700, Some((90, Some(60))), None),
            all,
            Some(HandOver),
        ),
        (
            "tokens are on the way",
            held(60, None, Some(179)),
            none,
            None,
        ),
        (
            "no token can be",
            held(60, None, Some(180)),
            none,
            Some(Forget),
        ),
        (
            "one after the other",
            held(600, None, Some(180)),
            none,
            Some(Forget),
        ),
    ] {
        let published = published.map(keys);
        assert_eq!(plan(Some(&held), &published, &PACE, START), due, "{what}");
    }
}

#[test]
fn a_clock_that_was_far_ahead_stops_nothing() {
    let years = Duration::from_hours(24 * 365 * 12);
    let mut ahead = held(0, None, None);
    ahead.signing.since = START + years;
    assert_eq!(plan(Some(&ahead), &[], &PACE, START), Some(Change::Next));
    let mut ahead = held(700, Some((30, Some(0))), None);
    ahead.next.as_mut().unwrap().published = Some(START + years);
    assert_eq!(
        plan(Some(&ahead), &[keys(&[3])], &PACE, START),
        Some(Change::Seen)
    );
}

#[test]
fn a_change_of_what_is_not_there_changes_nothing() {
    let calm = held(0, None, None);
    for change in [
        Change::First,
        Change::Seen,
        Change::Unseen,
        Change::HandOver,
        Change::Forget,
    ] {
        assert_eq!(
            after(Some(calm.clone()), change, seed(9), START),
            calm,
            "{change:?}"
        );
    }
    assert_eq!(
        after(None, Change::First, seed(9), START),
        Held::first(seed(9), START)
    );
}

#[test]
fn a_handover_keeps_the_public_half_and_nothing_else_of_the_key_before() {
    let handed = after(
        Some(held(700, Some((90, Some(60))), Some(9))),
        Change::HandOver,
        seed(9),
        START,
    );
    assert_eq!(
        handed.signing,
        Signing {
            seed: seed(3),
            since: START
        }
    );
    assert_eq!(handed.next, None);
    let retired: Vec<_> = handed
        .retired
        .iter()
        .map(|one| one.key.id().clone())
        .collect();
    assert_eq!(
        retired,
        [1, 2].map(|number| seed(number).public().id().clone())
    );
    assert_eq!(handed.public(), keys(&[1, 2, 3]));
}

#[test]
fn keys_follow_one_another_as_long_as_somebody_looks() {
    let mut stage = Stage::new(2);
    for _ in 0..(3 * 3600 / 10) {
        stage.look(0);
        stage.wait(10);
    }
    // Ten minutes until the next is made, one until it signs, and a look or two for each step.
    assert!(
        (14..=17).contains(&stage.handed_over),
        "{}",
        stage.handed_over
    );
    assert!(
        stage.forgotten + 2 >= stage.handed_over,
        "{}",
        stage.forgotten
    );
    assert!(stage.secret.as_ref().unwrap().retired.len() <= 1);
}

/// A Secret, ConfigMaps, and two controllers that look at them in steps of their own, at any moment and in any order.
struct Stage {
    now: Time,
    secret: Option<Held>,
    /// How often the Secret was written.
    version: u64,
    /// The ConfigMap of each namespace, and how often it was written.
    maps: Vec<(PublicKeys, u64)>,
    /// Since when each key is in the ConfigMap of each namespace.
    since: Vec<BTreeMap<KeyId, Time>>,
    controllers: [Controller; 2],
    made: u8,
    /// Until when somebody may sign with each key.
    may_sign: BTreeMap<KeyId, Time>,
    handed_over: usize,
    forgotten: usize,
}

#[derive(Clone, Default)]
struct Controller {
    /// What it has read and not acted by yet.
    read: Option<Read>,
    /// By how many milliseconds its clock is ahead.
    ahead: i64,
}

#[derive(Clone)]
struct Read {
    at: Time,
    version: u64,
    held: Option<Held>,
    maps: Vec<(PublicKeys, u64)>,
    since: Vec<BTreeMap<KeyId, Time>>,
}

/// What may differ between two clocks here, in all.
const APART: Duration = Duration::from_secs(8);

impl Stage {
    fn new(namespaces: usize) -> Self {
        let mut controllers = [Controller::default(), Controller::default()];
        controllers[1].ahead = 8_000;
        Self {
            now: START,
            secret: None,
            version: 0,
            maps: vec![Default::default(); namespaces],
            since: vec![BTreeMap::new(); namespaces],
            controllers,
            made: 0,
            may_sign: BTreeMap::new(),
            handed_over: 0,
            forgotten: 0,
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += secs(seconds);
    }

    fn write_map(&mut self, place: usize, keys: PublicKeys) {
        let since = &mut self.since[place];
        since.retain(|id, _| keys.contains(id));
        for id in keys.ids() {
            since.entry(id.clone()).or_insert(self.now);
        }
        self.maps[place] = (keys, self.maps[place].1 + 1);
    }

    /// A controller reads all there is.
    fn read(&mut self, n: usize) {
        self.controllers[n].read = Some(Read {
            at: self.now,
            version: self.version,
            held: self.secret.clone(),
            maps: self.maps.clone(),
            since: self.since.clone(),
        });
    }

    /// And acts by it, if it does so in time: it writes the Secret, or publishes in the first so many namespaces before it ends.
    fn act(&mut self, n: usize, places: usize) {
        let Some(read) = self.controllers[n].read.take() else {
            return;
        };
        if self.now.since(read.at) > PATIENCE {
            return;
        }
        let clock = Time::from_millis(read.at.as_millis() + self.controllers[n].ahead);
        let published: Vec<_> = read.maps.iter().map(|(keys, _)| keys.clone()).collect();
        if let Some(change) = plan(read.held.as_ref(), &published, &PACE, clock) {
            if self.version == read.version {
                self.change(&read, change, clock);
            }
            return;
        }
        let held = read.held.expect("without a key there is something due");
        let id = held.signing.seed.public().id().clone();
        let until = read.at + PACE.trust();
        let known = self.may_sign.entry(id).or_insert(until);
        *known = (*known).max(until);
        let public = held.public();
        for (place, (there, version)) in read.maps.iter().enumerate().take(places) {
            if *there == public {
                continue;
            }
            if self.maps[place].1 != *version {
                return;
            }
            self.write_map(place, public.clone());
        }
    }

    fn change(&mut self, read: &Read, change: Change, clock: Time) {
        if matches!(change, Change::First | Change::Next) {
            self.made += 1;
        }
        let before = self.secret.take();
        let after = after(before.clone(), change, seed(self.made), clock);
        if change == Change::HandOver {
            self.handed_over += 1;
            let id = after.signing.seed.public().id().clone();
            for since in &read.since {
                let since = since.get(&id).expect("it is published everywhere");
                let had = read.at.since(*since);
                // Somebody may spoil a ConfigMap between a look at it and what was written by that.
                assert!(
                    had + APART + PATIENCE >= PACE.refresh,
                    "it signs after {had:?}"
                );
            }
        }
        if change == Change::Forget {
            self.forgotten += 1;
            let id = before.unwrap().retired[0].key.id().clone();
            let signed = self.may_sign.get(&id).copied().unwrap_or(START);
            let good = signed + LIFETIME + SKEW;
            assert!(good <= self.now, "a token may still be good");
        }
        self.secret = Some(after);
        self.version += 1;
    }

    /// A whole look, until nothing more is due.
    fn look(&mut self, n: usize) {
        for _ in 0..4 {
            self.read(n);
            self.act(n, usize::MAX);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Look(usize),
    Read(usize),
    Act(usize, usize),
    Crash(usize),
    Spoil(usize),
    Grow,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let controller = 0..2_usize;
    let step = prop_oneof![
        12 => (1..30_u64).prop_map(Step::Wait),
        12 => controller.clone().prop_map(Step::Look),
        4 => controller.clone().prop_map(Step::Read),
        4 => (controller.clone(), 0..3_usize).prop_map(|(n, places)| Step::Act(n, places)),
        1 => controller.prop_map(Step::Crash),
        1 => (0..3_usize).prop_map(Step::Spoil),
        1 => Just(Step::Grow),
    ];
    prop::collection::vec(step, 50..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What is asserted at each handover and at each key that is forgotten is in [`Stage::change`].
    #[test]
    fn no_key_signs_before_pods_have_it_and_none_is_forgotten_while_a_token_is_good(steps in steps()) {
        let mut stage = Stage::new(1);
        for step in steps {
            match step {
                Step::Wait(seconds) => stage.wait(seconds),
                Step::Look(n) => stage.look(n),
                Step::Read(n) => stage.read(n),
                Step::Act(n, places) => stage.act(n, places),
                Step::Crash(n) => stage.controllers[n].read = None,
                Step::Spoil(place) => {
                    let place = place % stage.maps.len();
                    stage.write_map(place, PublicKeys::default());
                }
                Step::Grow if stage.maps.len() < 3 => {
                    stage.maps.push(Default::default());
                    stage.since.push(BTreeMap::new());
                }
                Step::Grow => {}
            }
            // Whoever signs now is known to whoever reads what is published after a look.
            if let Some(held) = &stage.secret {
                prop_assert!(held.public().contains(held.signing.seed.public().id()));
            }
        }
    }
}
