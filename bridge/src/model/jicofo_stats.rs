//! What jicofo counts now, and the reply of its `/stats`.

use std::collections::BTreeSet;

use super::Jitsi;
use super::java::Json;
use super::jicofo::Jicofo;

/// Lower bounds of the buckets of conferences by size.
const SIZES: [u64; 13] = [0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 300, 400, 500];
/// Lower bounds of the buckets of queues by length.
const LENGTHS: [u64; 9] = [0, 1, 4, 16, 64, 256, 1024, 4096, 16384];
/// Threads of a jicofo with two bridges.
const THREADS: i64 = 29;

/// What there is now, counted once for `/stats` and `/metrics`.
pub(super) struct Summary<'a> {
    pub(super) jicofo: &'a Jicofo,
    pub(super) sizes: Vec<u64>,
    pub(super) conferences: u64,
    pub(super) participants: u64,
    pub(super) visitors: u64,
    pub(super) with_visitors: u64,
    pub(super) pairs: u64,
    pub(super) largest: u64,
    pub(super) operational: u64,
    pub(super) in_shutdown: u64,
    pub(super) versions: u64,
    pub(super) bridges_removed: u64,
    pub(super) participants_moved: u64,
}

impl<'a> Summary<'a> {
    pub(super) fn of(jitsi: &'a Jitsi) -> Option<Self> {
        let jicofo = jitsi.jicofo.as_ref()?;
        let sizes: Vec<_> = jitsi
            .rooms
            .values()
            .map(|room| room.participants() as u64)
            .collect();
        let visitors = jitsi.rooms.values().map(|room| room.visitors() as u64);
        let known = jicofo.known.values();
        let versions: BTreeSet<_> = known.clone().map(|known| &known.full_version).collect();
        let (removed, moved) = jitsi.attempts();
        Some(Self {
            conferences: sizes.len() as u64,
            participants: sizes.iter().sum(),
            visitors: visitors.clone().sum(),
            with_visitors: visitors.filter(|count| *count > 0).count() as u64,
            pairs: sizes.iter().map(|size| size * size).sum(),
            largest: sizes.iter().copied().max().unwrap_or(0),
            operational: known
                .clone()
                .filter(|known| known.operational(jitsi.now))
                .count() as u64,
            in_shutdown: known.filter(|known| known.graceful).count() as u64,
            versions: versions.len() as u64,
            bridges_removed: jicofo.totals.bridges_removed + removed,
            participants_moved: jicofo.totals.participants_moved + moved,
            jicofo,
            sizes,
        })
    }
}

/// The reply of `/stats`; an empty object while jicofo does not run.
pub(super) fn stats(jitsi: &Jitsi) -> Json {
    let Some(summary) = Summary::of(jitsi) else {
        return Json::object::<String>([]);
    };
    let totals = summary.jicofo.totals;
    let zero = || Json::Long(0);
    let instances = || Json::object([("count", zero()), ("available", zero())]);
    let unhealthy = jitsi.unhealthy();
    Json::object([
        ("total_participants", totals.participants.into()),
        (
            "total_conferences_created",
            totals.conferences_created.into(),
        ),
        ("conferences", summary.conferences.into()),
        ("conferences_with_visitors", summary.with_visitors.into()),
        (
            "bridge_failures",
            Json::object([
                ("participants_moved", Json::from(summary.participants_moved)),
                ("bridges_removed", summary.bridges_removed.into()),
            ]),
        ),
        (
            "participant_notifications",
            Json::object([("ice_failed", zero()), ("request_restart", zero())]),
        ),
        ("largest_conference", summary.largest.into()),
        ("participants", summary.participants.into()),
        ("visitors", summary.visitors.into()),
        ("conference_sizes", sizes(&summary.sizes)),
        ("endpoint_pairs", summary.pairs.into()),
        ("jibri", jibri()),
        ("queues", queues(jitsi, &summary)),
        ("bridge_selector", selector(&summary)),
        ("jibri_detector", instances()),
        ("sip_jibri_detector", instances()),
        ("jigasi", Json::object::<String>([])),
        ("threads", Json::Long(THREADS)),
        ("jingle", jingle(&summary)),
        ("version", jitsi.config.version.as_str().into()),
        ("slow_health_check", zero()),
        ("healthy", unhealthy.is_none().into()),
        ("health", health(unhealthy)),
    ])
}

