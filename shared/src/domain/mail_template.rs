//! A studio's own words for its mails.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::patch::merge_patch;
use super::text::{Language, Name, TemplateText};
use super::text_enum::text_enums;
use super::vocabulary::ReminderStep;
use crate::error::FieldError;

text_enums! {
    /// A mail that carries no reminder.
    OtherMail {
        /// It answers a client who asked for a new link.
        FreshLink = "fresh_link",
        /// It tells a client that something used on them may be unsafe.
        SafetyNotice = "safety_notice",
        /// The morning mail to a studio's staff.
        Digest = "digest",
        /// The mail to a studio's staff soon after a client did something on their page.
        Answers = "answers",
    }
    /// A word that all mails of a studio in one language share.
    Word {
        /// What is booked, where the studio has no word of its own in this language.
        ServiceLabel = "service_label",
        /// Who writes, where the studio's own name would tell too much.
        SenderName = "sender_name",
        /// The line that a mailbox shows beside the subject.
        Preheader = "preheader",
        /// The first line.
        Greeting = "greeting",
        /// The last line before the sender's name.
        Closing = "closing",
        /// The heading over care advice.
        Advice = "advice",
        /// The label of what is booked.
        What = "what",
        /// The label of the beginning.
        When = "when",
        /// The label of the end.
        Until = "until",
        /// The label of the time before a move.
        Previously = "previously",
        /// The label of the address.
        Place = "place",
        /// The label of the telephone number.
        Telephone = "telephone",
        /// The label of the studio's mail address.
        Email = "email",
        /// A label with what it stands for, in the plain part.
        DetailLine = "detail_line",
        /// The text of the link to the client's page.
        PageLink = "page_link",
        /// The text of the link to the client's choices about mails.
        PreferencesLink = "preferences_link",
        /// The text of the link that ends invitations.
        UnsubscribeLink = "unsubscribe_link",
        /// What the page is good for before an appointment.
        PageHint = "page_hint",
        /// What the page is good for at other times.
        PageHintLater = "page_hint_later",
        /// What to do without a page before an appointment.
        ReachStudio = "reach_studio",
        /// What to do without a page at other times.
        ReachStudioLater = "reach_studio_later",
        /// How to reach the studio, where it has a telephone number and a mail address.
        ReachUs = "reach_us",
        /// The same, where it has a number alone.
        ReachByTelephone = "reach_by_telephone",
        /// The same, where it has a mail address alone.
        ReachByEmail = "reach_by_email",
        /// The same, where it has neither.
        ReachInPerson = "reach_in_person",
        /// Where the advice stands, if not in the mail.
        CareOnPage = "care_on_page",
        /// How to get the advice without a page.
        CareFromStudio = "care_from_studio",
        /// Why the client gets the mail.
        WhyThisMail = "why_this_mail",
        /// A day.
        Date = "date",
        /// A day and a time of day.
        DayAndTime = "day_and_time",
        /// A time of day.
        TimeOfDay = "time_of_day",
        /// The subject and heading of the mail that a client asked for, with a new link.
        FreshLinkSubject = "fresh_link_subject",
        /// What stands over that link.
        FreshLinkBody = "fresh_link_body",
        /// What to do for whoever didn't ask for it.
        FreshLinkUnasked = "fresh_link_unasked",
        /// The subject of the mail that tells a client of something unsafe: nobody else may see in it what it's about.
        SafetyNoticeSubject = "safety_notice_subject",
        /// Its heading.
        SafetyNoticeTitle = "safety_notice_title",
        /// What it says, whether or not the message itself stands below.
        SafetyNoticeBody = "safety_notice_body",
        /// What follows it where the message stands on the client's page.
        SafetyNoticeOnPage = "safety_notice_on_page",
        /// What follows it where there is no page and the message isn't in the mail.
        SafetyNoticeFromStudio = "safety_notice_from_studio",
        /// What follows the message in the mail where there is no page.
        SafetyNoticeQuestions = "safety_notice_questions",
        /// What follows the message in the mail where there is a page.
        SafetyNoticeConfirm = "safety_notice_confirm",
        /// Why the client gets it, whatever mails they chose.
        SafetyNoticeWhy = "safety_notice_why",
        /// The subject and heading of the morning mail to staff.
        DigestSubject = "digest_subject",
        /// The subject and heading of the mail to staff soon after a client did something on their page.
        AnswersSubject = "answers_subject",
        /// The label of today's sessions.
        DigestToday = "digest_today",
        /// What it says where nothing else waits.
        DigestNothing = "digest_nothing",
        /// The label of sessions that nobody confirmed.
        DigestUnconfirmed = "digest_unconfirmed",
        /// The label of sessions of which nothing says what became of them.
        DigestOutcomeMissing = "digest_outcome_missing",
        /// The label of plans whose next session is to be booked.
        DigestToBook = "digest_to_book",
        /// The label of mails that failed or may not have arrived.
        DigestMails = "digest_mails",
        /// The label of clients whom no mail reaches.
        DigestAddresses = "digest_addresses",
        /// The label of what clients wrote or wished.
        DigestAnswers = "digest_answers",
        /// The label of all other tasks.
        DigestOther = "digest_other",
        /// How to stop the mails to staff.
        DigestUnasked = "digest_unasked",
    }
}

