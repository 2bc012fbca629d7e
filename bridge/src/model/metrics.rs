//! What a bridge measures, family by family.

use super::Videobridge;
use super::config::Health;
use super::render::{Family, Measured, Value, families};
use super::statistics::{LARGEST_BUCKET, Refreshed};
use crate::time::Time;

pub(super) const PREFIX: &str = "jitsi_jvb_";
pub(super) const TEXT_ORDER: &str = include_str!("families/bridge-text-order.txt");
const TABLE: &str = include_str!("families/bridge.tsv");

/// Bounds of the histogram of energy, each so far above the last.
const ENERGY_STEP: u32 = 8;
const ENERGY_BOUNDS: u32 = 16;
/// Steal is what the operating system says of other machines: a quiet one.
const CPU_STEAL: f64 = 0.0005;

/// Threads of an idle bridge before it turns to its brewery, with one, without one, and those that a first conference adds.
pub(super) fn threads(bridge: Videobridge<'_>) -> u32 {
    let idle = match (bridge.process.config.brewery, bridge.process.configured) {
        (true, false) => 8,
        (true, true) => 38,
        (false, _) => 22,
    };
    let busy = bridge.process.statistics.firsts.conference.is_some();
    idle + if busy { 15 } else { 0 }
}

/// All families that are registered at this moment, in the order of their registration.
pub(super) fn measured(bridge: Videobridge<'_>) -> Vec<Measured> {
    let refreshed = bridge.refreshed();
    let mut measured = Vec::with_capacity(128);
    let mut late = Vec::new();
    for family in families(TABLE) {
        let since = registered(bridge, family);
        if since == Since::Never {
            continue;
        }
        let refresh = bridge.process.statistics.refreshed_at(bridge.now);
        let refreshed_anew = family.name.starts_with("conferences_by_");
        let created = refresh
            .filter(|_| refreshed_anew)
            .unwrap_or(bridge.process.startup());
        let one = Measured {
            family,
            value: value(bridge, &refreshed, family),
            created,
        };
        match since {
            Since::Later(since) => late.push((since, one)),
            Since::Start | Since::Never => measured.push(one),
        }
    }
    late.sort_by_key(|(since, _)| *since);
    measured.extend(late.into_iter().map(|(_, one)| one));
    measured
}

/// When a family was registered.
#[derive(Clone, Copy, PartialEq)]
enum Since {
    Start,
    Later(Time),
    Never,
}

fn registered(bridge: Videobridge<'_>, family: Family) -> Since {
    let process = bridge.process;
    let firsts = process.statistics.firsts;
    let later = match family.name {
        "region" if process.config.region.is_none() => None,
        "cpu_steal" => process
            .sampled(bridge.now)
            .then(|| process.startup() + process.config.sample_interval),
        name if name.starts_with("colibri_queue") => firsts.conference,
        name if name.starts_with("srtp_send_queue") => firsts.endpoint,
        name if name.starts_with("endpoint_receive") => firsts.endpoint,
        name if name.starts_with("relay_srtp") => firsts.relay,
        _ => return Since::Start,
    };
    later.map_or(Since::Never, Since::Later)
}

