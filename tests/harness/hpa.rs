//! A HorizontalPodAutoscaler over mock bridges, as tests speak of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;
use kube::{Api, Client};

use crate::bridges::{Bridges, NAMESPACE};
use crate::history::History;
use crate::laboratory::Laboratory;
use crate::objects::{self, Autoscaler};

/// How long the HPA may take to do what it is to do: it looks every second, and learns every 30 s of metrics that are new, but the
/// machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// What docs/adapter.md advises.
const SCALE_DOWN_WINDOW: Duration = Duration::from_mins(10);

/// An HPA that is not there yet.
pub struct HpaBuilder<'a> {
    lab: &'a Laboratory,
    bridges: String,
    stand_in: Option<(String, i32)>,
    object: Autoscaler,
    window: Duration,
    metric: Metric,
}

/// What the HPA scales on, and how much of it there is to be on each bridge.
enum Metric {
    Pods {
        name: String,
        average: String,
    },
    Deployment {
        name: String,
        average: String,
    },
    Service {
        service: String,
        name: String,
        average: String,
    },
    External {
        name: String,
        average: String,
    },
}

/// An HPA of the real controller.
pub struct Hpa {
    client: Client,
    namespace: String,
    name: String,
}

impl Laboratory {
    /// An HPA that keeps the bridges' average stress at 0.4, between 1 and 20 bridges, with a scale-down window of 3 s.
    pub fn hpa(&self, bridges: &Bridges) -> HpaBuilder<'_> {
        HpaBuilder {
            lab: self,
            bridges: bridges.name().to_owned(),
            stand_in: None,
            object: Autoscaler::new(NAMESPACE, bridges.name())
                .between(1, 20)
                .scale_down_window(3)
                .scale_up_window(0),
            window: Duration::from_secs(3),
            metric: Metric::Pods {
                name: "stress_level".to_owned(),
                average: "400m".to_owned(),
            },
        }
    }
}

impl HpaBuilder<'_> {
    /// The smallest and the largest size.
    #[must_use]
    pub fn between(mut self, min: i32, max: i32) -> Self {
        self.object = self.object.between(min, max);
        self
    }

    /// The window within which the largest wanted size holds, in whole seconds.
    #[must_use]
    pub fn scale_down_window(mut self, window: Duration) -> Self {
        self.object = self
            .object
            .scale_down_window(i32::try_from(window.as_secs()).unwrap_or(i32::MAX));
        self.window = window;
        self
    }

    /// Scales on the average of a metric of the pods.
    #[must_use]
    pub fn on_pods(mut self, metric: &str, average: &str) -> Self {
        self.metric = Metric::Pods {
            name: metric.to_owned(),
            average: average.to_owned(),
        };
        self
    }

    /// Scales on a metric of the Deployment, divided by the number of its pods.
    #[must_use]
    pub fn on_deployment(mut self, metric: &str, average: &str) -> Self {
        self.metric = Metric::Deployment {
            name: metric.to_owned(),
            average: average.to_owned(),
        };
        self
    }

    /// Scales on a metric of this Service, divided by the number of the Deployment's pods.
    #[must_use]
    pub fn on_service(mut self, service: &str, metric: &str, average: &str) -> Self {
        self.metric = Metric::Service {
            service: service.to_owned(),
            name: metric.to_owned(),
            average: average.to_owned(),
        };
        self
    }

    /// Scales on the Deployment's series of an external metric, divided by the number of its pods.
    #[must_use]
    pub fn on_external(mut self, metric: &str, average: &str) -> Self {
        self.metric = Metric::External {
            name: metric.to_owned(),
            average: average.to_owned(),
        };
        self
    }

    /// How many bridges it may add within a second, instead of the usual limits.
    #[must_use]
    pub fn scale_up_by(mut self, bridges: i32) -> Self {
        self.object = self.object.scale_up_by(bridges);
        self
    }

    /// Scales a Deployment of so many pods that do nothing, by the total of the bridges' Deployment: for what this HPA would do
    /// with the bridges while another one has them. Two HPAs of the same pods would both be idle.
    #[must_use]
    pub fn on_a_stand_in(mut self, name: &str, replicas: i32) -> Self {
        self.object = self.object.name(name).target("apps/v1", "Deployment", name);
        self.stand_in = Some((name.to_owned(), replicas));
        self
    }

    /// Creates the HPA.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn start(self) -> Result<Hpa> {
        let Self {
            lab,
            bridges,
            stand_in,
            object,
            window,
            metric,
        } = self;
        lab.tell_shortened("its scale-down window is", window, SCALE_DOWN_WINDOW);
        let object = match &metric {
            Metric::Pods { name, average } => object.pods(name, average),
            Metric::Deployment { name, average } => {
                object.object("apps/v1", "Deployment", &bridges, name, average)
            }
            Metric::Service {
                service,
                name,
                average,
            } => object.object("v1", "Service", service, name, average),
            Metric::External { name, average } => {
                object.external(name, &[("deployment", &bridges)], average)
            }
        };
        if let Some((name, replicas)) = &stand_in {
            lab.put(&objects::idlers(NAMESPACE, name, *replicas))
                .await?;
        }
        lab.put(&object.build()).await?;
        Ok(Hpa {
            client: lab.client(),
            namespace: NAMESPACE.to_owned(),
            name: stand_in.map_or(bridges, |(name, _)| name),
        })
    }
}

