//! Assessments, plans, and what became of their sessions.

use chrono::TimeDelta;
use serde_json::{Value, json};
use stipple_shared::Error;
use stipple_shared::domain::booking::{Booking, Cancel, Complete, Miss, NewSession, Occurred};
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::domain::{Instant, LotId, PlanId, PlanTemplateId, RoomId, SessionId};
use stipple_shared::storage::assessments::Assessment;
use stipple_shared::storage::paging::PageRequest;
use stipple_shared::storage::plan_templates::{PlanTemplate, PlanTemplateFilter};
use stipple_shared::storage::plans::Plan;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::{Scope, Tx};

use super::story::Story;
use super::{Names, id, read};

/// One treatment session of a plan.
pub(super) enum Stage {
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

impl Story {
    pub(super) fn single(
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

    pub(super) fn treat(
        &mut self,
        key: &'static str,
        template: &'static str,
        opened: i64,
        stages: &[Stage],
    ) {
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
                        Session::no_show(tx, SessionId(id(names, &name)?), None, &Miss::default())
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
