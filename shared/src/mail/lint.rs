//! A checker for templates: nothing but known variables and choices between texts, and no clinical word where others
//! may read over a shoulder.
//!
//! The engine could do more: loops, assignments, repetition. None of it passes, so what a template costs is bounded
//! by its length, and there is nothing that it could reach.

mod outcome;
mod tags;

use minijinja::Environment;

use crate::domain::ReminderStep;
use crate::domain::legible::{Illegible, illegible};
use crate::domain::mail_template::{TemplateContent, Word};
use crate::domain::neutral::clinical_word;
use crate::error::{Error, FieldError, Result};
use tags::{judge, tags};

pub use outcome::{gap, missing, nothing, unsaid};

/// Where a template stands, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A plain word or label: no variables at all.
    Name,
    /// The heading of the mail.
    Title,
    /// The subject or the preheader.
    Header,
    /// A line of the body.
    Line,
    /// A paragraph of the body.
    Body,
    /// Care advice, which only clients who agreed to it receive.
    Care,
    /// A label with its value.
    Detail,
    /// A day and a time of day.
    Day,
    /// A time of day.
    Time,
}

/// So many characters in a template that becomes one line at most.
const LONGEST_LINE: usize = 150;

/// So many illegible letters of one text are told: what was pasted may be full of them.
const MOST_LETTERS: usize = 5;

impl Place {
    /// The variables that a template may use here.
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Name | Self::Care => &[],
            Self::Header => &["service_label", "sender_name", "when"],
            Self::Title => &[
                "client_name",
                "service_label",
                "sender_name",
                "when",
                "previously",
            ],
            Self::Line | Self::Body => &[
                "client_name",
                "service_label",
                "sender_name",
                "when",
                "previously",
                "reach",
                "client_may_move",
                "client_may_change",
                "client_may_confirm",
                "to_book",
            ],
            Self::Detail => &["label", "value"],
            Self::Day => &["weekday", "day", "month", "year", "time", "first_of_month"],
            Self::Time => &[
                "hour",
                "hour_24",
                "hour_12",
                "minute",
                "am_or_pm",
                "full_hour",
            ],
        }
    }

    /// Whether something must stand here in each mail.
    fn must_show(self) -> bool {
        !matches!(self, Self::Line | Self::Body | Self::Care)
    }

    fn is_one_line(self) -> bool {
        !matches!(self, Self::Body | Self::Care)
    }

    /// Where a shared word stands.
    pub fn of(word: Word) -> Self {
        match word {
            Word::Preheader
            | Word::FreshLinkSubject
            | Word::SafetyNoticeSubject
            | Word::DigestSubject
            | Word::AnswersSubject => Self::Header,
            Word::Greeting
            | Word::WhyThisMail
            | Word::FreshLinkUnasked
            | Word::SafetyNoticeOnPage
            | Word::SafetyNoticeFromStudio
            | Word::SafetyNoticeQuestions
            | Word::SafetyNoticeConfirm
            | Word::SafetyNoticeWhy
            | Word::PageHint
            | Word::PageHintLater
            | Word::ReachStudio
            | Word::ReachStudioLater => Self::Line,
            Word::FreshLinkBody | Word::SafetyNoticeBody => Self::Body,
            Word::DetailLine => Self::Detail,
            Word::Date | Word::DayAndTime => Self::Day,
            Word::TimeOfDay => Self::Time,
            _ => Self::Name,
        }
    }
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The template can't be read.
    #[error("this can't be read as a template: {0}")]
    Syntax(String),
    /// The template does more than name variables and choose between texts.
    #[error(
        "\"{0}\" is not allowed here: write {{{{ variable }}}}, or {{% if variable %}} … {{% else %}} … {{% endif %}}"
    )]
    NotAllowed(String),
    /// The template uses a variable that it won't be given.
    #[error("there is no variable {name} here; {choice}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// What could stand there.
        choice: String,
    },
    /// The template prints what some mails don't have.
    #[error(
        "not every mail with this text has {0}: write it in a choice, as in {{% if {0} %}} … {{{{ {0} }}}} … {{% endif %}}"
    )]
    MayBeMissing(&'static str),
    /// Nobody can see anything of the template, whatever its variables are.
    #[error(
        "nothing of this can be seen: write at least one character that shows, or leave it out"
    )]
    Nothing,
    /// Nothing of the template is left in some mails.
    #[error(
        "in some mails nothing of this can be seen: write a text in each part of {{% if … %}} … {{% else %}} … {{% endif %}}"
    )]
    MayBeNothing,
    /// A sign has nothing before it in some mails.
    #[error(
        "in some mails this reads \"{0}\": write the sign into the choice too, as in {{% if … %}} … , {{% else %}} … , {{% endif %}}"
    )]
    MayLeaveGap(String),
    /// The template leaves out what its text says nothing without.
    #[error("write {{{{ {0} }}}} too: each line is a label with what it stands for")]
    Unsaid(&'static str),
    /// The template has a letter that nobody can read, or that makes the text read other than it is.
    #[error("{0}")]
    Illegible(Illegible),
    /// The template tells what the appointment is for.
    #[error(
        "the word \"{0}\" tells whoever sees it what the client is treated for: say it neutrally, or as care advice"
    )]
    ClinicalWord(&'static str),
    /// The template breaks the line.
    #[error("write one line")]
    SeveralLines,
    /// The template is too long for a line.
    #[error("write at most 150 characters: mailboxes cut what is longer")]
    TooLong,
}

