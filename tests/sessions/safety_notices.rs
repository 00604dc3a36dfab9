//! Telling clients that something used on them may be unsafe: whom, by what, and how far it got.

use serde_json::{Value, json};
use stipple_shared::domain::Role;

use crate::house::House;
use crate::post::Post;
use crate::recall::{MESSAGE, Recall};

fn open_tasks(house: &House) -> Vec<Value> {
    house.list("/v1/tasks?kind=safety_notice_unreached&state=open")
}

/// The first address in a mail that leads to a page of a client's.
fn page_in(mail: &str) -> String {
    let text = mail
        .replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=");
    let (_, rest) = text.split_once("/my/appointment/").unwrap();
    let token: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    format!("/my/appointment/{token}")
}

#[test]
fn each_client_concerned_is_told_whatever_mails_they_chose_and_says_so_on_their_page() {
    House::each(|house| {
        let recall = Recall::at(house);
        let unwilling = recall.treated(json!({"service_mail": false}), &recall.lot());
        let german = recall.treated(
            json!({"language": "de", "care_advice_in_mail": true}),
            &recall.lot(),
        );
        let silent = recall.treated(json!({"email": null}), &recall.lot());
        let other_lot = json!({"product_id": recall.product_id, "code": "K2292"});
        let other_lot = house.server.post("/v1/lots", &other_lot).expect(201).id();
        let spared = recall.treated(json!({}), &json!({"lot_id": other_lot}));
        let post = Post::of(&house.server.store);
        post.deliver();

        let notice = recall.draft();
        assert_eq!(notice.states().len(), 3, "each client once");
        assert!(
            notice
                .states()
                .iter()
                .all(|(id, state)| *id != spared && state == "listed")
        );
        assert!(post.deliver().is_empty(), "nobody is told before it's sent");

        let sent = notice.send();
        assert_eq!(sent.json["state"], "sent");
        assert_eq!(notice.state_of(&silent), "unreached");
        assert_eq!(notice.row_of(&silent)["state_reason"], "no_address");
        let tasks = open_tasks(house);
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["client_id"], silent.as_str());
        assert_eq!(
            notice.send().etag(),
            sent.etag(),
            "a second click changes nothing"
        );
        let mails = post.deliver();
        assert_eq!(mails.len(), 2);
        for mail in &mails {
            let headers = mail.split("\r\n\r\n").next().unwrap();
            for telling in ["recall", "ckgerufen", "Umbra", "pigment", "black"] {
                assert!(!headers.contains(telling), "{telling}");
            }
            assert!(!mail.contains("List-Unsubscribe"));
        }
        // In the mail only for the one who agreed to read such things there.
        let told = |mail: &&String| mail.contains("Der Hersteller hat");
        assert_eq!(mails.iter().filter(told).count(), 1);
        assert!(!mails.iter().any(|mail| mail.contains("recalled")));
        assert_eq!(notice.state_of(&unwilling), "sent");

        // The page says it, and a look alone is no answer.
        let english = mails
            .iter()
            .find(|mail| mail.contains("Please read"))
            .unwrap();
        let page = page_in(english);
        let stranger = house.server.stranger();
        let seen = stranger.get(&page).text;
        assert!(seen.contains("has recalled it.") && seen.contains("Please watch for redness."));
        assert_eq!(notice.state_of(&unwilling), "sent");
        let id = notice.row_of(&unwilling)["id"].as_str().unwrap().to_owned();
        for _ in 0..2 {
            let read = stranger.post_nothing(&format!("{page}/safety-notices/{id}/read"));
            assert_eq!(read.status, 200);
        }
        let row = notice.row_of(&unwilling);
        assert_eq!(
            (&row["state"], &row["told_how"]),
            (&json!("reached"), &json!("page"))
        );
        // Nobody says so for somebody else.
        let others = notice.row_of(&german)["id"].as_str().unwrap().to_owned();
        let foreign = stranger.post_nothing(&format!("{page}/safety-notices/{others}/read"));
        assert_eq!(foreign.status, 409);
        assert_eq!(notice.state_of(&german), "sent");

        // Staff call the one whom no mail reaches.
        let id = notice.row_of(&silent)["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/safety-notice-recipients/{id}/told");
        let told = json!({"how": "telephone", "note": "Feels well."});
        let told = house.server.post(&path, &told).expect(200);
        assert_eq!(told.json["state"], "reached");
        assert!(open_tasks(house).is_empty());
        let progress = house
            .server
            .get(&format!("{}/progress", notice.path))
            .expect(200);
        assert_eq!(progress.json["reached"], 2);
        assert_eq!(progress.json["sent"], 1);
        assert_eq!(progress.json["unreached"], 0);
        assert!(post.deliver().is_empty());
    });
}

