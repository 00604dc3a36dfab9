//! The mails to a studio's staff: how much waits for them, each morning and when a client did something. Numbers, and nothing
//! about a client.

use std::collections::BTreeMap;

use super::content::RenderedMail;
use super::layout::{Detail, Letterhead, Section, Sheet};
use super::words::Phrasebook;
use crate::domain::TaskKind;
use crate::domain::mail_template::{OwnWords, Word};
use crate::error::Result;

/// What a digest says.
#[derive(Clone, Debug)]
pub struct DigestFacts {
    /// The studio's language as a tag.
    pub language: String,
    /// The neutral name that its mails come from.
    pub sender_name: String,
    /// The neutral word for what is booked; `None` takes the language's own.
    pub service_label: Option<String>,
    /// Sessions that are to take place today.
    pub sessions_today: i64,
    /// Open tasks by what they are about.
    pub open_tasks: BTreeMap<TaskKind, i64>,
    /// Whether it comes since a client did something, and not since it's morning.
    pub is_of_answers: bool,
}

/// The lines that tasks are counted in, in their order.
const GROUPS: [Word; 7] = [
    Word::DigestUnconfirmed,
    Word::DigestOutcomeMissing,
    Word::DigestToBook,
    Word::DigestMails,
    Word::DigestAddresses,
    Word::DigestAnswers,
    Word::DigestOther,
];

/// The line that a task is counted in.
fn group(kind: TaskKind) -> Word {
    match kind {
        TaskKind::Unconfirmed => Word::DigestUnconfirmed,
        TaskKind::OutcomeMissing => Word::DigestOutcomeMissing,
        TaskKind::OverdueForBooking => Word::DigestToBook,
        TaskKind::MailFailed | TaskKind::MailAmbiguous => Word::DigestMails,
        TaskKind::NoUsableAddress
        | TaskKind::AddressBounced
        | TaskKind::WrongPerson
        | TaskKind::SafetyNoticeUnreached => Word::DigestAddresses,
        kind if TaskKind::ANSWERS.contains(&kind) => Word::DigestAnswers,
        _ => Word::DigestOther,
    }
}

/// Renders it, in a studio's own words where it has some.
pub fn render(facts: &DigestFacts, own: &[OwnWords]) -> Result<RenderedMail> {
    let words = Phrasebook::new(&facts.language, own)?;
    let letterhead = Letterhead::new(&words, &facts.sender_name, facts.service_label.as_deref())?;
    let mut details = Vec::new();
    let mut add = |word: Word, count: i64| -> Result<()> {
        details.push(Detail {
            is_first: word == Word::DigestToday,
            is_number: true,
            ..Detail::new(words.word(word)?, count.to_string())
        });
        Ok(())
    };
    add(Word::DigestToday, facts.sessions_today)?;
    for line in GROUPS {
        let tasks = facts.open_tasks.iter();
        let counts = tasks.filter(|(kind, _)| group(**kind) == line);
        let count: i64 = counts.map(|(_, count)| count).sum();
        if count > 0 {
            add(line, count)?;
        }
    }
    let nothing_waits = details.len() == 1;
    let subject = words.word(match facts.is_of_answers {
        true => Word::AnswersSubject,
        false => Word::DigestSubject,
    })?;
    let sheet = Sheet {
        greeting: None,
        sections: vec![Section {
            title: subject,
            paragraphs: Vec::new(),
            told: Vec::new(),
            advice: Vec::new(),
        }],
        details,
        hint: nothing_waits.then_some(Word::DigestNothing),
        page: None,
        closing: None,
        footer: Word::DigestUnasked,
        unsubscribe: None,
        preferences: None,
        calendar: None,
    };
    letterhead.write(subject, sheet)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::domain::neutral::clinical_word;

    fn facts(language: &str, open_tasks: BTreeMap<TaskKind, i64>) -> DigestFacts {
        DigestFacts {
            language: language.into(),
            sender_name: "Studio Nine".into(),
            service_label: None,
            sessions_today: 4,
            open_tasks,
            is_of_answers: false,
        }
    }

    #[test]
    fn it_counts_in_every_language_and_names_nothing_clinical() {
        let english = "Studio Nine: a message for you";
        let german = "Studio Nine: eine Nachricht für Sie";
        for (language, preheader) in [
            ("en", english),
            ("en-US", english),
            ("de", german),
            ("de-AT", german),
            ("fr", "Studio Nine\u{202f}: un message pour vous"),
            ("es", "Studio Nine: un mensaje para usted"),
        ] {
            let tasks = TaskKind::ALL.iter().map(|kind| (*kind, 2)).collect();
            let mail = render(&facts(language, tasks), &[]).unwrap();
            assert_eq!(clinical_word(&mail.subject), None);
            assert_eq!(clinical_word(&mail.text), None);
            assert_eq!(mail.preheader, preheader);
            assert!(
                mail.html
                    .contains(&format!("<html lang=\"{language}\" dir=\"ltr\">"))
            );
            let words = Phrasebook::new(language, &[]).unwrap();
            for word in GROUPS {
                let label = words.word(word).unwrap();
                assert!(mail.text.contains(label), "{language} {label}");
                assert!(mail.html.contains(label), "{language} {label}");
            }
            let counts = mail
                .text
                .lines()
                .filter_map(|line| line.rsplit_once(": ")?.1.parse::<i64>().ok());
            let in_html = mail.html.matches("<bdi dir=\"auto\">").count();
            assert_eq!(in_html, counts.clone().count() + 1, "counts and the name");
            let total = 4 + 2 * i64::try_from(TaskKind::ALL.len()).unwrap();
            assert_eq!(counts.sum::<i64>(), total, "{}", mail.text);
        }
    }

    #[test]
    fn a_quiet_day_says_so() {
        let mut facts = facts("en", BTreeMap::new());
        facts.sender_name = "The Scalp Clinic".into();
        let mail = render(&facts, &[]).unwrap();
        let quiet = "Your day in numbers\n\nAppointments today: 4\n\nNothing else waits for you.\n\nYour studio\n\nThis address";
        assert!(mail.text.starts_with(quiet), "{}", mail.text);
        assert!(mail.html.contains("Nothing else waits for you."));
        assert_eq!(mail.sender_name, "Your studio");
    }
}
