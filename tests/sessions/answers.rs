//! What clients do on their page, and the mail that tells staff of it the same hour.

use serde_json::json;
use stipple_shared::links::Link;
use stipple_test_support::http::client_links;

use crate::house::{House, day};
use crate::post::Post;

const SUBJECT: &str = "News from a client";

/// A house whose staff want mails, with a client who has an appointment in ten days, and that client's page.
fn with_page(test: impl Fn(&House, &Post, &str)) {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        change_studio(house, json!({"digest_email": "desk@studio.example"}));
        let id = house.arrange(&house.client_id, "consultation", 60).id();
        house.book(&id, 10, "10:00");
        house.go_to(1);
        post.deliver();
        house.wait(1);
        let link = Link::appointment(id.parse().unwrap(), 1, 1, house.server.clock.now());
        let token = client_links().key.sign(&link).unwrap();
        test(house, &post, &format!("{}/{token}", link.purpose.path()));
    });
}

fn change_studio(house: &House, change: serde_json::Value) {
    let studio = format!("/v1/studios/{}", house.studio_id);
    house.server.patch(&studio, "*", &change).expect(200);
}

#[track_caller]
fn send(house: &House, path: &str, form: &str) {
    let sent = Some(("application/x-www-form-urlencoded", form.as_bytes()));
    let answer = house.server.stranger().send("POST", path, sent);
    answer.expect(200);
}

/// The mails to staff about answers among those that go out now.
fn told(post: &Post) -> Vec<String> {
    let mut mails = post.deliver();
    mails.retain(|mail| mail.contains(&format!("Subject: {SUBJECT}")));
    mails
}

#[test]
fn staff_hear_soon_in_numbers_and_seldom() {
    with_page(|house, post, page| {
        let asks = format!("{page}/move");
        send(house, &asks, "note=Tuesday+morning");
        let mails = told(post);
        assert_eq!(mails.len(), 1, "{mails:?}");
        let mail = &mails[0];
        assert!(mail.contains("To: desk@studio.example"), "{mail}");
        assert!(mail.contains("Answers from clients: 1"), "{mail}");
        let client = house
            .server
            .get(&format!("/v1/clients/{}", house.client_id))
            .expect(200);
        for personal in ["given_name", "family_name", "email"] {
            let personal = client.json[personal].as_str().unwrap();
            assert!(!mail.contains(personal), "{personal} in {mail}");
        }
        assert!(!mail.contains("Tuesday"), "{mail}");
        // The same again is no news, and what comes shortly after waits for more.
        send(house, &asks, "note=Tuesday+morning");
        send(house, &asks, "note=Or+Friday");
        send(house, &asks, "note=Or+Monday");
        house.wait(14);
        assert_eq!(told(post).len(), 0);
        house.wait(1);
        let mails = told(post);
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(mails[0].contains("Answers from clients: 3"), "{}", mails[0]);
        house.wait(60);
        assert_eq!(told(post).len(), 0);
    });
}

#[test]
fn a_cancellation_is_told_too_and_what_somebody_has_seen_is_not() {
    with_page(|house, post, page| {
        send(house, &format!("{page}/cancel"), "");
        let tasks = house.list("/v1/tasks?kind=client_cancelled");
        let close = format!("/v1/tasks/{}/close", tasks[0]["id"].as_str().unwrap());
        let seen = json!({"outcome": "done"});
        house.server.post(&close, &seen).expect(200);
        assert_eq!(told(post).len(), 0);
        house.wait(24 * 60);
        assert_eq!(told(post).len(), 0);
    });
    with_page(|house, post, page| {
        send(house, &format!("{page}/cancel"), "");
        assert_eq!(told(post).len(), 1);
    });
}

#[test]
fn at_night_it_waits_and_the_morning_mail_tells_of_it() {
    with_page(|house, post, page| {
        // At eleven in the evening; the morning mail comes at seven, quiet hours end at eight.
        house.wait(11 * 60);
        send(house, &format!("{page}/move"), "note=Friday");
        assert_eq!(told(post).len(), 0);
        house.wait(8 * 60 + 1);
        let morning = post.subjects();
        assert_eq!(morning, ["Your day in numbers"]);
        house.wait(60);
        assert_eq!(told(post).len(), 0);
    });
    with_page(|house, post, page| {
        // Nobody sends the morning mail on a closed day.
        let closed = json!({"from_day": day(2), "until_day": day(2)});
        change_studio(house, json!({"closed_days": [closed]}));
        house.wait(11 * 60);
        send(house, &format!("{page}/move"), "note=Friday");
        house.wait(8 * 60 + 1);
        assert_eq!(post.subjects().len(), 0);
        house.wait(60);
        assert_eq!(told(post).len(), 1);
    });
}

#[test]
fn what_came_after_the_words_of_a_mail_were_written_is_told_by_another() {
    with_page(|house, post, page| {
        let asks = format!("{page}/move");
        send(house, &asks, "note=Tuesday");
        let down = Post::through(&house.server.store, "smtp://127.0.0.1:1?tls=none");
        down.tick();
        house.wait(2);
        send(house, &asks, "note=Friday");
        house.wait(20);
        let mails = told(post);
        let says = |count: u8| {
            let line = format!("Answers from clients: {count}");
            mails.iter().filter(|mail| mail.contains(&line)).count()
        };
        assert_eq!((says(1), says(2)), (1, 1), "{mails:?}");
    });
}

#[test]
fn a_mail_that_waits_for_the_morning_holds_none_back_once_nights_are_not_quiet() {
    with_page(|house, post, page| {
        let asks = format!("{page}/move");
        house.wait(11 * 60);
        send(house, &asks, "note=Tuesday");
        assert_eq!(told(post).len(), 0);
        change_studio(house, json!({"quiet_hours": null}));
        send(house, &asks, "note=Friday");
        house.wait(1);
        assert_eq!(told(post).len(), 1);
        house.wait(10 * 60);
        assert_eq!(told(post).len(), 0);
    });
}

#[test]
fn nobody_is_told_who_does_not_ask_for_it() {
    with_page(|house, post, page| {
        change_studio(house, json!({"digest_email": null}));
        send(house, &format!("{page}/move"), "note=Friday");
        assert_eq!(told(post).len(), 0);
        // It wasn't wanted then, so it isn't told later.
        change_studio(house, json!({"digest_email": "desk@studio.example"}));
        assert_eq!(told(post).len(), 0);
    });
}
