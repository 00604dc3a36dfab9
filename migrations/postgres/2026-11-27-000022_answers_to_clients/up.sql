-- Whether a notice answers what the client did themself, who knows of it thereby, sent or not.
ALTER TABLE reminders ADD COLUMN answers_client BOOLEAN NOT NULL DEFAULT FALSE;
