//! Which bridges a question is about.

use crate::api::external::{is_meant, label};
use crate::api::route::{ExternalRead, Read, Route, Target};
use crate::telling::{COMMITTED_STRESS, Record, Resource, Store};

/// Those that are wanted of the bridges whose values the answer is made of; none where it is made of no values.
pub(super) fn bridges<'a>(
    store: &'a Store,
    route: &'a Route,
    wanted: impl Fn(&Record) -> bool + Copy + 'a,
) -> impl Iterator<Item = &'a Record> + 'a {
    let bridges: Box<dyn Iterator<Item = &'a Record> + 'a> = match route {
        Route::Read(read) => of_read(store, read, wanted),
        Route::Group(read) => of_object(store, &read.namespace, &read.resource, &read.name),
        Route::External(read) => Box::new(of_external(store, read)),
        _ => Box::new(std::iter::empty()),
    };
    bridges.filter(move |bridge| wanted(bridge))
}

fn of_read<'a>(
    store: &'a Store,
    read: &'a Read,
    wanted: impl Fn(&Record) -> bool + 'a,
) -> Box<dyn Iterator<Item = &'a Record> + 'a> {
    let Some(namespace) = read.namespace.as_deref() else {
        return Box::new(std::iter::empty());
    };
    match &read.target {
        // Each pod is told with its share of others.
        Target::All(_) | Target::Named { .. } if read.metric == COMMITTED_STRESS => {
            let in_pools = store.in_namespace(namespace);
            Box::new(in_pools.filter(|bridge| bridge.pod().pool().is_some()))
        }
        Target::Namespace => Box::new(store.in_namespace(namespace)),
        Target::All(_) => {
            // Most often none is wanted, and that takes less time to see than what the selector means.
            let is_meant = move |bridge: &&Record| {
                let labels = &bridge.pod().labels;
                wanted(bridge) && read.selector.matches(|key| labels.get(key))
            };
            Box::new(store.in_namespace(namespace).filter(is_meant))
        }
        Target::Named { resource, name } => of_object(store, namespace, resource, name),
    }
}

fn of_object<'a>(
    store: &'a Store,
    namespace: &'a str,
    resource: &str,
    name: &'a str,
) -> Box<dyn Iterator<Item = &'a Record> + 'a> {
    match Resource::of(resource) {
        Some(Resource::Pods) => Box::new(store.get(namespace, name).into_iter()),
        Some(resource) => match store.membership(namespace, resource, name) {
            Ok(membership) => Box::new(store.members(namespace, membership)),
            Err(_) => Box::new(std::iter::empty()),
        },
        None => Box::new(std::iter::empty()),
    }
}

fn of_external<'a>(
    store: &'a Store,
    read: &'a ExternalRead,
) -> impl Iterator<Item = &'a Record> + 'a {
    store
        .in_namespace(&read.namespace)
        .filter(|bridge| is_meant(read, label(bridge.pod().outermost_owner())))
}
