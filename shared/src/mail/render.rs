//! Facts into words.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::calendar::{self, EventWords};
use super::content::RenderedMail;
use super::facts::{AppointmentFacts, MailFacts};
use super::lint::clinical_word;
use super::text::{isolated, joined_lines, one_line};
use super::when;
use super::words::{Locale, Words};
use crate::domain::Instant;
use crate::domain::ReminderStep as Step;
use crate::error::{Error, Result};

const LAYOUT_HTML: &str = include_str!("templates/layout.html");
const LAYOUT_TEXT: &str = include_str!("templates/layout.txt");

/// Renders a mail; `stamp` is when its calendar object says that it was made.
pub fn render(facts: &MailFacts, stamp: Instant) -> Result<RenderedMail> {
    let appointment = appointment_of(facts)?;
    let locale = Locale::of(&facts.language);
    let mail = Mail {
        facts,
        appointment,
        locale,
        words: locale.words()?,
        engine: engine(),
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

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|name| match name {
        "html" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    engine
}

/// The part of the mail that a template is rendered for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Text,
    Html,
}

impl Part {
    /// The name that decides about escaping.
    fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text | Self::Header => "text",
        }
    }

    /// Somebody's name, set apart from the sentence around it as this part can.
    fn name_of(self, name: &str) -> Value {
        match self {
            Self::Header => Value::from(name),
            Self::Text => Value::from(isolated(name)),
            Self::Html => {
                let escaped = minijinja::HtmlEscape(name);
                Value::from_safe_string(format!("<bdi dir=\"auto\">{escaped}</bdi>"))
            }
        }
    }

    /// Text that a template made: in HTML it is escaped already.
    fn rendered(self, text: String) -> Value {
        match self {
            Self::Html => Value::from_safe_string(text),
            Self::Text | Self::Header => Value::from(text),
        }
    }
}

struct Mail<'a> {
    facts: &'a MailFacts,
    appointment: Option<AppointmentFacts>,
    locale: Locale,
    words: &'static Words,
    engine: Environment<'static>,
}

