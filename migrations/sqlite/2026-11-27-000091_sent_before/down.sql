ALTER TABLE reminders DROP COLUMN sent_before_at;
