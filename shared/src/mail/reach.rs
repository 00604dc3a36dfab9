//! How to reach a studio: in words, and as a link that calls or writes in one tap.

use std::fmt::Write as _;

use super::facts::StudioFacts;
use super::layout::Detail;
use super::text::{joined_lines, one_line};
use super::words::Phrasebook;
use crate::domain::mail_template::Word;
use crate::error::Result;

/// The word that says how to reach a studio: nobody is told to call one without a number.
pub const fn reach_word(has_telephone: bool, has_email: bool) -> Word {
    match (has_telephone, has_email) {
        (true, true) => Word::ReachUs,
        (true, false) => Word::ReachByTelephone,
        (false, true) => Word::ReachByEmail,
        (false, false) => Word::ReachInPerson,
    }
}

/// The link that calls a number; none where the text is more, or less, than one number that can be dialled as it stands.
pub fn telephone_link(text: &str) -> Option<String> {
    let (plus, rest) = match text.trim().strip_prefix('+') {
        Some(rest) => ("+", rest),
        None => ("", text.trim()),
    };
    // The 0 in brackets is dialled within the country alone, and in some countries from abroad too.
    let is_doubtful = !plus.is_empty() && rest.replace(' ', "").contains("(0)");
    let is_plain =
        |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\u{a0}' | '-' | '.' | '(' | ')');
    if is_doubtful || !rest.chars().all(is_plain) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    // E.164 has fifteen digits at most: what is longer is two numbers.
    (3..=15)
        .contains(&digits.len())
        .then(|| format!("tel:{plus}{digits}"))
}

/// The link that writes to an address; none where the text isn't one address. Nothing in it can add a header, because
/// whatever RFC 6068 doesn't read as a plain letter is encoded.
pub fn mail_link(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.split_once('@')?;
    let refused = |c: char| c.is_control() || c.is_whitespace() || "()<>[]:;,\\\"@".contains(c);
    if [local, domain]
        .iter()
        .any(|part| part.is_empty() || part.contains(refused))
    {
        return None;
    }
    let mut link = "mailto:".to_owned();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte) {
            link.push(char::from(byte));
        } else {
            write!(link, "%{byte:02X}").ok()?;
        }
    }
    Some(link)
}

/// Where a studio is and how it's reached, as details of a mail.
pub(super) fn how_to_reach(words: &Phrasebook<'_>, studio: &StudioFacts) -> Result<Vec<Detail>> {
    let mut details = Vec::new();
    if let Some(address) = &studio.address {
        details.push(Detail::new(words.word(Word::Place)?, joined_lines(address)));
    }
    if let Some(telephone) = &studio.telephone {
        let text = one_line(telephone);
        details.push(Detail {
            link: telephone_link(&text),
            ..Detail::new(words.word(Word::Telephone)?, text)
        });
    }
    if let Some(email) = &studio.email {
        let text = one_line(email);
        details.push(Detail {
            link: mail_link(&text),
            ..Detail::new(words.word(Word::Email)?, text)
        });
    }
    Ok(details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plain_number_can_be_called() {
        for (text, link) in [
            ("+44 20 7946 0018", Some("tel:+442079460018")),
            ("020 7946-0018", Some("tel:02079460018")),
            ("(020) 7946.0018", Some("tel:02079460018")),
            ("+44 (0)20 7946 0018", None),
            ("+44 ( 0 ) 20 7946 0018", None),
            ("020 7946 0018 x12", None),
            ("020 7946 0018 / 0019", None),
            ("020 7946 0018 020 7946 0019", None),
            ("020 7946 0018+44", None),
            ("12", None),
            ("", None),
            ("1;ext=2", None),
        ] {
            assert_eq!(telephone_link(text).as_deref(), link, "{text}");
        }
    }

    #[test]
    fn one_address_can_be_written_to_and_adds_no_header() {
        for (text, link) in [
            ("hello@studio.example", Some("mailto:hello@studio.example")),
            ("a+b@studio.example", Some("mailto:a+b@studio.example")),
            (
                "a?bcc=x%0d&b/c#d@studio.example",
                Some("mailto:a%3Fbcc%3Dx%250d%26b%2Fc%23d@studio.example"),
            ),
            (
                "jörg@studio.example",
                Some("mailto:j%C3%B6rg@studio.example"),
            ),
            ("a@b.example, c@d.example", None),
            ("a@b.example@c.example", None),
            ("a@b.example\r\nBcc: x@c.example", None),
            ("Ada <a@b.example>", None),
            ("@b.example", None),
            ("call us", None),
        ] {
            assert_eq!(mail_link(text).as_deref(), link, "{text}");
        }
    }
}
