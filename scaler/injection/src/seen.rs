//! A template as it was written: the parts that injection looks at, with the types that they must have.

mod container;

use scaler_api::spec::BRIDGE_CONTAINER;
use serde_json::{Map, Value};

pub(crate) use self::container::{Container, Port, Var};
use crate::draft::Draft;

/// A template, of which all that is looked at has the right type.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    /// The pod's spec.
    pub(crate) pod: &'a Map<String, Value>,
    /// The pod's annotations.
    pub(crate) annotations: Option<&'a Map<String, Value>>,
    /// The containers.
    pub(crate) containers: Vec<Container<'a>>,
    /// The init containers, sidecars among them.
    pub(crate) inits: Vec<Container<'a>>,
    /// The volumes.
    pub(crate) volumes: Vec<Named<'a>>,
    /// The number of the container that is the bridge.
    pub(crate) bridge: usize,
    /// Whether the pod has the node's address instead of one of its own.
    pub(crate) host_network: bool,
}

/// An item of a list, by its name.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    /// Where it is, in the template.
    pub(crate) path: String,
    /// Its name.
    pub(crate) name: &'a str,
    /// All of it.
    pub(crate) fields: &'a Map<String, Value>,
}

impl<'a> Seen<'a> {
    /// Reads a template; `None`, with a refusal, where there is no bridge in it. What has the wrong type is refused and left out.
    pub(crate) fn read(template: &'a Map<String, Value>, draft: &mut Draft) -> Option<Self> {
        let metadata = object(template, "metadata", "", draft);
        let annotations =
            metadata.and_then(|metadata| object(metadata, "annotations", "metadata", draft));
        let Some(pod) = object(template, "spec", "", draft) else {
            draft.refuse(
                "spec",
                "is missing",
                "give the pod a spec with a container named jvb",
            );
            return None;
        };
        let containers = container::read(pod, "containers", draft);
        let inits = container::read(pod, "initContainers", draft);
        let volumes = named(pod, "volumes", "spec", draft);
        let host_network = flag(pod, "hostNetwork", "spec", draft).unwrap_or(false);
        let bridge = containers
            .iter()
            .position(|container| container.name == BRIDGE_CONTAINER);
        let Some(bridge) = bridge else {
            draft.refuse(
                "spec.containers",
                "have none that is named jvb",
                "name the bridge's container jvb",
            );
            return None;
        };
        Some(Self {
            pod,
            annotations,
            containers,
            inits,
            volumes,
            bridge,
            host_network,
        })
    }

    /// The bridge's container.
    pub(crate) fn bridge(&self) -> &Container<'a> {
        &self.containers[self.bridge]
    }

    /// All containers, those included that begin before the others.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Container<'a>> {
        self.containers.iter().chain(&self.inits)
    }
}

/// A field that is there: as for the API server one that is `null` is not.
pub(crate) fn field<'a>(of: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    of.get(name).filter(|value| !value.is_null())
}

/// The path of a field of what has this path itself.
pub(crate) fn path(of: &str, name: &str) -> String {
    if of.is_empty() {
        name.to_owned()
    } else {
        format!("{of}.{name}")
    }
}

/// A field as `read` takes it; refused where that does not take it.
fn typed<'a, T>(
    of: &'a Map<String, Value>,
    name: &str,
    at: &str,
    draft: &mut Draft,
    wanted: &str,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Option<T> {
    let value = field(of, name)?;
    let read = read(value);
    if read.is_none() {
        let fix = "write it as \"kubectl explain pod.spec\" says";
        draft.refuse(path(at, name), format!("is not {wanted}"), fix);
    }
    read
}

/// An object.
pub(crate) fn object<'a>(
    of: &'a Map<String, Value>,
    name: &str,
    at: &str,
    draft: &mut Draft,
) -> Option<&'a Map<String, Value>> {
    typed(of, name, at, draft, "an object", Value::as_object)
}

/// A list; an empty one where there is none.
pub(crate) fn list<'a>(
    of: &'a Map<String, Value>,
    name: &str,
    at: &str,
    draft: &mut Draft,
) -> &'a [Value] {
    let list = typed(of, name, at, draft, "a list", Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// A text.
pub(crate) fn text<'a>(
    of: &'a Map<String, Value>,
    name: &str,
    at: &str,
    draft: &mut Draft,
) -> Option<&'a str> {
    typed(of, name, at, draft, "a text", Value::as_str)
}

/// True or false.
pub(crate) fn flag(
    of: &Map<String, Value>,
    name: &str,
    at: &str,
    draft: &mut Draft,
) -> Option<bool> {
    typed(of, name, at, draft, "true or false", Value::as_bool)
}

/// A number of seconds.
pub(crate) fn seconds(
    of: &Map<String, Value>,
    name: &str,
    at: &str,
    draft: &mut Draft,
) -> Option<u64> {
    let wanted = "a whole number of seconds";
    typed(of, name, at, draft, wanted, Value::as_u64)
}

/// The number of a port.
pub(crate) fn port(
    of: &Map<String, Value>,
    name: &str,
    at: &str,
    draft: &mut Draft,
) -> Option<u16> {
    let read = |value: &Value| {
        let port = u16::try_from(value.as_u64()?).ok();
        port.filter(|port| *port > 0)
    };
    typed(of, name, at, draft, "a port from 1 to 65535", read)
}

/// The items of a list that have names: objects, each with a `name`.
pub(crate) fn named<'a>(
    of: &'a Map<String, Value>,
    list_name: &str,
    at: &str,
    draft: &mut Draft,
) -> Vec<Named<'a>> {
    let items = objects(of, list_name, at, draft);
    let items = items.into_iter().filter_map(|(at, fields)| {
        let Some(name) = text(fields, "name", &at, draft) else {
            draft.refuse(at, "has no name", "give it a name");
            return None;
        };
        Some(Named {
            path: item(&at, name),
            name,
            fields,
        })
    });
    items.collect()
}

/// The items of a list of objects, each with its path by number.
pub(crate) fn objects<'a>(
    of: &'a Map<String, Value>,
    list_name: &str,
    at: &str,
    draft: &mut Draft,
) -> Vec<(String, &'a Map<String, Value>)> {
    let items = list(of, list_name, at, draft).iter();
    let at = path(at, list_name);
    let mut read = Vec::new();
    for (index, value) in items.enumerate() {
        let at = format!("{at}[{index}]");
        match value.as_object() {
            Some(fields) => read.push((at, fields)),
            None => draft.refuse(
                at,
                "is not an object",
                "write it as \"kubectl explain pod.spec\" says",
            ),
        }
    }
    read
}

/// The path of an item by its name, of its path by number.
fn item(at: &str, name: &str) -> String {
    let list = at.rsplit_once('[').map_or(at, |(list, _)| list);
    format!("{list}[{name}]")
}
