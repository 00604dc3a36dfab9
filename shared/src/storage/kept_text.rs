//! Statements whose text is made once.
//!
//! Diesel's connection to either engine makes a statement's text anew for each of its passes over it, also where the
//! statement has long been prepared. For a short statement that costs as much as the database's own work.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::rc::Rc;

use diesel::backend::Backend;
use diesel::internal::derives::multiconnection::AstPassHelper as _;
use diesel::query_builder::{AstPass, Query, QueryBuilder as _, QueryFragment, QueryId};
use diesel::result::Error;
use diesel::{QueryResult, RunQueryDsl};

use super::dialect::{Db, MultiBackend};

type Builder = <MultiBackend as Backend>::QueryBuilder;

/// Texts by the statement's type and the engine.
type Texts = HashMap<(TypeId, Discriminant<MultiBackend>), Rc<str>>;

thread_local! {
    /// Those that this thread has needed.
    static TEXTS: RefCell<Texts> = RefCell::default();
}

/// A statement of one fixed form, so that its type names its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<Q>(Q);

/// What can be kept.
pub(super) trait Keep: QueryId + Sized {
    /// The same statement, with a text that is made once. One whose text hangs on its values is refused: by the
    /// compiler where Diesel can tell from the type, else when it's first run.
    fn kept(self) -> Kept<Self> {
        const { assert!(Self::HAS_STATIC_QUERY_ID, "its text hangs on its values") };
        Kept(self)
    }
}

impl<Q: QueryId> Keep for Q {}

impl<Q: QueryId + QueryFragment<MultiBackend>> Kept<Q> {
    fn text(&self, backend: &MultiBackend) -> QueryResult<Rc<str>> {
        let key = (TypeId::of::<Q::QueryId>(), discriminant(backend));
        if let Some(text) = TEXTS.with_borrow(|texts| texts.get(&key).cloned()) {
            return Ok(text);
        }
        if !self.0.is_safe_to_cache_prepared(backend)? {
            return Err(Error::QueryBuilderError(
                "the text of this statement hangs on its values, so it can't be kept".into(),
            ));
        }
        let mut builder = match backend {
            MultiBackend::Sqlite(_) => Builder::Sqlite(Default::default()),
            #[cfg(feature = "postgres")]
            MultiBackend::Postgres(_) => Builder::Postgres(Default::default()),
        };
        self.0.to_sql(&mut builder, backend)?;
        let text: Rc<str> = builder.finish().into();
        TEXTS.with_borrow_mut(|texts| texts.insert(key, Rc::clone(&text)));
        Ok(text)
    }
}

impl<Q: QueryId + QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for Kept<Q> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        // The passes after values go on; of the others one wants the text, and for the rest it's enough that there is one.
        if pass.bind_collector().is_some() || pass.debug_binds().is_some() {
            return self.0.walk_ast(pass);
        }
        pass.push_sql(&self.text(pass.backend())?);
        Ok(())
    }
}

impl<Q: QueryId> QueryId for Kept<Q> {
    type QueryId = Q::QueryId;

    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Db> for Kept<Q> {}
