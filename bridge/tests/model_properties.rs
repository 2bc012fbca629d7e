//! What holds for the model whatever is done to it.

mod common;
#[path = "common/deployment.rs"]
mod deployment;

use std::time::Duration;

use bridge::Time;
use bridge::model::{
    BridgeConfig, Health, JicofoConfig, Jitsi, Load, LoadRedistribution, Newcomer,
    SelectionStrategy, Stop,
};
use deployment::{after, full, jicofo};
use http::{Method, Request};
use proptest::prelude::*;

const NICKS: [&str; 4] = ["a", "b", "c", "d"];
/// Of the first bridges, and of people; the last bridge has none.
const REGIONS: [&str; 3] = ["here", "near", "far"];
const ROOMS: [&str; 3] = ["x", "y", "z"];
const PEOPLE: [&str; 5] = ["p", "q", "r", "s", "t"];

/// Something done to a deployment.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Start(usize),
    Stop(usize, Stop),
    Drain(usize, bool),
    Shutdown(usize, bool),
    Join(usize, usize),
    JoinAs(usize, usize, bool, bool, Option<usize>),
    DropOut(usize, usize),
    Leave(usize, usize),
    Load(usize, u8),
    Health(usize, bool),
    Move(usize, usize, u8),
    MoveFraction(usize),
    StopJicofo,
    StartJicofo,
    Nothing,
}

fn deed() -> impl Strategy<Value = Deed> {
    let nick = 0..NICKS.len();
    let (room, person) = (0..ROOMS.len(), 0..PEOPLE.len());
    let stop = prop_oneof![Just(Stop::Terminate), Just(Stop::Kill), Just(Stop::Vanish)];
    prop_oneof![
        3 => nick.clone().prop_map(Deed::Start),
        1 => (nick.clone(), stop).prop_map(|(nick, how)| Deed::Stop(nick, how)),
        3 => (nick.clone(), any::<bool>()).prop_map(|(nick, on)| Deed::Drain(nick, on)),
        2 => (nick.clone(), any::<bool>()).prop_map(|(nick, on)| Deed::Shutdown(nick, on)),
        12 => (room.clone(), person.clone()).prop_map(|(room, person)| Deed::Join(room, person)),
        3 => (room.clone(), person.clone(), any::<bool>(), any::<bool>(), prop::option::of(0..REGIONS.len())).prop_map(
            |(room, person, ice, visitor, region)| Deed::JoinAs(room, person, ice, visitor, region)
        ),
        1 => (room.clone(), person.clone()).prop_map(|(room, person)| Deed::DropOut(room, person)),
        6 => (room.clone(), person).prop_map(|(room, person)| Deed::Leave(room, person)),
        1 => (nick.clone(), any::<u8>()).prop_map(|(nick, load)| Deed::Load(nick, load)),
        1 => (nick.clone(), any::<bool>()).prop_map(|(nick, good)| Deed::Health(nick, good)),
        2 => (nick.clone(), room, any::<u8>()).prop_map(|(nick, room, count)| Deed::Move(nick, room, count)),
        1 => nick.prop_map(Deed::MoveFraction),
        1 => Just(Deed::StopJicofo),
        2 => Just(Deed::StartJicofo),
        2 => Just(Deed::Nothing),
    ]
}

/// Deeds with the milliseconds that pass before each.
fn deeds() -> impl Strategy<Value = Vec<(u32, Deed)>> {
    prop::collection::vec((0..30_000_u32, deed()), 1..60)
}

fn config() -> impl Strategy<Value = JicofoConfig> {
    let strategies = || {
        prop::sample::select(vec![
            SelectionStrategy::Single,
            SelectionStrategy::Split,
            SelectionStrategy::RegionBased,
            SelectionStrategy::IntraRegion,
        ])
    };
    let apart = (strategies(), strategies()).prop_map(|(participants, visitors)| {
        SelectionStrategy::Visitor {
            participants: Box::new(participants),
            visitors: Box::new(visitors),
        }
    });
    let strategy = prop_oneof![4 => strategies(), 1 => apart];
    let redistribution = prop::option::of(Just(LoadRedistribution {
        interval: Duration::from_secs(7),
        timeout: Duration::from_secs(11),
        endpoints: 2,
        ..LoadRedistribution::default()
    }));
    let local = prop::option::of(Just(REGIONS[0].to_owned()));
    (any::<bool>(), 1..=2_usize, strategy, redistribution, local).prop_map(
        |(octo, min_participants, strategy, load_redistribution, local_region)| JicofoConfig {
            octo,
            min_participants,
            strategy,
            load_redistribution,
            local_region,
            region_groups: vec![
                REGIONS[..2]
                    .iter()
                    .map(|region| (*region).to_owned())
                    .collect(),
            ],
            ..JicofoConfig::default()
        },
    )
}

