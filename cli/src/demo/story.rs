//! What happens at the studio, and when: acts in any order, each with its time.

use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Europe::London;
use stipple_shared::Error;
use stipple_shared::domain::Instant;
use stipple_shared::domain::local_time::at_local_time;
use stipple_shared::storage::Tx;

use super::clients::CLIENTS;
use super::sessions::Stage;
use super::{Act, Names};

/// All acts with their times. The days are those around now, so that the demo is always in the middle of its week.
pub(super) fn story(now: Instant) -> Vec<(Instant, Act)> {
    let today = now.day_at(London);
    let mut story = Story {
        now,
        today,
        acts: Vec::new(),
    };
    story.open_studio();
    for (place, (name, given, family, email)) in (0_i64..).zip(CLIENTS) {
        story.register(place, name, given, family, *email);
    }
    story.single("consulted", "consultation", 30, -3, (1, 9));
    story.treat(
        "starting",
        "receding",
        -12,
        &[Stage::Booked {
            booked: -11,
            day: 3,
            hour: 9,
        }],
    );
    story.treat(
        "between",
        "general",
        -24,
        &[
            Stage::Done {
                booked: -23,
                day: -14,
                hour: 10,
            },
            Stage::Booked {
                booked: -13,
                day: 0,
                hour: 15,
            },
            Stage::Booked {
                booked: -12,
                day: 21,
                hour: 10,
            },
        ],
    );
    story.treat(
        "finished",
        "full",
        -66,
        &[
            Stage::Done {
                booked: -65,
                day: -45,
                hour: 9,
            },
            Stage::Done {
                booked: -44,
                day: -31,
                hour: 9,
            },
            Stage::Done {
                booked: -30,
                day: -1,
                hour: 14,
            },
        ],
    );
    story.treat(
        "to_book",
        "scar",
        -30,
        &[Stage::Done {
            booked: -29,
            day: -11,
            hour: 11,
        }],
    );
    story.treat(
        "missed",
        "receding",
        -20,
        &[Stage::Missed {
            booked: -18,
            day: -2,
            hour: 12,
        }],
    );
    story.treat(
        "cancelled",
        "general",
        -15,
        &[Stage::Cancelled {
            booked: -14,
            day: 5,
            hour: 13,
            on: -1,
        }],
    );
    story.treat(
        "unreachable",
        "general",
        -9,
        &[Stage::Booked {
            booked: -8,
            day: 1,
            hour: 13,
        }],
    );
    story.treat(
        "confirmed",
        "receding",
        -8,
        &[Stage::Confirmed {
            booked: -7,
            day: 2,
            hour: 16,
            on: -1,
        }],
    );
    // Just now: their confirmations are the first mails that the running engine sends.
    story.single("new", "consultation", 30, 0, (4, 11));
    story.single("to_book", "review", 20, 0, (6, 9));
    story.acts
}

pub(super) struct Story {
    pub(super) now: Instant,
    pub(super) today: NaiveDate,
    acts: Vec<(Instant, Act)>,
}

impl Story {
    /// An hour of a day, counted from today.
    pub(super) fn at(&self, day: i64, hour: u32) -> Instant {
        let days = Days::new(day.unsigned_abs());
        let day = if day < 0 {
            self.today - days
        } else {
            self.today + days
        };
        at_local_time(
            day,
            NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default(),
            London,
        )
    }

    /// The same for something done: never later than now.
    pub(super) fn done_at(&self, day: i64, hour: u32) -> Instant {
        if day == 0 {
            self.now
        } else {
            self.at(day, hour).min(self.now)
        }
    }

    pub(super) fn act(
        &mut self,
        at: Instant,
        act: impl Fn(&mut Tx<'_>, &Names) -> Result<Option<(String, uuid::Uuid)>, Error>
        + Send
        + Sync
        + 'static,
    ) {
        self.acts.push((at, Box::new(act)));
    }
}