fn value(bridge: Videobridge<'_>, refreshed: &Refreshed, family: Family) -> Value {
    let process = bridge.process;
    let totals = process.statistics.totals;
    let media = process.config.media;
    let silent = media.silent();
    let seconds = process.statistics.endpoint_seconds(bridge.now);
    let count = |value: u64| Value::Long(i64::try_from(value).unwrap_or(i64::MAX));
    let small = |value: u32| Value::Long(i64::from(value));
    let rate = |each: u64| count(each * u64::from(refreshed.local));
    let sum = |each: u64| count((each as f64 * seconds) as u64);
    let if_active = |value: u32| small(if silent { 0 } else { value });
    let if_silent = |value: u32| small(if silent { value } else { 0 });
    match family.name {
        "thread_count" => small(threads(bridge)),
        "jvm_gc_count" => small(2),
        "jvm_gc_time" => small(157),
        "jvm_open_fd_count" => small(230 + bridge.local_endpoints()),
        "muc_clients_configured" | "mucs_connected" => count(process.configured.into()),
        "muc_clients_connected" | "mucs_joined" => count(process.in_brewery.into()),
        "healthy" => Value::Bool(*bridge.health() == Health::Good),
        "graceful_shutdown" => Value::Bool(process.flags.graceful_shutdown),
        "shutting_down" => Value::Bool(process.flags.shutting_down),
        "drain_mode" => Value::Bool(process.flags.drain),
        "conferences_completed" => count(totals.conferences_completed),
        "conferences_created" => count(totals.conferences_created),
        "conference_seconds" => count(totals.conference_seconds),
        "endpoints" => count(totals.endpoints),
        "visitors" => count(totals.visitors),
        "current_visitors" => count(process.statistics.visitors() as u64),
        "relays" => count(totals.relays),
        "endpoints_ice_failed" | "ice_failed" => count(totals.ice_failed),
        "ice_succeeded" => count(totals.ice_succeeded),
        "stress" => Value::Double(bridge.stress()),
        "cpu_steal" => Value::Double(CPU_STEAL),
        "local_endpoints" => small(bridge.local_endpoints()),
        "conferences" => count(bridge.conferences() as u64),
        "region" => Value::Text(process.config.region.clone().unwrap_or_default()),
        "startup_time" => Value::Long(process.startup().as_millis()),
        "packets_received" => sum(media.up_packets),
        "packets_sent" => sum(media.down_packets),
        "bytes_received" => sum(media.up_bits / 8),
        "bytes_sent" => sum(media.down_bits / 8),
        "incoming_bitrate" => rate(media.up_bits),
        "outgoing_bitrate" => rate(media.down_bits),
        "incoming_packet_rate" => rate(media.up_packets),
        "outgoing_packet_rate" => rate(media.down_packets),
        "largest_conference" => small(refreshed.largest),
        "current_endpoints" => small(refreshed.endpoints()),
        "endpoints_relayed" => small(refreshed.relayed),
        "active_endpoints" | "endpoints_sending_audio" | "endpoints_sending_video" => {
            if_active(refreshed.local)
        }
        "endpoints_inactive" => if_silent(refreshed.endpoints()),
        "conferences_inactive" => if_silent(refreshed.conferences),
        "conferences_p2p" => if_silent(refreshed.pairs),
        "conferences_with_relay" => small(refreshed.with_relay),
        "conferences_by_size" => sizes(refreshed, false),
        "conferences_by_audio_sender" | "conferences_by_video_sender" => sizes(refreshed, silent),
        "tossed_packets_energy" => energy(),
        _ => family.zero(),
    }
}

/// The histogram of conferences by their size, or by senders of whom there is none.
fn sizes(refreshed: &Refreshed, none: bool) -> Value {
    let mut below = 0;
    let bucket = |(size, count): (usize, &u32)| {
        below += u64::from(*count);
        let at_most = if none {
            refreshed.conferences.into()
        } else {
            below
        };
        let bound = if size > LARGEST_BUCKET {
            f64::INFINITY
        } else {
            size as f64
        };
        (bound, at_most)
    };
    Value::Histogram {
        buckets: refreshed.by_size.iter().enumerate().map(bucket).collect(),
        sum: if none {
            0.0
        } else {
            f64::from(refreshed.sizes)
        },
    }
}

fn energy() -> Value {
    let bounds = (1..=ENERGY_BOUNDS).map(|step| f64::from(step * ENERGY_STEP - 1));
    let all = [0.0].into_iter().chain(bounds).chain([f64::INFINITY]);
    Value::Histogram {
        buckets: all.map(|bound| (bound, 0)).collect(),
        sum: 0.0,
    }
}
