//! Which metrics there are, and where each comes from in what a bridge says.

use std::str::FromStr;

use bridge::Stats;
use scaler_api::autoscaler;

use crate::telling::resource::Resource;

#[cfg(test)]
mod tests;

/// Seconds between two samples of stress in the bridge, fixed in its code: the span that one value stands for.
const STRESS_WINDOW: u32 = 10;

/// Seconds between two refreshes of what the bridge computes periodically (`videobridge.stats.interval`).
const PERIODIC_WINDOW: u32 = 5;

/// One number that every bridge gives.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    /// Name in the custom metrics API.
    pub name: String,
    /// Seconds that one value stands for; none where the bridge keeps it up to date at once, or where nobody knows.
    pub window: Option<u32>,
    field: Field,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Field {
    Stress,
    Participants,
    RelayedParticipants,
    Conferences,
    LargestConference,
    IncomingBitRate,
    OutgoingBitRate,
    IncomingPacketRate,
    OutgoingPacketRate,
    Extra(String),
}

impl Metric {
    /// What this reply says of the metric; nothing where it does not say it, or says what cannot be true.
    pub(crate) fn of(&self, stats: &Stats) -> Option<f64> {
        let count = |count: Option<u64>| count.map(|count| count as f64);
        match &self.field {
            Field::Stress => stats.stress,
            Field::Participants => count(stats.local_endpoints),
            Field::RelayedParticipants => count(stats.relayed_endpoints),
            Field::Conferences => count(stats.conferences),
            Field::LargestConference => count(stats.largest_conference),
            Field::IncomingBitRate => stats.incoming_bit_rate,
            Field::OutgoingBitRate => stats.outgoing_bit_rate,
            Field::IncomingPacketRate => stats.incoming_packet_rate,
            Field::OutgoingPacketRate => stats.outgoing_packet_rate,
            Field::Extra(key) => stats
                .extra
                .iter()
                .find_map(|(name, value)| (name == key).then_some(*value)),
        }
        .filter(|value| value.is_finite() && *value >= 0.0)
    }
}

/// A metric's place in the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MetricId(usize);

impl MetricId {
    /// The bridge's stress, always the first.
    pub(crate) const STRESS: Self = Self(0);

    /// Index into whatever holds one entry for each metric.
    pub(crate) const fn index(self) -> usize {
        self.0
    }
}

/// How the values of a group's bridges become the value of one object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Aggregate {
    /// The sum.
    Total,
    /// The arithmetic mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest value that at least nine tenths of the bridges do not exceed.
    P90,
    /// The sum of what each accepting bridge can still take.
    FreeCapacity,
    /// The sum over the bridges of a pool on which people may be.
    Committed,
}

impl Aggregate {
    /// Whether the values of two groups together are their sum.
    const fn adds_up(self) -> bool {
        matches!(self, Self::Total | Self::FreeCapacity | Self::Committed)
    }

    /// Whether the bridges of such an object can be put together so: only a pool says which of its bridges drain.
    pub(crate) fn is_of(self, resource: Resource) -> bool {
        self != Self::Committed || resource == Resource::BridgePools
    }
}

/// Name of the metric that says how much more stress the accepting bridges can take together.
pub(crate) const FREE_CAPACITY: &str = "free_capacity";

/// Name of the metric of a pool's counted pods: their stress, each with its share of that of the bridges that are not counted.
pub(crate) const COMMITTED_STRESS: &str = "committed_stress";

const AGGREGATES: [(Aggregate, &str); 4] = [
    (Aggregate::Total, "total"),
    (Aggregate::Mean, "mean"),
    (Aggregate::Max, "max"),
    (Aggregate::P90, "p90"),
];

/// A further metric, by the bridge's own key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ExtraMetric {
    /// Name in the custom metrics API.
    pub name: String,
    /// The bridge's own key.
    pub key: String,
}