impl Mail<'_> {
    fn render(&self, stamp: Instant) -> Result<RenderedMail> {
        let first = self.facts.steps.first().copied();
        let first = first.ok_or_else(|| Error::internal("a mail is about at least one step"))?;
        let subject = self.header(&self.words.step(first)?.subject)?;
        let preheader = self.header(&self.words.preheader)?;
        Ok(RenderedMail {
            text: self.body(Part::Text, &subject, &preheader)?,
            html: self.body(Part::Html, &subject, &preheader)?,
            calendar: self.calendar(stamp),
            sender_name: self.sender_name(),
            subject,
            preheader,
        })
    }

    /// A line that others may see: whatever came in, it is one line without a clinical word.
    fn header(&self, template: &str) -> Result<String> {
        let line = one_line(&self.template(Part::Header, template)?);
        match clinical_word(&line) {
            Some(word) => Err(Error::internal(format!(
                "a template's header says \"{word}\""
            ))),
            None => Ok(line),
        }
    }

    fn body(&self, part: Part, subject: &str, preheader: &str) -> Result<String> {
        let mut paragraphs = Vec::new();
        for step in &self.facts.steps {
            let words = self.words.step(*step)?;
            for template in &words.body {
                paragraphs.push(part.rendered(self.template(part, template)?));
            }
            if words.care.is_empty() {
                continue;
            }
            if self.facts.care_advice_in_mail {
                paragraphs.extend(words.care.iter().map(|text| Value::from(text.as_str())));
            } else if self.facts.links.is_some() {
                paragraphs.push(Value::from(self.words.care_on_page.as_str()));
            } else {
                paragraphs.push(Value::from(self.words.care_from_studio.as_str()));
            }
        }
        let words = context! {
            page_hint => self.words.page_hint.as_str(),
            page_link => self.words.page_link.as_str(),
            reach_studio => self.words.reach_studio.as_str(),
            closing => self.words.closing.as_str(),
        };
        let layout = match part {
            Part::Html => LAYOUT_HTML,
            Part::Text | Part::Header => LAYOUT_TEXT,
        };
        let values = context! {
            language => self.locale.code(),
            subject, preheader, paragraphs, words,
            greeting => part.rendered(self.template(part, &self.words.greeting)?),
            details => self.details(part),
            page => self.page()?,
            sender_name => part.name_of(&self.sender_name()),
        };
        self.engine
            .render_named_str(part.name(), layout, values)
            .map_err(Error::internal)
    }

    /// One template of the table, with the variables that [`super::lint`] allows.
    fn template(&self, part: Part, template: &str) -> Result<String> {
        let values = context! {
            client_name => part.name_of(&one_line(&self.facts.client_name)),
            service_label => self.service_label(),
            sender_name => part.name_of(&self.sender_name()),
            when => self.appointment.map(|it| self.day_and_time(it.starts_at)),
            previously => self.facts.previous_start.map(|it| self.day_and_time(it)),
        };
        self.engine
            .render_named_str(part.name(), template, values)
            .map_err(Error::internal)
    }

    fn day_and_time(&self, instant: Instant) -> String {
        when::day_and_time(instant, self.facts.studio.time_zone, self.locale)
    }

    /// The facts as a list: what, when, where, and how to reach the studio.
    fn details(&self, part: Part) -> Vec<Value> {
        let (studio, words) = (&self.facts.studio, self.words);
        let zone = studio.time_zone;
        let long = |instant| when::day_and_time_with_zone(instant, zone, self.locale);
        let mut details = Vec::new();
        let mut add = |label: &str, value: Value| details.push(context! { label, value });
        if let Some(appointment) = self.appointment {
            add(&words.what, Value::from(self.service_label()));
            add(&words.when, Value::from(long(appointment.starts_at)));
            let same_day = appointment.starts_at.day_at(zone) == appointment.ends_at.day_at(zone);
            let until = if same_day {
                when::time_of_day(appointment.ends_at, zone)
            } else {
                long(appointment.ends_at)
            };
            add(&words.until, Value::from(until));
        }
        let moved = self.facts.steps.contains(&Step::MovedNotice);
        if let Some(previous) = self.facts.previous_start.filter(|_| moved) {
            add(&words.previously, Value::from(long(previous)));
        }
        if let Some(address) = &studio.address {
            add(&words.place, part.name_of(&joined_lines(address)));
        }
        if let Some(telephone) = &studio.telephone {
            add(&words.telephone, Value::from(one_line(telephone)));
        }
        if let Some(email) = &studio.email {
            add(&words.email, Value::from(one_line(email)));
        }
        details
    }

    /// The client's page; a scheme that runs something must not come through.
    fn page(&self) -> Result<Option<&str>> {
        let Some(links) = &self.facts.links else {
            return Ok(None);
        };
        let web = links.page.starts_with("https://") || links.page.starts_with("http://");
        if !web || links.page.contains(|c: char| c.is_control() || c == ' ') {
            return Err(Error::internal("a client's page has a web address"));
        }
        Ok(Some(&links.page))
    }

    fn calendar(&self, stamp: Instant) -> Option<super::Calendar> {
        let (service, sender) = (self.service_label(), self.sender_name());
        let summary = format!("{service}, {sender}");
        let studio = &self.facts.studio;
        let words = EventWords {
            summary: &summary,
            location: studio.address.as_deref(),
            organizer: studio
                .email
                .as_deref()
                .map(|email| (sender.as_str(), email)),
        };
        self.appointment
            .map(|appointment| calendar::event(&appointment, &words, stamp))
    }

    /// The studio's neutral name, or a general one where the studio's would tell what the appointment is for.
    fn sender_name(&self) -> String {
        neutral(
            Some(&self.facts.studio.sender_name),
            &self.words.sender_name,
        )
    }

    /// The studio's neutral word for what is booked, or the language's own.
    fn service_label(&self) -> String {
        neutral(
            self.facts.studio.service_label.as_deref(),
            &self.words.service_label,
        )
    }
}

fn neutral(own: Option<&str>, general: &str) -> String {
    own.map(one_line)
        .filter(|own| !own.is_empty() && clinical_word(own).is_none())
        .unwrap_or_else(|| general.to_owned())
}
