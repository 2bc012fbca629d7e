use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const NOON: Time = Time::from_millis(1_795_219_200_123);

fn held() -> Held {
    Held {
        signing: Signing {
            seed: Seed::new([1; SEED_BYTES]),
            since: NOON,
        },
        next: Some(Next {
            seed: Seed::new([2; SEED_BYTES]),
            made: NOON,
            published: Some(NOON),
        }),
        retired: vec![Retired {
            key: Seed::new([3; SEED_BYTES]).public().clone(),
            since: NOON,
        }],
    }
}

fn data(text: &str) -> Data {
    [(KEYS_FILE.to_owned(), ByteString(text.into()))].into()
}

fn text(held: &Held) -> String {
    String::from_utf8(held.write()[KEYS_FILE].0.clone()).unwrap()
}

#[test]
fn what_was_written_is_read() {
    let all = held();
    let mut unseen = all.clone();
    unseen.next.as_mut().unwrap().published = None;
    for held in [Held::first(Seed::new([9; SEED_BYTES]), NOON), all, unseen] {
        assert_eq!(Held::read(&held.write()), Ok(Some(held)));
    }
}

#[test]
fn an_empty_secret_holds_nothing() {
    for empty in [
        Data::new(),
        data(""),
        [("other".to_owned(), ByteString(Vec::new()))].into(),
    ] {
        assert_eq!(Held::read(&empty), Ok(None));
    }
}

#[test]
fn all_keys_are_published_and_of_those_that_are_retired_nothing_else_is_kept() {
    let held = held();
    let public = held.public();
    for seed in [1, 2, 3] {
        assert!(
            public.contains(Seed::new([seed; SEED_BYTES]).public().id()),
            "{seed}"
        );
    }
    assert_eq!(public.ids().count(), 3);
    assert!(!text(&held).contains(&STANDARD.encode([3; SEED_BYTES])));
}

#[test]
fn no_seed_is_shown() {
    let seed = STANDARD.encode([1; SEED_BYTES]);
    let shown = format!("{:?}", held());
    assert!(
        !shown.contains(&seed) && !shown.contains("1, 1, 1"),
        "{shown}"
    );
    let broken = text(&held()).replace(&seed, &format!("{seed}!"));
    let told = Held::read(&data(&broken)).unwrap_err().to_string();
    assert!(!told.contains(&seed), "{told}");
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let good = text(&held());
    assert!(Held::read(&data(&good)).is_ok());
    let other = Seed::new([2; SEED_BYTES]).public().id().to_string();
    let own = Seed::new([1; SEED_BYTES]).public().id().to_string();
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} is not in {good}");
        good.replacen(from, to, 1)
    };
    for (broken, at) in [
        ("garbage".to_owned(), "keys.json: expected value"),
        ("{}".to_owned(), "keys.json: missing field `schema`"),
        (format!("{good}x"), "keys.json: trailing characters"),
        (
            changed("\"schema\": 1", "\"schema\": 2"),
            "keys.json: is of schema 2",
        ),
        (changed("\"retired\"", "\"later\""), "later: unknown field"),
        (changed(&own, &other), "signing.id: is"),
        (
            changed(&STANDARD.encode([2; SEED_BYTES]), "AAAA"),
            "next.seed: is not 32 bytes",
        ),
        (changed("2026-", "noon "), "signing.since: \"noon"),
    ] {
        let told = Held::read(&data(&broken)).unwrap_err().to_string();
        assert!(told.starts_with(at), "{at}: {told}");
    }
    let mut foreign = held().write();
    foreign.insert("tls.key".to_owned(), ByteString(b"x".to_vec()));
    let told = Held::read(&foreign).unwrap_err().to_string();
    assert!(told.starts_with("tls.key: "), "{told}");
    let told = Held::read(&[(KEYS_FILE.to_owned(), ByteString(vec![0xff]))].into());
    assert_eq!(told.unwrap_err().to_string(), "keys.json: is not text");
}
