//! Facts into words.

use std::borrow::Cow;

use minijinja::{HtmlEscape, Value, context};

use super::calendar::{self, EventWords};
use super::content::RenderedMail;
use super::engine::Engine;
use super::facts::{AppointmentFacts, MailFacts};
use super::text::{Direction, isolated, joined_lines, one_line, unbroken};
use super::when::{Wording, zone_name};
use super::words::Phrasebook;
use crate::domain::Instant;
use crate::domain::ReminderStep as Step;
use crate::domain::mail_template::{OwnWords, Word};
use crate::domain::neutral::clinical_word;
use crate::error::{Error, Result};

const LAYOUT_HTML: &str = include_str!("templates/layout.html");
const LAYOUT_TEXT: &str = include_str!("templates/layout.txt");

/// Renders a mail in the built-in words; `stamp` is when its calendar object says that it was made.
pub fn render(facts: &MailFacts, stamp: Instant) -> Result<RenderedMail> {
    render_with(facts, &[], stamp)
}

/// Renders a mail in a studio's own words where it has some.
pub fn render_with(facts: &MailFacts, own: &[OwnWords], stamp: Instant) -> Result<RenderedMail> {
    let appointment = appointment_of(facts)?;
    let words = Phrasebook::new(&facts.language, own)?;
    let mail = Mail {
        facts,
        appointment,
        direction: Direction::of(words.language()),
        words: &words,
        engine: Engine::new(),
    };
    mail.render(stamp)
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

/// The part of the mail that a template is rendered for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Text,
    Html,
}

impl Part {
    /// The name that decides about escaping.
    fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "text",
        }
    }

    /// Text that a template made: in HTML it is escaped already.
    fn rendered(self, text: String) -> Value {
        match self {
            Self::Html => Value::from_safe_string(text),
            Self::Text => Value::from(text),
        }
    }
}

struct Mail<'a> {
    facts: &'a MailFacts,
    appointment: Option<AppointmentFacts>,
    words: &'a Phrasebook<'a>,
    direction: Direction,
    engine: Engine,
}

