//! What the pages show: the appointment in neutral words, the studio, the free times.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use minijinja::{Value, context};
use stipple_shared::domain::advice::AdviceFacts;
use stipple_shared::domain::mail_template::{OwnWords, Word};
use stipple_shared::domain::{ClientId, Instant, SessionState};
use stipple_shared::error::Result as Shared;
use stipple_shared::letter::service_word;
use stipple_shared::links::{Link, LinkPurpose};
use stipple_shared::mail::engine::Engine;
use stipple_shared::mail::reach::{mail_link, reach_word, telephone_link};
use stipple_shared::mail::safety_notice::paragraphs;
use stipple_shared::mail::text::joined_lines;
use stipple_shared::mail::when::{Wording, zone_name};
use stipple_shared::mail::words::{Locale, Phrasebook};
use stipple_shared::storage::client_page::{FreeTimes, Standing};
use stipple_shared::storage::sessions::Session;

use super::entry::Visitor;
use super::words::{word, words};
use super::{Page, render};
use crate::problem::Problem;

pub(super) const MESSAGE: &str = include_str!("templates/message.html");
const DETAILS: &str = include_str!("templates/details.html");
const APPOINTMENT: &str = include_str!("templates/appointment.html");
const MOVE: &str = include_str!("templates/move.html");
const CANCEL: &str = include_str!("templates/cancel.html");
const ADVICE: &str = include_str!("templates/advice.html");

/// Where a greeting names the client; a page sets the name apart.
const CLIENT_NAME: &str = "{{ client_name }}";

impl Visitor {
    /// The client's language, or the studio's.
    pub(super) fn locale(&self) -> Locale {
        let (client, studio) = (&self.visited.client, &self.visited.studio);
        Locale::of(client.language.as_ref().unwrap_or(&studio.language))
    }

