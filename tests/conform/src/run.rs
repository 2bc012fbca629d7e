//! A run of the suite against a bridge and a jicofo.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use http::Response;
use reach::Failure;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::ask::{Asker, lines};
use crate::expect::Expected;
use crate::judge::{excerpt, judge, resolved};
use crate::known::{Known, Names};
use crate::plan::{Options, Plan};
use crate::put_back::{self, Touched};
use crate::report::{Outcome, PutBack, Report, Unreachable, Verdict};
use crate::step::{Connection, Effect, Server, Step, Wait};
use crate::suite;
use crate::survey::{Survey, looks};

/// Between two tries of a step that waits for something.
const PAUSE: Duration = Duration::from_millis(250);

/// After so many requests in a row that got no answer in time a server is asked no more.
const SILENT: u32 = 3;

/// What is told while a run goes on.
#[derive(Debug)]
pub enum Told<'a> {
    /// What will be asked.
    Plan(&'a Plan, &'a Options),
    /// Who could not be reached.
    Unreachable(&'a Unreachable),
    /// What was found at the beginning.
    Survey(&'a Survey, &'a Known),
    /// What came of a step.
    Step(&'a Outcome),
    /// What was put back.
    PutBack(&'a PutBack),
    /// What came of all.
    End(&'a Report),
}

/// Asks the suite, and puts back what it changes; also when `stop` is cancelled, after the request that is under way.
///
/// # Errors
/// When there is nothing to ask.
pub async fn run(
    options: &Options,
    stop: &CancellationToken,
    tell: &mut dyn FnMut(&Told<'_>),
) -> Result<Report> {
    let plan = Plan::new(options)?;
    tell(&Told::Plan(&plan, options));
    let authority = |server| options.place(server).map(|place| place.authority(server));
    let (bridge, jicofo) = (authority(Server::Bridge), authority(Server::Jicofo));
    let names = Names::new(
        bridge.as_deref().unwrap_or_default(),
        jicofo.as_deref().unwrap_or_default(),
    );
    let mut runner = Runner {
        options,
        stop,
        asker: Asker {
            deadline: options.deadline,
        },
        steps: suite::steps()
            .into_iter()
            .map(|step| (step.name, step))
            .collect(),
        known: Known::new(names),
        survey: Survey::default(),
        unreachable: BTreeSet::new(),
        silent: BTreeMap::new(),
        kept: None,
        touched: Touched::default(),
    };
    let mut report = Report {
        bridge,
        jicofo,
        ..Report::default()
    };
    for server in Server::ALL {
        if let Err(unreachable) = runner.look(server).await {
            tell(&Told::Unreachable(&unreachable));
            report.unreachable.push(unreachable);
        }
    }
    let before = runner.known.draining;
    tell(&Told::Survey(&runner.survey, &runner.known));
    for step in &plan.steps {
        let verdict = match plan.withheld(step) {
            Some(why) => Verdict::LeftOut {
                why: why.to_owned(),
            },
            None => runner.step(step).await,
        };
        let outcome = Outcome::new(step, verdict);
        tell(&Told::Step(&outcome));
        report.steps.push(outcome);
    }
    report.put_back = runner.put_back(before).await;
    for put_back in &report.put_back {
        tell(&Told::PutBack(put_back));
    }
    report.interrupted = stop.is_cancelled();
    tell(&Told::End(&report));
    Ok(report)
}

struct Runner<'a> {
    options: &'a Options,
    stop: &'a CancellationToken,
    asker: Asker,
    /// All of the suite, also those that were not chosen: others may be compared with their numbers.
    steps: BTreeMap<&'static str, Step>,
    known: Known,
    survey: Survey,
    /// Servers that could not be reached at the beginning.
    unreachable: BTreeSet<Server>,
    /// How many requests in a row a server has not answered in time.
    silent: BTreeMap<Server, u32>,
    /// The connection that a step left open.
    kept: Option<TcpStream>,
    touched: Touched,
}

impl Runner<'_> {
    /// Learns of a server what is to be known before it is asked.
    async fn look(&mut self, server: Server) -> Result<(), Unreachable> {
        if self.options.place(server).is_none() {
            return Ok(());
        }
        for look in looks(server) {
            if self.stop.is_cancelled() {
                return Ok(());
            }
            match self.asker.ask(look.request(&self.known)).await {
                Ok(reply) => {
                    self.survey.reached.insert(server);
                    let nick = self.options.nick.as_deref();
                    look.learn(&reply, nick, &mut self.known, &mut self.survey);
                }
                Err(failure @ Failure::Connect(_)) => return Err(self.unreached(server, &failure)),
                // A server that is there and does not answer is asked by the suite, which tells of it.
                Err(Failure::Timeout) => return Ok(()),
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn unreached(&mut self, server: Server, failure: &Failure) -> Unreachable {
        self.unreachable.insert(server);
        let place = self.options.place(server);
        Unreachable {
            server: server.called(),
            address: place.map_or_else(String::new, |place| place.authority(server)),
            why: failure.to_string(),
            hint: Unreachable::hint(server),
        }
    }

    /// What comes of a step.
    async fn step(&mut self, step: &Step) -> Verdict {
        let name = step.server.called();
        if let Some(why) = self.not_asked(step.server, name) {
            return Verdict::NotAsked { why };
        }
        if let Some(given) = step.given.iter().find(|given| !given.holds(&self.known)) {
            return Verdict::LeftOut {
                why: given.otherwise().to_owned(),
            };
        }
        if step.connection == Connection::Again && self.kept.is_none() {
            return Verdict::LeftOut {
                why: format!("{name} keeps no connection open"),
            };
        }
        let began = Instant::now();
        loop {
            let (heard, differences) = self.once(step).await;
            if differences.is_empty() {
                return Verdict::AsExpected;
            }
            let silent = self
                .silent
                .get(&step.server)
                .is_some_and(|count| *count >= SILENT);
            if began.elapsed() >= self.longest(step) || silent || self.stop.is_cancelled() {
                return Verdict::Different {
                    request: lines(&(step.request)(&self.known.names)),
                    differences,
                    reply: summary(&heard),
                };
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    fn not_asked(&self, server: Server, name: &str) -> Option<String> {
        if self.stop.is_cancelled() {
            return Some("interrupted".to_owned());
        }
        if self.unreachable.contains(&server) {
            return Some(format!("{name} cannot be reached"));
        }
        let silent = self
            .silent
            .get(&server)
            .is_some_and(|count| *count >= SILENT);
        silent.then(|| format!("{name} has left {SILENT} requests in a row without an answer"))
    }

    /// For how long a step is asked again.
    fn longest(&self, step: &Step) -> Duration {
        match step.wait {
            Wait::Never => Duration::ZERO,
            Wait::Presence => self.options.patience,
            Wait::Exit => self.options.exit_within,
        }
    }

    /// Asks a step once.
    async fn once(&mut self, step: &Step) -> (Heard, Vec<crate::judge::Difference>) {
        if let Some(other) = step.beside.and_then(|name| self.steps.get(name)) {
            let request = (other.request)(&self.known.names);
            if let Ok(reply) = self.asker.ask(request).await {
                note(other, &reply, &mut self.known);
            }
        }
        let request = (step.request)(&self.known.names);
        // Before it is asked: whatever comes of it, it may have been obeyed.
        if step.effect != Effect::Reads {
            self.touched.drain |= step.server == Server::Bridge;
            self.touched.pin |= request
                .uri()
                .path()
                .starts_with(bridge::jicofo::request::path::PIN);
        }
        let connection = if step.connection == Connection::Again {
            self.kept.take()
        } else {
            None
        };
        let heard = match self.asker.ask_on(connection, request).await {
            Ok((reply, idle)) => {
                if step.connection != Connection::Own {
                    self.kept = idle;
                }
                Ok(reply)
            }
            Err(failure) => Err(failure),
        };
        self.heard(step, &heard);
        let differences = judge(&step.expected, &self.known, heard.as_ref());
        match &heard {
            Ok(reply) => note(step, reply, &mut self.known),
            Err(_) => {
                self.known.gone |= step.expected == Expected::Nobody && differences.is_empty();
            }
        }
        (heard, differences)
    }

    fn heard(&mut self, step: &Step, heard: &Heard) {
        let count = self.silent.entry(step.server).or_default();
        match heard {
            Err(Failure::Timeout | Failure::Connect(_)) if step.expected != Expected::Nobody => {
                *count += 1;
            }
            _ => *count = 0,
        }
        if let (Ok(reply), Some(command)) = (heard, step.command)
            && reply.status().is_success()
        {
            self.known.obeyed(command);
        }
    }

    /// Puts back what may have been changed.
    async fn put_back(&self, before: Option<bool>) -> Vec<PutBack> {
        let mut all = Vec::new();
        if let Some(before) = before
            && self.touched.drain
            && !self.known.leaving
        {
            all.push(put_back::drain(&self.asker, &self.known, before).await);
        }
        if self.touched.pin {
            all.push(put_back::pin(&self.asker, &self.known).await);
        }
        all
    }
}

/// A reply, or why there is none.
type Heard = Result<Response<Bytes>, Failure>;

/// Notes the numbers that later steps are compared with.
pub fn note(step: &Step, reply: &Response<Bytes>, known: &mut Known) {
    let Ok(body) = serde_json::from_slice::<Value>(reply.body()) else {
        return;
    };
    for (name, path) in &step.notes {
        if let Some(number) = body.pointer(&resolved(path, known)).and_then(Value::as_f64) {
            known.note(name, number);
        }
    }
}

/// A reply in one line.
fn summary(heard: &Heard) -> String {
    match heard {
        Ok(reply) => {
            let body = String::from_utf8_lossy(reply.body());
            format!("{}: {}", reply.status(), excerpt(&body))
        }
        Err(failure) => format!("none: {failure}"),
    }
}
