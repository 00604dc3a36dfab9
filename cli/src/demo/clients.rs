//! The studio's clients.

use chrono::TimeDelta;
use serde_json::json;
use stipple_shared::storage::clients::Client;

use super::story::Story;
use super::{id, read};

/// Clients at every stage of a plan.
pub(super) const CLIENTS: &[(&str, &str, &str, Option<&str>)] = &[
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

impl Story {
    pub(super) fn register(
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
}
