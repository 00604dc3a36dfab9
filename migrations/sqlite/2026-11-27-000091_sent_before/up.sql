-- When a reminder was sent that was asked for once more: its client knows what it said, whatever becomes of the repetition.
ALTER TABLE reminders ADD COLUMN sent_before_at INTEGER;
