//! Links from outside: scanners that follow them change nothing, and what isn't one of ours opens nothing.

use stipple_shared::links::LinkPurpose;

use crate::place::{Place, path};

/// Everything that a scanner could follow for a link.
fn pages(place: &Place, purpose: LinkPurpose) -> Vec<String> {
    let path = place.path(purpose);
    let more: &[&str] = match purpose {
        LinkPurpose::Appointment => &[
            "",
            "/move",
            "/move?from=2026-12-02",
            "/move?from=never",
            "/cancel",
            "/advice",
        ],
        LinkPurpose::Preferences => &["", "/wrong-person"],
        LinkPurpose::Report | LinkPurpose::Unsubscribe => &[""],
    };
    more.iter().map(|more| format!("{path}{more}")).collect()
}

#[test]
fn mail_scanners_change_nothing() {
    Place::each(true, |place| {
        let before = (place.stored_change(), place.latest_change());
        for purpose in LinkPurpose::ALL {
            for path in pages(place, purpose) {
                place.look(&path).expect(200);
                place
                    .server
                    .stranger()
                    .send("HEAD", &path, None)
                    .expect(200);
            }
            // Nor do those that try the forms' addresses.
            for form in ["/confirm", "/cancel", "/wrong-person"] {
                let status = place.look(&format!("{}{form}", place.path(purpose))).status;
                assert!(matches!(status, 200 | 404 | 405), "{status}");
            }
        }
        assert_eq!((place.stored_change(), place.latest_change()), before);
    });
}

#[test]
fn what_is_not_a_link_of_ours_opens_nothing_and_breaks_nothing() {
    Place::each(true, |place| {
        let before = place.stored_change();
        for purpose in LinkPurpose::ALL {
            let link = place.link(purpose);
            let good = path(&link);
            let (front, token) = good.rsplit_once('/').unwrap();
            let mut wrong: Vec<String> = Vec::new();
            for place in 0..token.len() {
                let mut bytes = token.as_bytes().to_vec();
                bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
                wrong.push(String::from_utf8(bytes).unwrap());
            }
            wrong.extend(
                (1..token.len())
                    .step_by(7)
                    .map(|end| token[..end].to_owned()),
            );
            wrong.extend(["%00", "%FF%FE", "..%2F..", "AAAA", "null"].map(str::to_owned));
            wrong.push("A".repeat(2000));
            for token in wrong {
                place.look(&format!("{front}/{token}")).expect(404);
                place.send(&format!("{front}/{token}"), "List-Unsubscribe=One-Click");
            }
            // A link for one purpose opens no other's pages.
            for other in LinkPurpose::ALL {
                if other != purpose {
                    place.look(&format!("{}/{token}", other.path())).expect(404);
                }
            }
            place
                .send(&format!("/my/fresh-link/{}", "A".repeat(60)), "")
                .expect(404);
        }
        assert_eq!(place.stored_change(), before);
    });
}

#[test]
fn the_log_and_the_figures_name_the_path_and_not_the_token() {
    Place::each(true, |place| {
        let path = place.path(LinkPurpose::Appointment);
        place.look(&path).expect(200);
        place.look(&format!("{path}x")).expect(404);
        let figures = place.server.get("/metrics").expect(200).text;
        assert!(
            figures.contains("route=\"/my/appointment/{token}\""),
            "{figures}"
        );
        let token = path.rsplit('/').next().unwrap();
        assert!(!figures.contains(token));
    });
}

#[test]
fn an_error_on_a_page_is_a_page() {
    Place::each(true, |place| {
        let german = place
            .server
            .stranger()
            .header("Accept-Language", "de-CH,en;q=0.5");
        let page = german.get("/my/nothing").expect(404);
        assert!(page.text.contains("lang=\"de\""), "{page}");
        german.get("/my/appointment/x").expect(404);
        let wrong = german
            .send("DELETE", &place.path(LinkPurpose::Appointment), None)
            .expect(405);
        assert!(wrong.header("Allow").is_some(), "{wrong}");
    });
}
