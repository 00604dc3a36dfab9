//! The demo's made-up studio: ten weeks of its work, told through the real rules under a clock that is turned.
//!
//! Each act runs at the time at which it would have happened, with the reminder engine ticking in between, so that the
//! ledger, the mails and the audit trail are what a real studio would have. All people and places are invented.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Europe::London;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stipple_api::ClientLinks;
use stipple_shared::domain::booking::{
    Booking, Cancel, Complete, MayOverride, NewSession, Occurred,
};
use stipple_shared::domain::local_time::at_local_time;
use stipple_shared::domain::{Instant, LotId, PlanId, PlanTemplateId, RoomId, SessionId, StudioId};
use stipple_shared::links::LinkMaker;
use stipple_shared::storage::assessments::Assessment;
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::lots::Lot;
use stipple_shared::storage::paging::PageRequest;
use stipple_shared::storage::plan_templates::{PlanTemplate, PlanTemplateFilter};
use stipple_shared::storage::plans::Plan;
use stipple_shared::storage::practitioners::Practitioner;
use stipple_shared::storage::products::Product;
use stipple_shared::storage::rooms::Room;
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::studios::{Studio, StudioFilter};
use stipple_shared::storage::{Scope, Store, Tx, WriteContext};
use stipple_shared::{Clock, Error};
use stipple_worker::{Engine, EngineOptions};

use crate::data::Data;
use crate::failure::Failure;
use crate::mail::MailSettings;

/// Clients at every stage of a plan.
const CLIENTS: &[(&str, &str, &str, Option<&str>)] = &[
    (
        "consulted",
        "Jonah",
        "Ashdown",
        Some("jonah.ashdown@example.com"),
    ),
    (
        "starting",
        "Mirela",
        "Okonkwo-Lindqvist",
        Some("mirela@example.com"),
    ),
    (
        "between",
        "Zoë",
        "Hartnell",
        Some("zoe.hartnell@example.org"),
    ),
    (
        "finished",
        "Théo",
        "Marchand",
        Some("theo.marchand@example.net"),
    ),
    ("to_book", "Émile", "Brânză", Some("emile@example.com")),
    (
        "missed",
        "Ruaridh",
        "MacAskill",
        Some("ruaridh@example.org"),
    ),
    ("cancelled", "ليلى", "حداد", Some("layla@example.com")),
    ("unreachable", "Piet", "van der Zandstra", None),
    (
        "confirmed",
        "Noor",
        "Vasquez",
        Some("noor.vasquez@example.org"),
    ),
    ("new", "Aoife", "Dunmore", Some("aoife@example.com")),
];

type Names = HashMap<String, uuid::Uuid>;
type Act =
    Box<dyn Fn(&mut Tx<'_>, &Names) -> Result<Option<(String, uuid::Uuid)>, Error> + Send + Sync>;

/// Loads the demo's studio into an empty database; one that has it stays as it is.
pub(crate) fn load(data: &Data, mail: &MailSettings, links: ClientLinks) -> Result<(), Failure> {
    let store = data.open()?;
    let known = store.read_blocking(|db| {
        let page = PageRequest {
            limit: 1,
            after: None,
            updated_since: None,
        };
        Studio::list(db, &Scope::all(), &StudioFilter::default(), &page)
    })?;
    if !known.rows.is_empty() {
        return Ok(());
    }
    let now = store.clock().now();
    let hand = Arc::new(AtomicI64::new(now.millis()));
    let turned = Arc::clone(&hand);
    let store = data.open_at(Clock::from_fn(move || {
        Instant::from_millis(turned.load(Ordering::Relaxed))
    }))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault("the demo can't be loaded", &error))?;
    runtime.block_on(tell(&store, &hand, now, mail, links.maker()))
}

async fn tell(
    store: &Store,
    hand: &AtomicI64,
    now: Instant,
    mail: &MailSettings,
    links: Option<LinkMaker>,
) -> Result<(), Failure> {
    let engine = mail.way_out.clone().map(|(target, from)| {
        let options = EngineOptions {
            mails_per_tick: 10_000,
            rate: SendingRate::UNLIMITED,
            links: links.clone(),
            ..EngineOptions::new(Some(target), from.to_string())
        };
        Engine::new(store.clone(), options)
    });
    let mut acts = story(now);
    acts.sort_by_key(|(at, _)| *at);
    let mut names = Names::new();
    let mut last = acts.first().map_or(now, |(at, _)| *at);
    for (at, act) in acts {
        // Three looks a day are enough to send what came due, and the last hour is left to the real engine.
        while let Some(engine) = engine.as_ref().filter(|_| last + TimeDelta::hours(8) < at) {
            last = last + TimeDelta::hours(8);
            hand.store(last.millis(), Ordering::Relaxed);
            engine.tick().await?;
        }
        hand.store(at.millis(), Ordering::Relaxed);
        let known = names.clone();
        let made = store
            .write(WriteContext::command_line(), move |tx| act(tx, &known))
            .await?;
        names.extend(made);
    }
    Ok(())
}

