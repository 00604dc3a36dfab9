//! What is blanked when a client is erased, and what stays.
//!
//! What says who they are and how they're reached goes, and so does what they wrote to the studio, what staff noted about them
//! beside the treatment, and the mails that were sent. The record of the treatment stays, under the same id: a recall of a
//! lot has to count each person years later, and a studio answers for what it did. That is why what those who treat wrote in
//! the record stays as well, and the reasons that were given.

use serde_json::{Map, Value};

use super::id::ClientId;
use super::text::Name;
use crate::error::FieldError;

/// What becomes of a column's values that are about a client who is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is left of it.
    Goes,
    /// A part of it goes: of JSON the fields of [`blank_in_json`], of a task's key the hash of what the client wrote.
    GoesWithin,
    /// It's part of the record of the treatment, or says nothing of the person.
    Stays,
}

/// The tables with what is a client's: which text and bytes go, which go in part, and which stay. Ids aren't named.
type Table = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

#[rustfmt::skip]
const TABLES: &[Table] = &[
    ("clients", &["external_id", "given_name", "family_name", "preferred_name", "email", "email_state", "telephone",
        "date_of_birth", "language", "notes"], &[], &[]),
    ("client_search_words", &["word"], &[], &[]),
    // That somebody agreed, and how, is the proof that their mails were allowed.
    ("contact_consents", &[], &[], &["purpose", "source"]),
    // Another system's name for a thing leads to that system's person.
    ("assessments", &["external_id"], &[], &["indication", "norwood", "ludwig", "savin", "salt", "fitzpatrick", "skin_tone",
        "undertone", "scalp_type", "hair_colour", "hair_texture", "scars", "goals", "notes", "expectations"]),
    ("plans", &["external_id"], &[], &["indication", "state", "state_reason", "more_sessions_reason", "gaps", "notes"]),
    // A session's notes are for all staff and not of the treatment; the clinical ones are.
    ("sessions", &["external_id", "notes"], &[], &["kind", "state", "overlap_reason", "overrides", "nonconformities",
        "completion", "ended_by", "end_reason", "clinical_notes"]),
    ("session_transitions", &[], &["snapshot_before"], &["action", "from_state", "to_state", "reason", "actor"]),
    ("pigment_records", &["external_id"], &[], &["licence_number", "zones", "mix", "needle", "anaesthetic", "machine",
        "reactions", "notes", "nonconformities", "amend_reason", "void_reason", "healed_as"]),
    ("pigment_record_lots", &[], &[], &["kind"]),
    ("mails", &["content"], &[], &["kind", "dedupe_key", "state", "state_reason", "lease_token", "message_id"]),
    ("mail_attempts", &[], &[], &["outcome", "phase"]),
    ("reminders", &[], &[], &["step", "channel", "anchor", "state", "state_reason"]),
    ("tasks", &["resolution", "note", "clinical_note"], &["dedupe_key"], &["kind", "state", "detail"]),
    // Whom a recall concerned, and who could be told, is counted for as long as the record of the treatment.
    ("safety_notice_recipients", &["note"], &[], &["certainty", "state", "state_reason", "told_how"]),
    // The answer to a repetition stays one, or a repetition would register the person anew. Whoever guesses what was sent
    // could prove it by its hash.
    ("idempotency_records", &["body_hash"], &["body"], &["principal", "method", "path", "key", "headers"]),
    // The chain is over the digests, which stay; it's also over the reasons.
    ("audit_details", &["before_change", "after_change"], &[], &[]),
    ("audit_events", &[], &[], &["actor_kind", "actor_id", "source", "request_id", "action", "entity_kind", "reason", "salt",
        "detail_digest", "hash"]),
    ("access_events", &[], &[], &["kind", "source", "request_id"]),
];

/// The tables with nothing that is a client's.
pub const WITHOUT_CLIENTS: &[&str] = &[
    "api_key_studios",
    "api_keys",
    "calendar_feeds",
    "change_sequence",
    "clients_without_words",
    "lots",
    "mail_templates",
    "plan_templates",
    "practitioners",
    "products",
    "reminder_rules",
    "rooms",
    "safety_notices",
    "schema_facts",
    "sending_rate",
    "studios",
    "time_off",
    "worker_status",
];

/// What becomes of a column's values that are about a client who is erased; nothing where nobody has decided it yet.
pub fn fate(table: &str, column: &str) -> Option<Fate> {
    if WITHOUT_CLIENTS.contains(&table) {
        return Some(Fate::Stays);
    }
    let (_, goes, within, stays) = TABLES.iter().find(|(name, ..)| *name == table)?;
    if goes.contains(&column) {
        Some(Fate::Goes)
    } else if within.contains(&column) {
        Some(Fate::GoesWithin)
    } else {
        stays.contains(&column).then_some(Fate::Stays)
    }
}

/// Whether a write puts something into a field that didn't stand there.
pub fn brings<T: PartialEq>(before: Option<&T>, after: Option<&T>) -> bool {
    after.is_some() && before != after
}

/// Which of the fields that a write brings something into go from the table. `at` is where the thing lies in the body.
///
/// An erasure has been and takes nothing away any more, so that an erased client's things don't get these.
pub fn returning(table: &str, at: &str, brought: &[(&str, bool)]) -> Vec<FieldError> {
    brought
        .iter()
        .filter(|(field, is_brought)| *is_brought && fate(table, field) == Some(Fate::Goes))
        .map(|(field, _)| {
            FieldError::new(
                format!("{at}/{field}"),
                "client_erased",
                "leave it out: nothing like it is kept of a client who was erased",
            )
        })
        .collect()
}

/// What stands in the place of a name, which can't be empty.
pub fn nobodys_names() -> (Name, Name) {
    (Name::literal("Erased"), Name::literal("client"))
}

