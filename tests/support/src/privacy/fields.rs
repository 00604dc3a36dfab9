//! Which fields hold what is a person's: all with free text in the contract, but those that are named here with the reason.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use serde_json::Value;

/// Free text that isn't about a person. Whoever adds a field needn't come here: it's watched until it's named.
pub(super) const NOT_A_PERSONS: [(&str, &[&str]); 7] = [
    (
        "the log's own words: what was done, and to which kind of thing",
        &[
            "action",
            "actor",
            "actor_id",
            "actor_kind",
            "entity_kind",
            "permissions",
            "type",
        ],
    ),
    (
        "sentences of ours, and pointers into a body; what they quote is watched where it was sent",
        &["detail", "pointer"],
    ),
    (
        "opaque text that addresses are there to carry",
        &["cursor", "instance", "next_cursor", "url"],
    ),
    ("proofs and names of requests", &["hash", "request_id"]),
    ("where a request came from", &["source"]),
    (
        "an id in a task's detail, whose fields the contract leaves open",
        &["safety_notice_recipient_id"],
    ),
    (
        "a choice from a list that is too long to stand in the contract, and days of the calendar that aren't of birth",
        &[
            "List-Unsubscribe",
            "allowed_from",
            "allowed_until",
            "date",
            "expires_on",
            "from_day",
            "jurisdiction",
            "language",
            "received_on",
            "opened_on",
            "time_zone",
            "until_day",
        ],
    ),
];

/// What a field of the contract holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// What is a person's, or may be.
    Watched,
    /// An id, an instant, a choice, a number, or what [`NOT_A_PERSONS`] names.
    Harmless,
}

/// The contract's fields and words.
pub(super) struct Fields {
    fields: HashMap<String, Holds>,
    words: HashSet<String>,
}

impl Fields {
    /// Those of the API under test.
    pub(super) fn of_the_contract() -> &'static Self {
        static FIELDS: OnceLock<Fields> = OnceLock::new();
        FIELDS.get_or_init(|| {
            let document = serde_json::to_value(stipple_api::openapi::document());
            Self::of(&document.unwrap_or_default())
        })
    }

    fn of(document: &Value) -> Self {
        let mut found = Self {
            fields: HashMap::new(),
            words: HashSet::new(),
        };
        let schemas = &document["components"]["schemas"];
        found.gather(schemas, schemas);
        found.gather(schemas, &document["paths"]);
        for path in document["paths"].as_object().into_iter().flatten() {
            found.words.extend(path.0.split('/').map(str::to_lowercase));
        }
        for name in NOT_A_PERSONS.iter().flat_map(|(_, names)| *names) {
            found.fields.insert((*name).to_owned(), Holds::Harmless);
        }
        found
    }

    /// What a field holds; one that the contract doesn't know may hold anything.
    pub(super) fn holds(&self, field: &str) -> Holds {
        self.fields.get(field).copied().unwrap_or(Holds::Watched)
    }

    /// Whether the contract has such a field, and it's watched.
    pub(super) fn watches(&self, field: &str) -> bool {
        self.fields.get(field) == Some(&Holds::Watched)
    }

    /// Whether the contract itself says this, in lower case.
    pub(super) fn is_own_word(&self, text: &str) -> bool {
        self.words.contains(text)
    }

    /// Whether the contract has such a field.
    #[cfg(test)]
    pub(super) fn knows(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    fn gather(&mut self, schemas: &Value, within: &Value) {
        match within {
            Value::Object(members) => {
                for (name, member) in members {
                    match (name.as_str(), member) {
                        ("properties", Value::Object(properties)) => {
                            for (field, schema) in properties {
                                self.field(schemas, field, schema);
                            }
                        }
                        ("enum", Value::Array(choices)) => {
                            let choices = choices.iter().filter_map(Value::as_str);
                            self.words.extend(choices.map(str::to_lowercase));
                        }
                        ("const" | "operationId", Value::String(word)) => {
                            self.words.insert(word.to_lowercase());
                        }
                        // They are made up, and as such no words of ours.
                        ("example" | "examples" | "default", _) => continue,
                        _ => {}
                    }
                    self.gather(schemas, member);
                }
            }
            Value::Array(members) => {
                for member in members {
                    self.gather(schemas, member);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, schemas: &Value, field: &str, schema: &Value) {
        self.words.insert(field.to_lowercase());
        let holds = self
            .fields
            .entry(field.to_owned())
            .or_insert(Holds::Harmless);
        if is_free_text(schemas, schema, 0) {
            *holds = Holds::Watched;
        }
    }
}

/// Whether a schema takes text that nobody has foreseen.
fn is_free_text(schemas: &Value, schema: &Value, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|place| place.rsplit('/').next())
    {
        return is_free_text(schemas, &schemas[name], depth + 1);
    }
    let parts = ["oneOf", "anyOf", "allOf"]
        .into_iter()
        .filter_map(|name| schema[name].as_array())
        .flatten();
    for part in parts.chain(schema.get("items")) {
        if is_free_text(schemas, part, depth + 1) {
            return true;
        }
    }
    let kind = &schema["type"];
    let takes_text = kind == "string"
        || kind
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "string"));
    let is_bound = ["enum", "const", "pattern"]
        .into_iter()
        .any(|name| schema.get(name).is_some());
    let is_formed = matches!(schema["format"].as_str(), Some("uuid" | "date-time"));
    takes_text && !is_bound && !is_formed
}
