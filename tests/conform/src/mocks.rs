//! Mock bridges and jicofos to run the suite against: those of the laboratory, without Kubernetes.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::{Result, ensure};
use bridge::jicofo::{reply as jicofo, request as to_jicofo};
use bridge::model::{BridgeConfig, Health, JicofoConfig, SelectionStrategy};
use bridge::request;
use laboratory::mocks::MockJitsi;
use laboratory::{BRIDGE_PORT, Network, eventually, quick};

use crate::ask::Asker;
use crate::place::Place;
use crate::plan::Options;

/// How the mocks are set up. Together they meet every condition of every step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Setup {
    /// Two bridges with all of their HTTP, which a jicofo knows.
    Everything,
    /// A bridge in its default configuration that starts draining, is not healthy and has no brewery, as the recorded one; a jicofo
    /// without bridges.
    Defaults,
    /// A jicofo without health checks, alone.
    Jicofo,
}

impl Setup {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Everything, Self::Defaults, Self::Jicofo];

    /// What it is, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Everything => {
                "mock bridges with all of their HTTP, and a mock jicofo that knows them"
            }
            Self::Defaults => {
                "a mock bridge in its default configuration that drains and is not healthy, and a mock jicofo without bridges"
            }
            Self::Jicofo => "a mock jicofo without health checks",
        }
    }

    fn jicofo(self) -> JicofoConfig {
        JicofoConfig {
            octo: true,
            strategy: SelectionStrategy::RegionBased,
            min_participants: 1,
            health_checks: self != Self::Jicofo,
            boot: Duration::from_millis(100),
            ..JicofoConfig::default()
        }
    }

    fn bridge(self, nick: &str) -> BridgeConfig {
        let recorded = BridgeConfig {
            region: Some("region1".to_owned()),
            relay_id: Some(nick.to_owned()),
            // Long enough for what is asked of a bridge that shuts down, also on a busy machine.
            shutting_down_delay: Duration::from_secs(5),
            health_interval: Duration::from_millis(500),
            ..quick()
        };
        if self == Self::Everything {
            return recorded;
        }
        BridgeConfig {
            region: None,
            relay_id: None,
            colibri_rest: false,
            shutdown_rest: false,
            brewery: false,
            initial_drain_mode: true,
            health: Health::Bad("No valid IP addresses available for harvesting.".to_owned()),
            ..recorded
        }
    }

    const fn bridges(self) -> &'static [&'static str] {
        match self {
            Self::Everything => &["jvb1", "jvb2"],
            Self::Defaults => &["jvb3"],
            Self::Jicofo => &[],
        }
    }
}

/// Mocks that run until they are dropped.
pub struct Mocks {
    /// The mocks.
    pub jitsi: MockJitsi,
    /// The bridge that is asked.
    pub bridge: Option<Place>,
    /// The jicofo that is asked.
    pub jicofo: Place,
    /// Nobody else has their network as long as it is open.
    _claim: TcpListener,
}

/// Mocks start in a second; on a busy machine it may be more.
const PATIENCE: Duration = Duration::from_mins(1);

/// For so long others may hold an address that is theirs no more.
const HANDOVER: Duration = Duration::from_secs(5);

impl Mocks {
    /// Starts mocks, and waits until they are what the set-up says.
    ///
    /// # Errors
    /// When there is no network for them, or they do not come up.
    pub async fn start(setup: Setup) -> Result<Self> {
        let (network, claim) = Network::claim()?;
        let address = network.jicofo();
        // Mocks that have just ended may hold their addresses for a moment longer than their claim.
        let jitsi = eventually("the mock jicofo starts", HANDOVER, || {
            MockJitsi::start(setup.jicofo(), quick(), Some(address))
        })
        .await?;
        let mut bridge = None;
        for (n, nick) in (0..).zip(setup.bridges()) {
            let address = SocketAddr::from((network.pod(n), BRIDGE_PORT));
            jitsi.configure_bridges(|config| *config = setup.bridge(nick));
            jitsi.start_bridge(nick, address);
            up(setup, address).await?;
            if bridge.is_none() {
                bridge = Some(address.to_string().parse()?);
            }
        }
        known(setup, address).await?;
        Ok(Self {
            jitsi,
            bridge,
            jicofo: address.to_string().parse()?,
            _claim: claim,
        })
    }

    /// The options of a run against them, in which everything is asked.
    pub fn options(&self, options: &Options) -> Options {
        Options {
            bridge: self.bridge.clone(),
            jicofo: Some(self.jicofo.clone()),
            nick: None,
            allow_changes: true,
            allow_shutdown: true,
            ..options.clone()
        }
    }
}

const ASKER: Asker = Asker {
    deadline: Duration::from_secs(5),
};

/// Waits until a bridge answers, and has checked its own health.
async fn up(setup: Setup, bridge: SocketAddr) -> Result<()> {
    eventually("the mock bridge answers", PATIENCE, || async move {
        let reply = ASKER.ask(request::health(&bridge.to_string())).await?;
        let healthy = reply.status().is_success();
        ensure!(
            healthy == (setup == Setup::Everything),
            "its health is {}",
            reply.status()
        );
        Ok(())
    })
    .await
}

/// Waits until jicofo knows its bridges.
async fn known(setup: Setup, address: SocketAddr) -> Result<()> {
    let expected = if setup == Setup::Everything {
        setup.bridges().len()
    } else {
        0
    };
    eventually(
        "the mock jicofo knows its bridges",
        PATIENCE,
        || async move {
            let reply = ASKER.ask(to_jicofo::debug(&address.to_string())).await?;
            let bridges = jicofo::debug(reply.status(), reply.body())?;
            let operational = bridges
                .values()
                .filter(|bridge| bridge.operational == Some(true) && bridge.drain == Some(false));
            let count = operational.count();
            ensure!(count == expected, "it knows {count} of {expected}");
            Ok(())
        },
    )
    .await
}
