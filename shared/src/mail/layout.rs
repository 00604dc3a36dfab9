//! The one sheet that all mails are written on: names, words and layout, whatever a mail is about.

use std::borrow::Cow;

use minijinja::{HtmlEscape, Value, context};

use super::content::{Calendar, RenderedMail};
use super::engine::Engine;
use super::text::{Direction, isolated, one_line, unbroken};
use super::when::Wording;
use super::words::Phrasebook;
use crate::domain::mail_template::Word;
use crate::domain::neutral::clinical_word;
use crate::domain::text::is_invisible;
use crate::error::{Error, Result};

const LAYOUT_HTML: &str = include_str!("templates/layout.html");
const LAYOUT_TEXT: &str = include_str!("templates/layout.txt");

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

/// What some mails' words may print beside the studio's names.
#[derive(Default)]
pub(super) struct Variables {
    pub client_name: Option<String>,
    pub when: Option<String>,
    pub previously: Option<String>,
    /// How to reach the studio, as a sentence.
    pub reach: Option<String>,
    /// Whether clients choose another time on their page; else they ask for one.
    pub client_may_move: bool,
    /// Whether the client may still do so when the mail goes.
    pub client_may_change: bool,
    /// Whether the client has still to say that they come.
    pub client_may_confirm: bool,
    /// Whether the mail asks to book an appointment.
    pub to_book: bool,
}

/// What a mail says; its words are templates where the linter allows variables.
pub(super) struct Sheet<'a> {
    pub greeting: Option<Word>,
    pub sections: Vec<Section<'a>>,
    pub details: Vec<Detail>,
    pub hint: Option<Word>,
    pub page: Option<&'a str>,
    pub closing: Option<Word>,
    /// Why somebody gets the mail, or what to do about it.
    pub footer: Word,
    pub unsubscribe: Option<&'a str>,
    pub preferences: Option<&'a str>,
    pub calendar: Option<Calendar>,
}

/// A part of the mail under its own heading.
pub(super) struct Section<'a> {
    pub title: &'a str,
    pub paragraphs: Vec<&'a str>,
    /// What staff wrote to the client, printed as it stands.
    pub told: Vec<&'a str>,
    pub advice: Vec<&'a str>,
}

/// One fact with its label.
pub(super) struct Detail {
    pub label: String,
    pub text: String,
    pub zone: Option<String>,
    pub is_first: bool,
    pub is_number: bool,
    /// What calls or writes to the studio in one tap.
    pub link: Option<String>,
}

impl Detail {
    /// A plain one.
    pub fn new(label: &str, text: String) -> Self {
        Self {
            label: label.to_owned(),
            text,
            zone: None,
            is_first: false,
            is_number: false,
            link: None,
        }
    }
}

/// Who writes, and in which words.
pub(super) struct Letterhead<'a> {
    pub words: &'a Phrasebook<'a>,
    pub engine: Engine,
    pub variables: Variables,
    /// The studio's neutral name, or a general one where the studio's would tell what the appointment is for.
    pub sender_name: String,
    /// The studio's neutral word for what is booked, in this language where it has one, or the language's own.
    pub service_label: String,
    direction: Direction,
}

impl<'a> Letterhead<'a> {
    /// That of a studio with this name and label.
    pub fn new(words: &'a Phrasebook<'a>, sender_name: &str, label: Option<&str>) -> Result<Self> {
        Ok(Self {
            sender_name: words.sender_name(sender_name)?,
            service_label: words.service_label(label)?,
            direction: Direction::of(words.language()),
            engine: Engine::new(),
            variables: Variables::default(),
            words,
        })
    }

