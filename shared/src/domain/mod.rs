//! The rules of a studio, as pure functions and types: nothing here does I/O or reads a clock.

pub mod api_key;
pub mod assessment;
pub mod availability;
pub mod booking;
pub mod calendar_feed;
pub mod client;
pub mod client_page;
pub mod gap;
pub mod hours;
pub mod id;
pub mod instant;
pub mod interval;
pub mod local_time;
pub mod lot;
pub mod mail_template;
pub mod neutral;
pub mod nonconformity;
pub mod number;
pub mod overlap;
#[cfg(test)]
mod parser_tests;
pub mod patch;
pub mod pigment;
pub mod plan;
pub mod plan_template;
pub mod practitioner;
pub mod reassignment;
pub mod record;
pub mod reminder;
pub mod reminder_rule;
pub mod salt;
pub mod schedule;
pub mod search;
pub mod session;
pub mod stock;
pub mod studio;
pub mod task;
pub mod template;
pub mod text;
mod text_enum;
pub mod trace;
pub mod vocabulary;

pub use id::*;
pub use instant::Instant;
pub use local_time::TimeZoneName;
pub use vocabulary::*;
