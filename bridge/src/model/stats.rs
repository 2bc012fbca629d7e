//! The reply of `/colibri/stats`: other names for the same numbers, in the recorded order. Presence in the brewery carries the same.

use super::Videobridge;
use super::config::Health;
use super::java::{Json, timestamp};
use super::metrics::threads;

/// `stats` of the bridge at this moment.
pub(super) fn stats(bridge: Videobridge<'_>) -> Json {
    let mut members = numbers(bridge);
    members.extend(identity(bridge));
    Json::object(members)
}

/// What is left of a presence when it is filtered (`stats-filter` in Jitsi's source). `colibri2` is in that list too, and no bridge
/// has it any more.
const UNFILTERED: [&str; 11] = [
    "average_participant_stress",
    "current_timestamp",
    "drain",
    "graceful_shutdown",
    "healthy",
    "region",
    "relay_id",
    "release",
    "shutting_down",
    "stress_level",
    "version",
];

/// The element in which a presence of this moment carries these statistics.
pub(super) fn presence(bridge: Videobridge<'_>) -> String {
    let mut members = numbers(bridge);
    members.extend(identity(bridge));
    if bridge.config().stats_filter {
        members.retain(|(name, _)| UNFILTERED.contains(name));
    }
    let stats = members.into_iter().map(|(name, value)| {
        let value = match value {
            Json::Text(text) => text,
            other => other.to_string(),
        };
        format!("<stat name='{name}' value='{}'/>", attribute(&value))
    });
    let stats: String = stats.collect();
    format!("<stats xmlns='http://jitsi.org/protocol/colibri'>{stats}</stats>")
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\'', "&apos;")
}

type Members = Vec<(&'static str, Json)>;

/// What it measures.
fn numbers(bridge: Videobridge<'_>) -> Members {
    let process = bridge.process;
    let refreshed = bridge.refreshed();
    let totals = process.statistics.totals;
    let media = process.config.media;
    let silent = media.silent();
    let seconds = process.statistics.endpoint_seconds(bridge.now);
    let local = u64::from(refreshed.local);
    let sum = |each: u64| Json::from((each as f64 * seconds) as u64);
    let if_active = |value: u32| Json::from(if silent { 0 } else { value });
    let if_silent = |value: u32| Json::from(if silent { value } else { 0 });
    let (zero, none) = (|| Json::Long(0), || Json::Double(0.0));
    vec![
        ("incoming_loss", none()),
        ("outgoing_loss", none()),
        ("overall_loss", none()),
        ("endpoints_with_high_outgoing_loss", zero()),
        ("tcc_unmatched_feedback", zero()),
        ("local_active_endpoints", if_active(refreshed.local)),
        ("bit_rate_download", (media.up_bits * local / 1000).into()),
        ("bit_rate_upload", (media.down_bits * local / 1000).into()),
        ("packet_rate_download", (media.up_packets * local).into()),
        ("packet_rate_upload", (media.down_packets * local).into()),
        ("rtt_aggregate", none()),
        ("num_eps_oversending", zero()),
        ("octo_conferences", refreshed.with_relay.into()),
        ("inactive_conferences", if_silent(refreshed.conferences)),
        ("p2p_conferences", if_silent(refreshed.pairs)),
        ("endpoints", refreshed.endpoints().into()),
        ("participants", refreshed.endpoints().into()),
        ("receive_only_endpoints", zero()),
        ("inactive_endpoints", if_silent(refreshed.endpoints())),
        ("octo_endpoints", refreshed.relayed.into()),
        ("endpoints_sending_audio", if_active(refreshed.local)),
        ("endpoints_sending_video", if_active(refreshed.local)),
        ("largest_conference", refreshed.largest.into()),
        ("octo_receive_bitrate", zero()),
        ("octo_receive_packet_rate", zero()),
        ("octo_send_bitrate", zero()),
        ("octo_send_packet_rate", zero()),
        ("endpoints_with_suspended_sources", zero()),
        (
            "total_conferences_created",
            totals.conferences_created.into(),
        ),
        (
            "total_conferences_completed",
            totals.conferences_completed.into(),
        ),
        ("total_conference_seconds", totals.conference_seconds.into()),
        ("total_participants", totals.endpoints.into()),
        ("total_visitors", totals.visitors.into()),
        ("num_eps_no_msg_transport_after_delay", zero()),
        ("total_relays", totals.relays.into()),
        ("num_relays_no_msg_transport_after_delay", zero()),
        ("total_keyframes_received", zero()),
        ("total_layering_changes_received", zero()),
        ("total_video_stream_milliseconds_received", zero()),
        ("stress_level", bridge.stress().into()),
        ("conferences", bridge.conferences().into()),
        ("visitors", process.statistics.visitors().into()),
        ("local_endpoints", bridge.local_endpoints().into()),
        ("total_data_channel_messages_received", zero()),
        ("total_data_channel_messages_sent", zero()),
        ("total_colibri_web_socket_messages_received", zero()),
        ("total_colibri_web_socket_messages_sent", zero()),
        ("total_bytes_received", sum(media.up_bits / 8)),
        ("endpoints_ice_failed", totals.ice_failed.into()),
        ("dtls_failed_endpoints", zero()),
        ("relays_ice_failed", zero()),
        ("dtls_failed_relays", zero()),
        ("total_bytes_sent", sum(media.down_bits / 8)),
        ("total_packets_received", sum(media.up_packets)),
        ("total_packets_sent", sum(media.down_packets)),
        ("total_bytes_received_octo", zero()),
        ("total_bytes_sent_octo", zero()),
        ("total_packets_received_octo", zero()),
        ("total_packets_sent_octo", zero()),
        ("total_dominant_speaker_changes", zero()),
        ("preemptive_kfr_sent", zero()),
        ("preemptive_kfr_suppressed", zero()),
        ("total_ice_failed", totals.ice_failed.into()),
        ("total_ice_succeeded", totals.ice_succeeded.into()),
        ("total_ice_succeeded_relayed", zero()),
    ]
}

/// What it is, and what it is doing.
fn identity(bridge: Videobridge<'_>) -> Members {
    let process = bridge.process;
    let config = &process.config;
    let zero = || Json::Long(0);
    let mut members = vec![
        (
            "average_participant_stress",
            config.average_participant_stress.into(),
        ),
        ("threads", threads(bridge).into()),
        ("graceful_shutdown", process.flags.graceful_shutdown.into()),
        ("shutting_down", process.flags.shutting_down.into()),
        ("drain", process.flags.drain.into()),
        (
            "current_timestamp",
            timestamp(bridge.now.as_millis()).as_str().into(),
        ),
    ];
    if let Some(relay_id) = &config.relay_id {
        members.push(("relay_id", relay_id.as_str().into()));
    }
    members.extend([
        (
            "muc_clients_configured",
            u64::from(process.configured).into(),
        ),
        (
            "muc_clients_connected",
            u64::from(process.in_brewery).into(),
        ),
        ("mucs_configured", u64::from(process.configured).into()),
        ("mucs_joined", u64::from(process.in_brewery).into()),
        ("endpoints_with_spurious_remb", zero()),
        ("healthy", (*bridge.health() == Health::Good).into()),
        ("endpoints_disconnected", zero()),
        ("endpoints_reconnected", zero()),
        ("version", config.version.as_str().into()),
    ]);
    if let Some(release) = &config.release {
        members.push(("release", release.as_str().into()));
    }
    if let Some(region) = &config.region {
        members.push(("region", region.as_str().into()));
    }
    members
}
