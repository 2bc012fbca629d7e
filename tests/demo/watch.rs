//! Reads what the table shows: from the API server what the HPA saw and said, from the mocks how many people there are.

use std::time::Duration;

use anyhow::Result;
use laboratory::{Bridges, Hpa};

use crate::table::Row;

/// What is there now; `time` is since the load began.
pub(crate) async fn row(bridges: &Bridges, hpa: &Hpa, time: Duration) -> Result<Row> {
    let object = hpa.read().await?;
    let status = object.status.unwrap_or_default();
    let metrics = status.current_metrics.unwrap_or_default();
    let average = metrics
        .iter()
        .find_map(|metric| metric.pods.as_ref()?.current.average_value.as_ref());
    let (people, conferences, running, others) = bridges.jitsi().look(|model| {
        let (mut running, mut others, mut conferences) = (0, 0, 0);
        for (_, bridge) in model.bridges() {
            // Without relays a conference is on one bridge.
            conferences += bridge.conferences();
            match (bridge.exit().is_some(), bridge.in_brewery()) {
                (true, _) => {}
                (false, true) => running += 1,
                (false, false) => others += 1,
            }
        }
        (model.ledger().people, conferences, running, others)
    });
    Ok(Row {
        time,
        conferences,
        people: usize::try_from(people)?,
        stress_milli: average.and_then(|quantity| milli(&quantity.0)),
        desired: Some(status.desired_replicas).filter(|desired| *desired > 0),
        running,
        others,
        said: String::new(),
    })
}

/// Thousandths of a quantity as the HPA writes it: `433m`, `1`, `1500m`.
fn milli(quantity: &str) -> Option<i64> {
    match quantity.strip_suffix('m') {
        Some(milli) => milli.parse().ok(),
        None => quantity.parse::<i64>().ok().map(|whole| whole * 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_thousandths() {
        assert_eq!(milli("433m"), Some(433));
        assert_eq!(milli("2"), Some(2000));
        assert_eq!(milli("much"), None);
    }
}
