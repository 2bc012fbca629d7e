//! What jicofo measures, family by family.

use super::Jitsi;
use super::jicofo_stats::Summary;
use super::render::{Family, Measured, Value, families};

pub(super) const PREFIX: &str = "jitsi_jicofo_";
pub(super) const TEXT_ORDER: &str = include_str!("families/jicofo-text-order.txt");
const TABLE: &str = include_str!("families/jicofo.tsv");

/// Threads of a jicofo with two bridges.
const THREADS: i64 = 31;

/// All families at this moment; none while jicofo does not run.
pub(super) fn measured(jitsi: &Jitsi) -> Vec<Measured> {
    let Some(summary) = Summary::of(jitsi) else {
        return Vec::new();
    };
    families(TABLE)
        .map(|family| Measured {
            family,
            value: value(&summary, jitsi, family),
            created: summary.jicofo.started,
        })
        .collect()
}

fn value(summary: &Summary<'_>, jitsi: &Jitsi, family: Family) -> Value {
    let count = |value: u64| Value::Long(i64::try_from(value).unwrap_or(i64::MAX));
    let known = &summary.jicofo.known;
    match family.name {
        "version" => Value::Text(jitsi.config.version.clone()),
        "conferences_created" | "conference_requests_new" | "conference_requests" => {
            count(summary.jicofo.totals.conferences_created)
        }
        "conferences_seconds" => Value::Double(jitsi.ended_seconds()),
        "participants" => count(summary.jicofo.totals.participants),
        "participants_moved" => count(summary.participants_moved),
        "bridges_removed" => count(summary.bridges_removed),
        "load_redistributor_endpoints_moved" => count(summary.jicofo.totals.redistributed),
        "largest_conference" => count(summary.largest),
        "participants_current" => count(summary.participants),
        "visitors_current" => count(summary.visitors),
        "conferences_with_visitors" => count(summary.with_visitors),
        "conferences" => count(summary.conferences),
        "participants_pairs" => count(summary.pairs),
        "bridge_selector_lost_bridges" => count(summary.jicofo.totals.lost_bridges),
        "bridge_selector_bridge_count" => count(known.len() as u64),
        "bridge_selector_bridge_count_operational" => count(summary.operational),
        "bridge_selector_bridge_count_in_shutdown" => count(summary.in_shutdown),
        "bridge_selector_bridge_version_count" => count(summary.versions),
        "healthy" => Value::Bool(jitsi.unhealthy().is_none()),
        "threads" => Value::Long(THREADS),
        "bridge_failing_ice" => {
            let failing = known.iter();
            let failing =
                failing.map(|(nick, known)| (nick.to_string(), i64::from(known.failing_ice)));
            Value::ByBridge(failing.collect())
        }
        "bridge_endpoints" => {
            let used = known.iter().filter(|(_, known)| known.used());
            let endpoints = used.map(|(nick, known)| (nick.to_string(), known.endpoints.into()));
            Value::ByBridge(endpoints.collect())
        }
        "bridge_endpoints_moved" => {
            let moved = known.iter();
            let moved = moved.filter_map(|(nick, known)| Some((nick, known.redistributed?.1)));
            let moved = moved.map(|(nick, count)| (nick.to_string(), count.cast_signed()));
            Value::ByBridge(moved.collect())
        }
        "bridge_restart_requests" => Value::ByBridge(Vec::new()),
        _ => family.zero(),
    }
}
