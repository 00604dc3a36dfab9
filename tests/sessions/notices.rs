//! What a client is told of bookings, moves and cancellations: what changed against what they knew, once.

use chrono::TimeDelta;
use serde_json::json;
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::{Actor, WriteContext};

use crate::house::{House, text};
use crate::post::Post;

/// The number that a calendar takes the newest mail by.
fn sequence(mail: &str) -> u32 {
    let line = mail.lines().find_map(|line| line.strip_prefix("SEQUENCE:"));
    line.unwrap().trim().parse().unwrap()
}

/// A consultation in twenty days that its client was told of.
fn told(house: &House, post: &Post) -> String {
    let id = house.arrange(&house.client_id, "consultation", 60).id();
    house.book(&id, 20, "10:00");
    assert_eq!(post.subjects(), ["Booked"]);
    id
}

#[test]
fn two_moves_are_told_as_one_with_the_time_that_the_client_knew() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = told(house, &post);
        house.move_to(&id, 21, "10:00");
        house.wait(5);
        assert_eq!(post.subjects(), [""; 0]);
        house.move_to(&id, 22, "11:30");
        house.wait(9);
        assert_eq!(post.subjects(), [""; 0]);
        house.wait(1);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        assert!(mail.contains("Subject: Moved: "), "{mail}");
        assert!(
            mail.contains("When: Thursday 17 December 2026, 11:30 (Europe/London, UTC+00:00)"),
            "{mail}"
        );
        assert!(
            mail.contains("Previously: Tuesday 15 December 2026, 10:00"),
            "{mail}"
        );
        assert!(mail.contains("SEQUENCE:3"), "{mail}");
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
    });
}

#[test]
fn a_move_back_before_the_notice_went_is_not_told() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = told(house, &post);
        house.move_to(&id, 21, "10:00");
        house.wait(9);
        house.move_to(&id, 20, "10:00");
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
        // A revert does the same.
        house.move_to(&id, 21, "10:00");
        house
            .act(&id, "revert", &json!({"reason": "The wrong one."}))
            .expect(200);
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
        // Once it was told, moving back is news.
        house.move_to(&id, 21, "10:00");
        house.wait(10);
        assert_eq!(post.subjects(), ["Moved"]);
        house.move_to(&id, 20, "10:00");
        house.wait(10);
        assert_eq!(post.subjects(), ["Moved"]);
    });
}

#[test]
fn a_booking_that_is_taken_back_is_told_as_off_with_its_time() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = told(house, &post);
        let reason = json!({"reason": "Another client's."});
        house.act(&id, "revert", &reason).expect(200);
        assert_eq!(house.session(&id).json["state"], "planned");
        house.wait(10);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        assert!(mail.contains("Subject: Cancelled: "), "{mail}");
        assert!(
            mail.contains("When: Tuesday 15 December 2026, 10:00"),
            "{mail}"
        );
        for line in [
            "METHOD:CANCEL",
            "STATUS:CANCELLED",
            "SEQUENCE:2",
            "DTSTART:20261215T100000Z",
        ] {
            assert!(mail.contains(line), "{line} in {mail}");
        }
        // Booked anew, it's told anew, under a number that calendars follow.
        house.book(&id, 20, "10:00");
        let mails = post.deliver();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].contains("Subject: Booked: ") && mails[0].contains("METHOD:REQUEST"));
        assert!(mails[0].contains("SEQUENCE:3"), "{}", mails[0]);
    });
}

#[test]
fn a_booking_that_is_taken_back_before_it_was_told_stays_unsaid() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 20, "10:00");
        house
            .act(&id, "revert", &json!({"reason": "The wrong one."}))
            .expect(200);
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
    });
}

#[test]
fn a_cancellation_is_told_once_and_taken_back_only_where_it_was_told() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = told(house, &post);
        let reason = json!({"reason": "The wrong one."});
        house.act(&id, "cancel", &json!({})).expect(200);
        house.act(&id, "revert", &reason).expect(200);
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
        house.act(&id, "cancel", &json!({})).expect(200);
        house.wait(10);
        let off = post.deliver();
        assert_eq!(off.len(), 1);
        assert!(off[0].contains("Subject: Cancelled: "), "{}", off[0]);
        house.act(&id, "revert", &reason).expect(200);
        let on = post.deliver();
        assert_eq!(on.len(), 1);
        assert!(on[0].contains("Subject: Booked: "), "{}", on[0]);
        // A calendar takes each for newer than what it was told before.
        let (off, on) = (sequence(&off[0]), sequence(&on[0]));
        assert!(1 < off && off < on, "{off} {on}");
    });
}

