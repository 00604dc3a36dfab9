//! What should be sent, said once more and differently: not rows that are scheduled and superseded, but a look at each
//! session at each moment. It shares no code with the engine, and knows one studio in London without quiet hours.

use std::collections::{HashMap, HashSet};

/// Minutes since 2026-10-01T00:00:00Z.
pub(crate) type Minute = i64;

pub(crate) const HOUR: Minute = 60;
pub(crate) const DAY: Minute = 24 * HOUR;

/// London puts its clocks back on 2026-10-25 at 01:00 UTC.
const CLOCKS_GO_BACK: Minute = 24 * DAY + HOUR;

fn offset(at: Minute) -> Minute {
    if at < CLOCKS_GO_BACK { HOUR } else { 0 }
}

/// Ten o'clock in London, so many days after the day of this minute.
fn ten_o_clock(at: Minute, days: i64) -> Minute {
    let day = (at + offset(at)).div_euclid(DAY) + days;
    let local = day * DAY + 10 * HOUR;
    // Ten o'clock is on no day near to the hour at which the clocks change.
    local - offset(local - HOUR)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Booked,
    Confirmed,
    Cancelled,
    Missed,
    Completed,
}

/// What the client is to be told of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Booked,
    Moved,
    Cancelled,
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) state: State,
    pub(crate) starts: Minute,
    before: Option<State>,
    /// When its time was last set, or taken up again.
    set_at: Minute,
    version: i64,
    completed: Option<Minute>,
    recorded: Minute,
    news: Option<(News, Minute)>,
    /// Whether pigment goes into the skin, so that there is something to prepare and to care for.
    pigment: bool,
}

