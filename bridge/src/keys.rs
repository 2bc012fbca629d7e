//! By which key each of our numbers and flags is found in each of the three forms.
//!
//! The names differ: `drain_mode` is `drain`, `stress` is `stress_level`, and `incoming_bitrate` in bits per second is
//! `bit_rate_download` in kilobits per second. The text form carries what `/metrics` as JSON carries, under the same names with
//! the prefix [`PREFIX`], and the region as a label. All of this was seen on a running bridge.

use crate::source::Source;

/// What the text form puts before each name of `/metrics` as JSON.
pub const PREFIX: &str = "jitsi_jvb_";

/// The label, and the metric that carries it, by which the text form tells the region.
pub const REGION_LABEL: (&str, &str) = ("region_info", "region");

/// A field of [`crate::Stats`] that a bridge tells by a key.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Field {
    /// [`crate::Stats::stress`]
    Stress,
    /// [`crate::Stats::local_endpoints`]
    LocalEndpoints,
    /// [`crate::Stats::relayed_endpoints`]
    RelayedEndpoints,
    /// [`crate::Stats::all_endpoints`]
    AllEndpoints,
    /// [`crate::Stats::conferences`]
    Conferences,
    /// [`crate::Stats::largest_conference`]
    LargestConference,
    /// [`crate::Stats::incoming_bit_rate`]
    IncomingBitRate,
    /// [`crate::Stats::outgoing_bit_rate`]
    OutgoingBitRate,
    /// [`crate::Stats::incoming_packet_rate`]
    IncomingPacketRate,
    /// [`crate::Stats::outgoing_packet_rate`]
    OutgoingPacketRate,
    /// [`crate::stats::Flags::drain`]
    Drain,
    /// [`crate::stats::Flags::graceful_shutdown`]
    GracefulShutdown,
    /// [`crate::stats::Flags::shutting_down`]
    ShuttingDown,
    /// [`crate::Stats::healthy`]
    Healthy,
    /// [`crate::Stats::mucs_joined`]
    MucsJoined,
    /// [`crate::Stats::startup_time`]
    StartupTime,
    /// [`crate::Stats::version`]
    Version,
    /// [`crate::Stats::region`]
    Region,
    /// [`crate::Stats::relay_id`]
    RelayId,
}

/// One line of the table: a field and its keys.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// What is told.
    pub field: Field,
    /// The key in `/metrics` as JSON, and behind [`PREFIX`] in `/metrics` as text; `None` when they do not tell it.
    pub metrics: Option<&'static str>,
    /// The key in `/colibri/stats`; `None` when it does not tell it.
    pub stats: Option<&'static str>,
    /// By what a number of `/colibri/stats` is multiplied to give the unit of [`crate::Stats`]; `/metrics` has that unit.
    pub stats_factor: f64,
    /// Whether a reply without it is no reply of a bridge: an error instead of a `None`.
    pub required: bool,
}

/// The table: every field once.
pub static KEYS: [Key; 19] = [
    Key::both(Field::Stress, "stress", "stress_level").required(),
    Key::same(Field::LocalEndpoints, "local_endpoints").required(),
    Key::both(
        Field::RelayedEndpoints,
        "endpoints_relayed",
        "octo_endpoints",
    ),
    Key::both(Field::AllEndpoints, "current_endpoints", "participants"),
    Key::same(Field::Conferences, "conferences").required(),
    Key::same(Field::LargestConference, "largest_conference"),
    Key::both(
        Field::IncomingBitRate,
        "incoming_bitrate",
        "bit_rate_download",
    )
    .times(BITS_PER_KILOBIT),
    Key::both(
        Field::OutgoingBitRate,
        "outgoing_bitrate",
        "bit_rate_upload",
    )
    .times(BITS_PER_KILOBIT),
    Key::both(
        Field::IncomingPacketRate,
        "incoming_packet_rate",
        "packet_rate_download",
    ),
    Key::both(
        Field::OutgoingPacketRate,
        "outgoing_packet_rate",
        "packet_rate_upload",
    ),
    Key::both(Field::Drain, "drain_mode", "drain").required(),
    Key::same(Field::GracefulShutdown, "graceful_shutdown").required(),
    Key::same(Field::ShuttingDown, "shutting_down").required(),
    Key::same(Field::Healthy, "healthy"),
    Key::same(Field::MucsJoined, "mucs_joined"),
    Key::metrics(Field::StartupTime, "startup_time"),
    Key::stats(Field::Version, "version"),
    Key::same(Field::Region, "region"),
    Key::stats(Field::RelayId, "relay_id"),
];

