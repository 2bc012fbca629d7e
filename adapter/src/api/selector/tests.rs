//! What a selector means, and what is none.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn means(selector: &str, labels: &[(&str, &str)]) -> bool {
    let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
    Selector::parse(selector)
        .unwrap()
        .matches(|key| labels.get(key).copied())
}

#[test]
fn a_selector_means_what_kubernetes_says() {
    let jvb = [("app", "jvb"), ("tier", "media"), ("empty", "")];
    let table = [
        ("", true),
        ("  ", true),
        ("app=jvb", true),
        ("app==jvb", true),
        ("app = jvb", true),
        ("app=jicofo", false),
        ("app!=jvb", false),
        ("app!=jicofo", true),
        ("gone!=jicofo", true),
        ("app", true),
        ("gone", false),
        ("!gone", true),
        ("! app", false),
        ("app in (jvb,jicofo)", true),
        ("app in(jvb)", true),
        ("app in ( jicofo , prosody )", false),
        ("app notin (jvb)", false),
        ("app notin (jicofo)", true),
        ("gone notin (jicofo)", true),
        ("gone in (jvb)", false),
        ("app=jvb,tier=media", true),
        ("app=jvb,tier=web", false),
        ("app=jvb, !gone, tier in (media)", true),
        ("empty=", true),
        ("app=", false),
        ("empty=,app=jvb", true),
        ("empty in ()", true),
        ("app in ()", false),
        ("empty in (,a)", true),
        ("\tapp\n=\r jvb ", true),
    ];
    for (selector, meant) in table {
        assert_eq!(means(selector, &jvb), meant, "{selector:?}");
    }
}

#[test]
fn in_and_notin_are_keys_where_a_key_belongs() {
    assert!(means("in", &[("in", "x")]));
    assert!(means("in in (in)", &[("in", "in")]));
    assert!(means("notin=in", &[("notin", "in")]));
}

#[test]
fn a_key_may_have_a_domain() {
    let labels = [("app.kubernetes.io/component", "jvb")];
    assert!(means("app.kubernetes.io/component=jvb", &labels));
}

#[test]
fn what_is_no_selector_is_refused_with_a_reason() {
    let longest = "a".repeat(63);
    assert!(Selector::parse(&longest).is_ok());
    let too_long = "a".repeat(64);
    let table = [
        ",",
        "a,",
        ",a",
        "a,,b",
        "a b",
        "=b",
        "!",
        "!!a",
        "!a=b",
        "a=b=c",
        "a===b",
        "a in",
        "a in b",
        "a in (b",
        "a in b)",
        "a in (b c)",
        "a in (b))",
        "a notin",
        "a>1",
        "a<1",
        "a=>1",
        "a=(b)",
        "a!",
        "a=b!",
        "-a",
        "a-",
        "a=-b",
        "a=b_",
        "a/b/c",
        "/a",
        "a/",
        "A/b",
        "a..b/c",
        "ä=b",
        "a=ü",
        "a=b;c=d",
        "a=\"b\"",
        "a\0",
        &too_long,
    ];
    for text in table {
        let error = Selector::parse(text).expect_err(text).to_string();
        assert!(error.contains(text), "{error}");
    }
}

/// The same grammar, written another way: by splitting at the commas outside of brackets instead of token by token.
fn independently(selector: &str, labels: &BTreeMap<String, String>) -> bool {
    let mut depth = 0;
    let parts = selector.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.filter(|part| !part.trim().is_empty()).all(|part| {
        let part = part.trim();
        let values = |list: &str| -> Vec<String> {
            let inner = list.trim().trim_start_matches('(').trim_end_matches(')');
            inner.split(',').map(|v| v.trim().to_owned()).collect()
        };
        if let Some(key) = part.strip_prefix('!') {
            return !labels.contains_key(key.trim());
        }
        if let Some((key, value)) = part.split_once("!=") {
            return labels.get(key.trim()).map(String::as_str) != Some(value.trim());
        }
        if let Some((key, value)) = part.split_once('=') {
            let value = value.trim_start_matches('=').trim();
            return labels.get(key.trim()).map(String::as_str) == Some(value);
        }
        if let Some((key, list)) = part.split_once(" notin ") {
            return labels
                .get(key.trim())
                .is_none_or(|value| !values(list).contains(value));
        }
        if let Some((key, list)) = part.split_once(" in ") {
            return labels
                .get(key.trim())
                .is_some_and(|value| values(list).contains(value));
        }
        labels.contains_key(part)
    })
}

fn key() -> impl Strategy<Value = &'static str> {
    select(&["a", "b", "in", "notin", "example.org/a"][..])
}

fn word() -> impl Strategy<Value = &'static str> {
    select(&["", "x", "y", "in", "X.y-z_0"][..])
}

fn requirement() -> impl Strategy<Value = String> {
    let space = select(&["", " ", "  "][..]);
    let list = vec(word(), 1..4).prop_map(|words| words.join(", "));
    prop_oneof![
        key().prop_map(str::to_owned),
        (key(), space.clone()).prop_map(|(key, space)| format!("!{space}{key}")),
        (key(), select(&["=", "==", "!="][..]), word(), space)
            .prop_map(|(key, sign, word, space)| format!("{key}{space}{sign}{space}{word}")),
        (key(), select(&["in", "notin"][..]), list)
            .prop_map(|(key, sign, list)| format!("{key} {sign} ({list})")),
    ]
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(
        key().prop_map(str::to_owned),
        word().prop_map(str::to_owned),
        0..4,
    )
}

proptest! {
    #[test]
    fn two_readings_of_the_grammar_agree(requirements in vec(requirement(), 0..4), labels in labels()) {
        let text = requirements.join(",");
        let selector = Selector::parse(&text).unwrap();
        let meant = selector.matches(|key| labels.get(key).map(String::as_str));
        prop_assert_eq!(meant, independently(&text, &labels), "{}", text);
    }

    #[test]
    fn what_is_written_reads_back_as_the_same(requirements in vec(requirement(), 0..4)) {
        let selector = Selector::parse(&requirements.join(",")).unwrap();
        prop_assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector);
    }

    #[test]
    fn no_text_breaks_the_reader(text: String) {
        let _ = Selector::parse(&text);
    }

    #[test]
    fn no_text_of_the_grammars_own_signs_breaks_the_reader(text in "[ab!=,() in]{0,24}") {
        if let Ok(selector) = Selector::parse(&text) {
            prop_assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector);
        }
    }
}