fn ask(jitsi: &mut Jitsi, nick: &str, path: &str, body: &str, now: Time) {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://127.0.0.1:8080{path}"))
        .header("Content-Type", "application/json")
        .body(body.as_bytes().to_vec())
        .expect("a request");
    jitsi.bridge_request(nick, &request, now);
}

fn ask_jicofo(jitsi: &mut Jitsi, path: &str, now: Time) {
    if jitsi.jicofo_running() {
        jicofo(jitsi, path, now);
    }
}

fn act(jitsi: &mut Jitsi, deed: Deed, now: Time) {
    jitsi.advance(now);
    match deed {
        Deed::Start(nick) => {
            let running = jitsi
                .bridge(NICKS[nick])
                .is_some_and(|bridge| bridge.exit().is_none());
            if !running {
                let config = BridgeConfig {
                    region: REGIONS.get(nick).map(|region| (*region).to_owned()),
                    ..full(NICKS[nick])
                };
                jitsi.start_bridge(NICKS[nick], config, now);
            }
        }
        Deed::Stop(nick, how) => jitsi.stop_bridge(NICKS[nick], how, now),
        Deed::Drain(nick, on) => {
            let path = if on {
                "/colibri/drain/enable"
            } else {
                "/colibri/drain/disable"
            };
            ask(jitsi, NICKS[nick], path, "", now);
        }
        Deed::Shutdown(nick, graceful) => {
            let body = format!("{{\"graceful-shutdown\":{graceful}}}");
            ask(jitsi, NICKS[nick], "/colibri/shutdown", &body, now);
        }
        Deed::Join(room, person) => jitsi.join(ROOMS[room], PEOPLE[person], now),
        Deed::JoinAs(room, person, ice, visitor, region) => {
            let region = region.map(|region| REGIONS[region].to_owned());
            let newcomer = Newcomer {
                ice,
                visitor,
                region,
            };
            jitsi.join_as(ROOMS[room], PEOPLE[person], newcomer, now);
        }
        Deed::DropOut(room, person) => jitsi.drop_out(ROOMS[room], PEOPLE[person], now),
        Deed::Leave(room, person) => jitsi.leave(ROOMS[room], PEOPLE[person], now),
        Deed::Load(nick, load) => {
            jitsi.set_load(NICKS[nick], Load::Measured(f64::from(load) / 100.0));
        }
        Deed::Health(nick, good) => {
            let bad = Health::Bad("no address".to_owned());
            jitsi.set_health(NICKS[nick], if good { Health::Good } else { bad });
        }
        Deed::Move(nick, room, count) => {
            let path = format!(
                "/move-endpoints/move-endpoints?bridge={}&conference={}@conference.meet.local&numEndpoints={count}",
                NICKS[nick], ROOMS[room]
            );
            ask_jicofo(jitsi, &path, now);
        }
        Deed::MoveFraction(nick) => {
            let path = format!(
                "/move-endpoints/move-fraction?bridge={}&fraction=0.5",
                NICKS[nick]
            );
            ask_jicofo(jitsi, &path, now);
        }
        Deed::StopJicofo => jitsi.stop_jicofo(now),
        Deed::StartJicofo => jitsi.start_jicofo(now),
        Deed::Nothing => {}
    }
}

/// Plays the deeds, and lets `between` look at the deployment at every deed, before the next.
fn play(
    config: JicofoConfig,
    deeds: &[(u32, Deed)],
    mut between: impl FnMut(&mut Jitsi, Time, Time),
) -> Jitsi {
    let mut jitsi = Jitsi::new(config, after(0.0));
    let mut now = after(0.0);
    for (pause, deed) in deeds {
        let then = now + Duration::from_millis(u64::from(*pause));
        between(&mut jitsi, now, then);
        now = then;
        act(&mut jitsi, *deed, now);
    }
    let end = now + Duration::from_secs(200);
    between(&mut jitsi, now, end);
    jitsi.advance(end);
    jitsi
}

