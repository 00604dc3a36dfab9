//! Text that has been looked at: trimmed, bounded, without control characters.

use std::fmt;
use std::ops::Deref;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::from_text::from_text;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $parse:path, $min:tt..=$max:tt, $example:tt;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, min_length = $min, max_length = $max, example = $example)]
        pub struct $name(String);

        impl $name {
            /// Parses, or says what would be accepted.
            pub fn parse(text: &str) -> Result<Self, String> {
                let text = text.trim();
                let length = text.chars().count();
                if !($min..=$max).contains(&length) {
                    return Err(format!("write between {} and {} characters", $min, $max));
                }
                $parse(text)?;
                Ok(Self(text.to_owned()))
            }

            /// One of our own defaults, which needs no looking at.
            pub fn literal(text: &'static str) -> Self {
                debug_assert!(Self::parse(text).is_ok());
                Self(text.to_owned())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        // Text is about people: it has no Debug that could end in a log.
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, Self::parse)
            }
        }
    )+};
}

texts! {
    /// A name or a label: one line.
    Name: one_line, 1..=200, "Room 1";
    /// A free text of several lines.
    Note: many_lines, 1..=10000, "Prefers mornings.";
    /// Why somebody did what a rule would have refused, or undid what was done.
    Reason: many_lines, 3..=1000, "Agreed with the client by telephone.";
    /// Another system's name for a thing: unique among things of its kind.
    ExternalId: one_line, 1..=200, "crm-10482";
    /// An e-mail address that a mail can be sent to.
    EmailAddress: email, 3..=254, "alex@example.com";
    /// A telephone number as people write it.
    Telephone: telephone, 3..=40, "+44 20 7946 0018";
    /// A language tag such as `en` or `de-AT`.
    Language: language, 2..=35, "en";
    /// A code as the maker printed it: opaque, never interpreted.
    LotCode: one_line, 1..=100, "K2291-07";
    /// A template for a piece of a mail: text with variables in double braces.
    TemplateText: many_lines, 1..=2000, "Thank you for your booking, {{ client_name }}.";
    /// What is looked for: one to eight words.
    SearchText: search, 1..=200, "zoe beisp";
}

/// Whether a character shows nothing: a space, a control, one that Unicode says to ignore where it isn't known, or the
/// empty Braille cell.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || c == '\u{2800}'
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn one_line(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("write one line without control characters".into());
    }
    if text.chars().all(is_invisible) {
        return Err("write at least one character that can be seen".into());
    }
    Ok(())
}

fn many_lines(text: &str) -> Result<(), String> {
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err("leave out control characters".into());
    }
    Ok(())
}

fn email(text: &str) -> Result<(), String> {
    let wrong = || Err("write one e-mail address, such as alex@example.com".to_owned());
    let Some((local, domain)) = text.rsplit_once('@') else {
        return wrong();
    };
    let refused = |c: char| is_invisible(c) || "()<>[]:;,\\\"@".contains(c);
    let dots = |part: &str| part.split('.').any(str::is_empty);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    if local.is_empty() || local.len() > 64 || local.contains(refused) || dots(local) {
        return wrong();
    }
    if !domain.contains('.') || !domain.split('.').all(label) {
        return wrong();
    }
    // A top level of digits is a network address, which no mail server takes without brackets.
    let is_number = |label: &str| label.chars().all(|c| c.is_ascii_digit());
    if domain.rsplit('.').next().is_none_or(is_number) {
        return wrong();
    }
    Ok(())
}

fn telephone(text: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_digit() || " +-()/.x".contains(c);
    if !text.chars().all(allowed) || text.chars().filter(char::is_ascii_digit).count() < 3 {
        return Err("write a telephone number with digits, spaces and + - ( ) / . only".into());
    }
    Ok(())
}

fn search(text: &str) -> Result<(), String> {
    one_line(text)?;
    match super::search::terms(text).len() {
        0 => Err("write at least one letter or digit".into()),
        1..=super::search::MOST_TERMS => Ok(()),
        _ => Err(format!("write at most {} words", super::search::MOST_TERMS)),
    }
}

fn language(text: &str) -> Result<(), String> {
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    if !(2..=3).contains(&primary.len())
        || !primary.chars().all(|c| c.is_ascii_lowercase())
        || !parts.all(part)
    {
        return Err("write a language tag, such as en or de-AT".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_bounded_by_characters() {
        assert_eq!(
            Name::parse("  Zoë  ").map(|n| n.as_str().to_owned()),
            Ok("Zoë".to_owned())
        );
        assert!(Name::parse("   ").is_err());
        assert!(Name::parse(&"é".repeat(200)).is_ok());
        assert!(Name::parse(&"é".repeat(201)).is_err());
        assert!(Name::parse("a\u{0}b").is_err());
        assert!(Name::parse("\u{200b}\u{feff}").is_err());
        assert!(Name::parse("👩\u{200d}🦲").is_ok());
        assert!(Note::parse("a\nb").is_ok());
    }

    #[test]
    fn addresses_that_cannot_be_sent_to_are_refused() {
        for good in [
            "a@b.co",
            "first.last+tag@sub.example.com",
            "o'hara@example.org",
            "jörg@exämple.de",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "a",
            "a@",
            "@b.co",
            "a@b",
            "a b@c.de",
            "a@b..co",
            "a@-b.co",
            "a..b@c.de",
            "a@b.co, c@d.de",
            "a@1.2.3.4",
            "\u{200b}x@x.example",
            "a\u{202e}b@x.example",
            "a\r\nBcc:x@y.de",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn languages_are_tags() {
        assert!(Language::parse("de-AT").is_ok());
        for bad in ["D", "english", "en_GB", "en-"] {
            assert!(Language::parse(bad).is_err(), "{bad}");
        }
    }
}
