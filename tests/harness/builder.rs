//! How a laboratory may differ from the usual one.

use std::time::Duration;

use anyhow::Result;

use crate::control_plane::Settings;
use crate::laboratory::Laboratory;

/// The HPA's usual period in a laboratory; Kubernetes' own is 15 s.
const HPA_SYNC_PERIOD: Duration = Duration::from_secs(1);

/// Settings of a laboratory that is not started yet.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) settings: Settings,
    pub(crate) crds: Vec<String>,
    pub(crate) controller_manager: bool,
    pub(crate) tells: bool,
}

impl Default for Builder {
    fn default() -> Self {
        let settings = Settings {
            hpa_sync_period: HPA_SYNC_PERIOD,
            ..Settings::default()
        };
        Self {
            settings,
            crds: Vec::new(),
            controller_manager: true,
            tells: true,
        }
    }
}

impl Builder {
    /// How often the HPA looks: 1 s where nothing is said, 15 s in a usual cluster.
    #[must_use]
    pub fn hpa_sync_period(mut self, period: Duration) -> Self {
        self.settings.hpa_sync_period = period;
        self
    }

    /// For how long after its start an unready pod is not believed in by the HPA: 30 s in a usual cluster.
    #[must_use]
    pub fn hpa_initial_readiness_delay(mut self, delay: Duration) -> Self {
        self.settings.hpa_initial_readiness_delay = Some(delay);
        self
    }

    /// The HPA's scale-down window where an HPA has none of its own: 5 min in a usual cluster.
    #[must_use]
    pub fn hpa_downscale_stabilization(mut self, window: Duration) -> Self {
        self.settings.hpa_downscale_stabilization = Some(window);
        self
    }

    /// Which controllers run, in the words of kube-controller-manager's `--controllers`. Where nothing is said: all but those
    /// that would take away pods of nodes which do not report.
    #[must_use]
    pub fn controllers(mut self, controllers: &str) -> Self {
        self.settings.controllers = Some(controllers.into());
        self
    }

    /// Whether the controller manager runs at all: yes where nothing is said.
    #[must_use]
    pub fn controller_manager(mut self, runs: bool) -> Self {
        self.controller_manager = runs;
        self
    }

    /// Whether the API server writes down every request: no where nothing is said. See [`Laboratory::audit`].
    #[must_use]
    pub fn audit_log(mut self, on: bool) -> Self {
        self.settings.audit_log = on;
        self
    }

    /// Whether it prints each time that is shorter than in production: yes where nothing is said, for whoever reads what a test
    /// has printed.
    #[must_use]
    pub fn tells(mut self, on: bool) -> Self {
        self.tells = on;
        self
    }

    /// A flag of kube-apiserver besides those that every laboratory sets.
    #[must_use]
    pub fn api_server_flag(mut self, flag: &str) -> Self {
        self.settings.api_server_flags.push(flag.into());
        self
    }

    /// A flag of kube-controller-manager besides those that every laboratory sets.
    #[must_use]
    pub fn controller_manager_flag(mut self, flag: &str) -> Self {
        self.settings.controller_manager_flags.push(flag.into());
        self
    }

    /// Custom resource definitions (YAML) to install before the controller manager starts, so that the HPA knows them at once.
    #[must_use]
    pub fn crds(mut self, yaml: &str) -> Self {
        self.crds.push(yaml.into());
        self
    }

    /// Starts the laboratory.
    ///
    /// # Errors
    /// When a program is missing or does not become ready; the error shows the end of its log.
    pub async fn start(self) -> Result<Laboratory> {
        Laboratory::build(self).await
    }
}
