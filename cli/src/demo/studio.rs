//! The studio with its rooms, its people and what lies in its cupboard.

use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};
use stipple_shared::Error;
use stipple_shared::domain::StudioId;
use stipple_shared::storage::Tx;
use stipple_shared::storage::lots::Lot;
use stipple_shared::storage::plan_templates::PlanTemplate;
use stipple_shared::storage::practitioners::Practitioner;
use stipple_shared::storage::products::Product;
use stipple_shared::storage::rooms::Room;
use stipple_shared::storage::studios::Studio;

use super::story::Story;
use super::{id, read};

impl Story {
    pub(super) fn open_studio(&mut self) {
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