/// All acts with their times. The days are those around now, so that the demo is always in the middle of its week.
fn story(now: Instant) -> Vec<(Instant, Act)> {
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

/// One treatment session of a plan.
enum Stage {
    Booked {
        booked: i64,
        day: i64,
        hour: u32,
    },
    Confirmed {
        booked: i64,
        day: i64,
        hour: u32,
        on: i64,
    },
    Done {
        booked: i64,
        day: i64,
        hour: u32,
    },
    Missed {
        booked: i64,
        day: i64,
        hour: u32,
    },
    Cancelled {
        booked: i64,
        day: i64,
        hour: u32,
        on: i64,
    },
}

struct Story {
    now: Instant,
    today: NaiveDate,
    acts: Vec<(Instant, Act)>,
}

impl Story {
    /// An hour of a day, counted from today.
    fn at(&self, day: i64, hour: u32) -> Instant {
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
    fn done_at(&self, day: i64, hour: u32) -> Instant {
        if day == 0 {
            self.now
        } else {
            self.at(day, hour).min(self.now)
        }
    }

    fn act(
        &mut self,
        at: Instant,
        act: impl Fn(&mut Tx<'_>, &Names) -> Result<Option<(String, uuid::Uuid)>, Error>
        + Send
        + Sync
        + 'static,
    ) {
        self.acts.push((at, Box::new(act)));
    }

    fn open_studio(&mut self) {
        let at = self.at(-70, 8);
        self.act(at, |tx, _| {
            let studio = Studio::open(
                tx,
                &read(json!({
                    "name": "Stillwater Studio", "sender_name": "Stillwater Studio", "time_zone": "Europe/London",
                    "address": "4 Example Row\nBristol", "telephone": "+44 117 496 0018",
                    "email": "hello@stillwater.example", "jurisdiction": "GB-ENG", "client_may_move": true,
                    "opening_hours": week("08:00", "20:00"),
                }))?,
            )?;
            PlanTemplate::ensure_defaults(tx)?;
            Ok(Some(("studio".into(), studio.id.0)))
        });
        for (place, name) in [(1, "Room 1"), (2, "Room 2")] {
            self.act(at + TimeDelta::minutes(place), move |tx, names| {
                let room = Room::add(
                    tx,
                    StudioId(id(names, "studio")?),
                    &read(json!({ "name": name }))?,
                )?;
                Ok(Some((name.into(), room.id.0)))
            });
        }
        for (place, key, name, licence) in [
            (3, "ada", "Ada Finchley", "EX-2207"),
            (4, "marek", "Marek Odell", "EX-3119"),
        ] {
            self.act(at + TimeDelta::minutes(place), move |tx, names| {
                let studio = StudioId(id(names, "studio")?);
                let hours: Vec<Value> = week("08:00", "20:00")
                    .into_iter()
                    .map(|mut day| {
                        day["studio_id"] = json!(studio);
                        day
                    })
                    .collect();
                let person = Practitioner::add(
                    tx,
                    &read(
                        json!({ "name": name, "licence_number": licence, "working_hours": hours }),
                    )?,
                )?;
                Ok(Some((key.into(), person.id.0)))
            });
        }
        let today = self.today;
        self.act(at + TimeDelta::minutes(5), move |tx, _| {
            stock(tx, today, "pigment", "Greyline", "Slate 3", "SL3-1182")
        });
        self.act(at + TimeDelta::minutes(6), move |tx, _| {
            stock(tx, today, "diluent", "Greyline", "Sterile water", "W-0907")
        });
        self.act(at + TimeDelta::minutes(7), move |tx, _| {
            stock(tx, today, "needle", "Finepoint", "0803", "N-55310")
        });
    }

    fn register(
        &mut self,
        place: i64,
        key: &'static str,
        given: &'static str,
        family: &'static str,
        email: Option<&'static str>,
    ) {
        let at = self.at(-69, 9) + TimeDelta::minutes(place);
        self.act(at, move |tx, names| {
            let client = Client::register(
                tx,
                &read(json!({
                    "studio_id": id(names, "studio")?, "given_name": given, "family_name": family, "email": email,
                    "telephone": format!("+44 7700 900{:03}", 142 + place), "external_id": format!("demo-{key}"),
                    "care_advice_in_mail": key == "finished",
                }))?,
            )?;
            Ok(Some((format!("client {key}"), client.id.0)))
        });
    }

    fn single(
        &mut self,
        key: &'static str,
        kind: &'static str,
        minutes: u32,
        booked: i64,
        (day, hour): (i64, u32),
    ) {
        let starts_at = self.at(day, hour);
        let at = self.done_at(booked, 10);
        self.act(at, move |tx, names| {
            let new: NewSession = read(json!({
                "client_id": id(names, &format!("client {key}"))?, "kind": kind, "duration_minutes": minutes,
                "practitioner_id": id(names, "marek")?, "booking": { "starts_at": starts_at },
            }))?;
            Session::arrange(tx, &new, MayOverride::No)?;
            Ok(None)
        });
    }

    fn treat(&mut self, key: &'static str, template: &'static str, opened: i64, stages: &[Stage]) {
        let at = self.at(opened, 9);
        self.act(at, move |tx, names| assess(tx, names, key));
        self.act(at + TimeDelta::minutes(20), move |tx, names| {
            open_plan(tx, names, key, template)
        });
        for (ordinal, stage) in (1..).zip(stages) {
            let (booked, day, hour) = match *stage {
                Stage::Booked { booked, day, hour }
                | Stage::Confirmed {
                    booked, day, hour, ..
                }
                | Stage::Done { booked, day, hour }
                | Stage::Missed { booked, day, hour }
                | Stage::Cancelled {
                    booked, day, hour, ..
                } => (booked, day, hour),
            };
            let starts_at = self.at(day, hour);
            let at = self.done_at(booked, 11);
            self.act(at, move |tx, names| {
                book(tx, names, key, ordinal, starts_at)
            });
            let name = format!("session {key} {ordinal}");
            match *stage {
                Stage::Booked { .. } => {}
                Stage::Confirmed { on, .. } => {
                    let at = self.done_at(on, 12);
                    self.act(at, move |tx, names| {
                        Session::confirm(
                            tx,
                            SessionId(id(names, &name)?),
                            None,
                            &Occurred::default(),
                        )
                        .map(|_| None)
                    });
                }
                Stage::Done { .. } => {
                    let ends_at = (starts_at + TimeDelta::hours(3)).min(self.now);
                    self.act(ends_at, move |tx, names| {
                        complete(tx, names, SessionId(id(names, &name)?), ordinal)
                    });
                }
                Stage::Missed { .. } => {
                    let at = (starts_at + TimeDelta::hours(1)).min(self.now);
                    self.act(at, move |tx, names| {
                        Session::no_show(
                            tx,
                            SessionId(id(names, &name)?),
                            None,
                            &Occurred::default(),
                        )
                        .map(|_| None)
                    });
                }
                Stage::Cancelled { on, .. } => {
                    let at = self.done_at(on, 12);
                    self.act(at, move |tx, names| {
                        let told: Cancel =
                            read(json!({ "by": "client", "reason": "Travelling that week." }))?;
                        Session::cancel(tx, SessionId(id(names, &name)?), None, &told).map(|_| None)
                    });
                }
            }
        }
    }
}

fn week(from: &str, until: &str) -> Vec<Value> {
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ]
    .iter()
    .map(|day| json!({ "weekday": day, "from": from, "until": until }))
    .collect()
}

fn stock(
    tx: &mut Tx<'_>,
    today: NaiveDate,
    kind: &'static str,
    maker: &str,
    shade: &str,
    code: &str,
) -> Result<Option<(String, uuid::Uuid)>, Error> {
    let product = Product::add(
        tx,
        &read(json!({ "kind": kind, "maker": maker, "brand": maker, "shade": shade }))?,
    )?;
    let lot = Lot::add(
        tx,
        &read(json!({
            "product_id": product.id, "code": code, "supplier": "Example Supplies",
            "expires_on": today + Days::new(400), "received_on": today - Days::new(80),
        }))?,
    )?;
    Ok(Some((kind.into(), lot.id.0)))
}

fn assess(
    tx: &mut Tx<'_>,
    names: &Names,
    key: &str,
) -> Result<Option<(String, uuid::Uuid)>, Error> {
    let now = tx.now();
    let points: Vec<Value> = [
        "no_growth",
        "cosmetic_only",
        "several_sessions",
        "healed_result_differs",
        "touch_ups_needed",
    ]
    .iter()
    .map(|point| json!({ "point": point, "acknowledged_at": now }))
    .collect();
    let assessment = Assessment::record(
        tx,
        &read(json!({
            "client_id": id(names, &format!("client {key}"))?, "practitioner_id": id(names, "ada")?,
            "indication": "general_thinning", "norwood": "4", "fitzpatrick": "3", "scalp_type": "normal",
            "hair_colour": "dark brown", "hair_texture": "medium", "expectations": points,
        }))?,
    )?;
    Ok(Some((format!("assessment {key}"), assessment.id.0)))
}

fn open_plan(
    tx: &mut Tx<'_>,
    names: &Names,
    key: &str,
    template: &str,
) -> Result<Option<(String, uuid::Uuid)>, Error> {
    let page = PageRequest {
        limit: 50,
        after: None,
        updated_since: None,
    };
    let templates = PlanTemplate::list(tx.db, &PlanTemplateFilter::default(), &page)?.rows;
    let wanted = templates
        .iter()
        .find(|one| one.treatment_sessions == 3 && one.indication.as_str().contains(template))
        .or_else(|| templates.iter().find(|one| one.treatment_sessions == 3))
        .map(|one| one.id)
        .unwrap_or_else(PlanTemplateId::new);
    let plan = Plan::open(
        tx,
        &read(json!({
            "client_id": id(names, &format!("client {key}"))?, "template_id": wanted,
            "assessment_id": id(names, &format!("assessment {key}"))?, "practitioner_id": id(names, "ada")?,
        }))?,
    )?;
    Ok(Some((format!("plan {key}"), plan.id.0)))
}

fn book(
    tx: &mut Tx<'_>,
    names: &Names,
    key: &str,
    ordinal: i32,
    starts_at: Instant,
) -> Result<Option<(String, uuid::Uuid)>, Error> {
    let plan = PlanId(id(names, &format!("plan {key}"))?);
    let session = Session::of_plan(tx.db, plan)?
        .into_iter()
        .find(|session| session.ordinal == Some(ordinal))
        .ok_or_else(|| Error::internal("the demo's plan has too few sessions"))?;
    let room = RoomId(id(names, "Room 1")?);
    let booking: Booking = read(json!({
        "starts_at": starts_at, "room_id": room, "duration_minutes": 120,
        "override": { "rules": ["gap"], "reason": "Agreed with the client." },
    }))?;
    let session = Session::book(tx, session.id, None, &booking, MayOverride::Yes)?;
    Ok(Some((format!("session {key} {ordinal}"), session.id.0)))
}

fn complete(
    tx: &mut Tx<'_>,
    names: &Names,
    session: SessionId,
    ordinal: i32,
) -> Result<Option<(String, uuid::Uuid)>, Error> {
    let before = Session::find_in(tx.db, &Scope::all(), session)?;
    let lot = |name: &str| id(names, name).map(LotId);
    let told: Complete = read(json!({
        "pigment_records": [{
            "session_id": session,
            "zones": [
                { "zone": "hairline", "density_percent": 20 + 20 * ordinal, "layer": ordinal, "depth_micrometres": 800 },
                { "zone": "crown", "density_percent": 25 + 20 * ordinal, "layer": ordinal, "depth_micrometres": 900 },
            ],
            "mix": {
                "pigments": [{ "lot_id": lot("pigment")?, "drops": 4 }],
                "diluent": { "lot_id": lot("diluent")?, "volume_microlitres": 4000 },
                "ratio": "1:20",
                "shade_label": "Slate, light",
            },
            "needle": { "lot": { "lot_id": lot("needle")? }, "configuration": "1RL", "diameter_micrometres": 250 },
            "label_information_given_at": before.starts_at,
        }],
    }))?;
    Session::complete(tx, session, None, &told).map(|_| None)
}

fn id(names: &Names, name: &str) -> Result<uuid::Uuid, Error> {
    names
        .get(name)
        .copied()
        .ok_or_else(|| Error::internal(format!("the demo has no {name}")))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(Error::internal)
}