    /// Days and times in the mail's language.
    pub fn wording(&self) -> Wording<'_> {
        Wording {
            words: self.words,
            engine: &self.engine,
        }
    }

    /// The whole mail under a subject.
    pub fn write(&self, subject: &str, sheet: Sheet<'_>) -> Result<RenderedMail> {
        let subject = self.header(subject)?;
        let preheader = self.header(self.words.word(Word::Preheader)?)?;
        Ok(RenderedMail {
            text: self.print(Part::Text, &sheet, &subject, &preheader)?,
            html: self.print(Part::Html, &sheet, &subject, &preheader)?,
            list_unsubscribe: sheet.unsubscribe.map(str::to_owned),
            calendar: sheet.calendar,
            sender_name: self.sender_name.clone(),
            subject,
            preheader,
        })
    }

    /// A line that others may see: whatever came in, it is one line without a clinical word.
    fn header(&self, template: &str) -> Result<String> {
        let line = unbroken(&self.fill(Part::Text, template)?);
        if line.chars().all(is_invisible) {
            return Err(Error::internal("a template's header comes to nothing"));
        }
        match clinical_word(&line) {
            Some(word) => Err(Error::internal(format!(
                "a template's header says \"{word}\""
            ))),
            None => Ok(line),
        }
    }

    fn print(
        &self,
        part: Part,
        sheet: &Sheet<'_>,
        subject: &str,
        preheader: &str,
    ) -> Result<String> {
        let mut sections = Vec::new();
        for section in &sheet.sections {
            sections.push(self.section(part, section)?);
        }
        let mut lines = Vec::new();
        for detail in &sheet.details {
            lines.push(self.line(detail)?);
        }
        let details: Vec<Value> = sheet
            .details
            .iter()
            .map(|detail| self.detail(part, detail))
            .collect();
        let word = |word: Option<Word>| word.map(|word| self.words.word(word)).transpose();
        let filled = |word: Word| -> Result<Value> {
            Ok(part.rendered(self.fill(part, self.words.word(word)?)?))
        };
        let values = context! {
            language => self.words.language(),
            direction => self.direction.as_str(),
            subject, preheader, sections, details, lines,
            greeting => sheet.greeting.map(filled).transpose()?,
            hint => sheet.hint.map(filled).transpose()?,
            advice => self.words.word(Word::Advice)?,
            page => sheet.page.map(web_address).transpose()?,
            page_link => self.words.word(Word::PageLink)?,
            closing => word(sheet.closing)?,
            sender_name => self.name(part, &self.sender_name),
            footer => filled(sheet.footer)?,
            unsubscribe => self.link(sheet.unsubscribe, Word::UnsubscribeLink)?,
            preferences => self.link(sheet.preferences, Word::PreferencesLink)?,
        };
        let layout = match part {
            Part::Html => LAYOUT_HTML,
            Part::Text => LAYOUT_TEXT,
        };
        self.engine.render(part.name(), layout, values)
    }

    fn section(&self, part: Part, section: &Section<'_>) -> Result<Value> {
        let mut paragraphs = Vec::new();
        for template in &section.paragraphs {
            paragraphs.push(part.rendered(self.fill(part, template)?));
        }
        let title = part.rendered(self.fill(part, section.title)?);
        let as_it_stands = |texts: &[&str]| -> Vec<Value> {
            texts.iter().map(|text| Value::from(*text)).collect()
        };
        paragraphs.extend(as_it_stands(&section.told));
        Ok(context! { title, paragraphs, advice => as_it_stands(&section.advice) })
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
    fn fill(&self, part: Part, template: &str) -> Result<String> {
        // Words are text, whoever wrote them: only the layout is HTML.
        let template = match part {
            Part::Text => Cow::Borrowed(template),
            Part::Html => Cow::Owned(HtmlEscape(template).to_string().replace('\n', "<br>")),
        };
        if !template.contains('{') {
            return Ok(template.into_owned());
        }
        // What isn't there is left out: a template that prints it all the same fails, instead of saying "none".
        let known = |value: Option<Value>| value.unwrap_or(Value::UNDEFINED);
        let text = |text: &Option<String>| known(text.as_deref().map(Value::from));
        let client_name = self.variables.client_name.as_deref();
        let values = context! {
            client_name => known(client_name.map(|name| self.name(part, &one_line(name)))),
            service_label => self.service_label.as_str(),
            sender_name => self.name(part, &self.sender_name),
            when => text(&self.variables.when),
            previously => text(&self.variables.previously),
            reach => text(&self.variables.reach),
            client_may_move => self.variables.client_may_move,
            client_may_change => self.variables.client_may_change,
            client_may_confirm => self.variables.client_may_confirm,
            to_book => self.variables.to_book,
        };
        self.engine.render(part.name(), &template, values)
    }

    fn detail(&self, part: Part, detail: &Detail) -> Value {
        context! {
            label => detail.label.as_str(),
            value => self.name(part, &detail.text),
            zone => detail.zone.as_ref().map(|zone| self.name(part, zone)),
            is_first => detail.is_first,
            is_number => detail.is_number,
            link => detail.link.as_deref(),
        }
    }

    /// A detail as a line of the plain part.
    fn line(&self, detail: &Detail) -> Result<String> {
        let mut value = isolated(&detail.text, self.direction);
        if let Some(zone) = &detail.zone {
            value = format!("{value} ({})", isolated(zone, self.direction));
        }
        self.labelled(&detail.label, &value)
    }

    fn labelled(&self, label: &str, value: &str) -> Result<String> {
        let template = self.words.word(Word::DetailLine)?;
        self.engine
            .render("text", template, context! { label, value })
    }

    /// A link of the footer: for the plain part as a line, whose address stays as it is so that programs see where it ends.
    fn link(&self, address: Option<&str>, word: Word) -> Result<Option<Value>> {
        let Some(address) = address.map(web_address).transpose()? else {
            return Ok(None);
        };
        let label = self.words.word(word)?;
        let line = self.labelled(label, address)?;
        Ok(Some(context! { address, label, line }))
    }
}

/// An address as it stands, if it opens a page: a scheme that runs something must not come through.
fn web_address(address: &str) -> Result<&str> {
    let web = address.starts_with("https://") || address.starts_with("http://");
    if !web || address.contains(|c: char| c.is_control() || c == ' ') {
        return Err(Error::internal("a client's page has a web address"));
    }
    Ok(address)
}
