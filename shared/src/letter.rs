//! From stored things to what a mail says: the one place that knows both.

use crate::domain::advice::has_advice;
use crate::domain::client_page::{ClientMay, PageFacts};
use crate::domain::example_time::example_time;
use crate::domain::mail_preview::{MailPreview, Previewed};
use crate::domain::mail_template::{OtherMail, OwnWords};
use crate::domain::reminder::ReminderRule;
use crate::domain::text::Language;
use crate::domain::{Instant, ReminderStep, SessionState, TaskKind};
use crate::error::{Error, Result};
use crate::links::{Link, LinkMaker, LinkPurpose};
use crate::mail::digest::{self, DigestFacts};
use crate::mail::words::{Phrasebook, is_looked_at};
use crate::mail::{
    AppointmentFacts, Links, MailFacts, RenderedMail, StudioFacts, fresh_link, render_with,
    safety_notice,
};
use crate::storage::delivery::Prepared;
use crate::storage::digest::PreparedDigest;
use crate::storage::mails::ANSWERS;
use crate::storage::mails::FRESH_LINK;
use crate::storage::studios::Studio;

/// A mail, and whether it had to do without the studio's own words.
#[derive(Debug)]
pub struct Letter {
    /// The mail.
    pub mail: RenderedMail,
    /// Whether the studio's own words couldn't be used: staff should know.
    pub own_words_failed: bool,
}

/// Renders a prepared mail; without somebody who makes links it has none.
pub fn write(prepared: &Prepared, links: Option<&LinkMaker>) -> Result<Letter> {
    let facts = facts(prepared, links)?;
    in_own_words(&prepared.own_words, |own| {
        if prepared.mail.kind == FRESH_LINK {
            fresh_link::render(&facts, own)
        } else if let Some(message) = &prepared.safety_message {
            safety_notice::render(&facts, message, own)
        } else {
            render_with(&facts, own, prepared.mail.created_at)
        }
    })
}

/// Own words that fail never keep a mail back: the built-in ones take their place.
fn in_own_words(
    own: &[OwnWords],
    render: impl Fn(&[OwnWords]) -> Result<RenderedMail>,
) -> Result<Letter> {
    let rendered = render(own);
    let own_words_failed = rendered.is_err() && !own.is_empty();
    Ok(Letter {
        mail: if own_words_failed {
            render(&[])?
        } else {
            rendered?
        },
        own_words_failed,
    })
}

/// The client's links in a prepared mail. They hang on when it was queued, so that whoever previews it sees the same.
pub fn links(prepared: &Prepared, maker: &LinkMaker) -> Result<Links> {
    let Prepared {
        mail,
        session,
        client,
        ..
    } = prepared;
    let generation = client.link_generation;
    let last_use = session
        .ends_at
        .map_or(mail.created_at, |ends_at| ends_at.max(mail.created_at));
    let of_client = |purpose| {
        maker.address(&Link::of_client(
            purpose,
            client.id,
            generation,
            mail.created_at,
        ))
    };
    Ok(Links {
        page: maker.address(&Link::appointment(
            session.id,
            session.schedule_version,
            generation,
            last_use,
        ))?,
        preferences: of_client(LinkPurpose::Preferences)?,
        unsubscribe: of_client(LinkPurpose::Unsubscribe)?,
    })
}

/// What a prepared mail says.
pub fn facts(prepared: &Prepared, maker: Option<&LinkMaker>) -> Result<MailFacts> {
    let Prepared {
        steps,
        session,
        client,
        studio,
        ..
    } = prepared;
    let name = client.preferred_name.as_ref().unwrap_or(&client.given_name);
    let appointment = prepared.time.map(|time| AppointmentFacts {
        session_id: session.id.0,
        schedule_version: session.schedule_version,
        starts_at: time.starts_at,
        ends_at: time.ends_at,
        cancelled: steps.contains(&ReminderStep::CancelledNotice),
    });
    let language = language(prepared);
    Ok(MailFacts {
        steps: steps.clone(),
        studio: studio_facts(studio, &prepared.own_words, &language)?,
        language,
        client_name: name.to_string(),
        client_email: client.email.as_ref().map(|text| text.to_string()),
        appointment,
        previous_start: prepared.previous.map(|time| time.starts_at),
        has_advice: has_advice(session.kind),
        care_advice_in_mail: client.care_advice_in_mail,
        may: page_facts(studio, session.state, session.starts_at).allow(prepared.mail.created_at),
        links: maker.map(|maker| links(prepared, maker)).transpose()?,
    })
}