#[test]
fn what_clients_did_themselves_and_staff_undid_is_told() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = told(house, &post);
        // They called, and staff take the cancellation back before its mail went out.
        house
            .act(&id, "cancel", &json!({"by": "client"}))
            .expect(200);
        house.wait(5);
        house
            .act(&id, "revert", &json!({"reason": "The wrong one."}))
            .expect(200);
        house.wait(60);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(mails[0].contains("Subject: Booked: "), "{}", mails[0]);
        let after_cancelling = sequence(&mails[0]);

        // They move it on their page, and staff put it back.
        let session_id = id.parse().unwrap();
        let to = serde_json::from_value(house.at(21, "10:00")).unwrap();
        let mut by_client = WriteContext::command_line();
        by_client.actor = Actor::ClientLink;
        house
            .server
            .store
            .write_blocking(by_client, move |tx| {
                Session::reschedule(tx, session_id, None, &to, MayOverride::No).map(drop)
            })
            .unwrap();
        house.wait(5);
        house.move_to(&id, 20, "10:00");
        house.wait(60);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1, "{mails:?}");
        let mail = &mails[0];
        for line in [
            "Subject: Moved: ",
            "When: Tuesday 15 December 2026, 10:00",
            "Previously: Wednesday 16 December 2026, 10:00",
            "DTSTART:20261215T100000Z",
        ] {
            assert!(mail.contains(line), "{line} in {mail}");
        }
        assert!(sequence(mail) > after_cancelling, "{mail}");
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
    });
}

#[test]
fn a_cancellation_names_the_time_that_the_client_was_told() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = told(house, &post);
        // Nobody hears of the move before the cancellation takes its place.
        house.move_to(&id, 21, "12:00");
        house
            .act(&id, "cancel", &json!({"reason": "Ill.", "by": "client"}))
            .expect(200);
        house.wait(10);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        for line in [
            "Subject: Cancelled: ",
            "When: Tuesday 15 December 2026, 10:00",
            "METHOD:CANCEL",
            "DTSTART:20261215T100000Z",
        ] {
            assert!(mail.contains(line), "{line} in {mail}");
        }
        assert!(!mail.contains("16 December"), "{mail}");
    });
}

#[test]
fn a_cancellation_is_told_until_the_later_time_that_the_client_knows() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 5, "10:00");
        assert_eq!(post.subjects(), ["Booked"]);
        // As who walks in is booked: the start is past already.
        let start = house.server.clock.now() - TimeDelta::minutes(10);
        let to = json!({"starts_at": start, "practitioner_id": house.practitioner_id});
        let caller = house.server.owner().header("If-Match", "*");
        crate::house::act(&caller, &id, "reschedule", &to).expect(200);
        house.act(&id, "cancel", &json!({})).expect(200);
        house.wait(10);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1, "{mails:?}");
        for line in [
            "Subject: Cancelled: ",
            "When: Monday 30 November 2026, 10:00",
            "METHOD:CANCEL",
        ] {
            assert!(mails[0].contains(line), "{line} in {}", mails[0]);
        }
    });
}

#[test]
fn a_session_that_moved_before_its_first_mail_is_confirmed_once_with_its_new_time() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 20, "10:00");
        house.move_to(&id, 21, "10:00");
        house.wait(60);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1, "{mails:?}");
        let mail = &mails[0];
        assert!(mail.contains("Subject: Booked: "), "{mail}");
        assert!(
            mail.contains("When: Wednesday 16 December 2026, 10:00"),
            "{mail}"
        );
        assert!(!mail.contains("Previously"), "{mail}");
        assert_eq!(sequence(mail), 2);
        // Now that it's told, the next move is news.
        house.move_to(&id, 22, "10:00");
        house.wait(10);
        assert_eq!(post.subjects(), ["Moved"]);
    });
}

#[test]
fn the_end_of_what_nobody_heard_of_is_told_to_who_asked_for_it() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 20, "10:00");
        house.act(&id, "cancel", &json!({})).expect(200);
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 20, "10:00");
        house
            .act(&id, "cancel", &json!({"by": "client"}))
            .expect(200);
        house.wait(10);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(mails[0].contains("METHOD:CANCEL"), "{}", mails[0]);
        assert_eq!(sequence(&mails[0]), 2);
    });
}

