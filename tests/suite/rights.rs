//! What a program of ours is allowed, held against what it asked.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::rbac::v1::PolicyRule;
use laboratory::{Laboratory, Request};
use serde::Deserialize;

const PATIENCE: Duration = Duration::from_mins(2);

/// Group, resource, name where one is meant, and verb.
type Right = (String, String, String, String);

fn right(group: &str, resource: &str, name: &str, verb: &str) -> Right {
    [group, resource, name, verb].map(str::to_owned).into()
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    rules: Vec<PolicyRule>,
}

/// Waits until this user has used each right of the file, and each of these besides; and holds that it has used no other.
pub(crate) async fn exactly(
    lab: &Laboratory,
    user: &str,
    file: &str,
    besides: &[[&str; 4]],
) -> Result<()> {
    let mut given = given(file)?;
    given.extend(
        besides
            .iter()
            .map(|[group, resource, name, verb]| right(group, resource, name, verb)),
    );
    let asked = || -> Result<Vec<(Request, Right)>> {
        let asked = lab.audit()?.into_iter();
        asked
            .filter(|request| request.user.username == user)
            .map(|request| {
                let right = taken(&request, &given)?;
                Ok((request, right))
            })
            .collect()
    };
    lab.eventually("each right was used", PATIENCE, || async {
        let taken: BTreeSet<Right> = asked()?.into_iter().map(|(_, right)| right).collect();
        let unused: Vec<&Right> = given.difference(&taken).collect();
        ensure!(unused.is_empty(), "never used: {unused:?}");
        Ok(())
    })
    .await?;
    for (request, right) in asked()? {
        let answer = request.response_status.as_ref();
        let code = answer.map_or(0, |answer| answer.code);
        ensure!(
            given.contains(&right) && code != 401 && code != 403,
            "{} {}: {code}",
            request.verb,
            request.uri
        );
    }
    Ok(())
}

/// Each single right of a file.
fn given(file: &str) -> Result<BTreeSet<Right>> {
    let objects: Vec<Object> = serde_saphyr::from_multiple(file)?;
    let mut all = BTreeSet::new();
    for rule in objects.into_iter().flat_map(|object| object.rules) {
        let names = rule.resource_names.unwrap_or_else(|| vec![String::new()]);
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for name in &names {
                    all.extend(
                        rule.verbs
                            .iter()
                            .map(|verb| right(group, resource, name, verb)),
                    );
                }
            }
        }
    }
    Ok(all)
}

/// The right that a request takes: that of any name where it is given, else that of its own.
fn taken(request: &Request, given: &BTreeSet<Right>) -> Result<Right> {
    let (path, query) = request.uri.split_once('?').unwrap_or((&request.uri, ""));
    let mut parts = path.split('/').skip(1);
    let group = match parts.next() {
        Some("api") => "",
        Some("apis") => parts.next().context("a group")?,
        _ => return Ok(right("", path, "", &request.verb)),
    };
    let rest: Vec<&str> = parts.skip(1).collect();
    let rest = match &rest[..] {
        ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
        rest => rest,
    };
    let resource = rest
        .first()
        .with_context(|| format!("no resource in {path}"))?;
    let resource = match rest.get(2) {
        Some(part) => format!("{resource}/{part}"),
        None => (*resource).to_owned(),
    };
    let of_any = right(group, &resource, "", &request.verb);
    if given.contains(&of_any) {
        return Ok(of_any);
    }
    let selected = query
        .split('&')
        .find_map(|part| part.strip_prefix("fieldSelector=metadata.name%3D"));
    let name = rest.get(1).copied().or(selected).unwrap_or_default();
    Ok(right(group, &resource, name, &request.verb))
}
