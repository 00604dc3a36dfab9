-- A studio's own words for its mails: for one step, or, without a step, those that all its mails share.
CREATE TABLE mail_templates (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    language TEXT NOT NULL,
    step TEXT,
    title TEXT,
    subject TEXT,
    body TEXT,
    care TEXT,
    words TEXT NOT NULL,
    weekdays TEXT,
    months TEXT,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX mail_templates_by_change ON mail_templates (change);
CREATE UNIQUE INDEX mail_templates_by_place ON mail_templates (studio_id, language, coalesce(step, ''));