/// The fields that go from what was answered or kept of a client, and of what is theirs.
const FIELDS: [&str; 10] = [
    "external_id",
    "preferred_name",
    "email",
    "telephone",
    "date_of_birth",
    "language",
    "notes",
    "resolution",
    "note",
    "clinical_note",
];

/// Blanks what goes in each object that is the client, or is theirs. Others in the same JSON keep theirs, and so does what
/// those who treat noted in a plan, an assessment or a pigment record.
pub fn blank_in_json(value: &mut Value, client_id: ClientId) {
    match value {
        Value::Array(values) => {
            for value in values {
                blank_in_json(value, client_id);
            }
        }
        Value::Object(fields) => {
            for value in fields.values_mut() {
                blank_in_json(value, client_id);
            }
            let (is_client, is_theirs) = whose(fields, client_id);
            if !is_client && !is_theirs {
                return;
            }
            let (given_name, family_name) = nobodys_names();
            for (field, nobody) in [("given_name", given_name), ("family_name", family_name)] {
                if let Some(name) = fields.get_mut(field) {
                    *name = nobody.as_str().into();
                }
            }
            // Of what has notes, a session alone has a schedule; its notes aren't of the treatment.
            let keeps_notes = is_theirs && !fields.contains_key("schedule_version");
            for field in FIELDS {
                if let Some(value) = fields.get_mut(field)
                    && !(keeps_notes && field == "notes")
                {
                    *value = Value::Null;
                }
            }
        }
        _ => {}
    }
}

/// Whether an object is the client, and whether it is theirs.
fn whose(fields: &Map<String, Value>, client_id: ClientId) -> (bool, bool) {
    let id = client_id.to_string();
    let is_it = |name: &str| fields.get(name).is_some_and(|value| *value == id.as_str());
    (is_it("id"), is_it("client_id"))
}

/// Whether an answer has an object that is the client, or is theirs. Merely to name them, as somebody else's
/// `possible_duplicates` do, isn't to be about them.
pub fn is_about(answer: &Value, client_id: ClientId) -> bool {
    match answer {
        Value::Array(values) => values.iter().any(|value| is_about(value, client_id)),
        Value::Object(fields) => {
            let (is_client, is_theirs) = whose(fields, client_id);
            is_client || is_theirs || fields.values().any(|value| is_about(value, client_id))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_column_has_one_fate() {
        assert_eq!(fate("clients", "email"), Some(Fate::Goes));
        assert_eq!(fate("idempotency_records", "body"), Some(Fate::GoesWithin));
        assert_eq!(fate("pigment_records", "mix"), Some(Fate::Stays));
        assert_eq!(fate("studios", "name"), Some(Fate::Stays));
        assert_eq!(fate("clients", "surprise"), None);
        assert_eq!(fate("surprises", "name"), None);
        for (table, goes, within, stays) in TABLES {
            assert!(!WITHOUT_CLIENTS.contains(table), "{table} stands twice");
            let mut all: Vec<&str> = [*goes, *within, *stays].concat();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "a column of {table} stands twice");
        }
    }

    #[test]
    fn only_what_goes_may_not_return() {
        let brought = [
            ("external_id", true),
            ("notes", false),
            ("clinical_notes", true),
        ];
        let told = returning("sessions", "/session", &brought);
        let pointers: Vec<&str> = told.iter().map(|one| one.pointer.as_str()).collect();
        assert_eq!(pointers, ["/session/external_id"]);
        assert!(returning("plans", "", &[("notes", true)]).is_empty());
        assert!(brings(None, Some(&1)) && brings(Some(&1), Some(&2)));
        assert!(!brings(Some(&1), Some(&1)) && !brings(Some(&1), None));
    }

    #[test]
    fn only_what_is_the_clients_goes_from_an_answer() {
        let (id, other) = (ClientId::new(), ClientId::new());
        let session = |client_id: ClientId| json!({"id": "s", "client_id": client_id, "schedule_version": 1, "notes": "Brings a friend.", "clinical_notes": "Dry skin.", "external_id": "x-1"});
        let mut answer = json!({
            "client": {"id": id, "given_name": "Zoë", "family_name": "Beispiel", "email": "zoe@client.example", "service_mail": true},
            "sessions": [session(id), session(other)],
            "record": {"id": "r", "client_id": id, "notes": "Took up little.", "external_id": null},
            "task": {"id": "t", "client_id": id, "note": "Later, please.", "clinical_note": "Itches.", "resolution": "Called back."},
        });
        blank_in_json(&mut answer, id);
        assert_eq!(
            answer,
            json!({
                "client": {"id": id, "given_name": "Erased", "family_name": "client", "email": null, "service_mail": true},
                "sessions": [
                    {"id": "s", "client_id": id, "schedule_version": 1, "notes": null, "clinical_notes": "Dry skin.", "external_id": null},
                    session(other),
                ],
                "record": {"id": "r", "client_id": id, "notes": "Took up little.", "external_id": null},
                "task": {"id": "t", "client_id": id, "note": null, "clinical_note": null, "resolution": null},
            })
        );
    }

    #[test]
    fn an_answer_that_only_names_a_client_is_not_about_them() {
        let (id, other) = (ClientId::new(), ClientId::new());
        for (answer, expected) in [
            (json!({"id": id, "given_name": "Zoë"}), true),
            (json!({"id": "s", "client_id": id}), true),
            (json!({"data": [{"session": {"client_id": id}}]}), true),
            (json!({"id": other, "possible_duplicates": [id]}), false),
            (json!({"id": "s", "client_id": other}), false),
            (json!(id), false),
        ] {
            assert_eq!(is_about(&answer, id), expected, "{answer}");
        }
    }
}
