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

/// The day in London.
fn day(at: Minute) -> i64 {
    (at + offset(at)).div_euclid(DAY)
}

/// Ten o'clock in London, so many days after the day of this minute.
fn ten_o_clock(at: Minute, days: i64) -> Minute {
    let local = (day(at) + days) * DAY + 10 * HOUR;
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

/// What the client knows of the session's time by the mails so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Nothing,
    Time(Minute),
    CalledOff,
}

/// A reminder with the span in which it is of use, and whether it has to go.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    key: Key,
    due: Minute,
    until: Minute,
    must: bool,
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
    known: Known,
    /// The time that the newest confirmation tells.
    meant: Minute,
    /// For which times the client has the advice on how to prepare.
    prepared_for: Vec<Minute>,
    /// An act while mails were held up: what the client is told of it hangs on what had arrived by then.
    unclear_since: Option<Minute>,
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
            known: Known::Nothing,
            meant: starts,
            prepared_for: Vec::new(),
            unclear_since: None,
            pigment,
        });
    }

    pub(crate) fn move_to(&mut self, session: usize, now: Minute, starts: Minute, is_clear: bool) {
        let one = &mut self.sessions[session];
        one.state = State::Booked;
        one.starts = starts;
        one.set_at = now;
        one.version += 1;
        let news = match one.known {
            Known::Time(known) if known == starts => None,
            Known::Nothing if one.meant == starts => Some(News::Booked),
            Known::Nothing | Known::Time(_) => Some(News::Moved),
            Known::CalledOff => Some(News::Booked),
        };
        one.tell(news, now, is_clear);
    }

    pub(crate) fn confirm(&mut self, session: usize) {
        self.sessions[session].state = State::Confirmed;
    }

    pub(crate) fn cancel(&mut self, session: usize, now: Minute, is_clear: bool) {
        let one = &mut self.sessions[session];
        one.before = Some(one.state);
        one.state = State::Cancelled;
        let news = (one.known != Known::CalledOff).then_some(News::Cancelled);
        one.tell(news, now, is_clear);
    }

    pub(crate) fn take_cancellation_back(&mut self, session: usize, now: Minute, is_clear: bool) {
        let one = &mut self.sessions[session];
        one.state = one.before.take().unwrap_or(State::Booked);
        one.set_at = now;
        one.version += 1;
        let news = match one.known {
            Known::Time(known) if known == one.starts => None,
            Known::Time(_) => Some(News::Moved),
            Known::Nothing | Known::CalledOff => Some(News::Booked),
        };
        one.tell(news, now, is_clear);
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
            for one in self.wanted(place) {
                if one.key.1 == "final_reminder" && one.due <= now && !self.sent.contains(&one.key)
                {
                    self.kept.insert(one.key, (one.due, one.until));
                }
            }
        }
        self.final_hours = hours;
        self.final_since = now;
    }

    /// What is to be sent of a session as it stands.
    fn wanted(&self, place: usize) -> Vec<Wanted> {
        let one = &self.sessions[place];
        let mut wanted = Vec::new();
        let timed = |step| (place, step, Some(one.version));
        let care = |step| (place, step, None);
        let mut want = |key, due, until, must| {
            wanted.push(Wanted {
                key,
                due,
                until,
                must,
            });
        };
        let to_come = matches!(one.state, State::Booked | State::Confirmed);
        let is_off = one.state == State::Cancelled;
        if let Some((news, at)) = one.news {
            let (step, due, still_holds) = match news {
                News::Booked => ("booking_confirmation", at, to_come),
                News::Moved => ("moved_notice", at + 10, to_come),
                News::Cancelled => ("cancelled_notice", at + 10, is_off),
            };
            if still_holds {
                want(timed(step), due, one.starts, true);
            }
        }
        if let Some(at) = one.unclear_since {
            for (step, may_hold) in [
                ("booking_confirmation", to_come),
                ("moved_notice", to_come),
                ("cancelled_notice", is_off),
            ] {
                if may_hold {
                    want(timed(step), at, one.starts, false);
                }
            }
        }
        // Advice holds for a move by less than a week. What was under way at an unclear act may come again.
        let has_advice = one
            .prepared_for
            .iter()
            .any(|told| (day(*told) - day(one.starts)).abs() < 7);
        if to_come && one.pigment && (!has_advice || one.unclear_since.is_some()) {
            let due = ten_o_clock(one.starts, -7);
            let until = one.starts - 48 * HOUR;
            if due >= one.set_at {
                want(timed("preparation"), due, until, !has_advice);
            } else if let Some((news, at)) = one.news {
                // Late, it goes with the answer.
                let answer = if news == News::Moved { at + 10 } else { at };
                want(timed("preparation"), answer, until, !has_advice);
            } else if let Some(at) = one.unclear_since {
                want(timed("preparation"), at, until, false);
            }
        }
        if to_come {
            if let Some((due, until)) = self.kept.get(&timed("final_reminder")) {
                want(timed("final_reminder"), *due, *until, true);
            }
            let due = one.starts - self.final_hours * HOUR;
            if due >= one.set_at && due >= self.final_since {
                want(timed("final_reminder"), due, one.starts, true);
            }
        }
        if one.state == State::Booked && one.starts - 72 * HOUR >= one.set_at {
            let due = one.starts - 72 * HOUR;
            want(timed("confirm_request"), due, one.starts - DAY, true);
        }
        if let (State::Completed, Some(completed), true) = (one.state, one.completed, one.pigment) {
            for (step, due, days) in [
                ("aftercare_day_0", completed + 30, 2),
                ("aftercare_day_4", ten_o_clock(completed, 4), 3),
                ("aftercare_day_10", ten_o_clock(completed, 10), 7),
                ("aftercare_day_30", ten_o_clock(completed, 30), 14),
            ] {
                want(care(step), due.max(one.recorded), due + days * DAY, true);
            }
        }
        wanted
    }

    /// Notes that a reminder went out, and complains if it shouldn't have.
    pub(crate) fn went_out(&mut self, key: Key, now: Minute) -> Result<(), String> {
        let wanted = self.wanted(key.0);
        let allowed = wanted
            .iter()
            .any(|one| one.key == key && one.due <= now && now < one.until);
        if !self.sent.insert(key) {
            return Err(format!("{key:?} went out a second time at {now}"));
        }
        let session = &mut self.sessions[key.0];
        if !allowed {
            return Err(format!(
                "{key:?} went out at {now}, not among {wanted:?} of {session:?}"
            ));
        }
        match key {
            (_, "cancelled_notice", _) => session.known = Known::CalledOff,
            (_, step, Some(_)) => {
                session.known = Known::Time(session.starts);
                if step == "preparation" {
                    session.prepared_for.push(session.starts);
                }
            }
            (_, _, None) => {}
        }
        Ok(())
    }

    /// What should have gone out by now: due for longer than `patience`.
    pub(crate) fn overdue(&mut self, now: Minute, patience: Minute) -> Vec<Key> {
        let mut due = HashMap::new();
        for place in 0..self.sessions.len() {
            for one in self.wanted(place) {
                let is_due = one.due <= now && now < one.until;
                if one.must && is_due && !self.sent.contains(&one.key) {
                    let since = self.due_since.get(&one.key).copied().unwrap_or(now);
                    due.insert(one.key, since);
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
    ("preparation", true),
    ("confirm_request", true),
    ("final_reminder", true),
    ("aftercare_day_0", false),
    ("aftercare_day_4", false),
    ("aftercare_day_10", false),
    ("aftercare_day_30", false),
];

impl Session {
    /// Notes what the client is to be told of an act. What was to be told before that, and hasn't been, falls away.
    fn tell(&mut self, news: Option<News>, now: Minute, is_clear: bool) {
        if news == Some(News::Booked) {
            self.meant = self.starts;
        }
        self.news = news.filter(|_| is_clear).map(|news| (news, now));
        self.unclear_since = (!is_clear).then_some(now);
    }
}
