-- Looks at clients' clinical records. Apart from the audit chain, in which only changes take a place.
-- No foreign keys: a look stays on record whatever becomes of the client and the key.
CREATE TABLE access_events (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    at BIGINT NOT NULL,
    key_id BYTEA NOT NULL CHECK (octet_length(key_id) = 16),
    client_id BYTEA NOT NULL CHECK (octet_length(client_id) = 16),
    kind TEXT NOT NULL,
    source TEXT,
    request_id TEXT
);
CREATE INDEX access_events_by_client ON access_events (client_id, id);
CREATE INDEX access_events_by_key ON access_events (key_id, id);
