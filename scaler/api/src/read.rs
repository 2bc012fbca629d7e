//! A pool as somebody wrote it, read as the API server would take it.

use std::fmt;

use k8s_openapi::Resource;
use serde_json::Value;

use crate::BridgePool;
use crate::rules::{self, Problem};

/// All that is wrong with a pool: one line for each.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Reads a pool from a file or a reply: fills in the defaults and holds it against all rules.
///
/// Like the API server it takes a `null` for a field that is left out.
///
/// # Errors
/// When it is no BridgePool of this version, when a value has the wrong form (the first of them is told), or when rules do not
/// hold (all of them are told).
pub fn read(mut value: Value) -> Result<BridgePool, Problems> {
    for (field, wanted) in [
        ("apiVersion", BridgePool::API_VERSION),
        ("kind", BridgePool::KIND),
    ] {
        if value[field] != wanted {
            let message = format!("must be {wanted}, is {}", value[field]);
            return Err(problem(field, message));
        }
    }
    drop_nulls(&mut value);
    let pool: BridgePool = serde_path_to_error::deserialize(value).map_err(|error| {
        let at = match error.path().to_string() {
            // The path of a value as a whole.
            path if path == "." => String::new(),
            path => path,
        };
        // A number below 0 is told in the rule's words, as the API server tells it.
        let message = rules::no_number(&at).map(str::to_owned);
        problem(
            &at,
            message.unwrap_or_else(|| error.into_inner().to_string()),
        )
    })?;
    let problems = rules::check(&pool);
    if problems.is_empty() {
        Ok(pool)
    } else {
        Err(Problems(problems))
    }
}

fn problem(at: &str, message: String) -> Problems {
    Problems(vec![Problem {
        at: at.to_owned(),
        message,
    }])
}

/// Removes nulls, except in the template, which is nobody's but the pod's.
fn drop_nulls(value: &mut Value) {
    let Value::Object(fields) = value else {
        return;
    };
    fields.retain(|_, field| !field.is_null());
    for (name, field) in fields {
        if name != "template" {
            drop_nulls(field);
        }
    }
}
