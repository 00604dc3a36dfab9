-- Which of a client's links hold: raised when the address changes or turns out to be somebody else's.
ALTER TABLE clients ADD COLUMN link_generation INTEGER NOT NULL DEFAULT 1;
-- Whether clients may choose another time themselves.
ALTER TABLE studios ADD COLUMN client_may_move INTEGER NOT NULL DEFAULT 0 CHECK (client_may_move IN (0, 1));
-- What a client wrote: for all staff, and for those who see clinical detail.
ALTER TABLE tasks ADD COLUMN note TEXT;
ALTER TABLE tasks ADD COLUMN clinical_note TEXT;

-- A calendar that a program fetches by a secret address: of a studio, or of a practitioner.
CREATE TABLE calendar_feeds (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    studio_id BLOB REFERENCES studios (id) CHECK (length(studio_id) = 16),
    practitioner_id BLOB REFERENCES practitioners (id) CHECK (length(practitioner_id) = 16),
    secret_hash BLOB NOT NULL UNIQUE,
    revoked_at INTEGER,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((studio_id IS NULL) <> (practitioner_id IS NULL))
) STRICT;
CREATE INDEX calendar_feeds_by_studio ON calendar_feeds (studio_id);
CREATE INDEX calendar_feeds_by_practitioner ON calendar_feeds (practitioner_id);
CREATE INDEX calendar_feeds_by_change ON calendar_feeds (change);