impl Mail<'_> {
    fn render(&self, stamp: Instant) -> Result<RenderedMail> {
        let first = self.facts.steps.first().copied();
        let first = first.ok_or_else(|| Error::internal("a mail is about at least one step"))?;
        let subject = self.header(self.words.subject(first)?)?;
        let preheader = self.header(self.words.word(Word::Preheader)?)?;
        Ok(RenderedMail {
            text: self.body(Part::Text, &subject, &preheader)?,
            html: self.body(Part::Html, &subject, &preheader)?,
            calendar: self.calendar(stamp)?,
            list_unsubscribe: self.unsubscribe()?,
            sender_name: self.sender_name()?,
            subject,
            preheader,
        })
    }

    /// A line that others may see: whatever came in, it is one line without a clinical word.
    fn header(&self, template: &str) -> Result<String> {
        let line = unbroken(&self.template(Part::Text, template)?);
        match clinical_word(&line) {
            Some(word) => Err(Error::internal(format!(
                "a template's header says \"{word}\""
            ))),
            None => Ok(line),
        }
    }

    fn body(&self, part: Part, subject: &str, preheader: &str) -> Result<String> {
        let mut sections = Vec::new();
        for step in &self.facts.steps {
            sections.push(self.section(part, *step)?);
        }
        let ahead = self
            .appointment
            .is_some_and(|appointment| !appointment.cancelled);
        let studio = &self.facts.studio;
        let can_be_reached = studio.telephone.is_some() || studio.email.is_some();
        let hint = match (self.facts.links.is_some(), ahead) {
            (true, true) => Some(Word::PageHint),
            (true, false) => Some(Word::PageHintLater),
            (false, true) => Some(Word::ReachStudio).filter(|_| can_be_reached),
            (false, false) => Some(Word::ReachStudioLater).filter(|_| can_be_reached),
        };
        let why_this_mail = self.template(part, self.words.word(Word::WhyThisMail)?)?;
        let words = context! {
            hint => hint.map(|hint| self.words.word(hint)).transpose()?,
            advice => self.words.word(Word::Advice)?,
            page_link => self.words.word(Word::PageLink)?,
            preferences_link => self.words.word(Word::PreferencesLink)?,
            unsubscribe_link => self.words.word(Word::UnsubscribeLink)?,
            closing => self.words.word(Word::Closing)?,
            why_this_mail => part.rendered(why_this_mail),
        };
        let details = self.details()?;
        let mut lines = Vec::new();
        for detail in &details {
            lines.push(self.line(detail)?);
        }
        let details: Vec<Value> = details.iter().map(|it| it.value(part, self)).collect();
        let greeting = self.template(part, self.words.word(Word::Greeting)?)?;
        let layout = match part {
            Part::Html => LAYOUT_HTML,
            Part::Text => LAYOUT_TEXT,
        };
        let values = context! {
            language => self.words.language(),
            direction => self.direction.as_str(),
            subject, preheader, sections, words, details, lines,
            greeting => part.rendered(greeting),
            page => self.page()?,
            preferences => self.preferences()?,
            unsubscribe => self.unsubscribe()?,
            sender_name => self.name(part, &self.sender_name()?),
        };
        self.engine.render(part.name(), layout, values)
    }

    /// What one step has to say, and its advice for those who agreed to read it in a mail.
    fn section(&self, part: Part, step: Step) -> Result<Value> {
        let mut paragraphs = Vec::new();
        for template in self.words.body(step)? {
            paragraphs.push(part.rendered(self.template(part, template)?));
        }
        let care = self.words.care(step)?;
        let mut advice: Vec<String> = Vec::new();
        if !care.is_empty() {
            if self.facts.care_advice_in_mail {
                advice.extend(care.iter().map(|text| text.to_string()));
            } else {
                let elsewhere = match self.facts.links {
                    Some(_) => Word::CareOnPage,
                    None => Word::CareFromStudio,
                };
                paragraphs.push(Value::from(self.words.word(elsewhere)?));
            }
        }
        let title = part.rendered(self.template(part, self.words.title(step)?)?);
        Ok(context! { title, paragraphs, advice })
    }

    /// Somebody's name, set apart from the sentence around it as this part can.
    fn name(&self, part: Part, name: &str) -> Value {
        match part {
            Part::Text => Value::from(isolated(name, self.direction)),
            Part::Html => {
                let escaped = HtmlEscape(name);
                Value::from_safe_string(format!("<bdi dir=\"auto\">{escaped}</bdi>"))
            }
        }
    }

    /// One template of the words, with the variables that [`super::lint`] allows.
    fn template(&self, part: Part, template: &str) -> Result<String> {
        // Words are text, whoever wrote them: only the layout is HTML.
        let template = match part {
            Part::Text => Cow::Borrowed(template),
            Part::Html => Cow::Owned(HtmlEscape(template).to_string().replace('\n', "<br>")),
        };
        if !template.contains('{') {
            return Ok(template.into_owned());
        }
        let when = |instant| {
            self.wording()
                .day_and_time(instant, self.facts.studio.time_zone)
        };
        // What isn't there is left out: a template that prints it all the same fails, instead of saying "none".
        let known = |text: Option<String>| text.map_or(Value::UNDEFINED, Value::from);
        let values = context! {
            client_name => self.name(part, &one_line(&self.facts.client_name)),
            service_label => self.service_label()?,
            sender_name => self.name(part, &self.sender_name()?),
            when => known(self.appointment.map(|it| when(it.starts_at)).transpose()?),
            previously => known(self.facts.previous_start.map(when).transpose()?),
        };
        self.engine.render(part.name(), &template, values)
    }

    fn wording(&self) -> Wording<'_> {
        Wording {
            words: self.words,
            engine: &self.engine,
        }
    }

    /// The facts as a list: what, when, where, and how to reach the studio.
    fn details(&self) -> Result<Vec<Detail>> {
        let (studio, zone) = (&self.facts.studio, self.facts.studio.time_zone);
        let mut details = Vec::new();
        let wording = self.wording();
        let mut add = |word: Word, text: String, at: Option<Instant>| -> Result<()> {
            details.push(Detail {
                label: self.words.word(word)?.to_owned(),
                text,
                zone: at.map(|at| zone_name(at, zone)),
                is_first: word == Word::When,
            });
            Ok(())
        };
        if let Some(appointment) = self.appointment {
            let (starts_at, ends_at) = (appointment.starts_at, appointment.ends_at);
            let starts = wording.day_and_time(starts_at, zone)?;
            add(Word::When, starts, Some(starts_at))?;
            if starts_at.day_at(zone) == ends_at.day_at(zone) {
                add(Word::Until, wording.time_of_day(ends_at, zone)?, None)?;
            } else {
                let ends = wording.day_and_time(ends_at, zone)?;
                add(Word::Until, ends, Some(ends_at))?;
            }
        }
        let moved = self.facts.steps.contains(&Step::MovedNotice);
        if let Some(previous) = self.facts.previous_start.filter(|_| moved) {
            let before = wording.day_and_time(previous, zone)?;
            add(Word::Previously, before, Some(previous))?;
        }
        if self.appointment.is_some() {
            add(Word::What, self.service_label()?, None)?;
        }
        if let Some(address) = &studio.address {
            add(Word::Place, joined_lines(address), None)?;
        }
        if let Some(telephone) = &studio.telephone {
            add(Word::Telephone, one_line(telephone), None)?;
        }
        if let Some(email) = &studio.email {
            add(Word::Email, one_line(email), None)?;
        }
        Ok(details)
    }

    /// A detail as a line of the plain part.
    fn line(&self, detail: &Detail) -> Result<String> {
        let mut value = isolated(&detail.text, self.direction);
        if let Some(zone) = &detail.zone {
            value = format!("{value} ({})", isolated(zone, self.direction));
        }
        let values = context! { label => detail.label.as_str(), value };
        self.engine
            .render("text", self.words.word(Word::DetailLine)?, values)
    }

    /// The client's page; a scheme that runs something must not come through.
    fn page(&self) -> Result<Option<&str>> {
        let links = self.facts.links.as_ref();
        links.map(|links| web_address(&links.page)).transpose()
    }

    /// Where the client says which mails are wanted.
    fn preferences(&self) -> Result<Option<&str>> {
        let links = self.facts.links.as_ref();
        links
            .map(|links| web_address(&links.preferences))
            .transpose()
    }

    /// What ends invitations, in a mail that is one.
    fn unsubscribe(&self) -> Result<Option<String>> {
        let is_marketing = self.facts.steps.iter().any(|step| step.is_marketing());
        let links = self.facts.links.as_ref().filter(|_| is_marketing);
        links
            .map(|links| web_address(&links.unsubscribe).map(str::to_owned))
            .transpose()
    }

    fn calendar(&self, stamp: Instant) -> Result<Option<super::Calendar>> {
        let (service, sender) = (self.service_label()?, self.sender_name()?);
        let summary = format!("{service}, {sender}");
        let studio = &self.facts.studio;
        let words = EventWords {
            summary: &summary,
            location: studio.address.as_deref(),
            organizer: &sender,
            organizer_email: studio.email.as_deref(),
            organizer_id: studio.id,
            attendee: self.facts.client_email.as_deref(),
        };
        Ok(self
            .appointment
            .map(|appointment| calendar::event(&appointment, &words, stamp)))
    }

    /// The studio's neutral name, or a general one where the studio's would tell what the appointment is for.
    fn sender_name(&self) -> Result<String> {
        let general = self.words.word(Word::SenderName)?;
        Ok(neutral(Some(&self.facts.studio.sender_name), general))
    }

    /// The studio's neutral word for what is booked, in this language where it has one, or the language's own.
    fn service_label(&self) -> Result<String> {
        let own = self.words.own_word(Word::ServiceLabel);
        let own = own.or(self.facts.studio.service_label.as_deref());
        Ok(neutral(own, self.words.word(Word::ServiceLabel)?))
    }
}

/// One fact with its label.
struct Detail {
    label: String,
    text: String,
    zone: Option<String>,
    is_first: bool,
}

impl Detail {
    fn value(&self, part: Part, mail: &Mail<'_>) -> Value {
        context! {
            label => self.label.as_str(),
            value => mail.name(part, &self.text),
            zone => self.zone.as_ref().map(|zone| mail.name(part, zone)),
            is_first => self.is_first,
        }
    }
}

/// An address as it stands, if it opens a page.
fn web_address(address: &str) -> Result<&str> {
    let web = address.starts_with("https://") || address.starts_with("http://");
    if !web || address.contains(|c: char| c.is_control() || c == ' ') {
        return Err(Error::internal("a client's page has a web address"));
    }
    Ok(address)
}

fn neutral(own: Option<&str>, general: &str) -> String {
    own.map(one_line)
        .filter(|own| !own.is_empty() && clinical_word(own).is_none())
        .unwrap_or_else(|| general.to_owned())
}
