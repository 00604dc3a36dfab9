//! What a reader of JSON or of a query says is wrong, in words for whoever sent it: neither Rust's names nor serde's.

/// What a field error says.
pub(super) fn in_plain_words(reason: &str) -> String {
    let of_type = reason.strip_prefix("invalid type: ");
    let of_value = reason.strip_prefix("invalid value: ");
    let of_length = reason.strip_prefix("invalid length ");
    if let Some(told) = of_type.or(of_value)
        && let Some((given, wanted)) = told.rsplit_once(", expected ")
    {
        return match of_type {
            Some(_) => format!("write {}, not {}", wanted_in_words(wanted), kind_of(given)),
            None => format!("write {}", wanted_in_words(wanted)),
        };
    }
    if let Some((_, wanted)) = of_length.and_then(|told| told.rsplit_once(", expected ")) {
        return format!("write {}", wanted_in_words(wanted));
    }
    if reason.starts_with("UUID parsing failed") {
        return "write an id as it was answered, such as 01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14"
            .into();
    }
    if let Some(named) = reason.strip_prefix("unknown variant ")
        && let Some((_, choices)) = named.split_once(", expected ")
    {
        return format!("write {choices}");
    }
    if is_of_a_date(reason) {
        return "write a date of the calendar, such as 2026-12-01".into();
    }
    if reason.starts_with("invalid digit found")
        || reason.starts_with("number too ")
        || reason.starts_with("cannot parse integer")
    {
        return "write a whole number that isn't too large".into();
    }
    if reason == TOO_LARGE_A_NUMBER {
        return "write a number that isn't so large".into();
    }
    if reason.starts_with("provided string was not `true` or `false`") {
        return "write true or false".into();
    }
    reason.to_owned()
}

/// What serde_json says of a number that no type of Rust holds.
pub(super) const TOO_LARGE_A_NUMBER: &str = "number out of range";

/// What a field error says where the contract has a whole number.
pub(super) fn number_in_plain_words(wanted: &str, reason: &str) -> String {
    let given = reason
        .strip_prefix("invalid type: ")
        .and_then(|told| told.rsplit_once(", expected "))
        .map(|(given, _)| given);
    match given {
        // Such is also -0, and what has too many digits.
        Some(given) if given.starts_with("floating point") => {
            format!("write {wanted}, in digits alone")
        }
        Some(given) if !given.starts_with("integer") => {
            format!("write {wanted}, not {}", kind_of(given))
        }
        _ => format!("write {wanted}"),
    }
}

/// What chrono says of a text that is no date.
fn is_of_a_date(reason: &str) -> bool {
    [
        "premature end of input",
        "input contains invalid characters",
        "input is out of range",
        "no possible date",
        "trailing input",
    ]
    .iter()
    .any(|said| reason.starts_with(said))
}

/// What was sent, without the value itself: whoever sent it knows that.
fn kind_of(given: &str) -> &'static str {
    let is = |kind: &str| given.starts_with(kind);
    if is("map") || is("struct") {
        "an object"
    } else if is("sequence") || is("tuple") {
        "a list"
    } else if is("string") || is("character") {
        "a text"
    } else if is("boolean") {
        "true or false"
    } else if is("null") || is("unit") || is("Option") {
        "null"
    } else if is("integer") {
        "a whole number"
    } else if is("floating point") || is("number") {
        "a number with a fraction"
    } else {
        "this"
    }
}

/// What would be accepted.
fn wanted_in_words(wanted: &str) -> &str {
    let is = |kind: &str| wanted.starts_with(kind);
    if is("struct") || is("a map") || is("map") || is("internally tagged enum") || is("adjacently")
    {
        "an object"
    } else if is("a sequence") || is("tuple") || is("a tuple") || is("an array") {
        "a list"
    } else if is("a string")
        || is("string")
        || is("a borrowed string")
        || is("variant")
        || is("enum")
    {
        "a text"
    } else if is("a boolean") {
        "true or false"
    } else if is("a formatted date") || is("a date") {
        "a date of the calendar, such as 2026-12-01"
    } else if is("a UUID") || is("a formatted UUID") {
        "an id as it was answered"
    } else if is("unit") {
        "null"
    } else if is("usize") || is("isize") || is_number(wanted, &['i', 'u']) {
        "a whole number that isn't too large"
    } else if is_number(wanted, &['f']) {
        "a number"
    } else {
        wanted
    }
}

/// Whether this is one of Rust's names for numbers, such as `u16`.
fn is_number(wanted: &str, begins: &[char]) -> bool {
    wanted
        .strip_prefix(begins)
        .is_some_and(|size| matches!(size, "8" | "16" | "32" | "64" | "128"))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use serde::Deserialize;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::in_plain_words;

    #[derive(Debug, Deserialize)]
    struct Thing {
        _name: Option<String>,
        _count: Option<u8>,
        _share: Option<f64>,
        _is_new: Option<bool>,
        _parts: Option<Vec<Thing>>,
        _part: Option<Box<Thing>>,
        _day: Option<NaiveDate>,
        _id: Option<Uuid>,
    }

    fn said(json: Value) -> Option<String> {
        let error = serde_json::from_value::<Thing>(json).err()?;
        Some(in_plain_words(&error.to_string()))
    }

    #[test]
    fn no_word_of_a_library_is_said() {
        let day = "write a date of the calendar, such as 2026-12-01";
        let whole = "write a whole number that isn't too large";
        for (json, words) in [
            (json!({"_name": {}}), "write a text, not an object"),
            (json!({"_name": []}), "write a text, not a list"),
            (json!({"_name": 1}), "write a text, not a whole number"),
            (
                json!({"_name": 1.5}),
                "write a text, not a number with a fraction",
            ),
            (json!({"_name": true}), "write a text, not true or false"),
            (json!({"_count": 256}), whole),
            (json!({"_count": -1}), whole),
            (
                json!({"_count": 1.5}),
                "write a whole number that isn't too large, not a number with a fraction",
            ),
            (
                json!({"_count": "expected, expected x"}),
                "write a whole number that isn't too large, not a text",
            ),
            (json!({"_share": "x"}), "write a number, not a text"),
            (json!({"_is_new": "yes"}), "write true or false, not a text"),
            (json!({"_parts": {}}), "write a list, not an object"),
            (json!({"_parts": [null]}), "write an object, not null"),
            (json!({"_part": "x"}), "write an object, not a text"),
            (json!({"_day": "x"}), day),
            (json!({"_day": "2026-02-30"}), day),
            (json!({"_day": "2026-02-03x"}), day),
            (
                json!({"_day": 5}),
                "write a date of the calendar, such as 2026-12-01, not a whole number",
            ),
            (
                json!({"_id": "x"}),
                "write an id as it was answered, such as 01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14",
            ),
            (
                json!({"_id": 5}),
                "write an id as it was answered, not a whole number",
            ),
        ] {
            assert_eq!(said(json.clone()).as_deref(), Some(words), "{json}");
        }
        for ours in [
            "missing field `name`",
            "write one of `a` `b`",
            "unknown field `x`, there are no fields",
        ] {
            assert_eq!(in_plain_words(ours), ours);
        }
    }
}