impl Problem {
    /// A stable name for what is wrong.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "broken_template",
            Self::NotAllowed(_) => "template_not_allowed",
            Self::UnknownVariable { .. } => "unknown_variable",
            Self::MayBeMissing(_) => "may_be_missing",
            Self::Nothing => "empty",
            Self::MayBeNothing => "may_be_empty",
            Self::MayLeaveGap(_) => "may_leave_gap",
            Self::Unsaid(_) => "required_variable",
            Self::Illegible(_) => "illegible",
            Self::ClinicalWord(_) => "clinical_word",
            Self::SeveralLines => "several_lines",
            Self::TooLong => "too_long",
        }
    }
}

/// Everything that is wrong with a template for a place; empty when it may be used.
pub fn problems(template: &str, place: Place) -> Vec<Problem> {
    let mut problems = Vec::new();
    match tags(template) {
        Ok(tags) => {
            for tag in tags {
                problems.extend(judge(tag, place));
            }
        }
        Err(problem) => problems.push(problem),
    }
    if problems.is_empty()
        && let Err(cause) = Environment::empty().template_from_str(template)
    {
        problems.push(Problem::Syntax(
            cause.detail().unwrap_or("unbalanced").to_owned(),
        ));
    }
    problems.extend(
        illegible(template)
            .take(MOST_LETTERS)
            .map(Problem::Illegible),
    );
    if place != Place::Care {
        problems.extend(clinical_word(template).map(Problem::ClinicalWord));
    }
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if place.is_one_line() && template.chars().any(breaks) {
        problems.push(Problem::SeveralLines);
    }
    if place == Place::Header && template.chars().count() > LONGEST_LINE {
        problems.push(Problem::TooLong);
    }
    problems
}

/// Every text of a template with its pointer and place.
pub fn texts(content: &TemplateContent) -> Vec<(String, &str, Place)> {
    let mut texts = Vec::new();
    let single = [
        ("/title", &content.title, Place::Title),
        ("/subject", &content.subject, Place::Header),
    ];
    for (pointer, text, place) in single {
        texts.extend(
            text.iter()
                .map(|text| (pointer.to_owned(), text.as_str(), place)),
        );
    }
    let lists = [
        ("/body", &content.body, Place::Body),
        ("/care", &content.care, Place::Care),
    ];
    for (pointer, list, place) in lists {
        for (number, text) in list.iter().flatten().enumerate() {
            texts.push((format!("{pointer}/{number}"), text.as_str(), place));
        }
    }
    for (word, text) in &content.words {
        texts.push((format!("/words/{word}"), text.as_str(), Place::of(*word)));
    }
    for (pointer, list) in [
        ("/weekdays", &content.weekdays),
        ("/months", &content.months),
    ] {
        for (number, name) in list.iter().flatten().enumerate() {
            texts.push((format!("{pointer}/{number}"), name.as_str(), Place::Name));
        }
    }
    texts
}

/// Refuses words that a mail can't be made of, and says all that is wrong with them.
pub fn check(content: &TemplateContent, step: Option<ReminderStep>) -> Result<()> {
    let mut errors = content.misfits(step);
    for (pointer, text, place) in texts(content) {
        let mut found = problems(text, place);
        // Each of these is only of use where the ones before hold.
        for finds in [missing, nothing, gap] {
            if found.is_empty() {
                found.extend(finds(text, place, step));
            }
        }
        if found.is_empty() {
            found.extend(unsaid(text, place));
        }
        for problem in found {
            errors.push(FieldError::new(
                &pointer,
                problem.code(),
                problem.to_string(),
            ));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