/// What decides what the client may do about an appointment.
fn page_facts(studio: &Studio, state: SessionState, starts_at: Option<Instant>) -> PageFacts {
    PageFacts {
        state,
        starts_at,
        cutoff_hours: i64::from(studio.cancellation_cutoff_hours),
        client_may_move: studio.client_may_move,
    }
}

/// The language of a prepared mail: the client's, or the studio's.
pub fn language(prepared: &Prepared) -> String {
    let own = prepared.client.language.as_ref();
    own.unwrap_or(&prepared.studio.language).to_string()
}

fn studio_facts(studio: &Studio, own: &[OwnWords], language: &str) -> Result<StudioFacts> {
    Ok(StudioFacts {
        id: studio.id.0,
        sender_name: studio.sender_name.to_string(),
        service_label: service_label(studio, own, language)?,
        address: studio.address.as_ref().map(|text| text.to_string()),
        telephone: studio.telephone.as_ref().map(|text| text.to_string()),
        email: studio.email.as_ref().map(|text| text.to_string()),
        time_zone: studio.time_zone.0,
        client_may_move: studio.client_may_move,
    })
}

/// What a studio's appointments are called, as everywhere that isn't a mail: neutral, in this language.
pub fn service_word(studio: &Studio, own: &[OwnWords], language: &str) -> Result<String> {
    let label = service_label(studio, own, language)?;
    Phrasebook::new(language, own)?.service_label(label.as_deref())
}

/// The studio's label, in its own language alone: a client who reads another gets that language's word. A client whose
/// language has no words is written to in English, and gets an English label.
fn service_label(studio: &Studio, own: &[OwnWords], language: &str) -> Result<Option<String>> {
    let primary = |tag: &str| tag.split('-').next().map(str::to_lowercase);
    let spoken = Phrasebook::new(language, own)?;
    let of_studio = primary(&studio.language);
    let is_own = [language, spoken.language()]
        .into_iter()
        .any(|tag| primary(tag) == of_studio);
    let is_untouched =
        &*studio.service_label == "appointment" && of_studio.as_deref() != Some("en");
    Ok((is_own && !is_untouched).then(|| studio.service_label.to_string()))
}

/// A studio's digest as a mail.
pub fn digest(prepared: &PreparedDigest) -> Result<Letter> {
    let studio = &prepared.studio;
    let facts = DigestFacts {
        language: studio.language.to_string(),
        sender_name: studio.sender_name.to_string(),
        service_label: service_label(studio, &prepared.own_words, &studio.language)?,
        sessions_today: prepared.sessions_today,
        open_tasks: prepared.open_tasks.clone(),
        is_of_answers: prepared.mail.kind == ANSWERS,
    };
    in_own_words(&prepared.own_words, |own| digest::render(&facts, own))
}

/// What a mail to a made-up client, or to staff with made-up numbers, would say.
pub fn sample(
    studio: &Studio,
    stored: Vec<OwnWords>,
    rules: &[ReminderRule],
    preview: &MailPreview,
    now: Instant,
) -> Result<RenderedMail> {
    let previewed = preview.of()?;
    let language: &Language = preview.language.as_ref().unwrap_or(&studio.language);
    check_languages(preview, language)?;
    let mut own: Vec<OwnWords> = preview
        .drafts
        .iter()
        .map(|draft| OwnWords {
            language: draft.language.clone(),
            step: draft.step,
            content: draft.content(),
        })
        .collect();
    own.extend(stored);
    match previewed {
        Previewed::Step(step) => {
            let mut facts = sample_facts(studio, &own, preview, Some(step), now)?;
            facts.may = sample_may(studio, &facts, step, rules, now)?;
            render_with(&facts, &own, now)
        }
        Previewed::Other(OtherMail::FreshLink) => {
            let facts = MailFacts {
                links: Some(sample_links()),
                ..sample_facts(studio, &own, preview, None, now)?
            };
            fresh_link::render(&facts, &own)
        }
        Previewed::Other(OtherMail::SafetyNotice) => {
            let facts = sample_facts(studio, &own, preview, None, now)?;
            safety_notice::render(&facts, SAMPLE_MESSAGE, &own)
        }
        Previewed::Other(kind @ (OtherMail::Digest | OtherMail::Answers)) => {
            let facts = DigestFacts {
                language: language.to_string(),
                sender_name: studio.sender_name.to_string(),
                service_label: service_label(studio, &own, language)?,
                sessions_today: 5,
                // Each line, so that all of its words are seen.
                open_tasks: TaskKind::ALL.iter().map(|kind| (*kind, 1)).collect(),
                is_of_answers: kind == OtherMail::Answers,
            };
            digest::render(&facts, &own)
        }
    }
}

