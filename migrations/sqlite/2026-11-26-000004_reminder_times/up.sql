-- The time that a reminder speaks of: what the client knows once it was sent, whatever the session does later.
ALTER TABLE reminders ADD COLUMN session_starts_at INTEGER;
ALTER TABLE reminders ADD COLUMN session_ends_at INTEGER;
UPDATE reminders SET
    session_starts_at = (SELECT s.starts_at FROM sessions s WHERE s.id = reminders.session_id AND s.schedule_version = reminders.schedule_version),
    session_ends_at = (SELECT s.ends_at FROM sessions s WHERE s.id = reminders.session_id AND s.schedule_version = reminders.schedule_version)
WHERE anchor = 'schedule';

-- Invitations to freshen up. A studio that had its rules before decides itself whether it sends them.
INSERT INTO reminder_rules (id, studio_id, step, channel, session_kinds, timing, enabled, version, change, created_at, updated_at)
SELECT randomblob(16), s.id, 'touch_up_invitation', 'email', '["treatment","touch_up"]', '{"relative_to":"completion_month","months_after":36,"at":"10:00"}', 0, 1,
    (SELECT value FROM change_sequence WHERE id = 1) + row_number() OVER (ORDER BY s.id), CAST(unixepoch('subsec') * 1000 AS INTEGER), CAST(unixepoch('subsec') * 1000 AS INTEGER)
FROM studios s;
UPDATE change_sequence SET value = value + (SELECT count(*) FROM studios) WHERE id = 1;
