-- What clients are told when something that was used on them turns out to be unsafe.
CREATE TABLE safety_notices (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    product_id BYTEA NOT NULL REFERENCES products (id) CHECK (octet_length(product_id) = 16),
    lot_id BYTEA REFERENCES lots (id) CHECK (octet_length(lot_id) = 16),
    include_possible BOOLEAN NOT NULL,
    reference TEXT,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'sent', 'withdrawn')),
    sent_at BIGINT,
    withdrawn_at BIGINT,
    withdrawn_reason TEXT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX safety_notices_by_change ON safety_notices (change);

-- How far a notice got with each client whom it concerns.
CREATE TABLE safety_notice_recipients (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    notice_id BYTEA NOT NULL REFERENCES safety_notices (id) CHECK (octet_length(notice_id) = 16),
    client_id BYTEA NOT NULL REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    session_id BYTEA NOT NULL REFERENCES sessions (id) CHECK (octet_length(session_id) = 16),
    certainty TEXT NOT NULL CHECK (certainty IN ('exposed', 'possible')),
    state TEXT NOT NULL CHECK (state IN ('listed', 'queued', 'sent', 'unreached', 'reached', 'cleared')),
    state_reason TEXT,
    attempts INTEGER NOT NULL,
    mail_id BYTEA REFERENCES mails (id) CHECK (octet_length(mail_id) = 16),
    told_how TEXT,
    told_at BIGINT,
    note TEXT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX safety_notice_recipients_once ON safety_notice_recipients (notice_id, client_id);
CREATE INDEX safety_notice_recipients_by_change ON safety_notice_recipients (change);
CREATE INDEX safety_notice_recipients_by_client ON safety_notice_recipients (client_id);
CREATE INDEX safety_notice_recipients_by_mail ON safety_notice_recipients (mail_id);
CREATE INDEX safety_notice_recipients_by_session ON safety_notice_recipients (session_id);
CREATE INDEX safety_notice_recipients_by_studio ON safety_notice_recipients (studio_id);
CREATE INDEX safety_notices_by_product ON safety_notices (product_id);
CREATE INDEX safety_notices_by_lot ON safety_notices (lot_id);
