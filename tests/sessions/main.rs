//! Sessions from outside: booked, moved, ended and taken back, the times that are offered, the reminders that follow.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod actions;
mod afterwards;
mod answers;
mod attendance;
mod availability;
mod booking;
mod chores;
mod closed_days;
mod export;
mod gaps;
mod house;
mod later_work;
mod ledger;
mod notices;
mod post;
mod recall;
mod reminders;
mod safety_notices;
mod stranded;
mod walk;
mod worklist;
