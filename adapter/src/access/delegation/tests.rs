use super::*;
use crate::pki::{Authority, Wish};

type Data = BTreeMap<String, String>;

fn data(entries: &[(&str, &str)]) -> Data {
    let entries = entries.iter();
    entries
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// As kube-apiserver writes it.
fn good() -> Data {
    data(&[
        (CLIENT_CA, &Authority::new("clients").pem()),
        (PROXY_CA, &Authority::new("proxies").pem()),
        (ALLOWED_NAMES, r#"["front-proxy-client"]"#),
        (USER_HEADERS, r#"["X-Remote-User"]"#),
        (UID_HEADERS, r#"["X-Remote-Uid"]"#),
        (GROUP_HEADERS, r#"["X-Remote-Group"]"#),
        (EXTRA_PREFIXES, r#"["X-Remote-Extra-"]"#),
    ])
}

#[test]
fn all_that_kube_apiserver_publishes_is_read() {
    let (delegation, problems) = Delegation::default().updated(&good());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(delegation.generation(), 1);
    assert_eq!(delegation.clients().map(Bundle::len), Some(1));
    let proxy = delegation.front_proxy().unwrap();
    assert_eq!(proxy.allowed_names, ["front-proxy-client"]);
    assert_eq!(proxy.user_headers, ["x-remote-user"]);
    assert_eq!(proxy.uid_headers, ["x-remote-uid"]);
    assert_eq!(proxy.group_headers, ["x-remote-group"]);
    assert_eq!(proxy.extra_prefixes, ["x-remote-extra-"]);
    assert_eq!(
        delegation.summary(),
        "authorities for clients: 1, for the front proxy: 1 (named front-proxy-client)"
    );
}

#[test]
fn the_generation_changes_with_the_content_and_only_with_it() {
    let first = good();
    let (delegation, _) = Delegation::default().updated(&first);
    let (same, _) = delegation.updated(&first);
    assert_eq!(same.generation(), 1);
    for (number, key) in [CLIENT_CA, PROXY_CA].into_iter().enumerate() {
        let mut changed = first.clone();
        changed.insert(key.to_owned(), Authority::new("next").pem());
        let (changed, _) = delegation.updated(&changed);
        assert_eq!(changed.generation(), 2, "{number}: {key}");
    }
    let mut names = first;
    names.insert(ALLOWED_NAMES.to_owned(), r#"["other"]"#.to_owned());
    assert_eq!(delegation.updated(&names).0.generation(), 2);
}

#[test]
fn what_is_missing_or_broken_stays_as_it_was() {
    let good = good();
    let (before, _) = Delegation::default().updated(&good);
    let not_authority = Wish::client("ada").self_signed().chain_pem;
    let broken = [
        (CLIENT_CA, None, "client-ca-file is missing"),
        (CLIENT_CA, Some(" "), "client-ca-file is missing"),
        (CLIENT_CA, Some("no certificate"), "holds no certificate"),
        (
            CLIENT_CA,
            Some(not_authority.as_str()),
            "CN=ada is not a certificate authority",
        ),
        (PROXY_CA, None, "requestheader-client-ca-file is missing"),
        (
            ALLOWED_NAMES,
            Some("front-proxy-client"),
            "is not a list of strings",
        ),
        (ALLOWED_NAMES, Some(r#"[""]"#), "has an empty entry"),
        (USER_HEADERS, None, "names no header"),
        (USER_HEADERS, Some("[]"), "names no header"),
        (GROUP_HEADERS, Some(r#"["a b"]"#), "\"a b\" is not a header"),
        (EXTRA_PREFIXES, Some(r#"[" "]"#), "has an empty entry"),
    ];
    for (key, value, problem) in broken {
        let mut data = good.clone();
        match value {
            Some(value) => data.insert(key.to_owned(), value.to_owned()),
            None => data.remove(key),
        };
        let (after, problems) = before.updated(&data);
        assert_eq!(problems.len(), 1, "{key}: {problems:?}");
        assert!(problems[0].contains(problem), "{key}: {problems:?}");
        assert_eq!(after.generation(), 1, "{key}");
        assert_eq!(after.clients(), before.clients());
        assert_eq!(after.front_proxy(), before.front_proxy());
        // With nothing before it, the other part is believed all the same.
        let (fresh, _) = Delegation::default().updated(&data);
        let about_clients = key == CLIENT_CA;
        assert_eq!(fresh.clients().is_none(), about_clients, "{key}");
        assert_eq!(fresh.front_proxy().is_none(), !about_clients, "{key}");
    }
}

#[test]
fn a_list_of_names_that_is_suddenly_gone_does_not_admit_any_name() {
    let mut data = good();
    let (before, _) = Delegation::default().updated(&data);
    data.remove(ALLOWED_NAMES);
    let (after, _) = before.updated(&data);
    let eve = Subject {
        common_name: "eve".to_owned(),
        ..Subject::default()
    };
    assert!(!after.front_proxy().unwrap().admits(&eve));
    data.insert(ALLOWED_NAMES.to_owned(), "[]".to_owned());
    let (after, _) = before.updated(&data);
    assert!(after.front_proxy().unwrap().admits(&eve), "a wish is one");
}

#[test]
fn an_older_api_server_publishes_no_header_for_uids() {
    let mut data = good();
    data.remove(UID_HEADERS);
    let (delegation, problems) = Delegation::default().updated(&data);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(delegation.front_proxy().unwrap().uid_headers.is_empty());
}

#[test]
fn one_bad_certificate_does_not_lock_everybody_out() {
    let mut data = good();
    let bundle = format!(
        "{}{}{}",
        Wish::client("ada").self_signed().chain_pem,
        data[CLIENT_CA],
        Authority::new("next").pem()
    );
    data.insert(CLIENT_CA.to_owned(), bundle);
    let (delegation, problems) = Delegation::default().updated(&data);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(delegation.clients().map(Bundle::len), Some(2));
}

#[test]
fn an_empty_configuration_is_seen_but_believes_nobody() {
    let (delegation, problems) = Delegation::default().updated(&Data::new());
    assert_eq!((delegation.generation(), problems.len()), (1, 2));
    assert_eq!(
        delegation.summary(),
        "authorities for clients: 0, no front proxy"
    );
}
