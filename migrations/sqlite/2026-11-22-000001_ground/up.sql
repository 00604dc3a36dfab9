-- Instants are milliseconds UTC, ids are 16-byte UUIDv7, JSON is text; the views at the end make them readable.
-- Every resource carries `version` (its ETag), `change` (its place in the one change sequence) and two instants.

CREATE TABLE change_sequence (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO change_sequence (id, value) VALUES (1, 0);

CREATE TABLE schema_facts (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    oldest_release TEXT NOT NULL,
    is_demo INTEGER NOT NULL CHECK (is_demo IN (0, 1))
) STRICT;
INSERT INTO schema_facts (id, oldest_release, is_demo) VALUES (1, '0.1.0', 0);

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'practitioner', 'front_desk', 'auditor')),
    secret_hash BLOB NOT NULL UNIQUE,
    practitioner_id BLOB CHECK (length(practitioner_id) = 16),
    studio_ids TEXT,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency_records (
    principal TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (principal, method, path, key)
) STRICT;
CREATE INDEX idempotency_records_by_age ON idempotency_records (created_at);

CREATE TABLE audit_events (
    sequence INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('key', 'client_link', 'worker', 'command_line')),
    actor_id TEXT,
    source TEXT,
    request_id TEXT,
    action TEXT NOT NULL,
    entity_kind TEXT NOT NULL,
    entity_id BLOB NOT NULL CHECK (length(entity_id) = 16),
    reason TEXT,
    salt BLOB NOT NULL,
    detail_digest BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_events_by_entity ON audit_events (entity_id, sequence);

-- Apart from the chain, so that an erasure can blank it while the chain's digests stay.
CREATE TABLE audit_details (
    sequence INTEGER NOT NULL PRIMARY KEY REFERENCES audit_events (sequence),
    before_change TEXT,
    after_change TEXT
) STRICT;

