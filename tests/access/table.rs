//! Each operation of the contract, who may do it, and what somebody from another studio is answered.
//!
//! A new endpoint needs a line here: without one the walk fails. `<client>` and the like stand for the ids of the house
//! in `house.rs`; the text is the body of a change and the query of a read.

use stipple_shared::domain::Role::{self, Auditor, FrontDesk, Owner, Practitioner};

/// What somebody is answered whose key is limited to another studio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// 404: what the path names may not be known there.
    Hidden,
    /// A list in which nothing of this studio stands.
    Absent,
    /// 422: what the body names may not be known there.
    Unknown,
    /// The same as everybody: it belongs to the organisation, or to nobody.
    Shared,
    /// 403: no key that is limited to studios may do this.
    Refused,
    /// It asks for no key at all.
    Open,
    /// What opens it is the secret in its path: a key changes nothing.
    Link,
}

use Elsewhere::{Absent, Hidden, Link, Open, Refused, Shared, Unknown};

/// One operation.
pub(crate) type Row = (&'static str, &'static [Role], Elsewhere, &'static str);

const ALL: &[Role] = &[Owner, Practitioner, FrontDesk, Auditor];
const STAFF: &[Role] = &[Owner, Practitioner, FrontDesk];
const CLINICAL: &[Role] = &[Owner, Practitioner, Auditor];
const TREATING: &[Role] = &[Owner, Practitioner];
const OWNERS: &[Role] = &[Owner];
const AUDITING: &[Role] = &[Owner, Auditor];

/// The table.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    ("livez", ALL, Open, ""),
    ("readyz", ALL, Open, ""),
    ("metrics", ALL, Open, ""),
    ("who_am_i", ALL, Shared, ""),
    ("list_api_keys", OWNERS, Absent, ""),
    ("make_api_key", OWNERS, Unknown, r#"{"name": "Desk", "role": "front_desk", "studio_ids": ["<studio>"]}"#),
    ("get_api_key", OWNERS, Hidden, ""),
    ("rotate_api_key", OWNERS, Hidden, "{}"),
    ("revoke_api_key", OWNERS, Hidden, ""),
    ("list_audit_events", AUDITING, Refused, ""),
    ("export_audit_events", AUDITING, Refused, ""),
    ("list_access_events", AUDITING, Absent, ""),
    ("list_studios", ALL, Absent, ""),
    ("open_studio", OWNERS, Refused, r#"{"name": "Studio", "sender_name": "Studio", "time_zone": "Europe/London", "opening_hours": []}"#),
    ("get_studio", ALL, Hidden, ""),
    ("change_studio", OWNERS, Hidden, r#"{"name": "Studio East"}"#),
    ("add_room", OWNERS, Hidden, r#"{"name": "Another room"}"#),
    ("list_rooms", ALL, Hidden, ""),
    ("get_room", ALL, Hidden, ""),
    ("change_room", OWNERS, Hidden, r#"{"name": "Front room"}"#),
    ("list_reminder_rules", ALL, Hidden, ""),
    ("get_reminder_rule", ALL, Hidden, ""),
    ("change_reminder_rule", OWNERS, Hidden, r#"{"enabled": true}"#),
    ("list_practitioners", ALL, Absent, ""),
    ("add_practitioner", OWNERS, Unknown, r#"{"name": "Robin Example", "working_hours": [{"studio_id": "<studio>", "weekday": "monday", "from": "09:00", "until": "17:00"}]}"#),
    ("get_practitioner", ALL, Hidden, ""),
    ("change_practitioner", OWNERS, Hidden, r#"{"licence_number": "EX-7"}"#),
    ("reassign_sessions", STAFF, Hidden, r#"{"to_practitioner_id": "<other_practitioner>"}"#),
    ("enter_time_off", STAFF, Hidden, r#"{"starts_at": "2027-03-01T00:00:00Z", "ends_at": "2027-03-02T00:00:00Z"}"#),
    ("list_time_off", ALL, Hidden, ""),
    ("take_back_time_off", STAFF, Hidden, ""),
    ("list_clients", ALL, Absent, ""),
    ("register_client", STAFF, Unknown, r#"{"studio_id": "<studio>", "given_name": "Alex", "family_name": "Sample"}"#),
    ("search_clients", ALL, Absent, r#"{"text": "client example.com"}"#),
    ("get_client", ALL, Hidden, ""),
    ("change_client", STAFF, Hidden, r#"{"notes": "Comes by train."}"#),
    ("remove_client", STAFF, Hidden, ""),
    ("restore_client", STAFF, Hidden, ""),
    ("erase_client", OWNERS, Hidden, r#"{"reason": "Asked for in writing."}"#),
    ("list_contact_consents", ALL, Hidden, ""),
    ("show_client_attendance", ALL, Hidden, ""),
    ("show_client_timeline", ALL, Hidden, ""),
    ("export_client", OWNERS, Hidden, ""),
    ("list_plan_templates", ALL, Shared, ""),
    ("add_plan_template", OWNERS, Shared, r#"{"name": "Two", "indication": "scar", "treatment_sessions": 2, "session_minutes": 90, "source": "Ours."}"#),
    ("get_plan_template", ALL, Shared, ""),
    ("change_plan_template", OWNERS, Shared, r#"{"source": "Ours, revised."}"#),
    ("list_assessments", CLINICAL, Absent, ""),
    ("record_assessment", TREATING, Unknown, r#"{"client_id": "<client>", "practitioner_id": "<practitioner>", "indication": "scar"}"#),
    ("get_assessment", CLINICAL, Hidden, ""),
    ("change_assessment", TREATING, Hidden, r#"{"goals": "Less contrast."}"#),
    ("list_plans", ALL, Absent, ""),
    ("open_plan", TREATING, Unknown, r#"{"client_id": "<client>", "indication": "scar", "treatment_sessions": 1, "session_minutes": 60}"#),
    ("get_plan", ALL, Hidden, ""),
    ("change_plan", TREATING, Hidden, r#"{"notes": "Careful at the crown."}"#),
    ("add_plan_session", TREATING, Hidden, r#"{"reason": "The crown takes up little."}"#),
    ("list_plan_sessions", ALL, Hidden, ""),
    ("show_plan_overview", ALL, Hidden, ""),
    ("book_series", STAFF, Hidden, r#"{"sessions": [{"ordinal": 1, "booking": {"local_start": "2026-12-07T10:00", "practitioner_id": "<practitioner>"}}]}"#),
    ("close_plan", TREATING, Hidden, r#"{"reason": "The client has moved away."}"#),
    ("list_sessions", ALL, Absent, ""),
    ("arrange_session", STAFF, Unknown, r#"{"client_id": "<client>", "kind": "review", "duration_minutes": 30}"#),
    ("get_session", ALL, Hidden, ""),
    ("change_session", STAFF, Hidden, r#"{"notes": "Brings a friend."}"#),
    ("list_session_history", ALL, Hidden, ""),
    ("list_availability", ALL, Hidden, "session_id=<session>&from_day=2026-11-26&until_day=2026-11-27"),
    ("book_session", STAFF, Hidden, r#"{"local_start": "2026-12-01T10:00", "practitioner_id": "<practitioner>"}"#),
    ("reschedule_session", STAFF, Hidden, r#"{"local_start": "2026-12-02T10:00", "practitioner_id": "<practitioner>"}"#),
    ("confirm_session", STAFF, Hidden, "{}"),
    ("check_in_session", STAFF, Hidden, "{}"),
    ("revert_session", STAFF, Hidden, r#"{"reason": "A slip of the hand."}"#),
    ("complete_session", TREATING, Hidden, r#"{"practitioner_id": "<practitioner>"}"#),
    ("miss_session", STAFF, Hidden, "{}"),
    ("cancel_session", STAFF, Hidden, "{}"),
    ("list_products", ALL, Shared, ""),
    ("add_product", TREATING, Shared, r#"{"kind": "pigment", "maker": "Sample Inks", "brand": "Grey", "shade": "2"}"#),
    ("get_product", ALL, Shared, ""),
    ("change_product", TREATING, Shared, r#"{"notes": "Shake it."}"#),
    ("list_product_uses", CLINICAL, Shared, ""),
    ("list_lots", ALL, Shared, ""),
    ("add_lot", TREATING, Shared, r#"{"product_id": "<product>", "code": "K-2"}"#),
    ("get_lot", ALL, Shared, ""),
    ("change_lot", TREATING, Shared, r#"{"notes": "On the left shelf."}"#),
    ("list_lot_uses", CLINICAL, Shared, ""),
    ("list_safety_notices", CLINICAL, Shared, ""),
    ("draft_safety_notice", OWNERS, Refused, r#"{"lot_id": "<lot>", "reason": "The maker recalls it.", "message": {"en": "Please call."}}"#),
    ("get_safety_notice", CLINICAL, Shared, ""),
    ("show_safety_notice_progress", CLINICAL, Shared, ""),
    ("list_safety_notice_recipients", CLINICAL, Absent, ""),
    ("send_safety_notice", OWNERS, Refused, ""),
    ("withdraw_safety_notice", OWNERS, Refused, r#"{"reason": "It was another lot."}"#),
    ("get_safety_notice_recipient", CLINICAL, Hidden, ""),
    ("note_safety_notice_told", TREATING, Hidden, r#"{"how": "telephone"}"#),
    ("list_pigment_records", CLINICAL, Absent, ""),
    ("record_pigment", TREATING, Unknown, r#"{"session_id": "<session>", "practitioner_id": "<practitioner>", "zones": [{"zone": "crown"}], "mix": {"pigments": [{"lot_id": "<lot>"}]}}"#),
    ("get_pigment_record", CLINICAL, Hidden, ""),
    ("judge_healed_work", TREATING, Hidden, r#"{"healed_as": "as_intended"}"#),
    ("amend_pigment_record", TREATING, Hidden, r#"{"reason": "The zone was wrong.", "record": {"session_id": "<session>", "practitioner_id": "<practitioner>", "zones": [{"zone": "sides"}], "mix": {"pigments": [{"lot_id": "<lot>"}]}}}"#),
    ("void_pigment_record", TREATING, Hidden, r#"{"reason": "The wrong client."}"#),
    ("list_reminders", ALL, Absent, ""),
    ("get_reminder", ALL, Hidden, ""),
    ("cancel_reminder", STAFF, Hidden, "{}"),
    ("requeue_reminder", STAFF, Hidden, "{}"),
    ("send_reminder_now", STAFF, Hidden, "{}"),
    ("preview_reminder", STAFF, Hidden, ""),
    ("add_mail_template", OWNERS, Hidden, r#"{"language": "nl", "words": {"greeting": "Dag {{ client_name }},"}}"#),
    ("list_mail_templates", ALL, Hidden, ""),
    ("get_mail_template", ALL, Hidden, ""),
    ("change_mail_template", OWNERS, Hidden, r#"{"words": {"closing": "Tot dan,"}}"#),
    ("preview_mail", OWNERS, Unknown, r#"{"studio_id": "<studio>", "step": "booking_confirmation"}"#),
    ("get_mail_words", ALL, Shared, ""),
    ("make_calendar_feed", OWNERS, Unknown, r#"{"name": "Desk", "studio_id": "<studio>"}"#),
    ("list_calendar_feeds", OWNERS, Absent, ""),
    ("get_calendar_feed", OWNERS, Hidden, ""),
    ("revoke_calendar_feed", OWNERS, Hidden, ""),
    ("fetch_calendar", ALL, Link, ""),
    ("see_appointment_page", ALL, Link, ""),
    ("confirm_appointment_page", ALL, Link, ""),
    ("see_move_page", ALL, Link, ""),
    ("move_appointment_page", ALL, Link, ""),
    ("see_cancel_page", ALL, Link, ""),
    ("cancel_appointment_page", ALL, Link, ""),
    ("see_advice_page", ALL, Link, ""),
    ("read_safety_notice_page", ALL, Link, ""),
    ("see_mails_page", ALL, Link, ""),
    ("choose_mails_page", ALL, Link, ""),
    ("see_wrong_person_page", ALL, Link, ""),
    ("note_wrong_person_page", ALL, Link, ""),
    ("see_report_page", ALL, Link, ""),
    ("send_report_page", ALL, Link, ""),
    ("see_unsubscribe_page", ALL, Link, ""),
    ("unsubscribe_page", ALL, Link, ""),
    ("send_fresh_link", ALL, Link, ""),
    ("list_tasks", ALL, Absent, ""),
    ("get_task", ALL, Hidden, ""),
    ("close_task", STAFF, Hidden, r#"{"outcome": "done"}"#),
];
