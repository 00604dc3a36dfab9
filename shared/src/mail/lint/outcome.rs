//! What a template comes to in the mails that may be made of it: all cases of what some of them don't have are tried.

use minijinja::Value;

use super::{Place, Problem};
use crate::domain::ReminderStep;
use crate::domain::text::is_invisible;
use crate::error::Result;
use crate::mail::engine::Engine;

/// The variables of a place that not every mail of this step, or of any step, has, and those that are true or not.
fn wavering(place: Place, step: Option<ReminderStep>) -> Vec<&'static str> {
    let wavers = |name: &str| match name {
        "when" => step.is_none_or(|step| !step.is_about_the_time()),
        "previously" => step != Some(ReminderStep::MovedNotice),
        name => CONDITIONS.contains(&name),
    };
    let variables = place.variables().iter().copied();
    variables.filter(|name| wavers(name)).collect()
}

/// Variables that are always there, and true or not.
const CONDITIONS: [&str; 6] = [
    "first_of_month",
    "full_hour",
    "client_may_move",
    "client_may_change",
    "client_may_confirm",
    "to_book",
];

/// What a template comes to with all variables of its place but these.
fn rendered_without(template: &str, place: Place, absent: &[&str]) -> Result<String> {
    let given = place
        .variables()
        .iter()
        .filter_map(|name| match absent.contains(name) {
            false => Some((*name, Value::from("x"))),
            true if CONDITIONS.contains(name) => Some((*name, Value::from(false))),
            true => None,
        });
    Engine::new().render("text", template, Value::from_pairs(given))
}

/// What a template prints though not every mail of this step, or of any step, has it.
pub fn missing(template: &str, place: Place, step: Option<ReminderStep>) -> Option<Problem> {
    wavering(place, step)
        .into_iter()
        .find(|absent| rendered_without(template, place, &[absent]).is_err())
        .map(Problem::MayBeMissing)
}

/// What a template comes to in each case that it can be printed in.
fn cases(template: &str, place: Place, step: Option<ReminderStep>) -> Vec<String> {
    let wavering = wavering(place, step);
    // What can't be printed is another problem.
    (0..1_usize << wavering.len())
        .filter_map(|case| {
            let absent = wavering.iter().enumerate();
            let absent: Vec<&str> = absent
                .filter(|(place, _)| case & (1 << place) != 0)
                .map(|(_, name)| *name)
                .collect();
            rendered_without(template, place, &absent).ok()
        })
        .collect()
}

/// Whether nothing can be seen of a template: in any mail, or in some where something must stand.
pub fn nothing(template: &str, place: Place, step: Option<ReminderStep>) -> Option<Problem> {
    let shows: Vec<bool> = cases(template, place, step)
        .iter()
        .map(|text| !text.chars().all(is_invisible))
        .collect();
    match (shows.contains(&true), shows.contains(&false)) {
        (false, true) => Some(Problem::Nothing),
        (true, true) if place.must_show() => Some(Problem::MayBeNothing),
        _ => None,
    }
}

/// A sign that is left with nothing before it in mails that lack a variable, as in "Hello ,".
pub fn gap(template: &str, place: Place, step: Option<ReminderStep>) -> Option<Problem> {
    let cases = cases(template, place, step);
    // What stands so in every mail is how its writer wants it.
    let usual = cases.iter().map(|text| loose_signs(text).len()).min()?;
    cases.iter().find_map(|text| {
        let loose = loose_signs(text);
        let end = loose.last().filter(|_| loose.len() > usual)?;
        let shown: Vec<char> = text
            .get(..*end)?
            .chars()
            .rev()
            .take(SHOWN_OF_A_GAP)
            .collect();
        Some(Problem::MayLeaveGap(shown.into_iter().rev().collect()))
    })
}

/// So many characters up to a loose sign are shown.
const SHOWN_OF_A_GAP: usize = 20;

/// Where the signs end that belong behind a word and have none before them. French has a space before the others.
fn loose_signs(text: &str) -> Vec<usize> {
    let mut before = None;
    let mut loose = Vec::new();
    for (start, c) in text.char_indices() {
        let belongs_behind = matches!(c, ',' | '.' | ';' | ')' | '،' | '؛' | '、' | '。');
        if belongs_behind && before.is_none_or(|c: char| c.is_whitespace() || c == '(') {
            loose.push(start + c.len_utf8());
        }
        before = Some(c);
    }
    loose
}

/// A variable of the place that isn't printed though the text says nothing without it.
pub fn unsaid(template: &str, place: Place) -> Option<Problem> {
    if place != Place::Detail {
        return None;
    }
    let names = place.variables();
    let given = names.iter().map(|name| (*name, Value::from(sign_of(name))));
    let text = Engine::new()
        .render("text", template, Value::from_pairs(given))
        .ok()?;
    names
        .iter()
        .find(|name| !text.contains(&sign_of(name)))
        .map(|name| Problem::Unsaid(name))
}

/// A value that is no part of anybody's template.
fn sign_of(name: &str) -> String {
    format!("\u{1}{name}\u{1}")
}