/// What a template says; what it leaves out is said in the built-in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TemplateContent {
    /// The heading of the mail.
    pub title: Option<TemplateText>,
    /// The neutral subject.
    pub subject: Option<TemplateText>,
    /// What the step has to say, a text for each paragraph.
    pub body: Option<Vec<TemplateText>>,
    /// Advice, for clients who agreed to read it in a mail.
    pub care: Option<Vec<TemplateText>>,
    /// The words that all mails share.
    pub words: BTreeMap<Word, TemplateText>,
    /// The days of the week, from Monday.
    pub weekdays: Option<Vec<Name>>,
    /// The months, from January.
    pub months: Option<Vec<Name>>,
}

/// So many paragraphs or pieces of advice at most.
const MOST_PARAGRAPHS: usize = 20;
/// So many characters in one template at most.
const MOST_CHARACTERS: usize = 10_000;

impl TemplateContent {
    /// What can't stand together, whatever it says.
    pub fn misfits(&self, step: Option<ReminderStep>) -> Vec<FieldError> {
        let mut misfits = Vec::new();
        let mut note = |wrong: bool, field: &str, code: &str, advice: &str| {
            if wrong {
                misfits.push(FieldError::new(format!("/{field}"), code, advice));
            }
        };
        let of_step = "leave it out in a template without a step: it belongs to one step";
        let shared = "leave it out in a template for a step: write it in one without a step";
        let no_step = step.is_none();
        note(
            no_step && self.title.is_some(),
            "title",
            "misplaced",
            of_step,
        );
        note(
            no_step && self.subject.is_some(),
            "subject",
            "misplaced",
            of_step,
        );
        note(no_step && self.body.is_some(), "body", "misplaced", of_step);
        note(no_step && self.care.is_some(), "care", "misplaced", of_step);
        note(
            !no_step && !self.words.is_empty(),
            "words",
            "misplaced",
            shared,
        );
        note(
            !no_step && self.weekdays.is_some(),
            "weekdays",
            "misplaced",
            shared,
        );
        note(
            !no_step && self.months.is_some(),
            "months",
            "misplaced",
            shared,
        );
        let many = |list: &Option<Vec<TemplateText>>| {
            list.as_ref()
                .is_some_and(|list| list.len() > MOST_PARAGRAPHS)
        };
        let fewer = "write at most 20 texts";
        note(many(&self.body), "body", "too_many", fewer);
        note(many(&self.care), "care", "too_many", fewer);
        let other = |list: &Option<Vec<Name>>, number| {
            list.as_ref().is_some_and(|list| list.len() != number)
        };
        note(
            other(&self.weekdays, 7),
            "weekdays",
            "wrong_number",
            "write seven, from Monday",
        );
        note(
            other(&self.months, 12),
            "months",
            "wrong_number",
            "write twelve, from January",
        );
        if self.characters() > MOST_CHARACTERS {
            misfits.push(FieldError::new(
                "",
                "too_long",
                "write at most 10000 characters in all: a mail has to stay light",
            ));
        }
        if *self == Self::default() {
            misfits.push(FieldError::new(
                "",
                "empty",
                "write at least one text; to go back to the built-in words set active to false",
            ));
        }
        misfits
    }

