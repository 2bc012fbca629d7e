//! The adapter, read by the real API server and the real HPA.

mod absence;
mod authority;
mod documented;
mod ending;
mod files;
mod freshness;
mod keda;
mod limits;
mod namespaces;
mod openapi;
mod readers;
mod reading;
mod rights;
mod scaling;
mod services;
mod trust;
