//! `status` and `explain`.

use bridgepool::show;
use bridgepool::view::{Order, Seen, View};
use serde_json::json;

use super::pools;
use super::stage::{Actor, pen, pool, seen, uid};

fn all() -> Vec<(&'static str, Seen)> {
    vec![
        ("calm", pools::calm()),
        ("busy", pools::busy()),
        ("mute", pools::mute()),
        ("unseen", pools::unseen()),
        ("leaving", pools::leaving()),
    ]
}

fn hold_narrow(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
}

#[test]
fn a_tired_person_understands_how_a_pool_is() {
    for (name, seen) in all() {
        let text = show::status(&[View::new(&seen)], &pen());
        hold_narrow(&text);
        insta::assert_snapshot!(format!("status_{name}"), text);
    }
}

#[test]
fn a_program_reads_the_same() {
    let view = View::new(&pools::busy());
    insta::assert_json_snapshot!("status_json", view);
}

#[test]
fn something_is_wrong_where_nobody_wanted_it_so_and_it_does_not_pass_by_itself() {
    let well: Vec<(&str, bool)> = all()
        .iter()
        .map(|(name, seen)| (*name, View::new(seen).well))
        .collect();
    let expected = [
        ("calm", true),
        ("busy", false),
        ("mute", false),
        ("unseen", false),
        ("leaving", false),
    ];
    assert_eq!(well, expected);
}

#[test]
fn a_pool_that_is_left_alone_by_choice_is_well() {
    use super::stage::condition;
    for (kind, status, reason, well) in [
        ("Paused", "True", "PoolPaused", true),
        ("ScalingLimited", "True", "MinActive", true),
        ("ScalingLimited", "True", "MaxConcurrent", true),
        ("ScalingLimited", "True", "SlotsExhausted", false),
        ("ScalingLimited", "True", "MaxReplicas", false),
        ("MetricsStale", "True", "Stale", false),
        ("MetricsStale", "False", "AsExpected", true),
        ("Available", "False", "BelowMinActive", false),
        ("Progressing", "True", "Starting", true),
        ("Supported", "False", "WorkloadRef", false),
    ] {
        let conditions = json!({ "conditions": [condition(kind, status, reason, "")] });
        let seen = seen(
            pool(&json!({ "spec": {}, "status": conditions })),
            vec![Actor::new("jvb-1").with(1, 0.1)],
        );
        assert_eq!(View::new(&seen).well, well, "{kind} {status} {reason}");
    }
}

#[test]
fn the_order_is_told_with_its_reasons() {
    for (name, seen) in [
        ("calm", pools::calm()),
        ("busy", pools::busy()),
        ("leaving", pools::leaving()),
    ] {
        let text = show::order(&Order::new(&seen.report), &pen());
        hold_narrow(&text);
        insta::assert_snapshot!(format!("order_{name}"), text);
    }
}

#[test]
fn the_order_that_is_told_is_the_one_of_the_report() {
    let seen = pools::busy();
    let text = show::order(&Order::new(&seen.report), &pen());
    let places: Vec<usize> = seen
        .report
        .victims
        .iter()
        .map(|victim| {
            let bridges = &seen.report.bridges;
            let bridge = bridges
                .iter()
                .find(|bridge| bridge.uid == *victim.key.uid)
                .unwrap();
            text.find(&format!(" {} ", bridge.name)).unwrap()
        })
        .collect();
    assert!(places.len() > 3 && places.is_sorted(), "{places:?}\n{text}");
}

#[test]
fn all_about_one_bridge() {
    let (calm, busy) = (pools::calm(), pools::busy());
    let mut texts = String::new();
    for (seen, name) in [
        (&calm, "jvb-m8d5w"),
        (&calm, "jvb-7qzz9"),
        (&busy, "jvb-hush1"),
        (&busy, "jvb-lm3cc"),
        (&busy, "jvb-empty"),
        (&busy, "jvb-late1"),
        (&busy, "jvb-warm1"),
        (&busy, "jvb-torn1"),
        (&busy, "jvb-new01"),
    ] {
        let bridges = &seen.report.bridges;
        let bridge = bridges
            .iter()
            .find(|bridge| bridge.uid == uid(name))
            .unwrap();
        texts += &show::story(&seen.report, bridge, &seen.pool.spec, &pen());
        texts.push('\n');
    }
    hold_narrow(&texts);
    insta::assert_snapshot!(texts);
}

#[test]
fn without_colours_there_is_none_and_with_them_the_words_are_the_same() {
    let view = View::new(&pools::busy());
    let plain = show::status(std::slice::from_ref(&view), &pen());
    assert!(!plain.contains('\u{1b}'));
    let coloured = bridgepool::show::Pen::new(None, true, jiff::tz::TimeZone::UTC);
    let coloured = show::status(&[view], &coloured);
    assert!(coloured.contains("\u{1b}["));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped += before;
        rest = after.split_once('m').unwrap().1;
    }
    assert_eq!(stripped + rest, plain);
}
