//! What is wrong with the flags of a command line, all of it at once.

use std::time::Duration;

use humantime::format_duration;

use crate::api::Selector;
use crate::args::{Arguments, Cluster, Scraping, Serving, Telling};

/// The shortest lifetime of a certificate: they count in seconds, and a third of it must be enough to replace it.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(6);

/// The longest, a century: certificates cannot tell of years beyond 9999.
const LONGEST_LIFETIME: Duration = Duration::from_hours(36_525 * 24);

/// The shortest interval: below it bridges are busier with us than with people.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// The longest that a read waits: the API server has other things to ask, one after another.
const LONGEST_BUDGET: Duration = Duration::from_secs(5);

/// A line for each problem.
pub(super) fn all(arguments: &Arguments) -> Vec<String> {
    let mut problems = Vec::new();
    serving(&arguments.serving, &mut problems);
    cluster(&arguments.cluster, &mut problems);
    scraping(&arguments.scraping, &mut problems);
    telling(
        &arguments.telling,
        arguments.scraping.interval,
        &mut problems,
    );
    problems
}

fn serving(flags: &Serving, problems: &mut Vec<String>) {
    let Serving {
        ca_lifetime,
        leaf_lifetime,
        ..
    } = *flags;
    if leaf_lifetime < SHORTEST_LIFETIME {
        problems.push(format!(
            "--leaf-lifetime must be at least {SHORTEST_LIFETIME:?}, not {leaf_lifetime:?}"
        ));
    }
    if ca_lifetime > LONGEST_LIFETIME {
        problems.push(format!(
            "--ca-lifetime must be at most {}, not {}",
            format_duration(LONGEST_LIFETIME),
            format_duration(ca_lifetime)
        ));
    }
    if ca_lifetime < leaf_lifetime.saturating_mul(3) {
        problems.push(format!(
            "--ca-lifetime ({ca_lifetime:?}) must be at least three times --leaf-lifetime ({leaf_lifetime:?})"
        ));
    }
}

fn cluster(flags: &Cluster, problems: &mut Vec<String>) {
    match Selector::parse(&flags.bridges) {
        Err(error) => problems.push(format!("--bridges: {error}")),
        Ok(selector) if selector.is_everything() => problems.push(
            "--bridges must not be empty: every pod of the cluster would be taken for a bridge"
                .to_owned(),
        ),
        Ok(_) => {}
    }
    for (index, namespace) in flags.namespaces.iter().enumerate() {
        if namespace.is_empty() {
            problems
                .push("--namespaces has an empty name: leave it out for all namespaces".to_owned());
        } else if !is_label(namespace) {
            problems.push(format!(
                "--namespaces: `{namespace}` is no name of a namespace, which is made of a-z, 0-9 and -"
            ));
        } else if flags.namespaces[..index].contains(namespace) {
            problems.push(format!("--namespaces names {namespace} twice"));
        }
    }
    if flags.watch_timeout < Duration::from_secs(1) {
        problems.push("--watch-timeout must be at least 1s".to_owned());
    }
    if flags.start_timeout < Duration::from_secs(1) {
        problems.push("--start-timeout must be at least 1s".to_owned());
    }
}

/// Whether there can be a namespace of this name.
fn is_label(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 63 && name.bytes().all(legal) && !name.starts_with('-') && !name.ends_with('-')
}

fn scraping(flags: &Scraping, problems: &mut Vec<String>) {
    let Scraping {
        interval,
        deadline,
        fresh_within,
        fresh_budget,
        ..
    } = *flags;
    if interval < SHORTEST_INTERVAL {
        problems.push(format!(
            "--interval must be at least {SHORTEST_INTERVAL:?}, not {interval:?}"
        ));
    }
    if deadline.is_zero() {
        problems.push("--deadline must be longer than nothing".to_owned());
    }
    if !fresh_within.is_zero() && fresh_within < SHORTEST_INTERVAL {
        problems.push(format!(
            "--fresh-within must be 0s or at least {SHORTEST_INTERVAL:?}, not {fresh_within:?}"
        ));
    }
    if fresh_budget > LONGEST_BUDGET {
        problems.push(format!(
            "--fresh-budget must be at most {LONGEST_BUDGET:?}, not {fresh_budget:?}: who asks does not wait for ever"
        ));
    }
}

fn telling(flags: &Telling, interval: Duration, problems: &mut Vec<String>) {
    let Telling {
        max_age,
        hold_last,
        min_coverage,
        full_stress,
        ..
    } = *flags;
    if max_age < interval {
        problems.push(format!(
            "--max-age ({max_age:?}) must not be shorter than --interval ({interval:?}): values would come and go"
        ));
    }
    if hold_last < max_age {
        problems.push(format!(
            "--hold-last ({hold_last:?}) must not be shorter than --max-age ({max_age:?}): a total would forget a bridge of \
             which the pod's value is still told"
        ));
    }
    if !(0.0..=1.0).contains(&min_coverage) {
        problems.push(format!(
            "--min-coverage is a fraction from 0 to 1, not {min_coverage}"
        ));
    }
    if !(full_stress > 0.0 && full_stress.is_finite()) {
        problems.push(format!("--full-stress must be above 0, not {full_stress}"));
    }
}
