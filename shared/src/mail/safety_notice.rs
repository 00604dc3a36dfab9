//! The mail that tells a client that something used on them may be unsafe: neutral to everybody else.

use super::content::RenderedMail;
use super::facts::MailFacts;
use super::layout::{Letterhead, Section, Sheet, Variables};
use super::reach::how_to_reach;
use super::words::Phrasebook;
use crate::domain::mail_template::{OwnWords, Word};
use crate::error::Result;

/// Renders it, in a studio's own words where it has some. The message itself stands in it only for clients who agreed to read
/// care advice in a mail; others find it on their page, or ask the studio.
pub fn render(facts: &MailFacts, message: &str, own: &[OwnWords]) -> Result<RenderedMail> {
    let words = Phrasebook::new(&facts.language, own)?;
    let studio = &facts.studio;
    let mut letterhead =
        Letterhead::new(&words, &studio.sender_name, studio.service_label.as_deref())?;
    let when = |instant| letterhead.wording().day_and_time(instant, studio.time_zone);
    letterhead.variables = Variables {
        client_name: Some(facts.client_name.clone()),
        when: facts.appointment.map(|it| when(it.starts_at)).transpose()?,
        reach: Some(words.word(studio.reach_word())?.to_owned()),
        ..Variables::default()
    };
    let links = facts.links.as_ref();
    let (told, hint) = match (facts.care_advice_in_mail, links.is_some()) {
        (true, true) => (paragraphs(message), Word::SafetyNoticeConfirm),
        (true, false) => (paragraphs(message), Word::SafetyNoticeQuestions),
        (false, true) => (Vec::new(), Word::SafetyNoticeOnPage),
        (false, false) => (Vec::new(), Word::SafetyNoticeFromStudio),
    };
    let sheet = Sheet {
        greeting: Some(Word::Greeting),
        sections: vec![Section {
            title: words.word(Word::SafetyNoticeTitle)?,
            paragraphs: vec![words.word(Word::SafetyNoticeBody)?],
            told,
            advice: Vec::new(),
        }],
        details: how_to_reach(&words, studio)?,
        hint: Some(hint),
        page: links.map(|links| links.page.as_str()),
        closing: Some(Word::Closing),
        footer: Word::SafetyNoticeWhy,
        unsubscribe: None,
        preferences: None,
        calendar: None,
    };
    letterhead.write(words.word(Word::SafetyNoticeSubject)?, sheet)
}

/// What staff wrote, a text for each line that says something.
pub fn paragraphs(message: &str) -> Vec<&str> {
    message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}
