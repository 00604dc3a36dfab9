//! The appointment as an iCalendar object.

use icalendar::{Calendar as Object, Class, Component, Event, EventLike, EventStatus, Property};

use super::content::{Calendar, Method};
use super::facts::AppointmentFacts;
use super::reach::mail_link;
use super::text::{joined_lines, one_line};
use crate::domain::Instant;
use crate::domain::neutral::clinical_word;
use uuid::Uuid;

/// What the event says beside its time.
pub struct EventWords<'a> {
    /// The neutral title.
    pub summary: &'a str,
    /// The studio's address.
    pub location: Option<&'a str>,
    /// The studio's name.
    pub organizer: &'a str,
    /// The studio's mail address.
    pub organizer_email: Option<&'a str>,
    /// Which studio.
    pub organizer_id: Uuid,
    /// The client's mail address.
    pub attendee: Option<&'a str>,
}

/// The event of an appointment. The same session has the same UID in every mail, so that a calendar changes the
/// event it has instead of entering a second one.
pub fn event(appointment: &AppointmentFacts, words: &EventWords<'_>, stamp: Instant) -> Calendar {
    let method = if appointment.cancelled {
        Method::Cancel
    } else {
        Method::Request
    };
    let mut event = Event::with_uid(&uid(appointment.session_id));
    event
        .timestamp(stamp.utc())
        .sequence(sequence(appointment))
        .starts(appointment.starts_at.utc())
        .ends(appointment.ends_at.utc())
        .summary(&one_line(words.summary))
        .class(Class::Private)
        .status(match method {
            Method::Request => EventStatus::Confirmed,
            Method::Cancel => EventStatus::Cancelled,
        });
    // An address or a mailbox can name the trade; a shared calendar must not.
    if let Some(location) = words.location.filter(|text| clinical_word(text).is_none()) {
        event.location(&joined_lines(location));
    }
    let organizer_email = words
        .organizer_email
        .filter(|address| clinical_word(address).is_none())
        .and_then(mail_link);
    // RFC 5546 wants an organizer in any case; who has no address that may be told is named by a URN.
    let address = match organizer_email {
        Some(address) => address,
        None => words.organizer_id.urn().to_string(),
    };
    let mut organizer = Property::new("ORGANIZER", address);
    organizer.add_parameter("CN", &one_line(words.organizer).replace('"', "'"));
    event.append_property(organizer);
    // RFC 5546 wants whoever is invited named; answers go by the client's page and not by mail.
    if let Some(address) = words.attendee.and_then(mail_link) {
        let mut attendee = Property::new("ATTENDEE", address);
        attendee.add_parameter("RSVP", "FALSE");
        event.append_multi_property(attendee);
    }
    let mut object = Object::empty();
    object
        .append_property(("VERSION", "2.0"))
        .append_property(("PRODID", "-//stipple//EN"))
        .append_property(("CALSCALE", "GREGORIAN"))
        .append_property(("METHOD", method.as_str()))
        .push(event.done());
    Calendar {
        method,
        body: object.to_string(),
    }
}

/// The number that a calendar takes the newest mail by (RFC 5546, 2.1.4): each move, each cancellation, and what comes
/// after it has a higher one.
fn sequence(appointment: &AppointmentFacts) -> u32 {
    u32::try_from(appointment.schedule_version).unwrap_or(u32::MAX)
}

/// The name of a session in every calendar.
fn uid(session_id: Uuid) -> String {
    format!("session-{session_id}@stipple")
}

/// A session in a feed for staff.
pub struct FeedEvent<'a> {
    /// Which session, when, and whether it's off.
    pub appointment: AppointmentFacts,
    /// Whether the client hasn't yet said yes.
    pub tentative: bool,
    /// The neutral word for what is booked.
    pub summary: &'a str,
    /// Who treats, where the calendar is shared by several.
    pub practitioner: Option<&'a str>,
    /// In which room.
    pub room: Option<&'a str>,
    /// When the session was last changed.
    pub changed_at: Instant,
}

/// What the event is called. A name that would tell what is treated, as of a practice, is left out.
fn title(event: &FeedEvent<'_>) -> String {
    let what = one_line(event.summary);
    match event.practitioner.map(one_line) {
        Some(name) if clinical_word(&name).is_none() => format!("{what}, {name}"),
        _ => what,
    }
}

/// Many sessions as one object that is fetched again and again.
pub fn feed(name: &str, events: &[FeedEvent<'_>]) -> String {
    let mut refresh = Property::new("REFRESH-INTERVAL", "PT15M");
    refresh.add_parameter("VALUE", "DURATION");
    let mut object = Object::empty();
    object
        .append_property(("VERSION", "2.0"))
        .append_property(("PRODID", "-//stipple//EN"))
        .append_property(("CALSCALE", "GREGORIAN"))
        .append_property(("X-WR-CALNAME", one_line(name).as_str()))
        .append_property(refresh)
        .append_property(("X-PUBLISHED-TTL", "PT15M"));
    for one in events {
        let appointment = &one.appointment;
        let mut event = Event::with_uid(&uid(appointment.session_id));
        event
            .timestamp(one.changed_at.utc())
            .last_modified(one.changed_at.utc())
            .sequence(sequence(appointment))
            .starts(appointment.starts_at.utc())
            .ends(appointment.ends_at.utc())
            .summary(&title(one))
            .class(Class::Private)
            .status(match (appointment.cancelled, one.tentative) {
                (true, _) => EventStatus::Cancelled,
                (false, true) => EventStatus::Tentative,
                (false, false) => EventStatus::Confirmed,
            });
        let room = one.room.map(one_line);
        if let Some(room) = room.filter(|room| clinical_word(room).is_none()) {
            event.location(&room);
        }
        object.push(event.done());
    }
    object.to_string()
}
