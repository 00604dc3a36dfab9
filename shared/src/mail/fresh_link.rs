//! The mail that answers a client who asked for a new link: it says nothing but where the page is.

use super::content::RenderedMail;
use super::facts::MailFacts;
use super::layout::{Letterhead, Section, Sheet};
use super::words::Phrasebook;
use crate::domain::mail_template::{OwnWords, Word};
use crate::error::{Error, Result};

/// Renders it, in a studio's own words where it has some.
pub fn render(facts: &MailFacts, own: &[OwnWords]) -> Result<RenderedMail> {
    let Some(links) = &facts.links else {
        return Err(Error::internal(
            "a fresh link needs somebody who makes links",
        ));
    };
    let words = Phrasebook::new(&facts.language, own)?;
    let studio = &facts.studio;
    let mut letterhead =
        Letterhead::new(&words, &studio.sender_name, studio.service_label.as_deref())?;
    letterhead.variables.client_name = Some(facts.client_name.clone());
    letterhead.variables.reach = Some(words.word(studio.reach_word())?.to_owned());
    let subject = words.word(Word::FreshLinkSubject)?;
    let sheet = Sheet {
        greeting: None,
        sections: vec![Section {
            title: subject,
            paragraphs: vec![words.word(Word::FreshLinkBody)?],
            told: Vec::new(),
            advice: Vec::new(),
        }],
        details: Vec::new(),
        hint: None,
        page: Some(&links.page),
        closing: Some(Word::Closing),
        footer: Word::FreshLinkUnasked,
        unsubscribe: None,
        preferences: None,
        calendar: None,
    };
    letterhead.write(subject, sheet)
}
