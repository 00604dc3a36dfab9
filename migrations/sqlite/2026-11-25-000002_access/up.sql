-- A key that sees only the clients of its practitioner, and a secret that still works for a while after a rotation.
ALTER TABLE api_keys ADD COLUMN own_clients_only INTEGER NOT NULL DEFAULT 0 CHECK (own_clients_only IN (0, 1));
ALTER TABLE api_keys ADD COLUMN previous_secret_hash BLOB;
ALTER TABLE api_keys ADD COLUMN previous_ends_at INTEGER;
CREATE UNIQUE INDEX api_keys_previous_secret ON api_keys (previous_secret_hash);
CREATE INDEX api_keys_by_practitioner ON api_keys (practitioner_id);

-- Derived from the key's JSON in the same transaction: a query that asks which keys somebody sees needs it as rows.
CREATE TABLE api_key_studios (
    key_id BLOB NOT NULL REFERENCES api_keys (id) CHECK (length(key_id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    PRIMARY KEY (key_id, studio_id)
) STRICT;
CREATE INDEX api_key_studios_by_studio ON api_key_studios (studio_id);
INSERT INTO api_key_studios (key_id, studio_id)
SELECT k.id, unhex(replace(listed.value, '-', '')) FROM api_keys k, json_each(k.studio_ids) listed
WHERE k.studio_ids IS NOT NULL;
