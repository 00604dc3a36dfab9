//! A reminder's facts into words.

use super::calendar::{self, EventWords};
use super::content::RenderedMail;
use super::facts::{AppointmentFacts, MailFacts};
use super::layout::{Detail, Letterhead, Section, Sheet, Variables};
use super::reach::how_to_reach;
use super::when::zone_name;
use super::words::Phrasebook;
use crate::domain::Instant;
use crate::domain::ReminderStep as Step;
use crate::domain::mail_template::{OwnWords, Word};
use crate::domain::text::TemplateText;
use crate::error::{Error, Result};

/// Renders a mail in the built-in words; `stamp` is when its calendar object says that it was made.
pub fn render(facts: &MailFacts, stamp: Instant) -> Result<RenderedMail> {
    render_with(facts, &[], stamp)
}

/// Renders a mail in a studio's own words where it has some.
pub fn render_with(facts: &MailFacts, own: &[OwnWords], stamp: Instant) -> Result<RenderedMail> {
    let appointment = appointment_of(facts)?;
    let words = Phrasebook::new(&facts.language, own)?;
    let studio = &facts.studio;
    let mut letterhead =
        Letterhead::new(&words, &studio.sender_name, studio.service_label.as_deref())?;
    let when = |instant| letterhead.wording().day_and_time(instant, studio.time_zone);
    letterhead.variables = Variables {
        client_name: Some(facts.client_name.clone()),
        when: appointment.map(|it| when(it.starts_at)).transpose()?,
        previously: facts.previous_start.map(when).transpose()?,
        reach: Some(words.word(studio.reach_word())?.to_owned()),
        client_may_move: studio.client_may_move,
        client_may_change: facts.may.choose_time || facts.may.ask_to_move,
        client_may_confirm: facts.may.confirm,
        to_book: facts.steps.iter().any(|step| asks_to_book(*step)),
    };
    let mail = Mail {
        facts,
        appointment,
        letterhead,
    };
    mail.write(stamp)
}

/// The appointment that the mail prints, or why the facts contradict each other.
fn appointment_of(facts: &MailFacts) -> Result<Option<AppointmentFacts>> {
    if facts.steps.is_empty() {
        return Err(Error::internal("a mail is about at least one step"));
    }
    if !facts.steps.iter().any(|step| step.is_about_the_time()) {
        return Ok(None);
    }
    let Some(appointment) = facts.appointment else {
        return Err(Error::internal(
            "a mail about a time comes with its appointment",
        ));
    };
    if appointment.cancelled != facts.steps.contains(&Step::CancelledNotice) {
        return Err(Error::internal(
            "a cancelled appointment and its notice come together",
        ));
    }
    Ok(Some(appointment))
}

/// Whether a step asks the client to book an appointment, which their page doesn't do.
const fn asks_to_book(step: Step) -> bool {
    matches!(
        step,
        Step::BookNextOpens | Step::BookNextClosing | Step::TouchUpInvitation
    )
}

struct Mail<'a> {
    facts: &'a MailFacts,
    appointment: Option<AppointmentFacts>,
    letterhead: Letterhead<'a>,
}

