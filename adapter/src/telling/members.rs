//! Which bridges belong to an object.

use crate::telling::resource::Resource;
use crate::telling::services::{Chosen, NoService};
use crate::telling::store::{Record, Store};

/// What makes a bridge one of an object's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Membership<'a> {
    /// Being in the namespace.
    Everybody,
    /// Being owned by this object.
    Owned(Resource, &'a str),
    /// Being chosen by this Service.
    Chosen(&'a Chosen),
}

impl Membership<'_> {
    /// Whether this bridge, of the object's namespace, is one of the object's.
    pub(crate) fn includes(self, bridge: &Record) -> bool {
        let pod = bridge.pod();
        match self {
            Self::Everybody => true,
            Self::Owned(resource, name) => pod
                .owners
                .iter()
                .any(|(owner, known)| *owner == resource && **known == *name),
            Self::Chosen(chosen) => chosen.matches(|key| pod.labels.get(key)),
        }
    }
}

impl Store {
    /// What makes a bridge one of this object's.
    ///
    /// # Errors
    /// Why nobody knows which bridges a Service leads to.
    pub(crate) fn membership<'a>(
        &'a self,
        namespace: &str,
        resource: Resource,
        name: &'a str,
    ) -> Result<Membership<'a>, NoService> {
        Ok(match resource {
            Resource::Namespaces => Membership::Everybody,
            Resource::Services => Membership::Chosen(self.services().choice(namespace, name)?),
            _ => Membership::Owned(resource, name),
        })
    }

    /// The bridges of a namespace that belong to an object.
    pub(crate) fn members<'a>(
        &'a self,
        namespace: &'a str,
        membership: Membership<'a>,
    ) -> impl Iterator<Item = &'a Record> {
        self.in_namespace(namespace)
            .filter(move |bridge| membership.includes(bridge))
    }
}