/// A reminder as both sides name it: the session, the step, and where the time matters the session's version.
pub(crate) type Key = (usize, &'static str, Option<i64>);

pub(crate) struct Model {
    pub(crate) sessions: Vec<Session>,
    sent: HashSet<Key>,
    /// How long before the start the final reminder goes, and since when.
    final_hours: i64,
    final_since: Minute,
    /// What was due by the rule before, and not gone when it changed: it still goes.
    kept: HashMap<Key, (Minute, Minute)>,
    due_since: HashMap<Key, Minute>,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            sessions: Vec::new(),
            sent: HashSet::new(),
            final_hours: 24,
            final_since: Minute::MIN,
            kept: HashMap::new(),
            due_since: HashMap::new(),
        }
    }

    pub(crate) fn book(&mut self, now: Minute, starts: Minute, pigment: bool) {
        self.sessions.push(Session {
            state: State::Booked,
            starts,
            before: None,
            set_at: now,
            version: 1,
            completed: None,
            recorded: now,
            news: Some((News::Booked, now)),
            pigment,
        });
    }

    pub(crate) fn move_to(&mut self, session: usize, now: Minute, starts: Minute) {
        let one = &mut self.sessions[session];
        one.state = State::Booked;
        one.starts = starts;
        one.set_at = now;
        one.version += 1;
        one.news = Some((News::Moved, now));
    }

    pub(crate) fn confirm(&mut self, session: usize) {
        self.sessions[session].state = State::Confirmed;
    }

    pub(crate) fn cancel(&mut self, session: usize, now: Minute) {
        let one = &mut self.sessions[session];
        one.before = Some(one.state);
        one.state = State::Cancelled;
        one.news = Some((News::Cancelled, now));
    }

    pub(crate) fn take_cancellation_back(&mut self, session: usize, now: Minute) {
        let one = &mut self.sessions[session];
        one.state = one.before.take().unwrap_or(State::Booked);
        one.set_at = now;
        one.version += 1;
        one.news = Some((News::Booked, now));
    }

    pub(crate) fn miss(&mut self, session: usize) {
        self.sessions[session].state = State::Missed;
    }

    pub(crate) fn complete(&mut self, session: usize, at: Minute, now: Minute) {
        let one = &mut self.sessions[session];
        one.state = State::Completed;
        one.completed = Some(at);
        one.recorded = now;
    }

    pub(crate) fn change_final_hours(&mut self, hours: i64, now: Minute) {
        for place in 0..self.sessions.len() {
            for (key, due, until) in self.wanted(place) {
                if key.1 == "final_reminder" && due <= now && !self.sent.contains(&key) {
                    self.kept.insert(key, (due, until));
                }
            }
        }
        self.final_hours = hours;
        self.final_since = now;
    }

    /// What is to be sent of a session as it stands, with the span in which it is of use.
    fn wanted(&self, place: usize) -> Vec<(Key, Minute, Minute)> {
        let one = &self.sessions[place];
        let mut wanted = Vec::new();
        let timed = |step| (place, step, Some(one.version));
        let care = |step| (place, step, None);
        let to_come = matches!(one.state, State::Booked | State::Confirmed);
        if let Some((news, at)) = one.news {
            match news {
                News::Booked if to_come => {
                    wanted.push((timed("booking_confirmation"), at, one.starts));
                }
                News::Moved if to_come => {
                    wanted.push((timed("moved_notice"), at + 10, one.starts));
                }
                News::Cancelled if one.state == State::Cancelled => {
                    wanted.push((timed("cancelled_notice"), at + 10, one.starts));
                }
                News::Booked | News::Moved | News::Cancelled => {}
            }
        }
        if to_come {
            let due = ten_o_clock(one.starts, -7);
            let until = one.starts - 48 * HOUR;
            if !one.pigment {
                // Nothing to prepare.
            } else if due >= one.set_at {
                wanted.push((care("preparation"), due, until));
            } else if let Some((news, at)) = one.news {
                // Late, it goes with the answer.
                let answer = if news == News::Moved { at + 10 } else { at };
                if answer < until {
                    wanted.push((care("preparation"), answer, until));
                }
            }
            if let Some((due, until)) = self.kept.get(&timed("final_reminder")) {
                wanted.push((timed("final_reminder"), *due, *until));
            }
            let final_due = one.starts - self.final_hours * HOUR;
            if final_due >= one.set_at && final_due >= self.final_since {
                wanted.push((timed("final_reminder"), final_due, one.starts));
            }
        }
        if one.state == State::Booked && one.starts - 72 * HOUR >= one.set_at {
            let due = one.starts - 72 * HOUR;
            wanted.push((timed("confirm_request"), due, one.starts - DAY));
        }
        if let (State::Completed, Some(completed), true) = (one.state, one.completed, one.pigment) {
            for (step, due, days) in [
                ("aftercare_day_0", completed + 30, 2),
                ("aftercare_day_4", ten_o_clock(completed, 4), 3),
                ("aftercare_day_10", ten_o_clock(completed, 10), 7),
                ("aftercare_day_30", ten_o_clock(completed, 30), 14),
            ] {
                wanted.push((care(step), due.max(one.recorded), due + days * DAY));
            }
        }
        wanted
    }

    /// Notes that a reminder went out, and complains if it shouldn't have.
    pub(crate) fn went_out(&mut self, key: Key, now: Minute) -> Result<(), String> {
        let wanted = self.wanted(key.0);
        let allowed = wanted
            .iter()
            .any(|(one, due, until)| *one == key && *due <= now && now < *until);
        if !self.sent.insert(key) {
            return Err(format!("{key:?} went out a second time at {now}"));
        }
        if !allowed {
            let session = &self.sessions[key.0];
            return Err(format!(
                "{key:?} went out at {now}, not among {wanted:?} of {session:?}"
            ));
        }
        Ok(())
    }

    /// What should have gone out by now: due for longer than `patience`.
    pub(crate) fn overdue(&mut self, now: Minute, patience: Minute) -> Vec<Key> {
        let mut due = HashMap::new();
        for place in 0..self.sessions.len() {
            for (key, from, until) in self.wanted(place) {
                if from <= now && now < until && !self.sent.contains(&key) {
                    let since = self.due_since.get(&key).copied().unwrap_or(now);
                    due.insert(key, since);
                }
            }
        }
        self.due_since = due;
        self.due_since
            .iter()
            .filter(|(_, since)| now - **since >= patience)
            .map(|(key, _)| *key)
            .collect()
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.len()
    }
}

/// The names of steps, for keys.
pub(crate) const STEPS: [(&str, bool); 10] = [
    ("booking_confirmation", true),
    ("moved_notice", true),
    ("cancelled_notice", true),
    ("preparation", false),
    ("confirm_request", true),
    ("final_reminder", true),
    ("aftercare_day_0", false),
    ("aftercare_day_4", false),
    ("aftercare_day_10", false),
    ("aftercare_day_30", false),
];
