-- Whether a notice answers what the client did themself, who knows of it thereby, sent or not.
ALTER TABLE reminders ADD COLUMN answers_client INTEGER NOT NULL DEFAULT 0 CHECK (answers_client IN (0, 1));