    fn characters(&self) -> usize {
        let lists = self.body.iter().chain(&self.care).flatten();
        let single = self.title.iter().chain(&self.subject);
        single
            .chain(lists)
            .chain(self.words.values())
            .map(|text| text.chars().count())
            .sum()
    }
}

/// New words of a studio.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMailTemplate {
    /// In which language. One that isn't built in falls back to English, word by word.
    pub language: Language,
    /// For which step; left out for the words that all mails share.
    pub step: Option<ReminderStep>,
    /// The heading of the mail, for a step.
    pub title: Option<TemplateText>,
    /// The neutral subject, for a step: one line of at most 150 characters.
    pub subject: Option<TemplateText>,
    /// What the step has to say, a text for each paragraph.
    #[schema(max_items = 20)]
    pub body: Option<Vec<TemplateText>>,
    /// Advice, for clients who agreed to read it in a mail.
    #[schema(max_items = 20)]
    pub care: Option<Vec<TemplateText>>,
    /// The words that all mails share; `GET /v1/mail-words` shows their names and the built-in ones.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, TemplateText>, required = false)]
    pub words: BTreeMap<Word, TemplateText>,
    /// The days of the week, from Monday, for the language's way to write a day.
    #[schema(min_items = 7, max_items = 7)]
    pub weekdays: Option<Vec<Name>>,
    /// The months, from January.
    #[schema(min_items = 12, max_items = 12)]
    pub months: Option<Vec<Name>>,
}

impl NewMailTemplate {
    /// What it says.
    pub fn content(&self) -> TemplateContent {
        TemplateContent {
            title: self.title.clone(),
            subject: self.subject.clone(),
            body: self.body.clone(),
            care: self.care.clone(),
            words: self.words.clone(),
            weekdays: self.weekdays.clone(),
            months: self.months.clone(),
        }
    }
}

/// Changes to the shared words: null takes a word back.
pub type WordsPatch = BTreeMap<Word, Option<TemplateText>>;

merge_patch! {
    /// Changes a studio's own words. The next mails use them; a mail that was tried already stays as it is.
    MailTemplatePatch {
        set {
            /// Whether mails use it.
            active: bool,
        }
        null {
            /// The heading of the mail.
            title: TemplateText,
            /// The neutral subject.
            subject: TemplateText,
            /// What the step has to say.
            body: Vec<TemplateText>,
            /// Advice, for clients who agreed to read it in a mail.
            care: Vec<TemplateText>,
            /// The days of the week, from Monday.
            weekdays: Vec<Name>,
            /// The months, from January.
            months: Vec<Name>,
            /// The words that all mails share; each is set by a text and taken back by null.
            words: SharedWordsPatch,
        }
    }
}

/// Changes to the shared words, each by its name.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct SharedWordsPatch(pub WordsPatch);

impl MailTemplatePatch {
    /// Carries the wishes out.
    pub fn apply(&self, content: &mut TemplateContent) {
        self.title.apply(&mut content.title);
        self.subject.apply(&mut content.subject);
        self.body.apply(&mut content.body);
        self.care.apply(&mut content.care);
        self.weekdays.apply(&mut content.weekdays);
        self.months.apply(&mut content.months);
        match &self.words {
            super::patch::Patch::Absent => {}
            super::patch::Patch::Null => content.words.clear(),
            super::patch::Patch::Value(SharedWordsPatch(words)) => {
                for (word, text) in words {
                    match text {
                        Some(text) => content.words.insert(*word, text.clone()),
                        None => content.words.remove(word),
                    };
                }
            }
        }
    }
}

/// A studio's own words, as a mail is made of them.
#[derive(Clone, Debug)]
pub struct OwnWords {
    /// In which language.
    pub language: Language,
    /// For which step; all where there is none.
    pub step: Option<ReminderStep>,
    /// What they are.
    pub content: TemplateContent,
}