impl Hpa {
    /// One that is there, whatever it scales.
    pub fn known(lab: &Laboratory, namespace: &str, name: &str) -> Self {
        Self {
            client: lab.client(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The object as it is now.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn read(&self) -> Result<HorizontalPodAutoscaler> {
        let api: Api<HorizontalPodAutoscaler> =
            Api::namespaced(self.client.clone(), &self.namespace);
        api.get(&self.name).await.context("cannot read the HPA")
    }

    /// The size that the HPA wants.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn desired(&self) -> Result<i32> {
        Ok(self
            .read()
            .await?
            .status
            .map_or(0, |status| status.desired_replicas))
    }

    /// A condition's status, reason and message, for example of `ScalingActive`.
    ///
    /// # Errors
    /// When the API server does not answer, or the HPA has no such condition yet.
    pub async fn condition(&self, kind: &str) -> Result<(String, String, String)> {
        let status = self
            .read()
            .await?
            .status
            .context("the HPA has no status yet")?;
        let all = status.conditions.unwrap_or_default();
        let one = all.into_iter().find(|one| one.type_ == kind);
        let one = one.with_context(|| format!("the HPA has no condition {kind} yet"))?;
        Ok((
            one.status,
            one.reason.unwrap_or_default(),
            one.message.unwrap_or_default(),
        ))
    }

    /// Everything that it says of itself, for whoever has to find out why it does not do what it should: its sizes, the metrics that
    /// it saw, its conditions.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn told(&self) -> Result<String> {
        let status = self.read().await?.status.unwrap_or_default();
        let conditions = status.conditions.iter().flatten();
        let conditions = conditions.map(|one| {
            let (reason, message) = (one.reason.as_deref(), one.message.as_deref());
            let (reason, message) = (reason.unwrap_or_default(), message.unwrap_or_default());
            format!("{}={} {reason}: {message}", one.type_, one.status)
        });
        let conditions: Vec<String> = conditions.collect();
        let metrics = serde_json::to_string(&status.current_metrics)?;
        Ok(format!(
            "{:?} of {} wanted; {metrics}; {}",
            status.current_replicas,
            status.desired_replicas,
            conditions.join("; ")
        ))
    }

    /// The messages of the HPA's events with this reason, in the order in which each last happened: Kubernetes keeps one event for
    /// a message that comes again.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn events(&self, reason: &str) -> Result<Vec<String>> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let fields = format!(
            "involvedObject.kind=HorizontalPodAutoscaler,involvedObject.name={},reason={reason}",
            self.name
        );
        let mut list = events
            .list(&ListParams::default().fields(&fields))
            .await
            .context("cannot list the HPA's events")?
            .items;
        // Seconds are too coarse for two events in one: the API server's count of writes is not.
        list.sort_by_key(|event| {
            event
                .metadata
                .resource_version
                .as_deref()
                .and_then(|version| version.parse::<u64>().ok())
        });
        Ok(list.into_iter().filter_map(|event| event.message).collect())
    }

    /// Everything it wants from now on.
    pub fn history(&self) -> History {
        History::follow(self.client.clone(), &self.namespace, &self.name)
    }

    /// Waits until a condition has this status and reason.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn until(&self, kind: &str, status: &str, reason: &str) -> Result<()> {
        crate::eventually(
            &format!("the HPA says {kind}={status} {reason}"),
            PATIENCE,
            || async {
                let seen = self.condition(kind).await?;
                ensure!(
                    seen.0 == status && seen.1 == reason,
                    "{kind}={} {}: {}",
                    seen.0,
                    seen.1,
                    seen.2
                );
                Ok(())
            },
        )
        .await
    }

    /// Waits until the HPA wants this size.
    ///
    /// # Errors
    /// When that does not happen in time: with what the HPA said last.
    pub async fn until_desired(&self, size: i32) -> Result<()> {
        crate::eventually(
            &format!("the HPA wants {size} bridges"),
            PATIENCE,
            || async {
                let desired = self.desired().await?;
                ensure!(desired == size, "{}", self.told().await?);
                Ok(())
            },
        )
        .await
    }

    /// Looks for so long that the HPA wants this size and no other.
    ///
    /// # Errors
    /// At once when it wants another.
    pub async fn holds(&self, size: i32, length: Duration) -> Result<()> {
        let end = tokio::time::Instant::now() + length;
        while tokio::time::Instant::now() < end {
            let desired = self.desired().await?;
            ensure!(
                desired == size,
                "the HPA was to hold {size} bridges and wants {desired}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}
