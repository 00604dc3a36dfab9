//! What should be sent, said once more and differently: not rows that are scheduled and superseded, but a look at each
//! session at each moment. It shares no code with the engine, and knows one studio in London.

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

/// From which minute of London's day until which one no mail should arrive, over midnight too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet(pub(crate) Option<(Minute, Minute)>);

impl Quiet {
    fn covers(self, at: Minute) -> bool {
        let minute = (at + offset(at)).rem_euclid(DAY);
        self.0.is_some_and(|(from, until)| {
            if from < until {
                from <= minute && minute < until
            } else {
                from <= minute || minute < until
            }
        })
    }

    /// The allowed minute nearest to this one in a span, the earlier of two.
    fn nearest(self, to: Minute, from: Minute, until: Minute) -> Option<Minute> {
        (0..DAY)
            .flat_map(|away| [to - away, to + away])
            .find(|at| from <= *at && *at < until && !self.covers(*at))
    }

    /// When a step goes that is due at this minute and known of since that one: near to it, or in the morning of a night
    /// that began before.
    fn step(self, due: Minute, since: Minute, until: Minute) -> Option<Minute> {
        if due >= since {
            return self.nearest(due, since, until);
        }
        let morning = (due..).find(|at| !self.covers(*at))?;
        (morning > due && morning >= since && morning < until).then_some(morning)
    }

    /// When a notice of the studio's own act goes: in the morning, but so early that nobody sets out in vain.
    fn notice(self, due: Minute, acted: Minute, at_latest: Minute) -> Minute {
        if !self.covers(due) {
            return due;
        }
        self.nearest(due, acted, at_latest).unwrap_or(due)
    }
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

/// What the client knows of the session's time by the mails so far, and by what they did themself.
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
    /// What the client is to be told, when that is due, and until when it's of use.
    news: Option<(News, Minute, Minute)>,
    /// The latest time that it ever had.
    latest: Minute,
    known: Known,
    /// For which times the client has the advice on how to prepare.
    prepared_for: Vec<Minute>,
    /// An act while mails were held up: what the client is told of it hangs on what had arrived by then.
    unclear_since: Option<Minute>,
    /// Whether pigment goes into the skin, so that there is something to prepare and to care for.
    pigment: bool,
}

/// A reminder as both sides name it: the session, the step, and where the time matters the session's version.
pub(crate) type Key = (usize, &'static str, Option<i64>);

/// An act as it was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    pub(crate) now: Minute,
    pub(crate) by_client: bool,
    /// Whether all that was sent before has arrived, so that it's known what the client knows.
    pub(crate) is_clear: bool,
}

pub(crate) struct Model {
    pub(crate) sessions: Vec<Session>,
    quiet: Quiet,
    sent: HashSet<Key>,
    /// How long before the start the final reminder goes, and since when.
    final_hours: i64,
    final_since: Minute,
    /// What was due by the rule before, and not gone when it changed: it still goes.
    kept: HashMap<Key, (Minute, Minute)>,
    due_since: HashMap<Key, Minute>,
}