CREATE TABLE studios (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    name TEXT NOT NULL,
    sender_name TEXT NOT NULL,
    service_label TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    language TEXT NOT NULL,
    address TEXT,
    telephone TEXT,
    email TEXT,
    jurisdiction TEXT,
    opening_hours TEXT NOT NULL,
    quiet_hours TEXT,
    cancellation_cutoff_hours INTEGER NOT NULL CHECK (cancellation_cutoff_hours BETWEEN 0 AND 720),
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE rooms (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    name TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX rooms_by_studio ON rooms (studio_id);

CREATE TABLE practitioners (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    name TEXT NOT NULL,
    licence_number TEXT,
    email TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    buffer_minutes INTEGER NOT NULL CHECK (buffer_minutes BETWEEN 0 AND 480),
    working_hours TEXT NOT NULL,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE time_off (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    practitioner_id BLOB NOT NULL REFERENCES practitioners (id) CHECK (length(practitioner_id) = 16),
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    note TEXT,
    deleted_at INTEGER,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (starts_at < ends_at)
) STRICT;
CREATE INDEX time_off_by_practitioner ON time_off (practitioner_id, starts_at);

CREATE TABLE clients (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    preferred_name TEXT,
    email TEXT,
    email_state TEXT NOT NULL CHECK (email_state IN ('unverified', 'ok', 'bounced', 'wrong_person')),
    telephone TEXT,
    date_of_birth TEXT CHECK (date_of_birth IS date(date_of_birth)),
    language TEXT,
    service_mail INTEGER NOT NULL CHECK (service_mail IN (0, 1)),
    marketing_mail INTEGER NOT NULL CHECK (marketing_mail IN (0, 1)),
    care_advice_in_mail INTEGER NOT NULL CHECK (care_advice_in_mail IN (0, 1)),
    notes TEXT,
    search_text TEXT NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX clients_by_studio ON clients (studio_id);
CREATE INDEX clients_by_change ON clients (change);

CREATE TABLE contact_consents (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client_id BLOB NOT NULL REFERENCES clients (id) CHECK (length(client_id) = 16),
    purpose TEXT NOT NULL CHECK (purpose IN ('service_mail', 'marketing_mail', 'care_advice_in_mail')),
    granted INTEGER NOT NULL CHECK (granted IN (0, 1)),
    source TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX contact_consents_by_client ON contact_consents (client_id, at);

CREATE TABLE plan_templates (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    indication TEXT NOT NULL,
    treatment_sessions INTEGER NOT NULL CHECK (treatment_sessions BETWEEN 1 AND 12),
    session_minutes INTEGER NOT NULL CHECK (session_minutes BETWEEN 5 AND 720),
    gaps TEXT NOT NULL,
    source TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE assessments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    client_id BLOB NOT NULL REFERENCES clients (id) CHECK (length(client_id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    practitioner_id BLOB NOT NULL REFERENCES practitioners (id) CHECK (length(practitioner_id) = 16),
    session_id BLOB CHECK (length(session_id) = 16),
    indication TEXT NOT NULL,
    norwood TEXT,
    ludwig TEXT,
    savin TEXT,
    salt TEXT,
    fitzpatrick TEXT,
    skin_tone TEXT,
    undertone TEXT,
    scalp_type TEXT,
    hair_colour TEXT,
    hair_texture TEXT,
    scars TEXT,
    goals TEXT,
    notes TEXT,
    expectations TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX assessments_by_client ON assessments (client_id, occurred_at);

CREATE TABLE plans (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    client_id BLOB NOT NULL REFERENCES clients (id) CHECK (length(client_id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    practitioner_id BLOB REFERENCES practitioners (id) CHECK (length(practitioner_id) = 16),
    template_id BLOB REFERENCES plan_templates (id) CHECK (length(template_id) = 16),
    assessment_id BLOB REFERENCES assessments (id) CHECK (length(assessment_id) = 16),
    indication TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'completed', 'closed')),
    state_reason TEXT,
    treatment_sessions INTEGER NOT NULL CHECK (treatment_sessions BETWEEN 1 AND 12),
    more_sessions_reason TEXT,
    session_minutes INTEGER NOT NULL,
    gaps TEXT NOT NULL,
    notes TEXT,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX plans_by_client ON plans (client_id);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    client_id BLOB NOT NULL REFERENCES clients (id) CHECK (length(client_id) = 16),
    plan_id BLOB REFERENCES plans (id) CHECK (length(plan_id) = 16),
    ordinal INTEGER,
    replaces_session_id BLOB REFERENCES sessions (id) CHECK (length(replaces_session_id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('consultation', 'patch_test', 'treatment', 'touch_up', 'review')),
    state TEXT NOT NULL CHECK (state IN ('planned', 'booked', 'confirmed', 'arrived', 'completed', 'cancelled', 'no_show')),
    practitioner_id BLOB REFERENCES practitioners (id) CHECK (length(practitioner_id) = 16),
    room_id BLOB REFERENCES rooms (id) CHECK (length(room_id) = 16),
    duration_minutes INTEGER NOT NULL CHECK (duration_minutes BETWEEN 5 AND 720),
    starts_at INTEGER,
    ends_at INTEGER,
    blocked_until INTEGER,
    schedule_version INTEGER NOT NULL,
    overlap_reason TEXT,
    overrides TEXT NOT NULL,
    nonconformities TEXT NOT NULL,
    booked_at INTEGER,
    confirmed_at INTEGER,
    arrived_at INTEGER,
    completed_at INTEGER,
    completion TEXT CHECK (completion IN ('full', 'partial')),
    ended_at INTEGER,
    ended_by TEXT CHECK (ended_by IN ('client', 'studio')),
    end_reason TEXT,
    recorded_at INTEGER,
    notes TEXT,
    clinical_notes TEXT,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((plan_id IS NULL) = (ordinal IS NULL)),
    CHECK (starts_at IS NULL OR (starts_at < ends_at AND ends_at <= blocked_until)),
    CHECK (state NOT IN ('booked', 'confirmed', 'arrived') OR (starts_at IS NOT NULL AND practitioner_id IS NOT NULL))
) STRICT;
CREATE INDEX sessions_by_practitioner ON sessions (practitioner_id, starts_at);
CREATE INDEX sessions_by_room ON sessions (room_id, starts_at);
CREATE INDEX sessions_by_client ON sessions (client_id, starts_at);
CREATE INDEX sessions_by_studio ON sessions (studio_id, starts_at);
CREATE INDEX sessions_by_plan ON sessions (plan_id, ordinal);
CREATE INDEX sessions_by_change ON sessions (change);
CREATE UNIQUE INDEX sessions_one_live_ordinal ON sessions (plan_id, ordinal) WHERE state NOT IN ('cancelled', 'no_show');

CREATE TABLE session_transitions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    session_id BLOB NOT NULL REFERENCES sessions (id) CHECK (length(session_id) = 16),
    action TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    snapshot_before TEXT NOT NULL,
    reverted INTEGER NOT NULL CHECK (reverted IN (0, 1))
) STRICT;
CREATE INDEX session_transitions_by_session ON session_transitions (session_id, id);

CREATE TABLE products (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('pigment', 'diluent', 'needle', 'anaesthetic')),
    maker TEXT NOT NULL,
    brand TEXT NOT NULL,
    shade TEXT,
    period_after_opening_days INTEGER,
    label TEXT NOT NULL,
    notes TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX products_one_of_a_name ON products (kind, maker, brand, coalesce(shade, ''));
CREATE INDEX products_by_change ON products (change);

CREATE TABLE lots (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    product_id BLOB NOT NULL REFERENCES products (id) CHECK (length(product_id) = 16),
    code TEXT,
    no_code_reason TEXT,
    batch_code TEXT,
    expires_on TEXT CHECK (expires_on IS date(expires_on)),
    expiry_precision TEXT CHECK (expiry_precision IN ('day', 'month')),
    supplier TEXT,
    invoice_reference TEXT,
    received_on TEXT CHECK (received_on IS date(received_on)),
    state TEXT NOT NULL CHECK (state IN ('available', 'quarantined', 'recalled', 'discarded')),
    state_reason TEXT,
    notes TEXT,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((code IS NULL) <> (no_code_reason IS NULL)),
    CHECK ((expires_on IS NULL) = (expiry_precision IS NULL))
) STRICT;
CREATE UNIQUE INDEX lots_one_code_for_a_product ON lots (product_id, code, coalesce(batch_code, ''));
CREATE INDEX lots_by_product ON lots (product_id);
CREATE INDEX lots_by_change ON lots (change);

CREATE TABLE pigment_records (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    external_id TEXT UNIQUE,
    session_id BLOB NOT NULL REFERENCES sessions (id) CHECK (length(session_id) = 16),
    client_id BLOB NOT NULL REFERENCES clients (id) CHECK (length(client_id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    practitioner_id BLOB NOT NULL REFERENCES practitioners (id) CHECK (length(practitioner_id) = 16),
    licence_number TEXT,
    zones TEXT NOT NULL,
    mix TEXT NOT NULL,
    needle TEXT,
    anaesthetic TEXT,
    machine TEXT,
    speed_hertz INTEGER,
    label_information_given_at INTEGER,
    reactions TEXT,
    notes TEXT,
    nonconformities TEXT NOT NULL,
    amends_record_id BLOB REFERENCES pigment_records (id) CHECK (length(amends_record_id) = 16),
    amend_reason TEXT,
    amended_by_record_id BLOB REFERENCES pigment_records (id) CHECK (length(amended_by_record_id) = 16),
    voided_at INTEGER,
    void_reason TEXT,
    healed_as TEXT,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pigment_records_by_change ON pigment_records (change);
CREATE INDEX pigment_records_by_session ON pigment_records (session_id);
CREATE INDEX pigment_records_by_client ON pigment_records (client_id, occurred_at);
CREATE UNIQUE INDEX pigment_records_one_amendment ON pigment_records (amends_record_id);

-- Derived from the record's JSON in the same transaction, so that a lot finds its clients by index.
CREATE TABLE pigment_record_lots (
    record_id BLOB NOT NULL REFERENCES pigment_records (id) CHECK (length(record_id) = 16),
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pigment', 'diluent', 'needle', 'anaesthetic')),
    product_id BLOB REFERENCES products (id) CHECK (length(product_id) = 16),
    lot_id BLOB REFERENCES lots (id) CHECK (length(lot_id) = 16),
    PRIMARY KEY (record_id, position)
) STRICT;
CREATE INDEX pigment_record_lots_by_lot ON pigment_record_lots (lot_id);
CREATE INDEX pigment_record_lots_by_product ON pigment_record_lots (product_id);

CREATE TABLE reminder_rules (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    step TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email')),
    session_kinds TEXT NOT NULL,
    timing TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (studio_id, step, channel)
) STRICT;

-- What is sent. One Message-ID for all attempts; the content is frozen at the first of them.
CREATE TABLE mails (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    client_id BLOB REFERENCES clients (id) CHECK (length(client_id) = 16),
    session_id BLOB REFERENCES sessions (id) CHECK (length(session_id) = 16),
    kind TEXT NOT NULL,
    dedupe_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'written', 'ambiguous', 'failed', 'expired', 'cancelled')),
    state_reason TEXT,
    not_before INTEGER NOT NULL,
    useful_until INTEGER NOT NULL,
    lease_token BLOB CHECK (length(lease_token) = 16),
    lease_until INTEGER NOT NULL,
    handover_started_at INTEGER,
    possibly_delivered INTEGER NOT NULL CHECK (possibly_delivered IN (0, 1)),
    attempts INTEGER NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    content TEXT,
    finished_at INTEGER,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mails_by_client ON mails (client_id);
CREATE INDEX mails_by_session ON mails (session_id);
CREATE INDEX mails_due ON mails (not_before) WHERE state = 'queued';

CREATE TABLE mail_attempts (
    mail_id BLOB NOT NULL REFERENCES mails (id) CHECK (length(mail_id) = 16),
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT NOT NULL,
    phase TEXT,
    smtp_code INTEGER,
    PRIMARY KEY (mail_id, number)
) STRICT;

-- The ledger: never pruned while the session lives.
CREATE TABLE reminders (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    client_id BLOB NOT NULL REFERENCES clients (id) CHECK (length(client_id) = 16),
    session_id BLOB NOT NULL REFERENCES sessions (id) CHECK (length(session_id) = 16),
    plan_id BLOB REFERENCES plans (id) CHECK (length(plan_id) = 16),
    step TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email')),
    anchor TEXT NOT NULL CHECK (anchor IN ('schedule', 'care')),
    schedule_version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('scheduled', 'leased', 'sent', 'written', 'ambiguous', 'failed', 'expired', 'superseded', 'suppressed')),
    state_reason TEXT,
    due_at INTEGER NOT NULL,
    useful_until INTEGER NOT NULL,
    mail_id BLOB REFERENCES mails (id) CHECK (length(mail_id) = 16),
    finished_at INTEGER,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX reminders_once_for_a_schedule ON reminders (session_id, step, schedule_version, channel) WHERE anchor = 'schedule' AND state <> 'superseded';
CREATE UNIQUE INDEX reminders_once_for_care ON reminders (session_id, step, channel) WHERE anchor = 'care' AND state <> 'superseded';
CREATE INDEX reminders_due ON reminders (due_at) WHERE state = 'scheduled';
CREATE INDEX reminders_by_session ON reminders (session_id);
CREATE INDEX reminders_by_mail ON reminders (mail_id);
CREATE INDEX reminders_by_client ON reminders (client_id, due_at);
CREATE INDEX reminders_by_studio ON reminders (studio_id, due_at);

CREATE TABLE tasks (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    studio_id BLOB NOT NULL REFERENCES studios (id) CHECK (length(studio_id) = 16),
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'dismissed')),
    dedupe_key TEXT NOT NULL UNIQUE,
    client_id BLOB REFERENCES clients (id) CHECK (length(client_id) = 16),
    plan_id BLOB REFERENCES plans (id) CHECK (length(plan_id) = 16),
    session_id BLOB REFERENCES sessions (id) CHECK (length(session_id) = 16),
    mail_id BLOB REFERENCES mails (id) CHECK (length(mail_id) = 16),
    detail TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    closed_at INTEGER,
    resolution TEXT,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tasks_by_change ON tasks (change);
CREATE INDEX tasks_by_client ON tasks (client_id);
CREATE INDEX tasks_by_session ON tasks (session_id);
CREATE INDEX tasks_by_studio ON tasks (studio_id, due_at);
CREATE INDEX tasks_open ON tasks (studio_id, due_at) WHERE state = 'open';

-- One row for each engine process, by which the API shows alarms and the worker its last tick.
CREATE TABLE worker_status (
    id TEXT NOT NULL PRIMARY KEY,
    last_tick_at INTEGER NOT NULL,
    paused_until INTEGER,
    alarm TEXT
) STRICT;

-- The second line against overlap: the rule in the write transaction is the first.
-- ABORT undoes the statement alone, so that a group of writes isn't torn apart.
CREATE TRIGGER sessions_no_practitioner_overlap_on_insert BEFORE INSERT ON sessions
WHEN NEW.state IN ('booked', 'confirmed', 'arrived') AND NEW.overlap_reason IS NULL AND NEW.practitioner_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_practitioner_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.practitioner_id = NEW.practitioner_id AND other.id <> NEW.id
          AND other.state IN ('booked', 'confirmed', 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.blocked_until AND NEW.starts_at < other.blocked_until);
END;

CREATE TRIGGER sessions_no_practitioner_overlap_on_update BEFORE UPDATE ON sessions
WHEN NEW.state IN ('booked', 'confirmed', 'arrived') AND NEW.overlap_reason IS NULL AND NEW.practitioner_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_practitioner_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.practitioner_id = NEW.practitioner_id AND other.id <> NEW.id
          AND other.state IN ('booked', 'confirmed', 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.blocked_until AND NEW.starts_at < other.blocked_until);
END;

CREATE TRIGGER sessions_no_room_overlap_on_insert BEFORE INSERT ON sessions
WHEN NEW.state IN ('booked', 'confirmed', 'arrived') AND NEW.overlap_reason IS NULL AND NEW.room_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_room_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.room_id = NEW.room_id AND other.id <> NEW.id
          AND other.state IN ('booked', 'confirmed', 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.blocked_until AND NEW.starts_at < other.blocked_until);
END;

CREATE TRIGGER sessions_no_room_overlap_on_update BEFORE UPDATE ON sessions
WHEN NEW.state IN ('booked', 'confirmed', 'arrived') AND NEW.overlap_reason IS NULL AND NEW.room_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_room_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.room_id = NEW.room_id AND other.id <> NEW.id
          AND other.state IN ('booked', 'confirmed', 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.blocked_until AND NEW.starts_at < other.blocked_until);
END;

CREATE TRIGGER sessions_no_client_overlap_on_insert BEFORE INSERT ON sessions
WHEN NEW.state IN ('booked', 'confirmed', 'arrived') AND NEW.overlap_reason IS NULL AND NEW.client_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_client_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.client_id = NEW.client_id AND other.id <> NEW.id
          AND other.state IN ('booked', 'confirmed', 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.ends_at AND NEW.starts_at < other.ends_at);
END;

CREATE TRIGGER sessions_no_client_overlap_on_update BEFORE UPDATE ON sessions
WHEN NEW.state IN ('booked', 'confirmed', 'arrived') AND NEW.overlap_reason IS NULL AND NEW.client_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_client_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.client_id = NEW.client_id AND other.id <> NEW.id
          AND other.state IN ('booked', 'confirmed', 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.ends_at AND NEW.starts_at < other.ends_at);
END;

CREATE TRIGGER audit_events_stay_as_written BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;

CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;

CREATE TRIGGER audit_details_are_kept BEFORE DELETE ON audit_details
BEGIN SELECT RAISE(ABORT, 'audit details are blanked, never deleted'); END;

-- For a person with a database shell: ids as text, instants as UTC.
CREATE VIEW readable_clients AS
SELECT CASE WHEN c.id IS NULL THEN NULL ELSE lower(substr(hex(c.id), 1, 8) || '-' || substr(hex(c.id), 9, 4) || '-' || substr(hex(c.id), 13, 4) || '-' || substr(hex(c.id), 17, 4) || '-' || substr(hex(c.id), 21)) END AS id, c.given_name, c.family_name, c.email, c.telephone, c.date_of_birth, s.name AS studio, strftime('%Y-%m-%dT%H:%M:%SZ', c.created_at / 1000, 'unixepoch') AS created_at
FROM clients c JOIN studios s ON s.id = c.studio_id;

CREATE VIEW readable_sessions AS
SELECT CASE WHEN x.id IS NULL THEN NULL ELSE lower(substr(hex(x.id), 1, 8) || '-' || substr(hex(x.id), 9, 4) || '-' || substr(hex(x.id), 13, 4) || '-' || substr(hex(x.id), 17, 4) || '-' || substr(hex(x.id), 21)) END AS id, x.kind, x.ordinal, x.state, strftime('%Y-%m-%dT%H:%M:%SZ', x.starts_at / 1000, 'unixepoch') AS starts_at, strftime('%Y-%m-%dT%H:%M:%SZ', x.ends_at / 1000, 'unixepoch') AS ends_at, s.time_zone,
       p.name AS practitioner, r.name AS room, c.given_name, c.family_name, x.schedule_version, CASE WHEN x.plan_id IS NULL THEN NULL ELSE lower(substr(hex(x.plan_id), 1, 8) || '-' || substr(hex(x.plan_id), 9, 4) || '-' || substr(hex(x.plan_id), 13, 4) || '-' || substr(hex(x.plan_id), 17, 4) || '-' || substr(hex(x.plan_id), 21)) END AS plan_id
FROM sessions x
JOIN studios s ON s.id = x.studio_id
JOIN clients c ON c.id = x.client_id
LEFT JOIN practitioners p ON p.id = x.practitioner_id
LEFT JOIN rooms r ON r.id = x.room_id;

CREATE VIEW readable_pigment_uses AS
SELECT CASE WHEN l.record_id IS NULL THEN NULL ELSE lower(substr(hex(l.record_id), 1, 8) || '-' || substr(hex(l.record_id), 9, 4) || '-' || substr(hex(l.record_id), 13, 4) || '-' || substr(hex(l.record_id), 17, 4) || '-' || substr(hex(l.record_id), 21)) END AS record_id, strftime('%Y-%m-%dT%H:%M:%SZ', r.occurred_at / 1000, 'unixepoch') AS occurred_at, c.given_name, c.family_name, r.zones, l.kind,
       p.maker, p.brand, p.shade, t.code AS lot, t.no_code_reason, strftime('%Y-%m-%dT%H:%M:%SZ', r.voided_at / 1000, 'unixepoch') AS voided_at, CASE WHEN r.amended_by_record_id IS NULL THEN NULL ELSE lower(substr(hex(r.amended_by_record_id), 1, 8) || '-' || substr(hex(r.amended_by_record_id), 9, 4) || '-' || substr(hex(r.amended_by_record_id), 13, 4) || '-' || substr(hex(r.amended_by_record_id), 17, 4) || '-' || substr(hex(r.amended_by_record_id), 21)) END AS amended_by
FROM pigment_record_lots l
JOIN pigment_records r ON r.id = l.record_id
JOIN clients c ON c.id = r.client_id
LEFT JOIN products p ON p.id = l.product_id
LEFT JOIN lots t ON t.id = l.lot_id;

CREATE VIEW readable_reminders AS
SELECT CASE WHEN m.id IS NULL THEN NULL ELSE lower(substr(hex(m.id), 1, 8) || '-' || substr(hex(m.id), 9, 4) || '-' || substr(hex(m.id), 13, 4) || '-' || substr(hex(m.id), 17, 4) || '-' || substr(hex(m.id), 21)) END AS id, m.step, m.state, m.state_reason, strftime('%Y-%m-%dT%H:%M:%SZ', m.due_at / 1000, 'unixepoch') AS due_at, strftime('%Y-%m-%dT%H:%M:%SZ', m.finished_at / 1000, 'unixepoch') AS finished_at,
       m.schedule_version, CASE WHEN m.session_id IS NULL THEN NULL ELSE lower(substr(hex(m.session_id), 1, 8) || '-' || substr(hex(m.session_id), 9, 4) || '-' || substr(hex(m.session_id), 13, 4) || '-' || substr(hex(m.session_id), 17, 4) || '-' || substr(hex(m.session_id), 21)) END AS session_id, c.given_name, c.family_name, s.name AS studio
FROM reminders m
JOIN clients c ON c.id = m.client_id
JOIN studios s ON s.id = m.studio_id;

CREATE VIEW readable_audit AS
SELECT a.sequence, strftime('%Y-%m-%dT%H:%M:%SZ', a.at / 1000, 'unixepoch') AS at, a.actor_kind, a.actor_id, a.action, a.entity_kind, CASE WHEN a.entity_id IS NULL THEN NULL ELSE lower(substr(hex(a.entity_id), 1, 8) || '-' || substr(hex(a.entity_id), 9, 4) || '-' || substr(hex(a.entity_id), 13, 4) || '-' || substr(hex(a.entity_id), 17, 4) || '-' || substr(hex(a.entity_id), 21)) END AS entity_id, a.reason
FROM audit_events a;
