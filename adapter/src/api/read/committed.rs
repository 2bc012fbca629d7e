//! The stress of pods with their shares of what drains in their pools.

use super::{Reader, TOO_LARGE, Values, object_of, unavailable, value, why};
use crate::serving::Status;
use crate::telling::{MetricId, Pools, Record, Resource, Uncommitted};

impl<'a> Reader<'a> {
    /// Of each counted pod that the selector means.
    ///
    /// Where too little is known of a pool nothing is told of any: a smaller sum would look like less load.
    pub(super) fn committed_of_pods(&self, namespace: &'a str) -> Result<Values<'a>, Status> {
        let pools = Pools::of(self.store, namespace, self.now);
        let mut values = Vec::new();
        for record in self.meant(namespace) {
            match pools.reading(record) {
                Ok(reading) => values.extend(value(object_of(record), reading)),
                Err(short @ Uncommitted::Short { .. }) => {
                    return Err(self.uncommitted(record, short));
                }
                Err(_) => {}
            }
        }
        Ok((values, self.window()))
    }

    /// Of this pod.
    pub(super) fn committed_of_pod(
        &self,
        namespace: &'a str,
        name: &'a str,
    ) -> Result<Values<'a>, Status> {
        let record = self.record(namespace, name)?;
        let reading = Pools::of(self.store, namespace, self.now).reading(record);
        let reading = reading.map_err(|uncommitted| self.uncommitted(record, uncommitted))?;
        let value = value(object_of(record), reading);
        let value = value.ok_or_else(|| self.not_found(name, TOO_LARGE))?;
        Ok((vec![value], self.window()))
    }

    fn window(&self) -> Option<u32> {
        self.shared.metrics.get(MetricId::STRESS).window
    }

    fn uncommitted(&self, record: &Record, uncommitted: Uncommitted) -> Status {
        let name = &record.pod().name;
        match uncommitted {
            Uncommitted::Poolless => self.not_found(
                name,
                "it belongs to no BridgePool, so nobody says which bridges drain; hint: scale on stress_level",
            ),
            Uncommitted::Shared => self.not_found(
                name,
                "the HPA does not see it: it drains, or is to replace another one, and the counted bridges of its pool share its stress",
            ),
            Uncommitted::Empty => self.not_found(
                name,
                "the HPA does not see it: nobody is on it, and what it says is the noise of its node",
            ),
            Uncommitted::Omitted(omission) => {
                self.not_found(name, &why(omission, record.failure()))
            }
            Uncommitted::Short { pool, shortfall } => {
                let whose = format!("{} {pool}", Resource::BridgePools.name());
                let of_pool = self.store.in_namespace(&record.pod().namespace);
                let of_pool = of_pool.filter(|bridge| bridge.pod().pool() == Some(&pool));
                let failures = super::failures(of_pool);
                let rules = self.store.rules();
                unavailable(&self.read.metric, &whose, shortfall, &failures, rules)
            }
        }
    }
}
