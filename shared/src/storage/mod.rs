//! Everything that is kept: one query code for SQLite and PostgreSQL.
//!
//! [`Store::read`] and [`Store::write`] are the only doors. A read sees one snapshot. Writes go through one writer
//! for each process, which commits those that wait together; nobody is answered before the commit.

pub mod access_events;
pub mod api_keys;
pub mod assessments;
pub mod audit;
pub mod availability;
pub mod booking;
pub mod calendar_feeds;
pub mod chores;
pub mod client_page;
pub mod client_search;
pub mod clients;
pub mod columns;
mod contents;
pub mod delivery;
mod dialect;
pub mod digest;
pub mod figures;
pub mod idempotency;
mod kept;
mod leaving;
pub mod lot_uses;
pub mod lots;
pub mod mail_templates;
pub mod mails;
mod migrations;
mod once;
pub mod paging;
pub mod pigment_records;
pub mod plan_templates;
pub mod plans;
pub mod practitioners;
pub mod products;
mod readers;
pub mod reassign;
mod record_lots;
mod references;
pub mod reminder_actions;
pub mod reminder_rules;
mod reminder_sync;
pub mod reminders;
pub mod rooms;
pub mod schema;
mod scope;
pub mod sending_rate;
mod session_actions;
pub mod session_history;
pub mod sessions;
mod sharing;
mod store;
mod stranded;
pub mod studios;
pub mod tasks;
pub mod time_off;
pub mod timeline;
mod transaction;
pub mod worker_status;
mod writer;

pub use contents::{Contents, mark_as_demo};
pub use dialect::{ColumnDescription, DatabaseUrl, Db};
pub use scope::Scope;
pub use store::{Store, StoreOptions};
pub use transaction::{Actor, Tx, WriteContext};
