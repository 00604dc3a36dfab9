//! All that is held on one client.

use serde_json::json;
use stipple_shared::domain::Role;

use crate::house::House;
use crate::post::Post;

#[test]
fn an_export_holds_what_there_is_about_one_client_and_nothing_about_another() {
    House::each(|house| {
        let post = Post::of(&house.server.store);
        let (plan_id, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        let other = house.consultation();
        house.book(&other.id(), 1, "15:00");
        post.deliver();
        let client = format!("/v1/clients/{}", house.client_id);
        let choice = json!({"marketing_mail": true});
        house.server.patch(&client, "*", &choice).expect(200);

        let path = format!("{client}/export");
        let export = house.server.get(&path).expect(200);
        let export = &export.json;
        assert_eq!(export["client"], house.server.get(&client).expect(200).json);
        let consents = house.list(&format!("{client}/contact-consents"));
        assert_eq!(export["contact_consents"], json!(consents));
        assert!(consents.len() > 1, "{consents:?}");
        let timeline = house.list(&format!("{client}/timeline?limit=200"));
        assert_eq!(export["timeline"], json!(timeline));
        assert!(
            timeline
                .iter()
                .any(|entry| entry["plan"]["id"] == plan_id.as_str())
        );
        // The mail about the booking is there with its words, and nobody else's.
        let mails = export["mails"].as_array().unwrap();
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(mails[0]["session_id"], sessions[0].as_str());
        assert_eq!(mails[0]["state"], "written");
        assert!(mails[0]["text"].as_str().unwrap().contains("10:00"));
        assert!(!export.to_string().contains(&other.id()));
        let names = &export["names"];
        assert_eq!(names["studios"][0]["id"], house.studio_id.as_str());
        let treats = &names["practitioners"][0];
        assert_eq!(treats["id"], house.practitioner_id.as_str());
        assert!(treats["name"].is_string());
        assert_eq!(names["lots"], json!([]));

        for role in [Role::Practitioner, Role::FrontDesk, Role::Auditor] {
            house.server.caller(role).get(&path).expect(403);
        }
    });
}

#[test]
fn a_key_that_is_limited_exports_what_it_sees_and_says_that_it_may_not_be_all() {
    House::each(|house| {
        let body = json!({"name": "Branch", "role": "owner", "studio_ids": [house.studio_id]});
        let made = house.server.post("/v1/api-keys", &body).expect(201);
        let branch = house
            .server
            .with_secret(made.json["secret"].as_str().unwrap());
        let (_, sessions) = house.plan();
        house.book(&sessions[0], 1, "10:00");
        Post::of(&house.server.store).deliver();
        let path = format!("/v1/clients/{}/export", house.client_id);
        let seen = branch.get(&path).expect(200).json;
        assert_eq!(seen["complete"], false);
        assert_eq!(seen["mails"].as_array().unwrap().len(), 1);
        let all = house.server.get(&path).expect(200).json;
        assert_eq!(all["complete"], true);
        assert_eq!(all["timeline"], seen["timeline"]);
    });
}
