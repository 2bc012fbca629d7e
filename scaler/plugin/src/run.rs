//! From the command line to the exit code.

mod writing;

use clap::CommandFactory as _;
use serde_json::{Value, json};

use crate::args::{
    Command, CommandLine, CompletionArguments, ExplainArguments, Output, StatusArguments,
    TemplateArguments,
};
use crate::change;
use crate::cluster::{Cluster, Which};
use crate::show::{self, Pen};
use crate::terminal::{complain, pen, print};
use crate::trouble::Trouble;
use crate::view::{FORM, Order, PodTemplate, Row, Seen, View};
use crate::{complete, watch};

/// Exit code: something is wrong with a pool.
const WRONG: u8 = 1;

/// Does what the command line says: the exit code.
pub fn run(line: CommandLine) -> u8 {
    if let Command::Completion(arguments) = &line.command {
        completion(arguments);
        return 0;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(ask(line)),
        Err(error) => Err(Trouble::Silent(error.to_string())),
    };
    result.unwrap_or_else(|trouble| {
        complain(&trouble);
        trouble.exit_code()
    })
}

fn completion(arguments: &CompletionArguments) {
    match arguments.shell.shell() {
        Some(shell) => {
            let mut script = Vec::new();
            let mut command = CommandLine::command();
            clap_complete::generate(shell, &mut command, "kubectl-bridgepool", &mut script);
            print(&String::from_utf8_lossy(&script));
        }
        None => {
            print(complete::SCRIPT);
        }
    }
}

async fn ask(line: CommandLine) -> Result<u8, Trouble> {
    let CommandLine { command, common } = line;
    let cluster = Cluster::of(&common).await?;
    let asked = Asked {
        cluster,
        output: common.output,
        pen: pen(),
    };
    match command {
        Command::Status(arguments) => asked.status(&arguments).await,
        Command::Explain(arguments) => asked.explain(&arguments).await,
        Command::Watch(arguments) => {
            let which = asked.which(arguments.pool.as_deref(), arguments.all_namespaces);
            watch::watch(&asked.cluster, &which, asked.output, &asked.pen).await
        }
        Command::Drain(arguments) => {
            let pen = &asked.pen;
            asked
                .of_bridges(&arguments, |subject| change::drain(subject, pen))
                .await
        }
        Command::Undrain(arguments) => asked.of_bridges(&arguments, change::undrain).await,
        Command::Pin(arguments) => {
            asked
                .of_bridges(&arguments, |subject| Ok(change::pin(subject)))
                .await
        }
        Command::Unpin(arguments) => {
            asked
                .of_bridges(&arguments, |subject| Ok(change::unpin(subject)))
                .await
        }
        Command::Pause(arguments) => {
            asked
                .of_pool(&arguments, |seen| {
                    Ok(change::pause(&seen.pool, &seen.report))
                })
                .await
        }
        Command::Resume(arguments) => {
            asked
                .of_pool(&arguments, |seen| {
                    Ok(change::resume(&seen.pool, &seen.report))
                })
                .await
        }
        Command::Release(arguments) => {
            asked
                .of_pool(&arguments, |seen| change::release(&seen.pool, &seen.report))
                .await
        }
        Command::Template(arguments) => asked.template(&arguments).await,
        // Needs no cluster, and is done already.
        Command::Completion(_) => Ok(0),
    }
}

/// Whom is asked, and how it is told.
struct Asked {
    cluster: Cluster,
    output: Output,
    pen: Pen,
}

impl Asked {
    fn which(&self, pool: Option<&str>, all: bool) -> Which {
        let namespace = self.cluster.namespace().to_owned();
        match pool {
            _ if all => Which::All,
            Some(pool) => Which::One(namespace, pool.to_owned()),
            None => Which::Of(namespace),
        }
    }

    fn json(&self, value: &Value) -> bool {
        let json = self.output == Output::Json;
        if json {
            print(&format!("{value:#}\n"));
        }
        json
    }

    async fn status(&self, arguments: &StatusArguments) -> Result<u8, Trouble> {
        let which = self.which(arguments.pool.as_deref(), arguments.all_namespaces);
        let pools = self.cluster.pools(&which).await?;
        if pools.is_empty() {
            return Err(Trouble::NoPools {
                namespace: match which {
                    Which::All => None,
                    Which::Of(namespace) | Which::One(namespace, _) => Some(namespace),
                },
            });
        }
        let mut all = Vec::new();
        for pool in pools {
            all.push(self.cluster.seen(pool).await?);
        }
        let views: Vec<View> = all.iter().map(View::new).collect();
        if !self.json(&json!({ "form": FORM, "pools": views })) {
            print(&show::status(&views, &self.pen));
            hints(&all);
        }
        let well = views.iter().all(|view| view.well);
        Ok(if well { 0 } else { WRONG })
    }

    async fn explain(&self, arguments: &ExplainArguments) -> Result<u8, Trouble> {
        let seen = if let Some(bridge) = &arguments.bridge {
            self.cluster.bridge(bridge).await?.seen
        } else {
            let pool = self.cluster.pool(arguments.pool.as_deref()).await?;
            self.cluster.seen(pool).await?
        };
        if let Some(silence) = &seen.silence {
            return Err(Trouble::Refused {
                why: format!("only jvb-scaler, which decides, can explain it, and {silence}"),
                hint: silence.hint(),
            });
        }
        let order = Order::new(&seen.report);
        let Some(name) = &arguments.bridge else {
            if !self.json(&json!({ "form": FORM, "order": order })) {
                print(&show::order(&order, &self.pen));
            }
            return Ok(0);
        };
        let Seen { pool, report, .. } = &seen;
        let name = name.rsplit('/').next().unwrap_or(name);
        let bridge = report.bridges.iter().find(|bridge| bridge.name == name);
        let Some(bridge) = bridge else {
            return Err(unexplained(report, name));
        };
        let row = Row::new(bridge);
        if !self
            .json(&json!({ "form": FORM, "bridge": row, "doubt": bridge.doubt, "order": order }))
        {
            print(&show::story(report, bridge, &pool.spec, &self.pen));
        }
        Ok(0)
    }
}

impl Asked {
    async fn template(&self, arguments: &TemplateArguments) -> Result<u8, Trouble> {
        let pool = self.cluster.pool(arguments.pool.as_deref()).await?;
        let image = arguments.sidecar_image.as_deref();
        let template = PodTemplate::new(&pool, image, arguments.slot);
        if !self.json(&json!({ "form": FORM, "template": template })) {
            print(&show::template(&template, &self.pen));
        }
        Ok(if template.well() { 0 } else { WRONG })
    }
}

/// A bridge that the pool has and nobody can tell of.
fn unexplained(report: &scaler_policy::Report, name: &str) -> Trouble {
    match report.frozen.iter().find(|pod| pod.name == name) {
        Some(pod) => Trouble::Refused {
            why: format!("{name} is left alone: {}", pod.why),
            hint: "correct or remove that label or annotation".to_owned(),
        },
        None => Trouble::Refused {
            why: format!("jvb-scaler does not know the bridge {name}"),
            hint: "it may have come or gone just now: try again; a pod that another pool owns is none of this one".to_owned(),
        },
    }
}

/// What to do about a leader that does not answer.
fn hints(all: &[Seen]) {
    let silences = all.iter().filter_map(|seen| seen.silence.as_ref());
    let mut hints: Vec<String> = silences.map(crate::view::Silence::hint).collect();
    hints.dedup();
    for hint in hints {
        eprintln!("hint: {hint}");
    }
}