#[test]
fn sending_again_tells_who_came_to_be_concerned_and_who_has_an_address_by_now() {
    House::each(|house| {
        let recall = Recall::at(house);
        let mistaken = recall.client(json!({}));
        let record = recall.record(&mistaken, &recall.lot());
        let silent = recall.treated(json!({"email": null}), &recall.lot());
        let post = Post::of(&house.server.store);
        post.deliver();
        let notice = recall.draft();
        let void = json!({"reason": "Written on the wrong client."});
        let path = format!("{}/void", record.location());
        house.server.post(&path, &void).expect(200);
        notice.send();
        assert_eq!(notice.state_of(&mistaken), "cleared");
        assert!(post.deliver().is_empty());

        let late = recall.treated(json!({}), &recall.lot());
        let unknown =
            json!({"product_id": recall.product_id, "unknown_lot_reason": "The label was gone."});
        let possible = recall.treated(json!({}), &unknown);
        post.deliver();
        let client = format!("/v1/clients/{silent}");
        let address = json!({"email": "found@example.com"});
        house.server.patch(&client, "*", &address).expect(200);
        notice.send();
        assert!(open_tasks(house).is_empty(), "a mail is on its way");
        assert_eq!(notice.row_of(&possible)["certainty"], "possible");
        assert_eq!(post.deliver().len(), 3);
        for client_id in [&silent, &late, &possible] {
            assert_eq!(notice.state_of(client_id), "sent");
        }
        notice.send();
        assert!(post.deliver().is_empty(), "nobody is written to twice");

        // An address that turns out wrong told them nothing.
        let bounced = json!({"email_state": "bounced"});
        house.server.patch(&client, "*", &bounced).expect(200);
        assert_eq!(notice.state_of(&silent), "unreached");
        assert_eq!(open_tasks(house).len(), 1);
    });
}

#[test]
fn a_withdrawn_notice_reaches_nobody_any_more() {
    House::each(|house| {
        let recall = Recall::at(house);
        let waits = recall.treated(json!({}), &recall.lot());
        let silent = recall.treated(json!({"email": null}), &recall.lot());
        let post = Post::of(&house.server.store);
        post.deliver();
        let notice = recall.draft();
        notice.send();
        assert_eq!(notice.state_of(&waits), "queued");
        let path = format!("{}/withdraw", notice.path);
        let why = json!({"reason": "It was another lot."});
        let withdrawn = house.server.post(&path, &why).expect(200);
        assert_eq!(
            house.server.post(&path, &why).expect(200).etag(),
            withdrawn.etag()
        );
        assert!(post.deliver().is_empty());
        for client_id in [&waits, &silent] {
            let row = notice.row_of(client_id);
            assert_eq!(row["state"], "cleared");
            assert_eq!(row["state_reason"], "notice_withdrawn");
        }
        assert!(open_tasks(house).is_empty());
        let sending = format!("{}/send", notice.path);
        let owner = house.server.owner();
        owner
            .post_nothing(&sending)
            .expect_problem(409, "notice_withdrawn");
    });
}

