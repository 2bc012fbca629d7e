//! Everything that runs, for however many set-ups side by side.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use humantime::format_duration;
use laboratory::mocks::Namespaces;
use laboratory::{Adapters, Kubelet, Laboratory, Scalers};
use scaler_api::crd;

use crate::column::{Column, PATIENCE};
use crate::pace::Pace;
use crate::setup::SetUp;

/// A control plane with set-ups in it, in the order in which it ends.
pub(crate) struct Stage {
    pub(crate) columns: Vec<Column>,
    scalers: Scalers,
    adapters: Adapters,
    kubelet: Kubelet,
    pub(crate) lab: Laboratory,
}

impl Stage {
    /// Starts the control plane, the adapter, the controller, and each set-up with its HPA.
    pub(crate) async fn set(set_ups: &[SetUp], pace: &Pace) -> Result<Self> {
        let lab = Laboratory::builder()
            .crds(&crd::definition().to_string())
            .hpa_sync_period(pace.hpa_sync)
            // Whoever plays it tells.
            .tells(false)
            .start()
            .await?;
        let houses = Namespaces::default();
        let kubelet = Kubelet::builder(&lab, Arc::new(houses.clone()))
            .start()
            .await?;
        let scrape = [
            flag("interval", pace.scrape),
            flag("stress-unknown-for", pace.stress_unknown),
        ];
        let adapters = lab.adapter().flags(&texts(&scrape)).start().await?;
        let [looks, closely] = pace.looks;
        let control = [
            flag("interval", looks),
            flag("interval-closely", closely),
            flag("presence-interval", pace.presence),
            flag("mass-window", pace.mass_window),
            // Nobody is there to take over, and a machine that stands still for a minute shall not end the only one.
            flag("lease-duration", 2 * PATIENCE),
            flag("renew-deadline", PATIENCE),
        ];
        let scalers = lab.scaler().flags(&texts(&control)).start().await?;
        let mut columns = Vec::new();
        for set_up in set_ups {
            columns.push(Column::start(&lab, *set_up, &houses, pace).await?);
        }
        for column in &mut columns {
            column.until_serving().await?;
            column.until_measured(&lab).await?;
            lab.put(&column.set_up.autoscaler(pace)).await?;
        }
        Ok(Self {
            columns,
            scalers,
            adapters,
            kubelet,
            lab,
        })
    }

    /// Where the controller serves its HTTP.
    pub(crate) fn controller(&self) -> String {
        format!("http://{}", self.scalers.address(0))
    }

    /// Where it writes down what it decides.
    pub(crate) fn decisions(&self) -> PathBuf {
        self.scalers.decision_log(0).to_owned()
    }

    /// Ends everything.
    pub(crate) async fn strike(self) -> Result<()> {
        let Self {
            columns,
            scalers,
            adapters,
            kubelet,
            lab,
        } = self;
        drop((columns, scalers, adapters, kubelet));
        lab.stop().await
    }
}

fn flag(name: &str, value: std::time::Duration) -> String {
    format!("--{name}={}", format_duration(value))
}

fn texts(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}