#[test]
fn where_no_mail_tells_of_bookings_moves_and_cancellations_are_told() {
    House::each(|house| {
        let rules = house.list(&format!("/v1/studios/{}/reminder-rules", house.studio_id));
        let rule = rules
            .iter()
            .find(|rule| rule["step"] == "booking_confirmation")
            .unwrap();
        let path = format!("/v1/reminder-rules/{}", text(&rule["id"]));
        house
            .server
            .patch(&path, "*", &json!({"enabled": false}))
            .expect(200);
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 20, "10:00");
        house.move_to(&id, 21, "10:00");
        house.wait(10);
        assert_eq!(post.subjects(), ["Moved"]);
        let other = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&other, 20, "10:00");
        house.act(&other, "cancel", &json!({})).expect(200);
        house.wait(10);
        assert_eq!(post.subjects(), ["Cancelled"]);
    });
}

#[test]
fn another_practitioner_or_room_at_the_same_time_is_no_news() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = told(house, &post);
        let other = house.server.practitioner(&house.studio_id).id();
        let mut body = house.at(20, "10:00");
        body["practitioner_id"] = json!(other);
        let caller = house.server.owner().header("If-Match", "*");
        crate::house::act(&caller, &id, "reschedule", &body).expect(200);
        house.wait(60);
        assert_eq!(post.subjects(), [""; 0]);
    });
}

#[test]
fn advice_that_was_sent_is_repeated_only_once_all_its_days_are_others() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&id, 10, "10:00");
        post.deliver();
        house.go_to(3);
        assert_eq!(post.subjects(), ["Coming up"]);
        let scheduled = || {
            let path = format!("/v1/reminders?session_id={id}&step=preparation&state=scheduled");
            house.list(&path)
        };
        house.move_to(&id, 16, "10:00");
        assert_eq!(scheduled().len(), 0);
        house.move_to(&id, 17, "10:00");
        let again = scheduled();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0]["due_at"], "2026-12-05T10:00:00Z");
    });
}

#[test]
fn a_closed_plan_asks_nobody_to_book() {
    House::each(|house| {
        let (plan_id, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        house.go_to(1);
        house.act(&sessions[0], "complete", &json!({})).expect(200);
        let open = |state: &str| {
            let path = format!(
                "/v1/reminders?session_id={}&state={state}&step=book_next_opens&step=book_next_closing",
                sessions[0]
            );
            house.list(&path).len()
        };
        assert_eq!(open("scheduled"), 2);
        house
            .server
            .post(
                &format!("/v1/plans/{plan_id}/close"),
                &json!({"reason": "Moved away."}),
            )
            .expect(200);
        assert_eq!(open("scheduled"), 0);
        // The work that was done last has an invitation to come, years ahead.
        let path = format!(
            "/v1/reminders?client_id={}&step=touch_up_invitation",
            house.client_id
        );
        let invitation = house.list(&path);
        assert_eq!(invitation.len(), 1);
        assert_eq!(invitation[0]["state"], "scheduled");
        assert_eq!(invitation[0]["due_at"], "2029-11-26T10:00:00Z");
    });
}

#[test]
fn an_invitation_needs_consent_when_it_goes_and_says_how_to_end_them() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let id = house.arrange(&house.client_id, "touch_up", 60).id();
        house.book(&id, 1, "10:00");
        house.go_to(1);
        house.act(&id, "complete", &json!({})).expect(200);
        house.go_to(1 + 3 * 365 + 2);
        post.deliver();
        let path = format!(
            "/v1/reminders?client_id={}&step=touch_up_invitation",
            house.client_id
        );
        let found = house.list(&path);
        assert_eq!(
            (text(&found[0]["state"]), text(&found[0]["state_reason"])),
            ("suppressed".into(), "no_consent".into())
        );

        // A yes within the time in which it's of use sends it.
        let client = format!("/v1/clients/{}", house.client_id);
        house
            .server
            .patch(&client, "*", &json!({"marketing_mail": true}))
            .expect(200);
        let mails = post.deliver();
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(
            mails[0].contains("Subject: An invitation: "),
            "{}",
            mails[0]
        );
        assert!(!mails[0].contains("text/calendar"));
        assert!(mails[0].contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"));
        house
            .server
            .patch(&client, "*", &json!({"marketing_mail": false}))
            .expect(200);
        assert_eq!(house.list(&format!("{path}&state=written")).len(), 1);
    });
}
