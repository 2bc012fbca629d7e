//! What is asked for pools.

use std::cmp::Ordering;

use scaler_api::annotations::RELEASED;
use scaler_policy::report::Report;
use scaler_policy::world::Pool;
use serde_json::{Value, json};

use super::{Change, refused};
use crate::show::some;
use crate::trouble::Trouble;

/// Have it left as it is.
pub fn pause(pool: &Pool, report: &Report) -> Change {
    let name = &pool.name;
    if pool.spec.paused {
        return change(pool, None, vec![format!("{name} is paused already.")]);
    }
    let mut said = vec![format!(
        "{name} is left as it is: no bridge is started, drained, taken back, moved or removed, whatever replicas or an autoscaler say."
    )];
    match report.tally.draining {
        0 => {}
        1 => said.push("1 bridge that drains stays hidden from new conferences, and nobody is moved off it at its deadline.".to_owned()),
        draining => said.push(format!(
            "{draining} bridges that drain stay hidden from new conferences, and nobody is moved off them at their deadline."
        )),
    }
    said.push(
        "A bridge that dies is not replaced. `kubectl bridgepool resume` calls it off.".to_owned(),
    );
    change(pool, Some(paused(true)), said)
}

/// No longer have it left as it is.
pub fn resume(pool: &Pool, report: &Report) -> Change {
    let name = &pool.name;
    if !pool.spec.paused {
        return change(pool, None, vec![format!("{name} is not paused.")]);
    }
    let tally = &report.tally;
    let (counted, wanted) = (tally.counted, pool.wanted(true));
    let next = match counted.cmp(&wanted) {
        _ if pool.deletion.is_some() => "all are drained",
        Ordering::Less => "more are taken back or started",
        Ordering::Equal => "as it should be",
        Ordering::Greater => "those that are missed least are drained",
    };
    let said = vec![format!(
        "{name} goes on with {counted} of {}: {next}.",
        some(
            wanted.into(),
            "bridge that is wanted",
            "bridges that are wanted"
        )
    )];
    change(pool, Some(paused(false)), said)
}

/// Let it go, though it is to wait for its bridges to drain.
///
/// # Errors
/// When it does not wait for them.
pub fn release(pool: &Pool, report: &Report) -> Result<Change, Trouble> {
    let name = &pool.name;
    if pool.deletion.is_none() {
        return Err(refused(
            format!("{name} is not being deleted, so there is nothing to release"),
            &format!(
                "`kubectl -n {} delete bp/{name}` deletes it; with deletionPolicy Drain it then waits for its bridges, and release lets it go",
                pool.namespace
            ),
        ));
    }
    if pool.released || !pool.held() {
        return Ok(change(
            pool,
            None,
            vec![format!("{name} is let go already.")],
        ));
    }
    let bridges = report.bridges.len() + report.frozen.len();
    let people = report
        .bridges
        .iter()
        .map(|bridge| bridge.last.filter(|_| bridge.fresh)?.people)
        .sum::<Option<u64>>();
    let people = people.map_or_else(
        || "an unknown number of people".to_owned(),
        |people| format!("{people} people"),
    );
    let said = vec![
        format!("{name} goes at once. Its {bridges} bridges, with {people} on them, are deleted by Kubernetes and not drained first."),
        "Those people are cut off, or moved within the grace period of the pods where these see to it.".to_owned(),
    ];
    let patch = json!({ "metadata": { "annotations": { RELEASED.name(): "true" } } });
    Ok(change(pool, Some(patch), said))
}

fn paused(paused: bool) -> Value {
    json!({ "spec": { "paused": paused } })
}

fn change(pool: &Pool, patch: Option<Value>, consequences: Vec<String>) -> Change {
    let patch = patch.map(|mut patch| {
        patch["metadata"]["uid"] = pool.uid.0.clone().into();
        patch["metadata"]["resourceVersion"] = pool.resource_version.clone().into();
        patch
    });
    Change {
        kind: "BridgePool",
        namespace: pool.namespace.clone(),
        name: pool.name.clone(),
        patch,
        consequences,
        dry_run: false,
    }
}
