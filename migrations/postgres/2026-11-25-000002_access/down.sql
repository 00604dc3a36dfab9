DROP TABLE api_key_studios;
DROP INDEX api_keys_by_practitioner;
DROP INDEX api_keys_previous_secret;
ALTER TABLE api_keys DROP COLUMN previous_ends_at;
ALTER TABLE api_keys DROP COLUMN previous_secret_hash;
ALTER TABLE api_keys DROP COLUMN own_clients_only;