impl Mail<'_> {
    fn write(&self, stamp: Instant) -> Result<RenderedMail> {
        let words = self.letterhead.words;
        let steps = &self.facts.steps;
        let first = steps.first().copied();
        let first = first.ok_or_else(|| Error::internal("a mail is about at least one step"))?;
        let sections = self.sections()?;
        let links = self.facts.links.as_ref();
        let is_marketing = steps.iter().any(|step| step.is_marketing());
        let sheet = Sheet {
            greeting: Some(Word::Greeting),
            sections,
            details: self.details()?,
            hint: self.hint(),
            page: links.map(|links| links.page.as_str()),
            closing: Some(Word::Closing),
            footer: Word::WhyThisMail,
            unsubscribe: links
                .filter(|_| is_marketing)
                .map(|links| links.unsubscribe.as_str()),
            preferences: links.map(|links| links.preferences.as_str()),
            calendar: self.calendar(stamp),
        };
        self.letterhead.write(words.subject(first)?, sheet)
    }

    /// What can be done about the appointment, and where.
    fn hint(&self) -> Option<Word> {
        let ahead = self
            .appointment
            .is_some_and(|appointment| !appointment.cancelled);
        let studio = &self.facts.studio;
        let can_be_reached = studio.telephone.is_some() || studio.email.is_some();
        match (self.facts.links.is_some(), ahead) {
            (true, true) => Some(Word::PageHint),
            (true, false) => Some(Word::PageHintLater),
            (false, true) => Some(Word::ReachStudio).filter(|_| can_be_reached),
            (false, false) => Some(Word::ReachStudioLater).filter(|_| can_be_reached),
        }
    }

    /// What each step has to say, and its advice for those who agreed to read it in a mail.
    fn sections(&self) -> Result<Vec<Section<'_>>> {
        let words = self.letterhead.words;
        let mut sections = Vec::new();
        let mut last_with_care = None;
        for (place, step) in self.facts.steps.iter().enumerate() {
            let mut section = Section {
                title: words.title(*step)?,
                paragraphs: strings(words.body(*step)?),
                told: Vec::new(),
                advice: Vec::new(),
            };
            let care = words.care(*step)?;
            if self.facts.has_advice && !care.is_empty() {
                if self.facts.care_advice_in_mail {
                    section.advice = strings(care);
                } else {
                    last_with_care = Some(place);
                }
            }
            sections.push(section);
        }
        // Once is enough, however many steps have advice.
        if let Some(section) = last_with_care.and_then(|place| sections.get_mut(place)) {
            let elsewhere = match self.facts.links {
                Some(_) => Word::CareOnPage,
                None => Word::CareFromStudio,
            };
            section.paragraphs.push(words.word(elsewhere)?);
        }
        Ok(sections)
    }

    /// The facts as a list: what, when, where, and how to reach the studio.
    fn details(&self) -> Result<Vec<Detail>> {
        let (studio, zone) = (&self.facts.studio, self.facts.studio.time_zone);
        let words = self.letterhead.words;
        let wording = self.letterhead.wording();
        let mut details = Vec::new();
        let mut add = |word: Word, text: String, at: Option<Instant>| -> Result<()> {
            details.push(Detail {
                zone: at.map(|at| zone_name(at, zone)),
                is_first: word == Word::When,
                ..Detail::new(words.word(word)?, text)
            });
            Ok(())
        };
        if let Some(appointment) = self.appointment {
            let (starts_at, ends_at) = (appointment.starts_at, appointment.ends_at);
            let starts = wording.day_and_time(starts_at, zone)?;
            add(Word::When, starts, Some(starts_at))?;
            let end = wording.end(starts_at, ends_at, zone)?;
            add(Word::Until, end.text, end.is_zone_named.then_some(ends_at))?;
        }
        let moved = self.facts.steps.contains(&Step::MovedNotice);
        if let Some(previous) = self.facts.previous_start.filter(|_| moved) {
            let before = wording.day_and_time(previous, zone)?;
            add(Word::Previously, before, Some(previous))?;
        }
        if self.appointment.is_some() {
            add(Word::What, self.letterhead.service_label.clone(), None)?;
        }
        details.extend(how_to_reach(words, studio)?);
        Ok(details)
    }

    fn calendar(&self, stamp: Instant) -> Option<super::Calendar> {
        let (service, sender) = (&self.letterhead.service_label, &self.letterhead.sender_name);
        let studio = &self.facts.studio;
        let words = EventWords {
            summary: &format!("{service}, {sender}"),
            location: studio.address.as_deref(),
            organizer: sender,
            organizer_email: studio.email.as_deref(),
            organizer_id: studio.id,
            attendee: self.facts.client_email.as_deref(),
        };
        self.appointment
            .map(|appointment| calendar::event(&appointment, &words, stamp))
    }
}

fn strings(texts: &[TemplateText]) -> Vec<&str> {
    texts.iter().map(TemplateText::as_str).collect()
}
