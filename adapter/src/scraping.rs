//! How the adapter learns of bridges: which there are (`pods`; `services` groups them), when each is asked (`schedule`, `scraper`), and how (`reach::Probe`).
//!
//! All that is learned goes into the store of `telling`.

pub(crate) mod pods;
mod question;
mod refresh;
mod schedule;
mod scraper;
pub(crate) mod services;
mod target;
mod watching;

pub(crate) use refresh::{Freshness, Refreshed, Refresher};
pub(crate) use scraper::{Pace, Scraper};
