//! The pools of the tests.

use std::fmt::Write as _;

use scaler_api::{BridgePoolSpec, cases};
use scaler_injection::{Injected, Options, Refusal, inject};
use serde_json::Value;

/// A pool, and what it is to be injected with.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) spec: BridgePoolSpec,
    pub(crate) image: bool,
    pub(crate) slot: Option<u32>,
}

const IMAGE: &str = "ghcr.io/bridgetender/jvb-sidecar:0.1.0";

pub(crate) fn good() -> Vec<Case> {
    cases(include_str!("pools/good.yaml"))
}

pub(crate) fn refused() -> Vec<Case> {
    cases(include_str!("pools/refused.yaml"))
}

fn cases(text: &str) -> Vec<Case> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).expect("the cases are YAML");
    documents.iter().map(case).collect()
}

fn case(document: &Value) -> Case {
    let pool = cases::pool(document);
    Case {
        name: document["name"].as_str().unwrap().to_owned(),
        spec: serde_json::from_value(pool["spec"].clone()).unwrap(),
        image: document["image"] != false,
        slot: document["slot"]
            .as_u64()
            .map(|slot| u32::try_from(slot).unwrap()),
    }
}

impl Case {
    pub(crate) fn inject(&self) -> Result<Injected, Vec<Refusal>> {
        self.inject_into(&self.spec)
    }

    pub(crate) fn inject_into(&self, spec: &BridgePoolSpec) -> Result<Injected, Vec<Refusal>> {
        let options = Options {
            image: self.image.then_some(IMAGE),
            slot: self.slot,
        };
        inject(spec, &options)
    }
}

/// What became of a pool, for people.
pub(crate) fn told(injected: &Injected) -> String {
    let mut text = String::new();
    for added in &injected.added {
        let _ = writeln!(text, "# {}: {}", added.path, added.what);
    }
    text + &serde_saphyr::to_string(&injected.template).unwrap()
}