impl FromStr for ExtraMetric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, key) = text
            .split_once('=')
            .filter(|(_, key)| !key.is_empty())
            .ok_or("want NAME=KEY, for example incoming_loss=incoming_loss_fraction")?;
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || !name.chars().all(legal) {
            return Err(format!(
                "a metric's name is made of a-z, 0-9 and _, not `{name}`"
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// The table of metrics: fixed from start to end, whatever bridges there are.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    on_pods: Vec<Metric>,
    on_objects: Vec<(String, MetricId, Aggregate)>,
    keys: Vec<String>,
}

impl Metrics {
    /// The built-in metrics and these.
    ///
    /// # Errors
    /// The name that two metrics would share.
    pub(crate) fn new(extra: &[ExtraMetric]) -> Result<Self, String> {
        let metric = |name: &str, window, field| Metric {
            name: name.to_owned(),
            window,
            field,
        };
        let periodic = Some(PERIODIC_WINDOW);
        let mut metrics = vec![
            metric("stress_level", Some(STRESS_WINDOW), Field::Stress),
            metric("participants", None, Field::Participants),
            metric("relayed_participants", periodic, Field::RelayedParticipants),
            metric("conferences", None, Field::Conferences),
            metric("largest_conference", periodic, Field::LargestConference),
            metric("incoming_bit_rate", periodic, Field::IncomingBitRate),
            metric("outgoing_bit_rate", periodic, Field::OutgoingBitRate),
            metric("incoming_packet_rate", periodic, Field::IncomingPacketRate),
            metric("outgoing_packet_rate", periodic, Field::OutgoingPacketRate),
        ];
        metrics.extend(
            extra
                .iter()
                .map(|extra| metric(&extra.name, None, Field::Extra(extra.key.clone()))),
        );
        let of_stress = |name: &str, how| (name.to_owned(), MetricId::STRESS, how);
        let mut on_objects = vec![
            of_stress(FREE_CAPACITY, Aggregate::FreeCapacity),
            of_stress(autoscaler::METRIC, Aggregate::Committed),
        ];
        for (index, metric) in metrics.iter().enumerate() {
            on_objects.extend(AGGREGATES.map(|(aggregate, suffix)| {
                (
                    format!("{}_{suffix}", metric.name),
                    MetricId(index),
                    aggregate,
                )
            }));
        }
        let mut names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
        names.extend(on_objects.iter().map(|(name, ..)| name.as_str()));
        names.push(COMMITTED_STRESS);
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(twice[0].to_owned());
        }
        Ok(Self {
            keys: extra.iter().map(|extra| extra.key.clone()).collect(),
            on_pods: metrics,
            on_objects,
        })
    }

    /// The metric of this name that every pod has.
    pub(crate) fn on_pods(&self, name: &str) -> Option<MetricId> {
        self.on_pods
            .iter()
            .position(|metric| metric.name == name)
            .map(MetricId)
    }

    /// The metric of this name that owners of pods and namespaces have: which pods' metric, and how it is put together.
    pub(crate) fn on_objects(&self, name: &str) -> Option<(MetricId, Aggregate)> {
        self.on_objects
            .iter()
            .find(|(known, ..)| known == name)
            .map(|(_, metric, aggregate)| (*metric, *aggregate))
    }

    /// The metric of this name that may be added up over groups of bridges.
    pub(crate) fn on_groups(&self, name: &str) -> Option<(MetricId, Aggregate)> {
        self.on_objects(name)
            .filter(|(_, aggregate)| aggregate.adds_up())
    }

    /// Names of the metrics that may be added up over groups of bridges.
    pub(crate) fn group_names(&self) -> impl Iterator<Item = &str> {
        let additive = self
            .on_objects
            .iter()
            .filter(|(.., aggregate)| aggregate.adds_up());
        additive.map(|(name, ..)| name.as_str())
    }

    /// Names of the metrics that this resource has.
    pub(crate) fn names_of(&self, resource: Resource) -> Vec<&str> {
        if resource == Resource::Pods {
            return self.pod_names().chain([COMMITTED_STRESS]).collect();
        }
        let of_it = self.objects().filter(|(.., how)| how.is_of(resource));
        of_it.map(|(name, ..)| name).collect()
    }

    /// Names of the metrics that bridges say, in the order of the table.
    pub(crate) fn pod_names(&self) -> impl Iterator<Item = &str> {
        self.on_pods.iter().map(|metric| metric.name.as_str())
    }

    /// The suffixes that make a metric of pods a metric of objects.
    pub(crate) fn suffixes() -> impl Iterator<Item = &'static str> {
        AGGREGATES.iter().map(|(_, suffix)| *suffix)
    }

    /// Every metric of objects: which pods' metric, and how it is put together.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&str, MetricId, Aggregate)> {
        let all = self.on_objects.iter();
        all.map(|(name, metric, aggregate)| (name.as_str(), *metric, *aggregate))
    }

    /// Every metric with its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MetricId, &Metric)> {
        self.on_pods
            .iter()
            .enumerate()
            .map(|(index, metric)| (MetricId(index), metric))
    }

    /// The metric in this place.
    ///
    /// # Panics
    /// When the place is another table's.
    pub(crate) fn get(&self, id: MetricId) -> &Metric {
        &self.on_pods[id.0]
    }

    /// How many metrics every pod has.
    pub(crate) fn len(&self) -> usize {
        self.on_pods.len()
    }

    /// The bridge's own keys to ask for beyond the built-in ones.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }
}