    /// What the public address has before the path, where a proxy takes it off.
    pub(super) fn prefix(&self) -> &str {
        self.api
            .links
            .public_url
            .as_ref()
            .and_then(|url| url.as_str().split_once("://"))
            .and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..]))
            .unwrap_or_default()
    }

    /// The path of a link as the browser knows it.
    pub(super) fn path(&self, link: &Link) -> Shared<String> {
        let token = self.api.links.key.sign(link)?;
        Ok(format!("{}{}/{token}", self.prefix(), link.purpose.path()))
    }

    /// The link to the appointment as it stands now. It ends no later than one in a mail would.
    pub(super) fn present_link(&self) -> Link {
        match &self.visited.session {
            Some(session) => {
                let last_use = session
                    .ends_at
                    .map_or(self.now, |ends_at| ends_at.max(self.now));
                let mut link = Link::appointment(
                    session.id,
                    session.schedule_version,
                    self.visited.client.link_generation,
                    last_use,
                );
                if self.standing == Standing::Holds {
                    link.expires_at = self.link.expires_at;
                }
                link
            }
            None => self.link,
        }
    }

    /// A page about this client's studio.
    pub(super) fn page(
        &self,
        status: StatusCode,
        title: &str,
        notice: Option<&'static str>,
    ) -> Shared<Page> {
        let studio = &self.visited.studio;
        let telephone = studio.telephone.as_ref().map(|text| text.to_string());
        let email = studio.email.as_ref().map(|text| text.to_string());
        let dial = telephone.as_deref().and_then(telephone_link);
        let write_to = email.as_deref().and_then(mail_link);
        let phrases = self.phrases()?;
        let reach = phrases.word(reach_word(telephone.is_some(), email.is_some()))?;
        let words = words(self.locale(), phrases.language(), reach)?;
        Ok(Page {
            language: phrases.language().to_owned(),
            status,
            title: word(&words, title)?.to_owned(),
            notice,
            studio: Some(context! {
                name => phrases.sender_name(&studio.sender_name)?,
                email,
                email_label => phrases.word(Word::Email)?.to_owned(),
                telephone,
                telephone_label => phrases.word(Word::Telephone)?.to_owned(),
                dial,
                write_to,
            }),
            words,
        })
    }

    /// Where a page leads back to: the appointment, or which mails the client gets.
    pub(super) fn way_back(&self) -> Shared<Value> {
        let (link, label) = match self.visited.session {
            Some(_) => (self.present_link(), "back"),
            None => {
                let link = self.client_link(LinkPurpose::Preferences);
                (bounded(link, self.now), "mails")
            }
        };
        let page = self.page(StatusCode::OK, label, None)?;
        Ok(context! { address => self.path(&link)?, label => page.title })
    }

    /// The client's language as they say it where the page has words for it, or the page's own.
    fn language(&self) -> &str {
        let (client, studio) = (&self.visited.client, &self.visited.studio);
        let tag = client.language.as_ref().unwrap_or(&studio.language);
        let code = self.locale().code();
        let is_of_page = tag
            .split('-')
            .next()
            .is_some_and(|primary| primary.eq_ignore_ascii_case(code));
        if is_of_page { tag } else { code }
    }

    /// The words of the page's language, the studio's own first.
    fn phrases(&self) -> Shared<Phrasebook<'_>> {
        Phrasebook::new(self.language(), &self.visited.own_words)
    }

    /// Says something in those words. Own words that fail never keep a page back, as they keep no mail back.
    fn said<T>(&self, say: impl Fn(&Wording<'_>) -> Shared<T>) -> Shared<T> {
        let engine = Engine::new();
        let in_words = |own: &[OwnWords]| {
            let words = Phrasebook::new(self.language(), own)?;
            say(&Wording {
                words: &words,
                engine: &engine,
            })
        };
        let own = &self.visited.own_words;
        match in_words(own) {
            Err(_) if !own.is_empty() => in_words(&[]),
            said => said,
        }
    }

    fn details(&self) -> Shared<Value> {
        let studio = &self.visited.studio;
        let zone = studio.time_zone.0;
        let times = self
            .visited
            .session
            .as_ref()
            .and_then(|session| session.starts_at.zip(session.ends_at));
        let zoned = |text: String, at| format!("{text} ({})", zone_name(at, zone));
        let said = times
            .map(|(start, end)| {
                self.said(|wording| {
                    let until = wording.end(start, end, zone)?;
                    Ok((wording.day_and_time(start, zone)?, until))
                })
                .map(|(when, until)| {
                    let named = until.is_zone_named;
                    let until = if named {
                        zoned(until.text, end)
                    } else {
                        until.text
                    };
                    (zoned(when, start), until)
                })
            })
            .transpose()?;
        let (when, until) = said.unzip();
        let phrases = self.phrases()?;
        let labels = context! {
            what => phrases.word(Word::What)?.to_owned(),
            when => phrases.word(Word::When)?.to_owned(),
            until => phrases.word(Word::Until)?.to_owned(),
            place => phrases.word(Word::Place)?.to_owned(),
        };
        let details = context! {
            labels,
            what => service_word(studio, &self.visited.own_words, self.language())?,
            when,
            until,
            place => studio.address.as_ref().map(|text| joined_lines(text)),
        };
        let html = render(DETAILS, context! { details })?;
        Ok(Value::from_safe_string(html))
    }

    /// What the client is told of something unsafe.
    fn news(&self) -> Vec<Value> {
        let news = self.visited.safety_news.iter();
        news.map(|one| {
            let lines: Vec<String> = paragraphs(&one.message)
                .into_iter()
                .map(str::to_owned)
                .collect();
            context! { id => one.recipient_id.to_string(), is_known => one.is_known, lines }
        })
        .collect()
    }

    /// The appointment with what can be done about it.
    pub(super) fn appointment(
        &self,
        status: StatusCode,
        notice: Option<&'static str>,
    ) -> Result<HttpResponse, Problem> {
        let page = self.page(status, "title_appointment", notice)?;
        let (client, link) = (&self.visited.client, self.present_link());
        let Some(session) = &self.visited.session else {
            return Err(Problem::fault(Some("a page about no session".into())));
        };
        let may = self.visited.may(self.now);
        let state = page.word(&format!("state_{}", session.state))?.to_owned();
        let greeting = page.word("greeting")?;
        let (before, after) = greeting.split_once(CLIENT_NAME).unwrap_or((greeting, ""));
        let name = client.preferred_name.as_ref().unwrap_or(&client.given_name);
        let to_come = matches!(
            session.state,
            SessionState::Booked | SessionState::Confirmed
        );
        let report = if may.report {
            let link = Link::report(
                session.id,
                session.schedule_version,
                client.link_generation,
                self.now,
            );
            Some(self.path(&bounded(link, self.now))?)
        } else {
            None
        };
        let advice_title = if self.advice_lines(session)?.is_empty() {
            None
        } else {
            Some(self.advice_title()?)
        };
        page.respond(
            APPOINTMENT,
            context! {
                greeting => context! { before => before.to_owned(), after => after.to_owned() },
                client_name => name.to_string(),
                state,
                details_html => self.details()?,
                news => self.news(),
                may => may_value(may),
                base => self.path(&link)?,
                to_come,
                asks_to_book => self.visited.asks_to_book,
                advice_title,
                report,
                mails => self.path(&bounded(self.client_link(LinkPurpose::Preferences), self.now))?,
            },
        )
    }

    /// A link about the client, made now.
    pub(super) fn client_link(&self, purpose: LinkPurpose) -> Link {
        let client = &self.visited.client;
        let id: ClientId = client.id;
        Link::of_client(purpose, id, client.link_generation, self.now)
    }

    /// Other times: a choice, or a question.
    pub(super) fn other_times(
        &self,
        status: StatusCode,
        notice: Option<&'static str>,
        free: &FreeTimes,
    ) -> Result<HttpResponse, Problem> {
        let zone = self.visited.studio.time_zone.0;
        let mut days: Vec<(String, Vec<Value>)> = Vec::new();
        for slot in &free.slots {
            let at = slot.starts_at;
            let day = self.said(|wording| wording.date(at, zone))?;
            let time = self.said(|wording| wording.time_of_day(at, zone))?;
            let value = context! { value => slot.starts_at.to_string(), name => time };
            let has_room = days.len() < 5;
            match days.last_mut().filter(|(last, _)| *last == day) {
                Some((_, times)) => times.push(value),
                None if has_room => days.push((day, vec![value])),
                None => break,
            }
        }
        let shown: usize = days.iter().map(|(_, times)| times.len()).sum();
        let not_shown = free.slots.get(shown);
        let later = not_shown.map_or(free.next_day, |slot| Some(slot.starts_at.day_at(zone)));
        let days: Vec<Value> = days
            .into_iter()
            .map(|(name, times)| context! { name, times })
            .collect();
        self.page(status, "title_move", notice)?.respond(
            MOVE,
            context! {
                details_html => self.details()?,
                may => may_value(self.visited.may(self.now)),
                base => self.path(&self.present_link())?,
                later => later.map(|day| day.to_string()),
                days,
            },
        )
    }

    /// The question before a cancellation.
    pub(super) fn cancellation(&self) -> Result<HttpResponse, Problem> {
        self.page(StatusCode::OK, "title_cancel", None)?.respond(
            CANCEL,
            context! {
                details_html => self.details()?,
                may => may_value(self.visited.may(self.now)),
                base => self.path(&self.present_link())?,
            },
        )
    }

    /// What to do before or after the session.
    pub(super) fn advice(&self) -> Result<HttpResponse, Problem> {
        let advice = match &self.visited.session {
            Some(session) => self.advice_lines(session)?,
            None => Vec::new(),
        };
        let mut page = self.page(StatusCode::OK, "title_appointment", None)?;
        if !advice.is_empty() {
            page.title = self.advice_title()?;
        }
        page.respond(
            ADVICE,
            context! { advice, base => self.path(&self.present_link())? },
        )
    }

    /// What stands over the advice in the mails too.
    fn advice_title(&self) -> Shared<String> {
        self.phrases()?.word(Word::Advice).map(str::to_owned)
    }

    /// The advice that fits the day, as the client's mails have it: the studio's own first.
    fn advice_lines(&self, session: &Session) -> Shared<Vec<String>> {
        let facts = AdviceFacts {
            kind: session.kind,
            state: session.state,
            completed_at: session.completed_at,
        };
        let Some(step) = facts.step(self.now, self.visited.studio.time_zone.0) else {
            return Ok(Vec::new());
        };
        let (client, studio) = (&self.visited.client, &self.visited.studio);
        let tag = client.language.as_ref().unwrap_or(&studio.language);
        let words = Phrasebook::new(tag, &self.visited.own_words)?;
        let care = words.care(step)?;
        Ok(care.iter().map(|text| text.as_str().to_owned()).collect())
    }
}

/// A link that stands on a page and not in a mail: it needn't hold for long.
fn bounded(mut link: Link, now: Instant) -> Link {
    link.expires_at = link
        .expires_at
        .min(Instant::from_millis(now.millis() / 1000 * 1000) + chrono::TimeDelta::days(1));
    link
}

fn may_value(may: stipple_shared::domain::client_page::ClientMay) -> Value {
    context! {
        confirm => may.confirm,
        choose_time => may.choose_time,
        ask_to_move => may.ask_to_move,
        cancel => may.cancel,
        report => may.report,
    }
}

/// May values for a page outside of this file.
pub(super) fn may_of(visitor: &Visitor) -> Value {
    may_value(visitor.visited.may(visitor.now))
}
