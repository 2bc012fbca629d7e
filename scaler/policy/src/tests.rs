//! The pool's life on a small stage: an API server, bridges and a jicofo that do at once what they are asked.

mod broken;
mod budgets;
mod drains;
mod ending;
mod expel;
mod faults;
mod growing;
mod guards;
mod hearing;
mod life;
mod log;
mod lost;
mod nodes;
mod orders;
mod people;
mod properties;
mod removing;
mod replies;
mod rollout;
mod shrinking;
mod spares;
mod stage;
mod surroundings;
mod told;
