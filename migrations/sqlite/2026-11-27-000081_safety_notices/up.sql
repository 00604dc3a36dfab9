-- What clients are told when something that was used on them turns out to be unsafe.
CREATE TABLE safety_notices (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    product_id BLOB NOT NULL REFERENCES products (id) CHECK (length(product_id) = 16),
    lot_id BLOB REFERENCES lots (id) CHECK (length(lot_id) = 16),
    include_possible INTEGER NOT NULL CHECK (include_possible IN (0, 1)),
    reference TEXT,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'sent', 'withdrawn')),
    sent_at INTEGER,
    withdrawn_at INTEGER,
    withdrawn_reason TEXT,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX safety_notices_by_change ON safety_notices (change);

-- How far a notice got with each client whom it concerns.
CREATE TABLE safety_notice_recipients (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    notice_id BLOB NOT NULL REFERENCES safety_notices (id) CHECK (length(notice_id) = 16),
    client_id BLOB NOT NULL REFERENCES clients (id) CHECK (length(client_id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    session_id BLOB NOT NULL REFERENCES sessions (id) CHECK (length(session_id) = 16),
    certainty TEXT NOT NULL CHECK (certainty IN ('exposed', 'possible')),
    state TEXT NOT NULL CHECK (state IN ('listed', 'queued', 'sent', 'unreached', 'reached', 'cleared')),
    state_reason TEXT,
    attempts INTEGER NOT NULL,
    mail_id BLOB REFERENCES mails (id) CHECK (length(mail_id) = 16),
    told_how TEXT,
    told_at INTEGER,
    note TEXT,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX safety_notice_recipients_once ON safety_notice_recipients (notice_id, client_id);
CREATE INDEX safety_notice_recipients_by_change ON safety_notice_recipients (change);
CREATE INDEX safety_notice_recipients_by_client ON safety_notice_recipients (client_id);
CREATE INDEX safety_notice_recipients_by_mail ON safety_notice_recipients (mail_id);
CREATE INDEX safety_notice_recipients_by_session ON safety_notice_recipients (session_id);
CREATE INDEX safety_notice_recipients_by_studio ON safety_notice_recipients (studio_id);
CREATE INDEX safety_notices_by_product ON safety_notices (product_id);
CREATE INDEX safety_notices_by_lot ON safety_notices (lot_id);
