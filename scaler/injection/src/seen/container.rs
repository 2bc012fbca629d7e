//! A container, of which ports, variables and mounts are looked at.

use serde_json::{Map, Value};

use super::{field, named, object, objects, port, text};
use crate::draft::Draft;

/// A container.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    /// Where it is, in the template: such as `spec.containers[jvb]`.
    pub(crate) path: String,
    /// Its name.
    pub(crate) name: &'a str,
    /// All of it.
    pub(crate) fields: &'a Map<String, Value>,
    /// Its ports.
    pub(crate) ports: Vec<Port<'a>>,
    /// Its variables, in order: of two of the same name the last one counts.
    pub(crate) env: Vec<Var<'a>>,
    /// Whether it has variables besides, of objects that are not known here.
    pub(crate) env_from: bool,
    /// Its mounts.
    pub(crate) mounts: Vec<Mount<'a>>,
}

/// A port of a container.
#[derive(Debug)]
pub(crate) struct Port<'a> {
    /// Where it is, in the template.
    pub(crate) path: String,
    /// Its number in the list.
    pub(crate) index: usize,
    /// Its name.
    pub(crate) name: Option<&'a str>,
    /// The port in the container.
    pub(crate) number: Option<u16>,
    /// The port of the node, where it has one.
    pub(crate) host: Option<u16>,
    /// Whether it is UDP.
    pub(crate) udp: bool,
    /// All of it.
    pub(crate) fields: &'a Map<String, Value>,
}

/// A variable of a container.
#[derive(Debug)]
pub(crate) struct Var<'a> {
    /// Where it is, in the template.
    pub(crate) path: String,
    /// Its name.
    pub(crate) name: &'a str,
    /// Its value, where it stands there and refers to no other one.
    pub(crate) literal: Option<&'a str>,
    /// All of it.
    pub(crate) fields: &'a Map<String, Value>,
}

/// A mount of a container.
#[derive(Debug)]
pub(crate) struct Mount<'a> {
    /// Where it is, in the template.
    pub(crate) path: String,
    /// The volume.
    pub(crate) volume: &'a str,
    /// The place in the container, without a slash at its end.
    pub(crate) place: &'a str,
    /// Whether nothing can be written there.
    pub(crate) read_only: bool,
    /// All of it.
    pub(crate) fields: &'a Map<String, Value>,
}

impl<'a> Container<'a> {
    /// A variable by its name.
    pub(crate) fn var(&self, name: &str) -> Option<&Var<'a>> {
        self.env.iter().rev().find(|var| var.name == name)
    }
}

/// The containers of a list.
pub(crate) fn read<'a>(
    pod: &'a Map<String, Value>,
    list: &str,
    draft: &mut Draft,
) -> Vec<Container<'a>> {
    let containers = named(pod, list, "spec", draft).into_iter();
    let containers = containers.map(|container| {
        let (fields, at) = (container.fields, container.path);
        Container {
            ports: ports(fields, &at, draft),
            env: env(fields, &at, draft),
            env_from: !super::list(fields, "envFrom", &at, draft).is_empty(),
            mounts: mounts(fields, &at, draft),
            path: at,
            name: container.name,
            fields,
        }
    });
    containers.collect()
}

fn ports<'a>(of: &'a Map<String, Value>, at: &str, draft: &mut Draft) -> Vec<Port<'a>> {
    let ports = objects(of, "ports", at, draft).into_iter().enumerate();
    let ports = ports.map(|(index, (path, fields))| Port {
        index,
        name: text(fields, "name", &path, draft),
        number: port(fields, "containerPort", &path, draft),
        host: port(fields, "hostPort", &path, draft),
        udp: text(fields, "protocol", &path, draft) == Some("UDP"),
        path,
        fields,
    });
    ports.collect()
}

fn env<'a>(of: &'a Map<String, Value>, at: &str, draft: &mut Draft) -> Vec<Var<'a>> {
    let vars = named(of, "env", at, draft).into_iter();
    let vars = vars.map(|var| {
        let value = text(var.fields, "value", &var.path, draft);
        // Not looked at any further, but where it is none the API server takes no pod.
        object(var.fields, "valueFrom", &var.path, draft);
        let from = field(var.fields, "valueFrom").is_some();
        let literal = value.or((!from).then_some(""));
        Var {
            path: var.path,
            name: var.name,
            literal: literal.filter(|text| !text.contains("$(")),
            fields: var.fields,
        }
    });
    vars.collect()
}

fn mounts<'a>(of: &'a Map<String, Value>, at: &str, draft: &mut Draft) -> Vec<Mount<'a>> {
    let mounts = named(of, "volumeMounts", at, draft).into_iter();
    let mounts = mounts.filter_map(|mount| {
        let Some(place) = text(mount.fields, "mountPath", &mount.path, draft) else {
            draft.refuse(mount.path, "has no mountPath", "say where it is mounted");
            return None;
        };
        let read_only = super::flag(mount.fields, "readOnly", &mount.path, draft);
        Some(Mount {
            volume: mount.name,
            place: place.trim_end_matches('/'),
            read_only: read_only.unwrap_or(false),
            path: mount.path,
            fields: mount.fields,
        })
    });
    mounts.collect()
}