const BITS_PER_KILOBIT: f64 = 1000.0;

impl Key {
    const fn both(field: Field, metrics: &'static str, stats: &'static str) -> Self {
        Self {
            field,
            metrics: Some(metrics),
            stats: Some(stats),
            stats_factor: 1.0,
            required: false,
        }
    }

    const fn same(field: Field, key: &'static str) -> Self {
        Self::both(field, key, key)
    }

    const fn metrics(field: Field, metrics: &'static str) -> Self {
        Self {
            stats: None,
            ..Self::same(field, metrics)
        }
    }

    const fn stats(field: Field, stats: &'static str) -> Self {
        Self {
            metrics: None,
            ..Self::same(field, stats)
        }
    }

    const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    const fn times(self, stats_factor: f64) -> Self {
        Self {
            stats_factor,
            ..self
        }
    }

    /// The key in a form, without the text form's [`PREFIX`]; `None` when that form does not tell the field.
    pub const fn of(&self, source: Source) -> Option<&'static str> {
        match source {
            Source::MetricsJson | Source::MetricsText => self.metrics,
            Source::ColibriStats => self.stats,
        }
    }

    /// By what a number in a form is multiplied to give the unit of [`crate::Stats`].
    pub const fn factor(&self, source: Source) -> f64 {
        match source {
            Source::MetricsJson | Source::MetricsText => 1.0,
            Source::ColibriStats => self.stats_factor,
        }
    }
}

/// A key without the text form's [`PREFIX`], so that one name of a further number serves all forms.
pub fn bare(key: &str) -> &str {
    key.strip_prefix(PREFIX).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields that a key of a form leads to.
    fn fields(source: Source, key: &str) -> Vec<Field> {
        let lines = KEYS.iter().filter(|line| line.of(source) == Some(key));
        lines.map(|line| line.field).collect()
    }

    #[test]
    fn a_key_leads_to_one_field() {
        for source in Source::ALL {
            for key in KEYS.iter().filter_map(|line| line.of(source)) {
                assert_eq!(fields(source, key).len(), 1, "{source:?} {key}");
            }
        }
    }

    #[test]
    fn every_field_is_told_once_and_somewhere() {
        for (index, line) in KEYS.iter().enumerate() {
            assert!(
                line.metrics.is_some() || line.stats.is_some(),
                "{:?}",
                line.field
            );
            assert!(
                KEYS[..index]
                    .iter()
                    .all(|before| before.field != line.field),
                "{:?}",
                line.field
            );
        }
    }

    #[test]
    fn what_is_required_is_told_in_every_form() {
        for line in KEYS.iter().filter(|line| line.required) {
            assert!(
                line.metrics.is_some() && line.stats.is_some(),
                "{:?}",
                line.field
            );
        }
    }

    #[test]
    fn the_forms_name_drain_and_stress_differently() {
        let (metrics, stats) = (Source::MetricsJson, Source::ColibriStats);
        assert_eq!(fields(metrics, "drain_mode"), [Field::Drain]);
        assert_eq!(fields(stats, "drain"), [Field::Drain]);
        assert!(fields(metrics, "drain").is_empty());
        assert_eq!(fields(metrics, "stress"), [Field::Stress]);
        assert_eq!(fields(stats, "stress_level"), [Field::Stress]);
        assert!(fields(stats, "stress").is_empty());
        assert_eq!(bare("jitsi_jvb_stress"), "stress");
    }
}
