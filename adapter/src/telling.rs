//! What is known of the bridges, and what of it may be told.
//!
//! Pure: `now` is an argument, and nothing here does I/O. The `store` holds a record for each `pod` and decides what a single
//! pod's value is; `groups` puts the values of many together for the objects that they belong to; `metric` is the table of what
//! there is to tell; `members` says whose a bridge is, with what `services` knows of selectors; `committed` is what an HPA is to see
//! of a pool.

mod committed;
#[cfg(test)]
pub(crate) mod fixtures;
mod groups;
mod members;
mod metric;
mod pod;
mod resource;
mod services;
mod shares;
mod store;

pub(crate) use bridge::totals::Shortfall;

pub(crate) use committed::{Pools, Uncommitted};
pub(crate) use groups::aggregate;
pub(crate) use metric::{
    Aggregate, COMMITTED_STRESS, ExtraMetric, FREE_CAPACITY, MetricId, Metrics,
};
pub(crate) use pod::{BridgePod, CONTAINER_NAME, Labels, Owner, Pod};
pub(crate) use resource::Resource;
pub(crate) use services::{NoService, Services};
pub(crate) use shares::shares;
pub(crate) use store::{Omission, Reading, Record, Rules, Sample, Store, Ticket};
