//! A studio's own words for its mails: what is refused, and that a mail never fails by them.

use diesel::RunQueryDsl as _;
use serde_json::{Value, json};
use stipple_shared::error::Error;
use stipple_shared::storage::WriteContext;
use stipple_test_support::TestServer;
use stipple_worker::transport::Target;
use stipple_worker::{Engine, EngineOptions};
use tempfile::TempDir;

use crate::each;

fn path(studio_id: &str) -> String {
    format!("/v1/studios/{studio_id}/mail-templates")
}

/// The errors of an answer as pairs of pointer and code.
fn errors(json: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = json["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect()
}

#[test]
fn own_words_are_added_changed_and_listed() {
    each(|server| {
        let studio_id = server.studio().id();
        let body = json!({
            "language": "it", "step": "final_reminder", "subject": "Promemoria: {{ when }}",
            "body": ["A presto, {{ client_name }}."],
        });
        let added = server.post(&path(&studio_id), &body).expect(201);
        server
            .post(&path(&studio_id), &body)
            .expect_problem(409, "mail_template_exists")
            .expect_error("/step", "taken");
        let words = json!({"language": "it", "words": {"greeting": "Ciao {{ client_name }},", "when": "Quando"}});
        let shared = server.post(&path(&studio_id), &words).expect(201);
        let changed = server
            .patch(
                &shared.location(),
                &shared.etag(),
                &json!({"words": {"when": null, "place": "Dove"}}),
            )
            .expect(200);
        assert_eq!(
            changed.json["words"],
            json!({"greeting": "Ciao {{ client_name }},", "place": "Dove"})
        );
        let listed = server.get(&format!("{}?language=it&active=true", path(&studio_id)));
        assert_eq!(listed.expect(200).data().len(), 2);
        let preview = json!({"studio_id": studio_id, "step": "final_reminder", "language": "it"});
        let mail = server.post("/v1/mail-previews", &preview).expect(200);
        assert!(
            mail.json["subject"]
                .as_str()
                .unwrap()
                .starts_with("Promemoria: ")
        );
        let text = mail.json["text"].as_str().unwrap();
        assert!(
            text.starts_with("See you soon\n\nCiao Alex,") && text.contains("A presto, Alex."),
            "{text}"
        );
        assert!(
            text.contains("Dove: 1 Example Street") && text.contains("Until: "),
            "{text}"
        );
        server
            .patch(&added.location(), &added.etag(), &json!({"active": false}))
            .expect(200);
        let mail = server.post("/v1/mail-previews", &preview).expect(200);
        assert!(
            mail.json["subject"]
                .as_str()
                .unwrap()
                .starts_with("Reminder: ")
        );
        server.get("/v1/mail-words?language=de").expect(200);
    });
}

#[test]
fn the_mail_with_a_link_and_the_digest_are_previewed_in_own_words() {
    each(|server| {
        let studio_id = server.studio().id();
        let words = json!({"language": "en", "words": {
            "fresh_link_subject": "Your way in at {{ sender_name }}",
            "digest_subject": "What waits at {{ sender_name }}",
        }});
        server.post(&path(&studio_id), &words).expect(201);
        let preview = |body: Value| {
            let mut whole = json!({"studio_id": studio_id});
            let whole_object = whole.as_object_mut().unwrap();
            whole_object.extend(body.as_object().unwrap().clone());
            server.post("/v1/mail-previews", &whole)
        };
        let text = |mail: &Value, field: &str| mail[field].as_str().unwrap().to_owned();
        let link = preview(json!({"kind": "fresh_link"})).expect(200).json;
        assert!(text(&link, "subject").starts_with("Your way in at "));
        assert!(text(&link, "text").contains("https://example.com/made-up"));
        let digest = preview(json!({"kind": "digest"})).expect(200).json;
        assert!(text(&digest, "subject").starts_with("What waits at "));
        let own_heading = format!("{}\n\nAppointments today: 5\n", text(&digest, "subject"));
        assert!(text(&digest, "text").starts_with(&own_heading));
        // Drafts come first, in the language that is asked for.
        let draft = json!({"language": "it", "words": {"digest_today": "Appuntamenti oggi"}});
        let digest = preview(json!({"kind": "digest", "language": "it", "drafts": [draft]}));
        let digest = digest.expect(200).json;
        let own_heading = format!("{}\n\nAppuntamenti oggi: 5\n", text(&digest, "subject"));
        assert!(text(&digest, "text").starts_with(&own_heading));
        assert!(own_heading.starts_with("What waits at "));
        preview(json!({}))
            .expect(422)
            .expect_error("/step", "required");
        preview(json!({"kind": "digest", "step": "final_reminder"}))
            .expect(422)
            .expect_error("/kind", "misplaced");
    });
}

#[test]
fn who_reads_english_for_want_of_words_gets_the_studios_english_label() {
    each(|server| {
        let studio = server.studio();
        let label = json!({"service_label": "Room visit"});
        server.patch(&studio.location(), "*", &label).expect(200);
        for (language, start) in [
            ("en", "Reminder: Room visit, "),
            ("it", "Reminder: Room visit, "),
            ("de", "Erinnerung: Termin, "),
        ] {
            let preview =
                json!({"studio_id": studio.id(), "step": "final_reminder", "language": language});
            let mail = server.post("/v1/mail-previews", &preview).expect(200);
            let subject = mail.json["subject"].as_str().unwrap();
            assert!(subject.starts_with(start), "{language}: {subject}");
        }
    });
}

#[test]
fn words_that_come_to_nothing_are_refused_when_they_are_written() {
    each(|server| {
        let studio_id = server.studio().id();
        let body = json!({
            "language": "en", "step": "aftercare_day_0",
            "title": "{% if when %}On {{ when }}{% endif %}",
            "subject": "\u{200B}\u{2800}",
            "body": ["{% if previously %}Moved{% endif %}", "\u{AD}"],
        });
        let answer = server
            .post(&path(&studio_id), &body)
            .expect_problem(422, "invalid");
        let found = errors(&answer.json);
        let expected = [
            ("/title", "may_be_empty"),
            ("/subject", "empty"),
            ("/body/1", "empty"),
        ];
        let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
        assert_eq!(found, expected);
        assert!(
            answer.text.contains("write a text in each part"),
            "{answer}"
        );
        let words = json!({"language": "en", "words": {"digest_subject": "{% if when %}{{ when }}{% endif %}"}});
        server
            .post(&path(&studio_id), &words)
            .expect(422)
            .expect_error("/words/digest_subject", "may_be_empty");
    });
}

#[test]
fn words_that_would_read_wrong_are_refused_when_they_are_written() {
    each(|server| {
        let studio_id = server.studio().id();
        let words = json!({
            "language": "en",
            "words": {
                "detail_line": "{{ value }}",
                "greeting": "Hello {% if previously %}{{ previously }}{% endif %},",
                "closing": "Bye\u{202E}",
                "what": "\u{E000}",
            },
            "months": [
                "January", "February", "March", "April", "May", "June",
                "July", "August", "September", "October", "November", "\u{301}",
            ],
        });
        let answer = server
            .post(&path(&studio_id), &words)
            .expect_problem(422, "invalid");
        let found = errors(&answer.json);
        let expected = [
            ("/words/what", "illegible"),
            ("/words/closing", "illegible"),
            ("/words/detail_line", "required_variable"),
            ("/words/greeting", "may_leave_gap"),
            ("/months/11", "illegible"),
        ];
        for (pointer, code) in expected {
            assert!(found.contains(&(pointer.into(), code.into())), "{found:?}");
        }
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for told in [
            "write {{ label }} too",
            "this reads \\\"Hello ,\\\"",
            "U+202E, character 4",
            "U+E000, character 1",
            "U+0301, character 1",
        ] {
            assert!(answer.text.contains(told), "{told} in {answer}");
        }
        let words = json!({"language": "he", "words": {
            "greeting": "\u{200F}שָׁלוֹם {{ client_name }},",
            "closing": "להתראות ❤\u{FE0F} 👩🏽\u{200D}🦲",
        }});
        server.post(&path(&studio_id), &words).expect(201);
    });
}

#[test]
fn a_draft_that_the_preview_would_not_show_is_refused() {
    each(|server| {
        let studio_id = server.studio().id();
        let preview = |step: &str, drafts: Value| {
            let body = json!({"studio_id": studio_id, "step": step, "drafts": drafts});
            server.post("/v1/mail-previews", &body)
        };
        let draft = json!({"language": "en", "step": "preparation", "subject": "Soon"});
        let answer = preview("final_reminder", json!([draft]))
            .expect(422)
            .expect_error("/drafts/0/step", "not_previewed");
        assert!(answer.text.contains("shows final_reminder"), "{answer}");
        let mail = preview("preparation", json!([draft])).expect(200);
        assert_eq!(mail.json["subject"], "Soon");
        let answer = preview(
            "preparation",
            json!([{"language": "de", "words": {"closing": "Bis bald"}}]),
        )
        .expect(422)
        .expect_error("/drafts/0/language", "not_previewed");
        assert!(answer.text.contains("this preview is in en"), "{answer}");
    });
}

#[test]
fn the_previews_appointment_lies_in_the_studios_hours() {
    each(|server| {
        let studio = server.studio();
        let hours =
            json!({"opening_hours": [{"weekday": "thursday", "from": "13:30", "until": "18:00"}]});
        server.patch(&studio.location(), "*", &hours).expect(200);
        server.clock.advance(chrono::TimeDelta::seconds(47 * 61));
        let body = json!({"studio_id": studio.id(), "step": "moved_notice"});
        let mail = server.post("/v1/mail-previews", &body).expect(200);
        let text = mail.json["text"].as_str().unwrap();
        let line = |label: &str| {
            let found = text.lines().find(|line| line.starts_with(label));
            found.unwrap_or_default()
        };
        assert!(
            line("When:").contains("Thursday 10 December 2026, 14:00"),
            "{text}"
        );
        assert!(line("Until:").contains("17:00"), "{text}");
        assert!(
            line("Previously:").contains("Thursday 3 December 2026, 14:00"),
            "{text}"
        );
    });
}

#[test]
fn every_fault_of_a_template_has_its_place() {
    each(|server| {
        let studio_id = server.studio().id();
        let bomb =
            "{% for a in 'aaaaaaaaaa' %}{% for b in 'aaaaaaaaaa' %}x{% endfor %}{% endfor %}";
        let body = json!({
            "language": "en", "step": "aftercare_day_0",
            "subject": "Your scalp, {{ diagnosis }}\nsecond line",
            "body": ["fine", bomb, "{{ client_name"],
            "care": ["The scalp may itch.", "{{ when }}"],
        });
        let answer = server
            .post(&path(&studio_id), &body)
            .expect_problem(422, "invalid");
        let found = errors(&answer.json);
        for (pointer, code) in [
            ("/subject", "clinical_word"),
            ("/subject", "unknown_variable"),
            ("/subject", "several_lines"),
            ("/body/1", "template_not_allowed"),
            ("/body/2", "broken_template"),
            ("/care/1", "unknown_variable"),
        ] {
            assert!(
                found.contains(&(pointer.into(), code.into())),
                "{pointer} {code} in {found:?}"
            );
        }
        assert!(
            !found
                .iter()
                .any(|(pointer, _)| pointer == "/body/0" || pointer == "/care/0")
        );
        let draft = json!({"studio_id": studio_id, "step": "final_reminder", "drafts": [
            {"language": "en", "words": {"sender_name": "Hair Studio"}, "title": "x"}
        ]});
        let answer = server.post("/v1/mail-previews", &draft).expect(422);
        let found = errors(&answer.json);
        assert!(found.contains(&("/drafts/0/words/sender_name".into(), "clinical_word".into())));
        assert!(found.contains(&("/drafts/0/title".into(), "misplaced".into())));
    });
}

#[test]
fn a_telling_name_of_a_studio_is_refused() {
    each(|server| {
        let studio = server.studio();
        for field in ["sender_name", "service_label"] {
            let change = json!({field: "Scalp session"});
            let answer = server
                .patch(&studio.location(), &studio.etag(), &change)
                .expect(422);
            let answer = answer.expect_error(&format!("/{field}"), "invalid_value");
            assert!(answer.text.contains("neutral word"), "{answer}");
        }
    });
}

/// A mail about a session of tomorrow's, written to a directory.
fn mail_of(server: &TestServer, directory: &TempDir) -> Vec<String> {
    let target = Target::parse(&format!("file:{}", directory.path().display())).unwrap();
    let engine = Engine::new(
        server.store.clone(),
        EngineOptions::new(Some(target), "post@studio.example".into()),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { engine.tick().await.unwrap() });
    let files = std::fs::read_dir(directory.path()).unwrap();
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn a_stored_template_that_fails_is_replaced_and_staff_are_told() {
    each(|server| {
        let studio_id = server.studio().id();
        let practitioner_id = server.practitioner(&studio_id).id();
        let client_id = server.client(&studio_id).id();
        let body = json!({"language": "en", "step": "booking_confirmation", "body": ["Own words"]});
        server.post(&path(&studio_id), &body).expect(201);
        let broken = "UPDATE mail_templates SET body = '[\"{% for a in ''aaaaaaaaaa'' %}{% for b in ''aaaaaaaaaa'' %}\
            {% for c in ''aaaaaaaaaa'' %}{% for d in ''aaaaaaaaaa'' %}{% for e in ''aaaaaaaaaa'' %}{% for f in ''aaaaaaaaaa'' %}\
            x{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}\"]'";
        let changed = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(server.store.write(WriteContext::command_line(), move |tx| {
                diesel::sql_query(broken)
                    .execute(tx.db)
                    .map_err(Error::from)
            }));
        assert_eq!(changed.unwrap(), 1);
        let session = json!({
            "client_id": client_id, "kind": "consultation", "duration_minutes": 60,
            "practitioner_id": practitioner_id, "booking": {"starts_at": "2026-12-15T10:00:00Z"},
        });
        server.post("/v1/sessions", &session).expect(201);
        server.clock.advance(chrono::TimeDelta::minutes(11));
        let directory = TempDir::new().unwrap();
        let mails = mail_of(server, &directory);
        assert_eq!(mails.len(), 1);
        assert!(
            mails[0].contains("Thank you for your booking"),
            "{}",
            mails[0]
        );
        let tasks = server
            .get("/v1/tasks?kind=mail_template_failed")
            .expect(200);
        assert_eq!(tasks.data().len(), 1);
        assert_eq!(tasks.data()[0]["detail"]["step"], "booking_confirmation");
    });
}
