#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};
use uuid::Uuid;

use super::*;
use crate::storage::{DatabaseUrl, Db};

/// Asks how a query would be carried out.
struct HowWould<Q>(Q);

impl<Q> QueryId for HowWould<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for HowWould<Q> {
    type SqlType = (Integer, Integer, Integer, Text);
}

impl<Q: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for HowWould<Q> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        pass.unsafe_to_cache_prepared();
        pass.push_sql("EXPLAIN QUERY PLAN ");
        self.0.walk_ast(pass)
    }
}

impl<Q> RunQueryDsl<Db> for HowWould<Q> {}

/// Without statistics, as here, SQLite may take the index of a studio's sessions, of which there are thousands, for as good as that
/// of the client's few.
#[test]
fn whether_a_client_is_seen_is_asked_of_their_own_sessions_and_never_of_all_of_a_studio() {
    let directory = tempfile::tempdir().unwrap();
    let mut db = DatabaseUrl::embedded_in(directory.path())
        .open_writer()
        .unwrap();
    db.migrate().unwrap();
    for studios in [1, 2] {
        let ids = std::iter::repeat_with(|| StudioId(Uuid::now_v7()));
        let scope = Scope::all()
            .in_studios(Some(ids.take(studios).collect()))
            .with_clients_of(Some(PractitionerId(Uuid::now_v7())));
        let seen: Option<Seen<clients::table>> = client_is_seen!(&scope, clients::id);
        let query = clients::table.filter(seen.unwrap()).select(clients::id);
        let steps: Vec<(i32, i32, i32, String)> = HowWould(query).load(&mut db).unwrap();
        let of_sessions: Vec<&str> = steps
            .iter()
            .map(|(.., step)| step.as_str())
            .filter(|step| step.contains("seen_session"))
            .collect();
        assert_eq!(of_sessions.len(), 2, "{steps:?}");
        for step in of_sessions {
            assert!(step.contains("sessions_by_client (client_id=?)"), "{step}");
        }
    }
}
