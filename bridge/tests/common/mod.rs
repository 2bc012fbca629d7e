//! Reads what was recorded from a real videobridge and a real jicofo (`tests/recorded`, README there).

use bridge::Time;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};

/// Every test binary compiles this module and uses the part that it needs: none of it is dead.
const _: () = {
    let _ = requested;
    let _ = replied;
    let _ = replies;
    let _ = sampled;
    let _ = timeline;
    let _ = sent_at;
};

/// The request of a recorded exchange, with the headers that curl adds by itself.
pub(crate) fn requested(path: &str) -> Request<Vec<u8>> {
    let text = read(path);
    let command = text
        .lines()
        .next()
        .and_then(|line| line.split_once("curl -s -i "));
    let (_, command) =
        command.unwrap_or_else(|| panic!("{path}: the first line holds no curl command"));
    let command = command.replace('\\', "");
    let (options, uri) = command.split_at(command.rfind("http://").expect("an address"));

    let mut method = Method::GET;
    let mut headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("*/*"))]);
    let mut body = Vec::new();
    // Quoting differs between the folders; options are told apart by their dash, which no value has after a blank.
    for option in format!(" {options}")
        .split(" -")
        .filter(|option| !option.trim().is_empty())
    {
        let value = option[1..].trim();
        match &option[..1] {
            "X" => method = value.parse().expect("a method"),
            "I" => method = Method::HEAD,
            "d" => body = value.into(),
            "H" => set(&mut headers, value),
            _ => panic!("{path}: unknown option -{option}"),
        }
    }
    if !body.is_empty() {
        if method == Method::GET {
            method = Method::POST;
        }
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.entry(header::CONTENT_TYPE).or_insert(form);
    }
    let mut request = Request::builder()
        .method(method)
        .uri(uri.trim())
        .body(body)
        .expect("a request");
    *request.headers_mut() = headers;
    request
}

/// Sets a header as curl does: `Name: value` sets, `Name:` removes, `Name;` sets it to nothing.
fn set(headers: &mut HeaderMap, option: &str) {
    let (name, value) = match option.split_once(':') {
        Some((name, value)) => (name, Some(value.trim()).filter(|value| !value.is_empty())),
        None => (option.trim_end_matches(';'), Some("")),
    };
    let name: HeaderName = name.parse().expect("a header's name");
    match value {
        Some(value) => drop(headers.insert(name, value.parse().expect("a header's value"))),
        None => drop(headers.remove(name)),
    }
}

/// The reply of a recorded exchange, or nothing when nobody listened.
pub(crate) fn replied(path: &str) -> Option<Response<Vec<u8>>> {
    let text = read(path);
    let (_, reply) = text.split_once('\n').expect("a first line");
    let reply = reply.strip_suffix("\n# curl exit=0\n");
    let reply =
        reply.unwrap_or_else(|| panic!("{path}: the last line does not tell curl's exit status"));
    if reply.is_empty() {
        return None;
    }
    let (head, body) = reply
        .split_once("\r\n\r\n")
        .expect("a blank line after the headers");
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .expect("a status line");
    let mut response = Response::builder().status(status);
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        response = response.header(name, value);
    }
    let response = response.body(body.as_bytes().to_vec()).expect("a reply");
    if let Some(length) = response.headers().get(header::CONTENT_LENGTH) {
        let length: usize = length.to_str().expect("text").parse().expect("a number");
        assert_eq!(
            length,
            response.body().len(),
            "{path}: the body is as long as it said"
        );
    }
    Some(response)
}

/// The names of the recorded exchanges of a folder whose name ends so, sorted, each with its reply; never none.
pub(crate) fn replies(folder: &str, ending: &str) -> Vec<(String, Option<Response<Vec<u8>>>)> {
    let mut found: Vec<_> = std::fs::read_dir(file(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name in UTF-8")
        })
        .filter(|name| name.ends_with(ending))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    assert!(!found.is_empty(), "{folder}: nothing ends with {ending}");
    found.sort();
    found
        .into_iter()
        .map(|name| (name.clone(), replied(&name)))
        .collect()
}

/// When the request of a recorded exchange was sent.
pub(crate) fn sent_at(path: &str) -> Time {
    let text = read(path);
    let first = text.lines().next().unwrap_or_default();
    let time = first.strip_prefix("# ").unwrap_or_default();
    moment(path, time.split(' ').next().unwrap_or_default())
}

/// The moment of a time of the day of the recordings, which all were made on one.
fn moment(path: &str, text: &str) -> Time {
    const DAY: &str = "2026-11-21T";
    const MIDNIGHT: i64 = 1_795_219_200_000;
    let time = text
        .strip_prefix(DAY)
        .and_then(|text| text.strip_suffix('Z'));
    let time = time.unwrap_or_else(|| panic!("{path}: no time of that day: {text}"));
    let parts: Vec<i64> = time
        .split([':', '.'])
        .map(|part| part.parse().expect("a number"))
        .collect();
    let [hours, minutes, seconds, millis] = parts[..] else {
        panic!("{path}: not hours, minutes, seconds and milliseconds: {time}")
    };
    Time::from_millis(MIDNIGHT + ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis)
}

/// A recorded series of samples, one JSON object each.
pub(crate) fn sampled(path: &str) -> Vec<serde_json::Value> {
    let lines = read(path);
    let samples: Vec<_> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(!samples.is_empty(), "{path}: holds no sample");
    samples
}

/// What a bridge says of itself: people, `shutting_down`, `graceful_shutdown`; nothing when nobody listens.
pub(crate) type Said = Option<(u64, bool, bool)>;

/// The recorded samples of a scene of the conferences, in order: when which bridge said what.
pub(crate) fn timeline(scene: &str) -> Vec<(Time, String, Said)> {
    let path = format!("6-conference/{scene}-people.tsv");
    let samples: Vec<_> = read(&path)
        .lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<_> = line.split('\t').collect();
            let [time, bridge, people, down, graceful] = columns[..] else {
                panic!("{path}: not five columns: {line}")
            };
            let flag = |text: &str| text.parse::<bool>().expect("a flag");
            let said = (people != "-").then(|| {
                let people = people.parse().expect("a number");
                (people, flag(down), flag(graceful))
            });
            (moment(&path, time), bridge.to_owned(), said)
        })
        .collect();
    assert!(!samples.is_empty(), "{path}: holds no sample");
    samples
}

/// The recordings are found from whichever crate compiles this.
fn file(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("bridge/tests/recorded"))
        .find(|folder| folder.is_dir())
        .expect("a workspace with bridge/tests/recorded")
        .join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
