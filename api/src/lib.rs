//! The HTTP surface: routes, handlers, access, problems and the OpenAPI document.
//!
//! A handler extracts, makes one call, responds. What all of them share (keys, permissions, idempotency, tags, pages,
//! problems) is in `request`, `answer` and `problem`, so that no handler can forget it.

pub mod access;
mod access_log;
mod answer;
mod edge;
mod handlers;
mod key_uses;
mod metrics;
mod middleware;
pub mod openapi;
mod pages;
mod paths;
mod problem;
mod request;
mod routes;
mod server;

pub use edge::{EdgeOptions, Times};
pub use metrics::Metrics;
pub use server::{
    ClientLinks, ExpectedWorker, Listening, Options, Server, is_our_concern, operations_only,
};
