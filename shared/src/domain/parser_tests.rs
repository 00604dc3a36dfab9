//! What the readers of outside text hold for any text: no panic, and what was read says the same again.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::booking::LocalStart;
use super::client::ClientPatch;
use super::id::ClientId;
use super::instant::Instant;
use super::local_time::TimeZoneName;
use super::patch::{Patch, Set};
use super::text::{EmailAddress, ExternalId, Language, Name, Note, Reason, Telephone};

/// Text like an instant, or like nothing.
fn like_an_instant() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,60}",
        "[+-]?[0-9]{1,9}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    ]
}

proptest! {
    #[test]
    fn an_instant_is_read_whole_or_not_at_all(text in like_an_instant()) {
        if let Some(instant) = Instant::parse(&text) {
            // Shown and read again it's the same, at every place on earth.
            prop_assert_eq!(Instant::parse(&instant.to_string()), Some(instant));
            for zone in ["Australia/Lord_Howe", "Pacific/Chatham", "America/St_Johns", "UTC"] {
                if let Some(zone) = TimeZoneName::parse(zone) {
                    prop_assert_eq!(Instant::from(instant.at(zone.0).to_utc()), instant);
                }
            }
        }
    }

    #[test]
    fn a_local_start_is_written_in_full_or_refused(
        text in prop_oneof!["\\PC{0,30}", "[+-]?[0-9]{1,5}-[0-9]{1,2}-[0-9]{1,2}T[0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,2})?"]
    ) {
        if let Ok(start) = serde_json::from_value::<LocalStart>(json!(text)) {
            let shown = json!(start);
            let shown = shown.as_str().unwrap_or_default();
            prop_assert!(shown == text || shown == format!("{text}:00"), "{} was read as {}", text, shown);
        }
    }

    #[test]
    fn a_zone_is_one_of_those_that_are_known(text in "[A-Za-z_/+0-9-]{0,40}") {
        if let Some(zone) = TimeZoneName::parse(&text) {
            prop_assert_eq!(zone.as_str(), text.as_str());
        }
    }

    #[test]
    fn an_id_is_read_as_it_is_shown(text in "\\PC{0,60}", number in any::<u128>()) {
        if let Ok(id) = text.parse::<ClientId>() {
            let digits: String = text.to_lowercase().chars().filter(char::is_ascii_hexdigit).collect();
            prop_assert!(digits.ends_with(&id.0.simple().to_string()));
        }
        let id = ClientId(uuid::Uuid::from_u128(number));
        prop_assert_eq!(id.to_string().parse::<ClientId>().ok(), Some(id));
    }

    #[test]
    fn text_is_taken_trimmed_and_within_its_bounds(text in any::<String>()) {
        macro_rules! holds {
            ($($type:ident: $most:literal),+) => {$(
                if let Ok(taken) = $type::parse(&text) {
                    prop_assert_eq!(taken.as_str(), text.trim());
                    prop_assert!((1..=$most).contains(&taken.chars().count()));
                    prop_assert!(!taken.contains('\0'));
                    // What was stored is read back.
                    prop_assert!($type::parse(taken.as_str()).is_ok());
                }
            )+};
        }
        holds!(Name: 200, Note: 10_000, Reason: 1_000, ExternalId: 200, EmailAddress: 254, Telephone: 40, Language: 35);
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else(
        given_name in proptest::option::of("[a-z]{1,10}"),
        notes in proptest::option::of(proptest::option::of("[a-z]{1,10}")),
        telephone in proptest::option::of(proptest::option::of("[0-9]{5,10}")),
        service_mail in proptest::option::of(any::<bool>()),
    ) {
        let mut body = serde_json::Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        put("given_name", given_name.clone().map(Value::from));
        put("notes", notes.clone().map(|notes| json!(notes)));
        put("telephone", telephone.clone().map(|telephone| json!(telephone)));
        put("service_mail", service_mail.map(Value::from));
        let patch: ClientPatch = serde_json::from_value(Value::Object(body)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(patch.given_name.value().map(|name| name.as_str().to_owned()), given_name);
        prop_assert_eq!(patch.service_mail.value().copied(), service_mail);
        prop_assert_eq!(wish(&patch.notes), notes);
        prop_assert_eq!(wish(&patch.telephone), telephone);
        prop_assert!(matches!(patch.family_name, Set::Absent) && patch.email == Patch::Absent);
        let mut field = Name::parse("before").ok();
        patch.preferred_name.apply(&mut field);
        prop_assert_eq!(field, Name::parse("before").ok());
    }

    #[test]
    fn any_json_is_a_patch_or_refused(text in "\\PC{0,80}", depth in 0_usize..200) {
        let _any = serde_json::from_str::<ClientPatch>(&text);
        let deep = format!("{{\"notes\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        prop_assert!(serde_json::from_str::<ClientPatch>(&deep).is_err());
    }
}

/// What a patch wants of a field, as the body said it.
fn wish<T: std::ops::Deref<Target = str>>(patch: &Patch<T>) -> Option<Option<String>> {
    match patch {
        Patch::Absent => None,
        Patch::Null => Some(None),
        Patch::Value(value) => Some(Some((**value).to_owned())),
    }
}
