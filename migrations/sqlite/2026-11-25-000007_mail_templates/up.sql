-- A studio's own words for its mails: for one step, or, without a step, those that all its mails share.
CREATE TABLE mail_templates (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    language TEXT NOT NULL,
    step TEXT,
    title TEXT,
    subject TEXT,
    body TEXT,
    care TEXT,
    words TEXT NOT NULL,
    weekdays TEXT,
    months TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_templates_by_change ON mail_templates (change);
CREATE UNIQUE INDEX mail_templates_by_place ON mail_templates (studio_id, language, coalesce(step, ''));
