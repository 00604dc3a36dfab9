//! The migrations, embedded: the same stamps and names for both engines.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// For the embedded engine.
pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

/// For PostgreSQL.
#[cfg(feature = "postgres")]
pub(super) const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");