#[test]
fn whom_it_reaches_is_for_those_who_see_the_clinical_record_of_all_studios() {
    House::each(|house| {
        let recall = Recall::at(house);
        let client = recall.treated(json!({}), &recall.lot());
        let server = &house.server;
        let notice = recall.draft();
        for role in [Role::Practitioner, Role::FrontDesk, Role::Auditor] {
            let new = recall.new_notice();
            server
                .caller(role)
                .post("/v1/safety-notices", &new)
                .expect(403);
        }
        server.caller(Role::FrontDesk).get(&notice.path).expect(403);
        server.caller(Role::Auditor).get(&notice.path).expect(200);
        let limited = json!({"name": "Branch", "role": "owner", "studio_ids": [house.studio_id]});
        let limited = server.post("/v1/api-keys", &limited).expect(201);
        let limited = server.with_secret(limited.json["secret"].as_str().unwrap());
        limited
            .post("/v1/safety-notices", &recall.new_notice())
            .expect(403);
        let other = server.studio().id();
        let elsewhere = json!({"name": "Other", "role": "owner", "studio_ids": [other]});
        let elsewhere = server.post("/v1/api-keys", &elsewhere).expect(201);
        let elsewhere = server.with_secret(elsewhere.json["secret"].as_str().unwrap());
        let rows = format!("{}/recipients", notice.path);
        assert_eq!(limited.get(&rows).expect(200).data().len(), 1);
        assert!(elsewhere.get(&rows).expect(200).data().is_empty());
        let counts = elsewhere
            .get(&format!("{}/progress", notice.path))
            .expect(200);
        assert_eq!(counts.json["listed"], 0);

        // Who was erased can't be told, and still counts.
        server
            .owner()
            .header("If-Match", "*")
            .delete(&format!("/v1/clients/{client}"))
            .expect(204);
        let why = json!({"reason": "Asked for by the client."});
        server
            .post(&format!("/v1/clients/{client}/erase"), &why)
            .expect(200);
        let row = notice.row_of(&client);
        assert_eq!(
            (&row["state"], &row["state_reason"]),
            (&json!("cleared"), &json!("client_erased"))
        );
        notice.send();
        assert_eq!(notice.state_of(&client), "cleared");
        let path = format!(
            "/v1/safety-notice-recipients/{}/told",
            row["id"].as_str().unwrap()
        );
        let told = json!({"how": "telephone", "note": "Was glad of the call."});
        server
            .post(&path, &told)
            .expect_problem(409, "client_erased");
        server.post(&path, &json!({"how": "telephone"})).expect(200);
    });
}

#[test]
fn what_is_wrong_with_a_notice_is_named() {
    House::each(|house| {
        let recall = Recall::at(house);
        let with = |field: &str, value: Value| {
            let mut new = recall.new_notice();
            new[field] = value;
            house.server.post("/v1/safety-notices", &new)
        };
        with("product_id", json!(recall.product_id))
            .expect_problem(422, "invalid")
            .expect_error("/product_id", "misplaced");
        with("lot_id", Value::Null)
            .expect_problem(422, "invalid")
            .expect_error("/lot_id", "required");
        with("message", json!({}))
            .expect_problem(422, "invalid")
            .expect_error("/message", "out_of_range");
        with("lot_id", json!(recall.product_id))
            .expect_problem(422, "invalid")
            .expect_error("/lot_id", "unknown_lot");
        assert!(house.list("/v1/safety-notices").is_empty());
        // Nobody was treated with it: there is nobody to tell, and that is no error.
        let notice = recall.draft();
        notice.send();
        assert!(notice.rows().is_empty());
    });
}

