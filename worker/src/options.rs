//! How an engine is set up.

use chrono::TimeDelta;
use stipple_shared::links::LinkMaker;
use stipple_shared::storage::delivery::LeaseLengths;
use stipple_shared::storage::sending_rate::SendingRate;
use uuid::Uuid;

use crate::transport::{DkimSigner, Target, Timeouts};

/// How an engine is set up.
#[derive(Clone)]
pub struct EngineOptions {
    /// Where mail goes; without one it's held, and an alarm shows.
    pub target: Option<Target>,
    /// The address that mails come from.
    pub mail_from: String,
    /// So many mails are under way at the same time at most, each on a connection of its own; at least one.
    pub slots: u32,
    /// So many mails in one tick at most.
    pub mails_per_tick: u32,
    /// How fast all workers together may send, so that a backlog doesn't go out at once.
    pub rate: SendingRate,
    /// How long each phase of an attempt may take.
    pub timeouts: Timeouts,
    /// What signs the mails, where the server that they're given to doesn't.
    pub dkim: Option<DkimSigner>,
    /// What makes the links in mails; without it they carry none.
    pub links: Option<LinkMaker>,
    /// Names the worker among others: by it a process asks whether its own still ticks.
    pub id: String,
}

/// A new name for a worker.
pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

impl EngineOptions {
    /// The usual limits: two connections, 20 mails at once and 120 in any minute, which small relays take.
    pub fn new(target: Option<Target>, mail_from: String) -> Self {
        Self {
            target,
            mail_from,
            slots: 2,
            mails_per_tick: 50,
            rate: SendingRate {
                per_minute: 120,
                at_once: 20,
            },
            timeouts: Timeouts::default(),
            dkim: None,
            links: None,
            id: new_id(),
        }
    }

    pub(crate) fn sending_domain(&self) -> &str {
        self.mail_from
            .rsplit_once('@')
            .map_or("localhost", |(_, domain)| domain.trim_end_matches('>'))
    }

    /// How long leases last with these time-outs.
    pub(crate) fn lease_lengths(&self) -> LeaseLengths {
        if matches!(self.target, Some(Target::Files(_))) {
            // A file of the same name is written over, so writing it twice is writing it once.
            return LeaseLengths {
                until_handover: TimeDelta::seconds(30),
                after_handover: TimeDelta::seconds(30),
                repeats_are_harmless: true,
            };
        }
        let longer = |most| TimeDelta::from_std(most).unwrap_or(TimeDelta::hours(1)) + MARGIN;
        LeaseLengths {
            until_handover: longer(self.timeouts.longest_way_to_handover()),
            after_handover: longer(self.timeouts.longest_handover()),
            repeats_are_harmless: false,
        }
    }
}

/// A lease outlasts what it covers by this: by SQLite, where each process reads its own clock, these may differ by ten
/// minutes and a mail still has one holder. On PostgreSQL the database's clock counts.
const MARGIN: TimeDelta = TimeDelta::minutes(12);