/// Refuses a draft in a language that the mail isn't written in: nothing of it would be seen.
fn check_languages(preview: &MailPreview, language: &Language) -> Result<()> {
    let unseen = preview
        .drafts
        .iter()
        .position(|draft| !is_looked_at(&draft.language, language));
    match unseen {
        Some(number) => Err(Error::invalid(
            format!("/drafts/{number}/language"),
            "not_previewed",
            format!(
                "this preview is in {}: name the draft's language in language, or leave the draft out",
                language.as_str()
            ),
        )),
        None => Ok(()),
    }
}

fn sample_facts(
    studio: &Studio,
    own: &[OwnWords],
    preview: &MailPreview,
    step: Option<ReminderStep>,
    now: Instant,
) -> Result<MailFacts> {
    let language = preview.language.as_ref().unwrap_or(&studio.language);
    let example = example_time(now, &studio.opening_hours, studio.time_zone.0);
    Ok(MailFacts {
        steps: step.into_iter().collect(),
        language: language.to_string(),
        client_name: "Alex".into(),
        client_email: Some("alex@client.example".into()),
        studio: studio_facts(studio, own, language)?,
        appointment: Some(AppointmentFacts {
            session_id: uuid::Uuid::nil(),
            schedule_version: 1,
            starts_at: example.time.starts_at,
            ends_at: example.time.ends_at,
            cancelled: step == Some(ReminderStep::CancelledNotice),
        }),
        previous_start: (step == Some(ReminderStep::MovedNotice))
            .then_some(example.previously.starts_at),
        has_advice: true,
        care_advice_in_mail: preview.care_advice_in_mail,
        may: ClientMay::default(),
        links: preview.with_page.then(sample_links),
    })
}

/// What the made-up client may do when the step's mail would go by the studio's rules.
fn sample_may(
    studio: &Studio,
    facts: &MailFacts,
    step: ReminderStep,
    rules: &[ReminderRule],
    now: Instant,
) -> Result<ClientMay> {
    let Some(appointment) = facts.appointment else {
        return Ok(ClientMay::default());
    };
    let starts_at = appointment.starts_at;
    let page = page_facts(studio, SessionState::Booked, Some(starts_at));
    let cutoff = u16::try_from(studio.cancellation_cutoff_hours).map_err(Error::internal)?;
    let zone = studio.time_zone.0;
    let rule = rules.iter().find(|rule| rule.step == step);
    let sent_at = rule.and_then(|rule| rule.timing.before(starts_at, zone, cutoff));
    Ok(page.allow(sent_at.unwrap_or(now)))
}

/// What stands in a preview where staff write what the client is told.
const SAMPLE_MESSAGE: &str = "…";

fn sample_links() -> Links {
    Links {
        page: "https://example.com/made-up".into(),
        preferences: "https://example.com/made-up-preferences".into(),
        unsubscribe: "https://example.com/made-up-unsubscribe".into(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::domain::mail_template::{TemplateContent, Word};
    use crate::domain::text::TemplateText;

    fn digest_in(subject: &'static str) -> Letter {
        let facts = DigestFacts {
            language: "en".into(),
            sender_name: "Studio Nine".into(),
            service_label: None,
            sessions_today: 4,
            open_tasks: std::collections::BTreeMap::new(),
            is_of_answers: false,
        };
        let own = OwnWords {
            language: Language::literal("en"),
            step: None,
            content: TemplateContent {
                words: [(Word::DigestSubject, TemplateText::literal(subject))].into(),
                ..TemplateContent::default()
            },
        };
        in_own_words(&[own], |own| digest::render(&facts, own)).unwrap()
    }

    #[test]
    fn own_words_are_used_and_never_keep_a_mail_back() {
        let letter = digest_in("Today at {{ sender_name }}");
        assert_eq!(letter.mail.subject, "Today at Studio Nine");
        assert!(!letter.own_words_failed);
        for failing in ["At {{ when }}", "{% for a in 'aa' %}", "Scalps today"] {
            let letter = digest_in(failing);
            assert_eq!(letter.mail.subject, "Your day in numbers");
            assert!(letter.own_words_failed, "{failing}");
        }
    }

    #[test]
    fn without_own_words_an_error_stays_one() {
        let broken = in_own_words(&[], |_| Err(crate::error::Error::internal("broken")));
        assert!(broken.is_err());
    }
}
