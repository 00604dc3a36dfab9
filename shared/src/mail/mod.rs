//! Mails: facts into words.
//!
//! A mail is made of [`MailFacts`] and nothing else, so that the API can preview exactly what the worker will send.
//! Subject, preheader, sender name and calendar are neutral by construction: they are made of the service label, the
//! sender name and the time, and [`lint`] refuses a clinical word in any of them,
//! also in the words that a studio writes itself.

pub mod calendar;
pub mod content;
pub mod digest;
pub mod engine;
pub mod facts;
pub mod fresh_link;
mod layout;
pub mod lint;
pub mod reach;
pub mod render;
pub mod safety_notice;
pub mod text;
pub mod when;
pub mod words;

pub use content::{Calendar, Method, RenderedMail};
pub use facts::{AppointmentFacts, Links, MailFacts, StudioFacts};
pub use render::{render, render_with};

#[cfg(test)]
mod detail_tests;
#[cfg(test)]
mod fresh_link_tests;
#[cfg(test)]
mod tests;
