DELETE FROM mail_templates WHERE step = 'touch_up_invitation';
DELETE FROM reminder_rules WHERE step = 'touch_up_invitation';
DELETE FROM reminders WHERE step = 'touch_up_invitation';
ALTER TABLE reminders DROP COLUMN session_ends_at;
ALTER TABLE reminders DROP COLUMN session_starts_at;
