//! How a replica reads and writes the lease; who leads, [`scaler_policy::election`] decides.

use bridge::Time;
use scaler_policy::election::{Elector, Held};

use crate::api::{Key, Kind, Lease, Meta, Object, Refusal, Reply, Request};

/// The name of the Lease.
pub const LEASE: &str = "bridgetender";

/// What a replica asks first.
pub fn look() -> Request {
    Request::Get(Key::new(Kind::Lease, LEASE))
}

/// What it writes, having read the lease; nothing while somebody else holds it, or when nobody can tell.
pub fn read(elector: &mut Elector, reply: &Reply, now: Time) -> Option<Request> {
    let (held, meta) = match reply {
        Ok(object) => match &**object {
            Object::Lease(lease) => (Some(held(lease)), lease.meta.clone()),
            _ => return None,
        },
        Err(Refusal::NotFound) => {
            let meta = Meta {
                name: LEASE.to_owned(),
                ..Meta::default()
            };
            (None, meta)
        }
        Err(_) => return None,
    };
    let write = elector.read(held.as_ref(), now)?;
    let lease = Box::new(Object::Lease(Lease {
        meta,
        holder: write.holder,
        renewed: now,
        transitions: write.transitions.unsigned_abs(),
    }));
    Some(match write.version {
        None => Request::Create(lease),
        Some(_) => Request::Replace(lease),
    })
}

fn held(lease: &Lease) -> Held {
    Held {
        version: Some(lease.meta.version.to_string()),
        holder: lease.holder.clone(),
        duration: None,
        transitions: i32::try_from(lease.transitions).unwrap_or(i32::MAX),
    }
}
