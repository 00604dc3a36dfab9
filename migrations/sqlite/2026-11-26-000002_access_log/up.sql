-- Looks at clients' clinical records. Apart from the audit chain, in which only changes take a place.
-- No foreign keys: a look stays on record whatever becomes of the client and the key.
CREATE TABLE access_events (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    key_id BLOB NOT NULL CHECK (length(key_id) = 16),
    client_id BLOB NOT NULL CHECK (length(client_id) = 16),
    kind TEXT NOT NULL,
    source TEXT,
    request_id TEXT
) STRICT;
CREATE INDEX access_events_by_client ON access_events (client_id, id);
CREATE INDEX access_events_by_key ON access_events (key_id, id);
