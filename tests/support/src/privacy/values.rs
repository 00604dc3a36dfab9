//! The values in what is sent and answered, and the pieces that are searched for.

use serde_json::Value;
use stipple_shared::domain::search::fold;

use super::fields::{Fields, Holds};

/// In characters; of a longer text its beginning is searched for.
const LONGEST: usize = 100;
/// What a value is called that stands in no field.
const NOWHERE: &str = "a text without a field";

/// Something to search for, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Whether it's the beginning of something longer.
    is_cut: bool,
}

impl Piece {
    /// Whether what was found is no part of another word.
    pub(super) fn stands_alone(&self, text: &str, start: usize, end: usize) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let before = text[..start].chars().next_back();
        let after = text[end..].chars().next();
        !before.is_some_and(is_word) && (self.is_cut || !after.is_some_and(is_word))
    }
}

type Found = Vec<(Piece, String)>;

/// The values in JSON.
pub(super) fn of_json(fields: &Fields, json: &Value, found: &mut Found) {
    match json {
        Value::Object(members) => {
            for (field, value) in members {
                match fields.holds(field) {
                    Holds::Watched => all_of(fields, field, value, found),
                    Holds::Harmless => within(fields, value, found),
                }
            }
        }
        Value::Array(members) => {
            for member in members {
                of_json(fields, member, found);
            }
        }
        Value::String(text) => of_text(fields, NOWHERE, text, found),
        _ => {}
    }
}

/// The objects in a field whose own texts are no person's.
fn within(fields: &Fields, value: &Value, found: &mut Found) {
    match value {
        Value::Object(_) => of_json(fields, value, found),
        Value::Array(members) => {
            for member in members {
                within(fields, member, found);
            }
        }
        _ => {}
    }
}

/// All texts in a field that is watched, names of members too: the field may have been sent in a wrong shape.
fn all_of(fields: &Fields, field: &str, value: &Value, found: &mut Found) {
    match value {
        Value::String(text) => of_text(fields, field, text, found),
        Value::Number(number) => of_text(fields, field, &number.to_string(), found),
        Value::Array(members) => {
            for member in members {
                all_of(fields, field, member, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                of_text(fields, field, name, found);
                match fields.holds(name) {
                    Holds::Watched => all_of(fields, field, member, found),
                    Holds::Harmless => within(fields, member, found),
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// The values in a form.
pub(super) fn of_form(fields: &Fields, body: &[u8], found: &mut Found) {
    for pair in String::from_utf8_lossy(body).split('&') {
        let (field, value) = pair.split_once('=').unwrap_or((pair, ""));
        if fields.holds(field) == Holds::Watched {
            let text = percent_decoded(&value.replace('+', " "));
            of_text(fields, field, &text, found);
        }
    }
}

/// The texts behind the names of watched fields, in what is no JSON and yet was meant as some.
pub(super) fn of_broken_json(fields: &Fields, body: &[u8], found: &mut Found) {
    let text = String::from_utf8_lossy(body);
    let parts: Vec<&str> = text.split('"').collect();
    let mut at = 1;
    while let (Some(field), Some(between), Some(value)) =
        (parts.get(at), parts.get(at + 1), parts.get(at + 2))
    {
        if between.trim() == ":" {
            if fields.watches(field) {
                of_text(fields, field, value, found);
            }
            at += 4;
        } else {
            at += 2;
        }
    }
}

/// The pieces of a text.
pub(super) fn of_text(fields: &Fields, field: &str, text: &str, found: &mut Found) {
    let mut add = |text: &str| {
        if let Some(piece) = piece_of(fields, text) {
            found.push((piece, field.to_owned()));
        }
    };
    // Whoever writes it down would write these in another way.
    for part in text.split(|c: char| c.is_control() || c == '"' || c == '\\') {
        // A link in a mail's text is an address itself, and is looked through as one.
        if !part.contains("://") {
            add(part);
        }
    }
    if matches!(field, "given_name" | "family_name" | "preferred_name") {
        text.split_whitespace().for_each(&mut add);
        fold(text).split_whitespace().for_each(&mut add);
    }
    if field.contains("telephone") {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        add(&digits);
        add(digits.trim_start_matches('0'));
    }
    match text.split_once('@') {
        // A short one, as in post@ or desk@, is a word like others.
        Some((local, _)) if local.len() >= 6 => add(local),
        _ => {}
    }
}

/// A text as it's searched for; nothing where it's too short or too common to tell anything.
fn piece_of(fields: &Fields, text: &str) -> Option<Piece> {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    let cut: String = text.chars().take(LONGEST).collect();
    let is_cut = cut.len() < text.len();
    let text = cut.trim_end().to_lowercase();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let tells = if !text.is_ascii() {
        letters >= 2
    } else if letters == 0 {
        text.chars().filter(char::is_ascii_digit).count() >= 7
    } else {
        text.len() >= 4
    };
    if !tells || fields.is_own_word(&text) || is_word_of_json(&text) {
        return None;
    }
    Some(Piece { text, is_cut })
}

fn is_word_of_json(text: &str) -> bool {
    matches!(text, "true" | "false" | "null")
}

/// A text with what was written as %41 read back.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = more.get(..2).filter(|_| *first == b'%');
        let byte = code
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a text links to. A studio's own number and address are there to be called and written to.
pub(super) fn urls_in(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '\\');
    ["https://", "http://", "webcal://", "href=\"/", "action=\"/"]
        .into_iter()
        .flat_map(move |begins| text.match_indices(begins))
        .map(move |(at, begins)| {
            let from = if begins.ends_with("\"/") {
                at + begins.len() - 1
            } else {
                at
            };
            let rest = &text[from..];
            &rest[..rest.find(ends).unwrap_or(rest.len())]
        })
}
