//! What the readers of requests hold for any input: no panic, a documented answer, and no more out than came in.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde::Deserialize;
use stipple_shared::domain::{ClientId, Instant, SessionState};
use stipple_shared::storage::client_search::{SearchPosition, Way};
use stipple_shared::storage::paging::Position;
use uuid::Uuid;

use super::{Body, Id, Json, Merge, cursor, headers, query};

/// A list's filters, as any handler has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    client_id: Option<ClientId>,
    #[serde(default)]
    state: Vec<SessionState>,
    starts_from: Option<Instant>,
}

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        any::<u128>().prop_map(|id| Position::Id(Uuid::from_u128(id))),
        any::<i64>().prop_map(Position::Change),
        (any::<i64>(), any::<u128>())
            .prop_map(|(at, id)| Position::At(Instant::from_millis(at), Uuid::from_u128(id))),
    ]
}

/// A query string of known and unknown names, well formed or not.
fn query_string() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        proptest::sample::select(vec![
            "cursor",
            "limit",
            "updated_since",
            "client_id",
            "state",
            "starts_from",
            "other",
            "",
        ])
        .prop_map(str::to_owned),
        "[a-z%=&+]{0,8}",
    ];
    let value = prop_oneof![
        "[ -~]{0,40}",
        any::<i64>().prop_map(|number| number.to_string()),
        Just("booked".to_owned()),
        Just("2026-11-25T09:00:00Z".to_owned()),
    ];
    proptest::collection::vec((name, value), 0..8).prop_map(|pairs| {
        let pairs: Vec<String> = pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        // What no request line can hold is refused before any of this.
        pairs.join("&").replace(
            [' ', '#', '"', '<', '>', '\\', '^', '`', '{', '|', '}'],
            "+",
        )
    })
}

proptest! {
    #[test]
    fn a_cursor_is_read_as_it_was_written_and_in_its_place_alone(
        position in position(), here in "\\PC{0,60}", there in "\\PC{0,60}",
    ) {
        let text = cursor::write(&position, &here);
        prop_assert!(text.len() <= 64, "a cursor's length has a bound");
        prop_assert_eq!(cursor::read(&text, &here), Some(position));
        prop_assert!(here == there || cursor::read(&text, &there).is_none());
    }

    #[test]
    fn no_text_makes_a_cursor_panic(text in "\\PC{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _nothing = cursor::read(&text, "here");
        let _nothing = cursor::read_search(&text, "here");
        let encoded = URL_SAFE_NO_PAD.encode(&bytes);
        prop_assert_eq!(cursor::read(&encoded, "here"), None);
        prop_assert_eq!(cursor::read_search(&encoded, "here"), None);
    }

    #[test]
    fn a_search_goes_on_where_its_page_ended(first in any::<u8>(), second in proptest::option::of(0..u8::MAX), word in "[^\\x00]{0,130}", id in any::<u128>(), here in "\\PC{0,60}") {
        let way = second.map_or(Way::Term(first), |second| Way::Pair(first, second));
        let position = SearchPosition { way, word, id: Uuid::from_u128(id) };
        let text = cursor::write_search(&position, &here);
        prop_assert!(text.len() <= 800);
        prop_assert_eq!(cursor::read_search(&text, &here), Some(position));
    }

    #[test]
    fn headers_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let request = TestRequest::default()
            .insert_header((HeaderName::from_static("idempotency-key"), value.clone()))
            .insert_header((header::IF_MATCH, value.clone()))
            .insert_header((header::IF_NONE_MATCH, value.clone()))
            .insert_header((header::AUTHORIZATION, value))
            .to_http_request();
        let is_key = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        match headers::idempotency_key(&request) {
            Ok(key) => prop_assert_eq!(key.map(String::into_bytes), is_key.then(|| bytes.clone())),
            Err(_) => prop_assert!(!is_key),
        }
        if let Ok(version) = headers::if_match(&request, true) {
            prop_assert!(version.is_none_or(|version| version == -1 || version > 0));
        }
        let _any = headers::has_already(&request, "\"v1\"");
        if let Ok(secret) = headers::bearer(&request) {
            prop_assert!(!secret.is_empty() && secret.len() < bytes.len());
        }
    }

    #[test]
    fn a_query_is_taken_or_refused_and_a_page_has_its_bounds(text in query_string()) {
        let Ok(uri) = format!("/v1/sessions?{text}").parse::<actix_web::http::Uri>() else { return Ok(()) };
        let request = TestRequest::default().uri(&uri.to_string()).to_http_request();
        if let Ok((filter, page, _)) = query::paged::<Filter>(&request) {
            prop_assert!((1..=200).contains(&page.limit));
            prop_assert!(page.updated_since.is_none_or(|change| change >= 0));
            // As many values as pairs, and no more.
            let taken = usize::from(filter.client_id.is_some()) + filter.state.len() + usize::from(filter.starts_from.is_some());
            prop_assert!(taken <= text.split('&').count());
            prop_assert!(!text.contains("other="), "an unknown name is never ignored");
        }
    }

    #[test]
    fn an_id_in_a_path_is_one_or_names_nothing(text in "[!-~]{0,80}") {
        use actix_web::FromRequest as _;
        let request = TestRequest::default().param("id", text.clone()).to_http_request();
        let read = Id::<ClientId>::from_request(&request, &mut actix_web::dev::Payload::None).into_inner();
        let id = read.map(|id| id.0.0).unwrap_or_default();
        prop_assert_eq!(id, Uuid::try_parse(&text).unwrap_or(Uuid::nil()));
    }

    #[test]
    fn a_body_is_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), depth in 0_usize..400) {
        use stipple_shared::domain::client::{ClientPatch, ClientSearch, NewClient};
        let json = TestRequest::default().insert_header(header::ContentType::json()).to_http_request();
        let patch = TestRequest::default()
            .insert_header((header::CONTENT_TYPE, "application/merge-patch+json"))
            .to_http_request();
        let deep = format!("{}{}", "{\"notes\":[".repeat(depth), "]}".repeat(depth)).into_bytes();
        for body in [&bytes, &deep] {
            prop_assert!(Json::<NewClient>::read(&json, body).is_err());
            prop_assert!(Json::<ClientSearch>::read(&json, body).is_err());
            let _any = Merge::<ClientPatch>::read(&patch, body);
        }
    }
}
