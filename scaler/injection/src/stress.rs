//! By what the bridge measures its stress.

use hpa::Quantity;
use scaler_api::spec::{Capacity, Measurement};
use serde_json::{Map, Value};

use crate::draft::Draft;
use crate::seen::{Seen, field, object};

/// By what a bridge measures its stress.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Load {
    /// By packets: so many in a second are a stress of 1.
    PacketRate(u32),
    /// By CPU time.
    CpuUsage,
}

/// Packets in a second at a stress of 1, for each thousandth of a CPU, times two: 12,500 for a CPU. It is what those give their bridges
/// who run the most of them (jitsi/infra-configuration: 100,000 for eight threads), and with four CPUs the bridge's own default.
const PER_TWO_MILLIS: i64 = 25;

/// The bridge's own default (jitsi-videobridge's reference.conf).
const DEFAULT: u32 = 50_000;

/// The measurement that the pool wants, with a threshold that means something on the CPU that the bridge has.
pub(crate) fn choose(capacity: &Capacity, seen: &Seen<'_>, draft: &mut Draft) -> Load {
    let bridge = seen.bridge();
    let at = format!("{}.resources", bridge.path);
    let resources = object(bridge.fields, "resources", &bridge.path, draft);
    let mut cpu = |kind| {
        let amounts = object(resources?, kind, &at, draft)?;
        cpu(amounts, &format!("{at}.{kind}.cpu"), draft)
    };
    let (limit, request) = (cpu("limits"), cpu("requests"));
    match (capacity.measurement, capacity.packet_rate) {
        (Measurement::CpuUsage, rate) => {
            if limit.is_none() {
                draft.refuse(
                    format!("{at}.limits.cpu"),
                    "is missing, and a bridge without a CPU limit measures its CPU usage against the whole node: a busy one on a large node looks idle",
                    "set it, or spec.capacity.measurement to packet-rate",
                );
            }
            if rate.is_some() {
                draft.refuse_spec(
                    "spec.capacity.packetRate",
                    "has no meaning where stress is measured by cpu-usage",
                    "remove it, or set spec.capacity.measurement to packet-rate",
                );
            }
            Load::CpuUsage
        }
        (Measurement::PacketRate, Some(rate)) => Load::PacketRate(rate),
        // A container without a request gets its limit for one.
        (Measurement::PacketRate, None) => {
            Load::PacketRate(request.or(limit).map_or(DEFAULT, |millis| {
                let rate = millis.saturating_mul(PER_TWO_MILLIS) / 2;
                u32::try_from(rate).unwrap_or(u32::MAX).max(1)
            }))
        }
    }
}

/// An amount of CPU in thousandths; `None` where there is none, or none at all.
fn cpu(amounts: &Map<String, Value>, at: &str, draft: &mut Draft) -> Option<i64> {
    let value = field(amounts, "cpu")?;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.parse::<Quantity>() {
        Ok(amount) => Some(amount.milli()).filter(|millis| *millis > 0),
        Err(error) => {
            let fix = "write an amount of CPU, such as \"4\" or 500m";
            draft.refuse(at, format!("is not understood ({error})"), fix);
            None
        }
    }
}