impl Model {
    pub(crate) fn new(quiet: Quiet) -> Self {
        Self {
            sessions: Vec::new(),
            quiet,
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
            news: Some((News::Booked, now, starts)),
            latest: starts,
            known: Known::Nothing,
            prepared_for: Vec::new(),
            unclear_since: None,
            pigment,
        });
    }

    pub(crate) fn move_to(&mut self, session: usize, starts: Minute, act: Act) {
        let one = &mut self.sessions[session];
        one.state = State::Booked;
        one.starts = starts;
        one.latest = one.latest.max(starts);
        one.set_at = act.now;
        one.version += 1;
        let news = match one.known {
            Known::Time(known) if known == starts && !act.by_client => None,
            Known::Time(_) => Some(News::Moved),
            // Whoever has heard of nothing hears of a booking first.
            Known::Nothing | Known::CalledOff => Some(News::Booked),
        };
        one.tell(news, act, self.quiet);
        if act.by_client {
            one.known = Known::Time(starts);
        }
    }

    pub(crate) fn confirm(&mut self, session: usize) {
        self.sessions[session].state = State::Confirmed;
    }

    pub(crate) fn cancel(&mut self, session: usize, act: Act) {
        let one = &mut self.sessions[session];
        one.before = Some(one.state);
        one.state = State::Cancelled;
        one.version += 1;
        let is_told = match one.known {
            Known::Time(_) => true,
            Known::Nothing => act.by_client,
            Known::CalledOff => false,
        };
        one.tell(is_told.then_some(News::Cancelled), act, self.quiet);
        if act.by_client {
            one.known = Known::CalledOff;
        }
    }

    pub(crate) fn take_cancellation_back(&mut self, session: usize, act: Act) {
        let one = &mut self.sessions[session];
        one.state = one.before.take().unwrap_or(State::Booked);
        one.set_at = act.now;
        one.version += 1;
        let news = match one.known {
            Known::Time(known) if known == one.starts => None,
            Known::Time(_) => Some(News::Moved),
            Known::Nothing | Known::CalledOff => Some(News::Booked),
        };
        one.tell(news, act, self.quiet);
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
        if let Some((news, due, until)) = one.news {
            let (step, still_holds) = match news {
                News::Booked => ("booking_confirmation", to_come),
                News::Moved => ("moved_notice", to_come),
                News::Cancelled => ("cancelled_notice", is_off),
            };
            if still_holds {
                want(timed(step), due, until, true);
            }
        }
        if let Some(at) = one.unclear_since {
            for (step, may_hold, until) in [
                ("booking_confirmation", to_come, one.starts),
                ("moved_notice", to_come, one.latest),
                ("cancelled_notice", is_off, one.latest),
            ] {
                if may_hold {
                    want(timed(step), at, until, false);
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
            let by_itself = self.quiet.step(due, one.set_at, until);
            match (one.news, one.unclear_since) {
                // Late, it goes with the answer.
                (Some((_, answer, _)), _) if due < one.set_at && answer < until => {
                    want(timed("preparation"), answer, until, !has_advice);
                }
                (None, Some(at)) if due < one.set_at => {
                    want(timed("preparation"), at, until, false);
                }
                _ => {
                    if let Some(due) = by_itself {
                        want(timed("preparation"), due, until, !has_advice);
                    }
                }
            }
        }
        if to_come {
            if let Some((due, until)) = self.kept.get(&timed("final_reminder")) {
                want(timed("final_reminder"), *due, *until, true);
            }
            let due = one.starts - self.final_hours * HOUR;
            let since = one.set_at.max(self.final_since);
            if let Some(due) = self.quiet.step(due, since, one.starts) {
                want(timed("final_reminder"), due, one.starts, true);
            }
        }
        if one.state == State::Booked {
            let (due, until) = (one.starts - 72 * HOUR, one.starts - 48 * HOUR);
            if let Some(due) = self.quiet.step(due, one.set_at, until) {
                want(timed("confirm_request"), due, until, true);
            }
        }
        if let (State::Completed, Some(completed), true) = (one.state, one.completed, one.pigment) {
            for (step, due, days) in [
                ("aftercare_day_0", completed + 30, 2),
                ("aftercare_day_4", ten_o_clock(completed, 4), 3),
                ("aftercare_day_10", ten_o_clock(completed, 10), 7),
                ("aftercare_day_30", ten_o_clock(completed, 30), 14),
            ] {
                let (late, until) = (due.max(one.recorded), due + days * DAY);
                if let Some(due) = self.quiet.nearest(late, one.recorded, until) {
                    want(care(step), due, until, true);
                }
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
    fn tell(&mut self, news: Option<News>, act: Act, quiet: Quiet) {
        let due = |news| match news {
            News::Booked => act.now,
            News::Moved | News::Cancelled if act.by_client => act.now + 10,
            News::Moved | News::Cancelled => {
                let sets_out = match self.known {
                    Known::Time(told) if told > act.now => told - 3 * HOUR,
                    _ => Minute::MAX,
                };
                quiet.notice(act.now + 10, act.now, sets_out.min(self.starts))
            }
        };
        // Whoever was told of a later time sets out for that one.
        let until = |news| match (news, self.known) {
            (News::Moved | News::Cancelled, Known::Time(told)) => told.max(self.starts),
            _ => self.starts,
        };
        self.news = news
            .filter(|_| act.is_clear)
            .map(|news| (news, due(news), until(news)));
        self.unclear_since = (!act.is_clear).then_some(act.now);
    }
}
