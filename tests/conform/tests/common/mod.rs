//! What the tests of the suite share.

use std::time::Duration;

use conform::plan::Options;

/// Every test binary compiles this module and uses the part that it needs: none of it is dead.
const _: () = {
    let _ = options;
    let _ = placeholders;
};

/// Options for mocks on a busy machine.
pub(crate) fn options() -> Options {
    Options {
        bridge: None,
        jicofo: None,
        nick: None,
        allow_changes: true,
        allow_shutdown: true,
        only: Vec::new(),
        deadline: Duration::from_secs(10),
        patience: Duration::from_secs(30),
        exit_within: Duration::from_mins(1),
    }
}

/// The text with each address of the loopback network as 127.X.Y.Z, and each moment as MOMENT.
pub(crate) fn placeholders(text: &str) -> String {
    moments(&addresses(text))
}

/// Milliseconds since 1970 have thirteen digits until the year 2286.
fn moments(text: &str) -> String {
    const DIGITS: usize = 13;
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        out += if digits.len() == DIGITS {
            "MOMENT"
        } else {
            &digits
        };
        digits.clear();
        out.push(c);
    }
    out.pop();
    out
}

fn addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("127.") {
        let (before, address) = rest.split_at(at);
        let end = address.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (address, after) = address.split_at(end.unwrap_or(address.len()));
        out += before;
        let is_one = address
            .trim_end_matches('.')
            .parse::<std::net::Ipv4Addr>()
            .is_ok();
        out += if is_one { "127.X.Y.Z" } else { address };
        rest = after;
    }
    out + rest
}