fn health(unhealthy: Option<String>) -> Json {
    Json::object([
        ("success", unhealthy.is_none().into()),
        ("hardFailure", true.into()),
        ("responseCode", Json::Null),
        ("sticky", false.into()),
        ("message", unhealthy.map_or(Json::Null, Json::Text)),
    ])
}

fn selector(summary: &Summary<'_>) -> Json {
    Json::object([
        ("bridge_count", Json::from(summary.jicofo.known.len())),
        ("operational_bridge_count", summary.operational.into()),
        ("in_shutdown_bridge_count", summary.in_shutdown.into()),
        ("lost_bridges", summary.jicofo.totals.lost_bridges.into()),
        ("bridge_version_count", summary.versions.into()),
    ])
}

fn sizes(sizes: &[u64]) -> Json {
    let (total, count) = (sizes.iter().sum::<u64>(), sizes.len());
    // 0/0 is not a number, and written so.
    let average = total as f64 / count as f64;
    Json::object([
        ("average", average.into()),
        ("max", sizes.iter().copied().max().unwrap_or(0).into()),
        ("min", Json::Long(0)),
        ("total_value", total.into()),
        ("total_count", count.into()),
        ("discarded", Json::Long(0)),
        (
            "buckets",
            buckets(&SIZES, |low, high| {
                sizes
                    .iter()
                    .filter(|size| (low..high).contains(*size))
                    .count() as u64
            }),
        ),
    ])
}

fn buckets(bounds: &[u64], count: impl Fn(u64, u64) -> u64) -> Json {
    let uppers = bounds.iter().skip(1).copied().chain([u64::MAX]);
    let buckets = bounds.iter().zip(uppers).map(|(low, high)| {
        let name = if high == u64::MAX {
            "max".to_owned()
        } else {
            high.to_string()
        };
        (format!("{low}_to_{name}"), Json::from(count(*low, high)))
    });
    let unknown = ["p99_upper_bound", "p999_upper_bound"];
    Json::object(buckets.chain(unknown.map(|name| (name.to_owned(), Json::Long(-1)))))
}

fn jibri() -> Json {
    let names = [
        "total_sip_call_failures",
        "total_live_streaming_failures",
        "total_recording_failures",
        "live_streaming_active",
        "recording_active",
        "sip_call_active",
    ];
    Json::object(names.map(|name| (name, Json::Long(0))))
}

fn jingle(summary: &Summary<'_>) -> Json {
    let totals = summary.jicofo.totals;
    let seen = |actions: &[(&'static str, u64)]| {
        let seen = actions.iter().filter(|(_, count)| *count > 0);
        Json::object(seen.map(|(action, count)| (*action, Json::from(*count))))
    };
    let sent = [
        ("SESSION_TERMINATE", totals.terminated),
        ("SESSION_INITIATE", totals.initiated),
    ];
    Json::object([
        ("sent", seen(&sent)),
        ("received", seen(&[("SESSION_ACCEPT", totals.accepted)])),
    ])
}

/// The queue of what people answer, which is there once somebody has.
fn queues(jitsi: &Jitsi, summary: &Summary<'_>) -> Json {
    let answers = summary.jicofo.totals.accepted;
    if answers == 0 {
        return Json::object::<String>([]);
    }
    let seconds = jitsi
        .now
        .since(summary.jicofo.started)
        .as_secs_f64()
        .max(0.001);
    let (zero, count) = (|| Json::Long(0), || Json::from(answers));
    let lengths = Json::object([
        ("average_queue_size_at_remove", Json::Double(0.0)),
        ("max_queue_size_at_remove", zero()),
        ("min_queue_size_at_remove", zero()),
        ("total_value", zero()),
        ("total_count", count()),
        ("discarded", zero()),
        (
            "buckets",
            buckets(&LENGTHS, |low, _| if low == 0 { answers } else { 0 }),
        ),
    ]);
    let queue = Json::object([
        ("added_packets", count()),
        ("removed_packets", count()),
        ("dropped_packets", zero()),
        ("duration_s", seconds.into()),
        ("average_remove_rate_pps", (answers as f64 / seconds).into()),
        ("queue_size_at_remove", lengths),
    ]);
    Json::object([("jingle-iq-queue", queue)])
}