#[test]
fn whoever_is_unreached_again_is_a_task_again() {
    House::each(|house| {
        let recall = Recall::at(house);
        let client = recall.client(json!({"email": null}));
        let record = recall.record(&client, &recall.lot());
        let notice = recall.draft();
        notice.send();
        assert_eq!(open_tasks(house).len(), 1);
        let void = json!({"reason": "Written on the wrong client."});
        let path = format!("{}/void", record.location());
        house.server.post(&path, &void).expect(200);
        notice.send();
        assert_eq!(notice.state_of(&client), "cleared");
        assert!(open_tasks(house).is_empty());
        recall.record(&client, &recall.lot());
        notice.send();
        assert_eq!(notice.state_of(&client), "unreached");
        let open = open_tasks(house);
        assert_eq!(open.len(), 1);

        // Somebody closed it without telling anybody: sending again asks again.
        let close = format!("/v1/tasks/{}/close", open[0]["id"].as_str().unwrap());
        house
            .server
            .post(&close, &json!({"outcome": "done"}))
            .expect(200);
        notice.send();
        assert_eq!(open_tasks(house).len(), 1);
        // The front desk doesn't see whom it concerns.
        let desk = house.server.caller(Role::FrontDesk);
        let tasks = desk
            .get("/v1/tasks?kind=safety_notice_unreached")
            .expect(200);
        assert!(tasks.data().is_empty());
    });
}

#[test]
fn what_went_to_an_address_that_was_not_theirs_told_them_nothing() {
    House::each(|house| {
        let recall = Recall::at(house);
        let mistyped = recall.treated(json!({}), &recall.lot());
        let leaves = recall.treated(json!({}), &recall.lot());
        let post = Post::of(&house.server.store);
        post.deliver();
        let notice = recall.draft();
        notice.send();
        assert_eq!(post.deliver().len(), 2);
        let path = format!("/v1/clients/{mistyped}");
        let right = json!({"email": "right@example.com"});
        house.server.patch(&path, "*", &right).expect(200);
        assert_eq!(notice.row_of(&mistyped)["state_reason"], "address_changed");
        let owner = house.server.owner().header("If-Match", "*");
        owner.delete(&format!("/v1/clients/{leaves}")).expect(204);
        assert_eq!(notice.row_of(&leaves)["state_reason"], "client_deleted");
        assert_eq!(open_tasks(house).len(), 2);
        notice.send();
        let mails = post.deliver();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].contains("To: right@example.com"), "{}", mails[0]);
        assert_eq!(notice.state_of(&mistyped), "sent");
        assert_eq!(open_tasks(house).len(), 1);
    });
}

#[test]
fn a_notice_that_nobody_sends_in_time_is_left_to_staff_and_waits_out_the_night() {
    House::each(|house| {
        let quiet = json!({"quiet_hours": {"from": "20:00", "until": "08:00"}});
        let studio = format!("/v1/studios/{}", house.studio_id);
        house.server.patch(&studio, "*", &quiet).expect(200);
        let recall = Recall::at(house);
        let client = recall.treated(json!({}), &recall.lot());
        let post = Post::of(&house.server.store);
        post.deliver();
        let notice = recall.draft();
        notice.send();
        // Queued by day, and tried for the first time at night.
        house.wait(12 * 60);
        let at_night = post.deliver();
        let told = |mails: &[String]| {
            mails
                .iter()
                .filter(|mail| mail.contains("Please read"))
                .count()
        };
        assert_eq!(told(&at_night), 0);
        assert_eq!(notice.state_of(&client), "queued");
        house.wait(12 * 60);
        assert_eq!(told(&post.deliver()), 1);
        assert_eq!(notice.state_of(&client), "sent");

        let late = recall.treated(json!({}), &recall.lot());
        notice.send();
        house.wait(5 * 24 * 60);
        let withheld = Post::without_mail(&house.server.store);
        withheld.tick();
        assert_eq!(notice.row_of(&late)["state_reason"], "no_longer_useful");
        assert_eq!(open_tasks(house).len(), 1);
        let export = house
            .server
            .get(&format!("/v1/clients/{late}/export"))
            .expect(200);
        let told = &export.json["safety_notices"][0];
        assert_eq!(told["message"], MESSAGE);
        assert_eq!(told["recipient"]["state"], "unreached");
        assert_eq!(export.json["names"]["lots"][0]["code"], "K2291");
    });
}
