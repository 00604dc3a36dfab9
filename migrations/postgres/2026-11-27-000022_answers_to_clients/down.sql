ALTER TABLE reminders DROP COLUMN answers_client;