/// The two are in the same state to the last field; if not, where they first differ.
fn same(one: &Jitsi, other: &Jitsi) -> Result<(), TestCaseError> {
    let (one, other) = (format!("{one:?}"), format!("{other:?}"));
    let differ = one.bytes().zip(other.bytes()).position(|(a, b)| a != b);
    let at = differ.unwrap_or(one.len().min(other.len()));
    let around = |text: &str| text[at.saturating_sub(300)..(at + 100).min(text.len())].to_owned();
    prop_assert!(one == other, "{}\n---\n{}", around(&one), around(&other));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_long_step_of_time_is_as_many_short_ones(config in config(), deeds in deeds(), step in 100..7000_u64) {
        let coarse = play(config.clone(), &deeds, |_, _, _| {});
        let fine = play(config, &deeds, |jitsi, from, to| {
            let mut now = from;
            while now < to {
                jitsi.advance(now);
                now += Duration::from_millis(step);
            }
        });
        same(&coarse, &fine)?;
    }

    #[test]
    fn looking_changes_nothing(config in config(), deeds in deeds()) {
        let unseen = play(config.clone(), &deeds, |_, _, _| {});
        let seen = play(config, &deeds, |jitsi, from, _| {
            for nick in NICKS {
                for path in ["/metrics", "/colibri/stats", "/debug", "/about/health"] {
                    deployment::get(jitsi, nick, path, from);
                }
            }
            for path in ["/stats", "/debug?full=true", "/metrics", "/pin"] {
                ask_jicofo(jitsi, path, from);
            }
        });
        same(&unseen, &seen)?;
    }

    #[test]
    fn everybody_is_somewhere_once(config in config(), deeds in deeds()) {
        play(config, &deeds, |jitsi, from, _| {
            let ledger = jitsi.ledger().clone();
            assert!(ledger.on_bridges + ledger.waiting <= ledger.people, "{ledger:?}");
            assert!(ledger.without_media <= ledger.people - ledger.on_bridges, "{ledger:?}");
            let interruptions = ledger.cut + ledger.moved + ledger.stranded + ledger.reinvited;
            assert!(ledger.disturbed <= interruptions.min(ledger.came), "{ledger:?}");
            assert!(ledger.disturbed_by_cut <= ledger.disturbed.min(ledger.cut), "{ledger:?}");
            assert_eq!(ledger.disturbed == 0, interruptions == 0, "{ledger:?}");
            let local: u64 = jitsi.bridges().map(|(_, bridge)| u64::from(bridge.local_endpoints())).sum();
            if jitsi.jicofo_running() {
                let (_, stats) = jicofo(jitsi, "/stats", from);
                let rooms = stats["conferences"].as_u64().expect("a number");
                assert!(rooms <= ROOMS.len() as u64);
                let participants = stats["participants"].as_u64().expect("a number");
                assert!(ledger.on_bridges + ledger.waiting <= participants && participants <= ledger.people);
            }
            // Endpoints that never connect, or that nobody took off while jicofo was away, are people of nobody.
            assert!(ledger.on_bridges <= local, "{} on bridges, {local} endpoints", ledger.on_bridges);
            for (nick, bridge) in jitsi.bridges() {
                let sum: usize = bridge.sessions().map(|(_, people)| people.count()).sum();
                assert_eq!(sum as u32, bridge.local_endpoints(), "{nick}");
                assert!(bridge.exit().is_none() || sum == 0, "{nick} holds people after its end");
                assert!(bridge.in_brewery() <= bridge.exit().is_none(), "{nick}");
            }
        });
    }

    #[test]
    fn drains_and_shutdowns_through_the_api_cut_nobody_while_jicofo_runs(config in config(), deeds in deeds()) {
        let deeds: Vec<_> = deeds
            .into_iter()
            .filter(|(_, deed)| !matches!(deed, Deed::Stop(..) | Deed::StopJicofo))
            .collect();
        let jitsi = play(config, &deeds, |_, _, _| {});
        prop_assert_eq!(jitsi.ledger().cut, 0);
        prop_assert_eq!(jitsi.lost_bridges(), Some(0));
    }

    #[test]
    fn a_clone_lives_the_same_life(config in config(), deeds in deeds()) {
        let mut jitsi = play(config, &deeds, |_, _, _| {});
        let mut twin = jitsi.clone();
        for one in [&mut jitsi, &mut twin] {
            let now = one.now();
            one.join("x", "newcomer", now);
            one.advance(now + Duration::from_secs(100));
        }
        same(&jitsi, &twin)?;
    }
}

#[test]
fn thousands_of_idle_bridges_wake_nobody() {
    let mut jitsi = Jitsi::new(JicofoConfig::default(), after(0.0));
    for number in 0..3000 {
        let nick = format!("bridge{number}");
        jitsi.start_bridge(&nick, full(&nick), after(0.0));
    }
    jitsi.advance(after(10.0));
    assert_eq!(
        jitsi.next_event(),
        None,
        "whatever refreshes by itself is worked out when somebody looks"
    );
    let stress = jitsi
        .bridge("bridge7")
        .map(bridge::model::Videobridge::stress);
    assert_eq!(stress, Some(0.0));
}
