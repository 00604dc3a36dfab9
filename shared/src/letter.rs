//! From stored things to what a mail says: the one place that knows both.

use crate::domain::ReminderStep;
use crate::error::Result;
use crate::links::{Link, LinkMaker, LinkPurpose};
use crate::mail::{
    AppointmentFacts, Links, MailFacts, RenderedMail, StudioFacts, fresh_link, render,
};
use crate::storage::delivery::Prepared;
use crate::storage::mails::FRESH_LINK;

/// Renders a prepared mail; without somebody who makes links it has none.
pub fn write(prepared: &Prepared, links: Option<&LinkMaker>) -> Result<RenderedMail> {
    let facts = facts(prepared, links)?;
    if prepared.mail.kind == FRESH_LINK {
        return fresh_link::render(&facts);
    }
    render(&facts, prepared.mail.created_at)
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
    let appointment = match (session.starts_at, session.ends_at) {
        (Some(starts_at), Some(ends_at)) => Some(AppointmentFacts {
            session_id: session.id.0,
            schedule_version: session.schedule_version,
            starts_at,
            ends_at,
            cancelled: steps.contains(&ReminderStep::CancelledNotice),
        }),
        _ => None,
    };
    Ok(MailFacts {
        steps: steps.clone(),
        language: client
            .language
            .as_ref()
            .unwrap_or(&studio.language)
            .to_string(),
        client_name: name.to_string(),
        studio: StudioFacts {
            sender_name: studio.sender_name.to_string(),
            service_label: Some(studio.service_label.to_string()),
            address: studio.address.as_ref().map(|text| text.to_string()),
            telephone: studio.telephone.as_ref().map(|text| text.to_string()),
            email: studio.email.as_ref().map(|text| text.to_string()),
            time_zone: studio.time_zone.0,
        },
        appointment,
        previous_start: None,
        care_advice_in_mail: client.care_advice_in_mail,
        links: maker.map(|maker| links(prepared, maker)).transpose()?,
    })
}
