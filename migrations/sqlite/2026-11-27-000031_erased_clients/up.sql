-- When who a client is was erased. What was recorded of their treatment stays.
ALTER TABLE clients ADD COLUMN erased_at INTEGER;
