//! From stored things to what a mail says: the one place that knows both.

use crate::domain::ReminderStep;
use crate::error::Result;
use crate::mail::{AppointmentFacts, MailFacts, RenderedMail, StudioFacts, render};
use crate::storage::delivery::Prepared;

/// Renders a prepared mail.
pub fn write(prepared: &Prepared) -> Result<RenderedMail> {
    render(&facts(prepared), prepared.mail.created_at)
}

/// What a prepared mail says.
pub fn facts(prepared: &Prepared) -> MailFacts {
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
    MailFacts {
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
        links: None,
    }
}
