//! What stands between a template's braces: variables, and choices between texts.

use super::{Place, Problem};

/// What stands between braces.
pub(super) enum Tag<'a> {
    Value(&'a str),
    Block(&'a str),
}

/// The tags of a template, in one pass. As no tag that passes holds a text, the first end is the end.
pub(super) fn tags(template: &str) -> std::result::Result<Vec<Tag<'_>>, Problem> {
    let mut tags = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let (end, is_block) = match after.chars().next() {
            Some('{') => ("}}", false),
            Some('%') => ("%}", true),
            Some('#') => return Err(Problem::NotAllowed("{#".into())),
            _ => {
                rest = after;
                continue;
            }
        };
        let inside = after.get(1..).unwrap_or_default();
        let Some((tag, beyond)) = inside.split_once(end) else {
            return Err(Problem::Syntax(format!("{end} is missing")));
        };
        let tag = tag.strip_prefix(['-', '+']).unwrap_or(tag);
        let tag = tag.strip_suffix(['-', '+']).unwrap_or(tag).trim();
        tags.push(if is_block {
            Tag::Block(tag)
        } else {
            Tag::Value(tag)
        });
        rest = beyond;
    }
    Ok(tags)
}

/// What is wrong with a tag in a place.
pub(super) fn judge(tag: Tag<'_>, place: Place) -> Option<Problem> {
    match tag {
        Tag::Value(name) => variable(name, place),
        Tag::Block("else" | "endif") => None,
        Tag::Block(block) => {
            let mut words = block.split_ascii_whitespace();
            if !matches!(words.next(), Some("if" | "elif")) {
                return Some(Problem::NotAllowed(shortened(block)));
            }
            // Each variable may have a "not" before it; "and" or "or" stands between two.
            let mut is_due = true;
            for word in words {
                match word {
                    "not" if is_due => {}
                    "and" | "or" if !is_due => is_due = true,
                    name if is_due => {
                        if let Some(problem) = variable(name, place) {
                            return Some(problem);
                        }
                        is_due = false;
                    }
                    _ => return Some(Problem::NotAllowed(shortened(block))),
                }
            }
            is_due.then(|| Problem::NotAllowed(shortened(block)))
        }
    }
}

fn variable(name: &str, place: Place) -> Option<Problem> {
    let variables = place.variables();
    if variables.contains(&name) {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Some(Problem::NotAllowed(shortened(name)));
    }
    let choice = if variables.is_empty() {
        "leave variables out".to_owned()
    } else {
        format!("there are {}", variables.join(", "))
    };
    Some(Problem::UnknownVariable {
        name: shortened(name),
        choice,
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
