-- Which of a client's links hold: raised when the address changes or turns out to be somebody else's.
ALTER TABLE clients ADD COLUMN link_generation BIGINT NOT NULL DEFAULT 1;
-- Whether clients may choose another time themselves.
ALTER TABLE studios ADD COLUMN client_may_move BOOLEAN NOT NULL DEFAULT FALSE;
-- What a client wrote: for all staff, and for those who see clinical detail.
ALTER TABLE tasks ADD COLUMN note TEXT;
ALTER TABLE tasks ADD COLUMN clinical_note TEXT;

-- A calendar that a program fetches by a secret address: of a studio, or of a practitioner.
CREATE TABLE calendar_feeds (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    name TEXT NOT NULL,
    studio_id BYTEA REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    practitioner_id BYTEA REFERENCES practitioners (id) CHECK (octet_length(practitioner_id) = 16),
    secret_hash BYTEA NOT NULL UNIQUE,
    revoked_at BIGINT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((studio_id IS NULL) <> (practitioner_id IS NULL))
);
CREATE INDEX calendar_feeds_by_studio ON calendar_feeds (studio_id);
CREATE INDEX calendar_feeds_by_practitioner ON calendar_feeds (practitioner_id);
CREATE INDEX calendar_feeds_by_change ON calendar_feeds (change);
