//! What a tick did.

use std::ops::AddAssign;

use crate::transport::Outcome;

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TickOutcome {
    /// Mails that were queued.
    pub queued: usize,
    /// Mails that a server took.
    pub sent: usize,
    /// Mails that were written to files.
    pub written: usize,
    /// Mails that weren't taken, now or ever.
    pub refused: usize,
    /// Mails of which nobody knows.
    pub ambiguous: usize,
    /// Mails that no longer held when they were looked at again.
    pub dropped: usize,
    /// Mails that were given back as they were, because the engine stops or all workers have sent enough for now.
    pub handed_back: usize,
    /// Reminders that were put aside before they became a mail.
    pub put_aside: usize,
    /// Whether sending is paused because settings are wrong or missing.
    pub is_held: bool,
}

impl TickOutcome {
    /// Whether there was nothing to do.
    pub fn is_idle(&self) -> bool {
        *self
            == Self {
                is_held: self.is_held,
                ..Self::default()
            }
    }

    pub(crate) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Sent => self.sent += 1,
            Outcome::Written => self.written += 1,
            Outcome::Ambiguous { .. } => self.ambiguous += 1,
            Outcome::Permanent { .. }
            | Outcome::Transient { .. }
            | Outcome::Configuration { .. } => self.refused += 1,
        }
    }
}

impl AddAssign for TickOutcome {
    fn add_assign(&mut self, other: Self) {
        self.queued += other.queued;
        self.sent += other.sent;
        self.written += other.written;
        self.refused += other.refused;
        self.ambiguous += other.ambiguous;
        self.dropped += other.dropped;
        self.handed_back += other.handed_back;
        self.put_aside += other.put_aside;
        self.is_held |= other.is_held;
    }
}
