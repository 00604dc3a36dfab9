-- Instants are milliseconds UTC, ids are 16-byte UUIDv7, JSON is text; the views at the end make them readable.
-- Every resource carries `version` (its ETag), `change` (its place in the one change sequence) and two instants.

CREATE TABLE change_sequence (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    value BIGINT NOT NULL
);
INSERT INTO change_sequence (id, value) VALUES (1, 0);

CREATE TABLE schema_facts (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    oldest_release TEXT NOT NULL,
    is_demo BOOLEAN NOT NULL
);
INSERT INTO schema_facts (id, oldest_release, is_demo) VALUES (1, '0.1.0', FALSE);

CREATE TABLE api_keys (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'practitioner', 'front_desk', 'auditor')),
    secret_hash BYTEA NOT NULL UNIQUE,
    practitioner_id BYTEA CHECK (octet_length(practitioner_id) = 16),
    studio_ids TEXT,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE idempotency_records (
    principal TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (principal, method, path, key)
);
CREATE INDEX idempotency_records_by_age ON idempotency_records (created_at);

CREATE TABLE audit_events (
    sequence BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('key', 'client_link', 'worker', 'command_line')),
    actor_id TEXT,
    source TEXT,
    request_id TEXT,
    action TEXT NOT NULL,
    entity_kind TEXT NOT NULL,
    entity_id BYTEA NOT NULL CHECK (octet_length(entity_id) = 16),
    reason TEXT,
    salt BYTEA NOT NULL,
    detail_digest BYTEA NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX audit_events_by_entity ON audit_events (entity_id, sequence);

-- Apart from the chain, so that an erasure can blank it while the chain's digests stay.
CREATE TABLE audit_details (
    sequence BIGINT NOT NULL PRIMARY KEY REFERENCES audit_events (sequence),
    before_change TEXT,
    after_change TEXT
);

CREATE TABLE studios (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
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
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE rooms (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    name TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX rooms_by_studio ON rooms (studio_id);

CREATE TABLE practitioners (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    external_id TEXT UNIQUE,
    name TEXT NOT NULL,
    licence_number TEXT,
    email TEXT,
    active BOOLEAN NOT NULL,
    buffer_minutes INTEGER NOT NULL CHECK (buffer_minutes BETWEEN 0 AND 480),
    working_hours TEXT NOT NULL,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE time_off (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    practitioner_id BYTEA NOT NULL REFERENCES practitioners (id) CHECK (octet_length(practitioner_id) = 16),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    note TEXT,
    deleted_at BIGINT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (starts_at < ends_at)
);
CREATE INDEX time_off_by_practitioner ON time_off (practitioner_id, starts_at);

CREATE TABLE clients (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    external_id TEXT UNIQUE,
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    preferred_name TEXT,
    email TEXT,
    email_state TEXT NOT NULL CHECK (email_state IN ('unverified', 'ok', 'bounced', 'wrong_person')),
    telephone TEXT,
    date_of_birth DATE,
    language TEXT,
    service_mail BOOLEAN NOT NULL,
    marketing_mail BOOLEAN NOT NULL,
    care_advice_in_mail BOOLEAN NOT NULL,
    notes TEXT,
    search_text TEXT NOT NULL,
    deleted_at BIGINT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX clients_by_studio ON clients (studio_id);
CREATE INDEX clients_by_change ON clients (change);

CREATE TABLE contact_consents (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    client_id BYTEA NOT NULL REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    purpose TEXT NOT NULL CHECK (purpose IN ('service_mail', 'marketing_mail', 'care_advice_in_mail')),
    granted BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX contact_consents_by_client ON contact_consents (client_id, at);

CREATE TABLE plan_templates (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    name TEXT NOT NULL,
    indication TEXT NOT NULL,
    treatment_sessions INTEGER NOT NULL CHECK (treatment_sessions BETWEEN 1 AND 12),
    session_minutes INTEGER NOT NULL CHECK (session_minutes BETWEEN 5 AND 720),
    gaps TEXT NOT NULL,
    source TEXT,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE assessments (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    external_id TEXT UNIQUE,
    client_id BYTEA NOT NULL REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    practitioner_id BYTEA NOT NULL REFERENCES practitioners (id) CHECK (octet_length(practitioner_id) = 16),
    session_id BYTEA CHECK (octet_length(session_id) = 16),
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
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX assessments_by_client ON assessments (client_id, occurred_at);

CREATE TABLE plans (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    external_id TEXT UNIQUE,
    client_id BYTEA NOT NULL REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    practitioner_id BYTEA REFERENCES practitioners (id) CHECK (octet_length(practitioner_id) = 16),
    template_id BYTEA REFERENCES plan_templates (id) CHECK (octet_length(template_id) = 16),
    assessment_id BYTEA REFERENCES assessments (id) CHECK (octet_length(assessment_id) = 16),
    indication TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'completed', 'closed')),
    state_reason TEXT,
    treatment_sessions INTEGER NOT NULL CHECK (treatment_sessions BETWEEN 1 AND 12),
    more_sessions_reason TEXT,
    session_minutes INTEGER NOT NULL,
    gaps TEXT NOT NULL,
    notes TEXT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX plans_by_client ON plans (client_id);

CREATE TABLE sessions (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    external_id TEXT UNIQUE,
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    client_id BYTEA NOT NULL REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    plan_id BYTEA REFERENCES plans (id) CHECK (octet_length(plan_id) = 16),
    ordinal INTEGER,
    replaces_session_id BYTEA REFERENCES sessions (id) CHECK (octet_length(replaces_session_id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('consultation', 'patch_test', 'treatment', 'touch_up', 'review')),
    state TEXT NOT NULL CHECK (state IN ('planned', 'booked', 'confirmed', 'arrived', 'completed', 'cancelled', 'no_show')),
    practitioner_id BYTEA REFERENCES practitioners (id) CHECK (octet_length(practitioner_id) = 16),
    room_id BYTEA REFERENCES rooms (id) CHECK (octet_length(room_id) = 16),
    duration_minutes INTEGER NOT NULL CHECK (duration_minutes BETWEEN 5 AND 720),
    starts_at BIGINT,
    ends_at BIGINT,
    blocked_until BIGINT,
    schedule_version BIGINT NOT NULL,
    overlap_reason TEXT,
    overrides TEXT NOT NULL,
    nonconformities TEXT NOT NULL,
    booked_at BIGINT,
    confirmed_at BIGINT,
    arrived_at BIGINT,
    completed_at BIGINT,
    completion TEXT CHECK (completion IN ('full', 'partial')),
    ended_at BIGINT,
    ended_by TEXT CHECK (ended_by IN ('client', 'studio')),
    end_reason TEXT,
    recorded_at BIGINT,
    notes TEXT,
    clinical_notes TEXT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((plan_id IS NULL) = (ordinal IS NULL)),
    CHECK (starts_at IS NULL OR (starts_at < ends_at AND ends_at <= blocked_until)),
    CHECK (state NOT IN ('booked', 'confirmed', 'arrived') OR (starts_at IS NOT NULL AND practitioner_id IS NOT NULL))
);
CREATE INDEX sessions_by_practitioner ON sessions (practitioner_id, starts_at);
CREATE INDEX sessions_by_room ON sessions (room_id, starts_at);
CREATE INDEX sessions_by_client ON sessions (client_id, starts_at);
CREATE INDEX sessions_by_studio ON sessions (studio_id, starts_at);
CREATE INDEX sessions_by_plan ON sessions (plan_id, ordinal);
CREATE INDEX sessions_by_change ON sessions (change);
CREATE UNIQUE INDEX sessions_one_live_ordinal ON sessions (plan_id, ordinal) WHERE state NOT IN ('cancelled', 'no_show');

CREATE TABLE session_transitions (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    session_id BYTEA NOT NULL REFERENCES sessions (id) CHECK (octet_length(session_id) = 16),
    action TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    snapshot_before TEXT NOT NULL,
    reverted BOOLEAN NOT NULL
);
CREATE INDEX session_transitions_by_session ON session_transitions (session_id, id);

CREATE TABLE products (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    external_id TEXT UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('pigment', 'diluent', 'needle', 'anaesthetic')),
    maker TEXT NOT NULL,
    brand TEXT NOT NULL,
    shade TEXT,
    period_after_opening_days INTEGER,
    label TEXT NOT NULL,
    notes TEXT,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX products_one_of_a_name ON products (kind, maker, brand, coalesce(shade, ''));
CREATE INDEX products_by_change ON products (change);

CREATE TABLE lots (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    external_id TEXT UNIQUE,
    product_id BYTEA NOT NULL REFERENCES products (id) CHECK (octet_length(product_id) = 16),
    code TEXT,
    no_code_reason TEXT,
    batch_code TEXT,
    expires_on DATE,
    expiry_precision TEXT CHECK (expiry_precision IN ('day', 'month')),
    supplier TEXT,
    invoice_reference TEXT,
    received_on DATE,
    state TEXT NOT NULL CHECK (state IN ('available', 'quarantined', 'recalled', 'discarded')),
    state_reason TEXT,
    notes TEXT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((code IS NULL) <> (no_code_reason IS NULL)),
    CHECK ((expires_on IS NULL) = (expiry_precision IS NULL))
);
CREATE UNIQUE INDEX lots_one_code_for_a_product ON lots (product_id, code, coalesce(batch_code, ''));
CREATE INDEX lots_by_product ON lots (product_id);
CREATE INDEX lots_by_change ON lots (change);

CREATE TABLE pigment_records (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    external_id TEXT UNIQUE,
    session_id BYTEA NOT NULL REFERENCES sessions (id) CHECK (octet_length(session_id) = 16),
    client_id BYTEA NOT NULL REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    practitioner_id BYTEA NOT NULL REFERENCES practitioners (id) CHECK (octet_length(practitioner_id) = 16),
    licence_number TEXT,
    zones TEXT NOT NULL,
    mix TEXT NOT NULL,
    needle TEXT,
    anaesthetic TEXT,
    machine TEXT,
    speed_hertz INTEGER,
    label_information_given_at BIGINT,
    reactions TEXT,
    notes TEXT,
    nonconformities TEXT NOT NULL,
    amends_record_id BYTEA REFERENCES pigment_records (id) CHECK (octet_length(amends_record_id) = 16),
    amend_reason TEXT,
    amended_by_record_id BYTEA REFERENCES pigment_records (id) CHECK (octet_length(amended_by_record_id) = 16),
    voided_at BIGINT,
    void_reason TEXT,
    healed_as TEXT,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX pigment_records_by_change ON pigment_records (change);
CREATE INDEX pigment_records_by_session ON pigment_records (session_id);
CREATE INDEX pigment_records_by_client ON pigment_records (client_id, occurred_at);
CREATE UNIQUE INDEX pigment_records_one_amendment ON pigment_records (amends_record_id);

-- Derived from the record's JSON in the same transaction, so that a lot finds its clients by index.
CREATE TABLE pigment_record_lots (
    record_id BYTEA NOT NULL REFERENCES pigment_records (id) CHECK (octet_length(record_id) = 16),
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pigment', 'diluent', 'needle', 'anaesthetic')),
    product_id BYTEA REFERENCES products (id) CHECK (octet_length(product_id) = 16),
    lot_id BYTEA REFERENCES lots (id) CHECK (octet_length(lot_id) = 16),
    PRIMARY KEY (record_id, position)
);
CREATE INDEX pigment_record_lots_by_lot ON pigment_record_lots (lot_id);
CREATE INDEX pigment_record_lots_by_product ON pigment_record_lots (product_id);

CREATE TABLE reminder_rules (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    step TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email')),
    session_kinds TEXT NOT NULL,
    timing TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (studio_id, step, channel)
);

-- What is sent. One Message-ID for all attempts; the content is frozen at the first of them.
CREATE TABLE mails (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    client_id BYTEA REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    session_id BYTEA REFERENCES sessions (id) CHECK (octet_length(session_id) = 16),
    kind TEXT NOT NULL,
    dedupe_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'written', 'ambiguous', 'failed', 'expired', 'cancelled')),
    state_reason TEXT,
    not_before BIGINT NOT NULL,
    useful_until BIGINT NOT NULL,
    lease_token BYTEA CHECK (octet_length(lease_token) = 16),
    lease_until BIGINT NOT NULL,
    handover_started_at BIGINT,
    possibly_delivered BOOLEAN NOT NULL,
    attempts INTEGER NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    content TEXT,
    finished_at BIGINT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX mails_by_client ON mails (client_id);
CREATE INDEX mails_by_session ON mails (session_id);
CREATE INDEX mails_due ON mails (not_before) WHERE state = 'queued';

CREATE TABLE mail_attempts (
    mail_id BYTEA NOT NULL REFERENCES mails (id) CHECK (octet_length(mail_id) = 16),
    number INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT NOT NULL,
    phase TEXT,
    smtp_code INTEGER,
    PRIMARY KEY (mail_id, number)
);

-- The ledger: never pruned while the session lives.
CREATE TABLE reminders (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    client_id BYTEA NOT NULL REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    session_id BYTEA NOT NULL REFERENCES sessions (id) CHECK (octet_length(session_id) = 16),
    plan_id BYTEA REFERENCES plans (id) CHECK (octet_length(plan_id) = 16),
    step TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email')),
    anchor TEXT NOT NULL CHECK (anchor IN ('schedule', 'care')),
    schedule_version BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('scheduled', 'leased', 'sent', 'written', 'ambiguous', 'failed', 'expired', 'superseded', 'suppressed')),
    state_reason TEXT,
    due_at BIGINT NOT NULL,
    useful_until BIGINT NOT NULL,
    mail_id BYTEA REFERENCES mails (id) CHECK (octet_length(mail_id) = 16),
    finished_at BIGINT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX reminders_once_for_a_schedule ON reminders (session_id, step, schedule_version, channel) WHERE anchor = 'schedule' AND state <> 'superseded';
CREATE UNIQUE INDEX reminders_once_for_care ON reminders (session_id, step, channel) WHERE anchor = 'care' AND state <> 'superseded';
CREATE INDEX reminders_due ON reminders (due_at) WHERE state = 'scheduled';
CREATE INDEX reminders_by_session ON reminders (session_id);
CREATE INDEX reminders_by_mail ON reminders (mail_id);
CREATE INDEX reminders_by_client ON reminders (client_id, due_at);
CREATE INDEX reminders_by_studio ON reminders (studio_id, due_at);

CREATE TABLE tasks (
    id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
    studio_id BYTEA NOT NULL REFERENCES studios (id) CHECK (octet_length(studio_id) = 16),
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'dismissed')),
    dedupe_key TEXT NOT NULL UNIQUE,
    client_id BYTEA REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    plan_id BYTEA REFERENCES plans (id) CHECK (octet_length(plan_id) = 16),
    session_id BYTEA REFERENCES sessions (id) CHECK (octet_length(session_id) = 16),
    mail_id BYTEA REFERENCES mails (id) CHECK (octet_length(mail_id) = 16),
    detail TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    closed_at BIGINT,
    resolution TEXT,
    version BIGINT NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX tasks_by_change ON tasks (change);
CREATE INDEX tasks_by_client ON tasks (client_id);
CREATE INDEX tasks_by_session ON tasks (session_id);
CREATE INDEX tasks_by_studio ON tasks (studio_id, due_at);
CREATE INDEX tasks_open ON tasks (studio_id, due_at) WHERE state = 'open';

-- One row for each engine process, by which the API shows alarms and the worker its last tick.
CREATE TABLE worker_status (
    id TEXT NOT NULL PRIMARY KEY,
    last_tick_at BIGINT NOT NULL,
    paused_until BIGINT,
    alarm TEXT
);

-- The second line against overlap: the rule in the write transaction is the first.
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE sessions ADD CONSTRAINT sessions_no_practitioner_overlap
    EXCLUDE USING gist (practitioner_id WITH =, int8range(starts_at, blocked_until) WITH &&)
    WHERE (state IN ('booked', 'confirmed', 'arrived') AND overlap_reason IS NULL);
ALTER TABLE sessions ADD CONSTRAINT sessions_no_room_overlap
    EXCLUDE USING gist (room_id WITH =, int8range(starts_at, blocked_until) WITH &&)
    WHERE (state IN ('booked', 'confirmed', 'arrived') AND overlap_reason IS NULL);
ALTER TABLE sessions ADD CONSTRAINT sessions_no_client_overlap
    EXCLUDE USING gist (client_id WITH =, int8range(starts_at, ends_at) WITH &&)
    WHERE (state IN ('booked', 'confirmed', 'arrived') AND overlap_reason IS NULL);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are neither changed nor deleted';
END;
$$;
CREATE TRIGGER audit_events_stay_as_written BEFORE UPDATE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_details_are_kept BEFORE DELETE ON audit_details
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_are_not_emptied BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_details_are_not_emptied BEFORE TRUNCATE ON audit_details
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- For a person with a database shell: ids as text, instants as UTC.
CREATE VIEW readable_clients AS
SELECT encode(c.id, 'hex')::uuid AS id, c.given_name, c.family_name, c.email, c.telephone, c.date_of_birth, s.name AS studio, to_timestamp(c.created_at / 1000.0) AT TIME ZONE 'UTC' AS created_at
FROM clients c JOIN studios s ON s.id = c.studio_id;

CREATE VIEW readable_sessions AS
SELECT encode(x.id, 'hex')::uuid AS id, x.kind, x.ordinal, x.state, to_timestamp(x.starts_at / 1000.0) AT TIME ZONE 'UTC' AS starts_at, to_timestamp(x.ends_at / 1000.0) AT TIME ZONE 'UTC' AS ends_at, s.time_zone,
       p.name AS practitioner, r.name AS room, c.given_name, c.family_name, x.schedule_version, encode(x.plan_id, 'hex')::uuid AS plan_id
FROM sessions x
JOIN studios s ON s.id = x.studio_id
JOIN clients c ON c.id = x.client_id
LEFT JOIN practitioners p ON p.id = x.practitioner_id
LEFT JOIN rooms r ON r.id = x.room_id;

CREATE VIEW readable_pigment_uses AS
SELECT encode(l.record_id, 'hex')::uuid AS record_id, to_timestamp(r.occurred_at / 1000.0) AT TIME ZONE 'UTC' AS occurred_at, c.given_name, c.family_name, r.zones, l.kind,
       p.maker, p.brand, p.shade, t.code AS lot, t.no_code_reason, to_timestamp(r.voided_at / 1000.0) AT TIME ZONE 'UTC' AS voided_at, encode(r.amended_by_record_id, 'hex')::uuid AS amended_by
FROM pigment_record_lots l
JOIN pigment_records r ON r.id = l.record_id
JOIN clients c ON c.id = r.client_id
LEFT JOIN products p ON p.id = l.product_id
LEFT JOIN lots t ON t.id = l.lot_id;

CREATE VIEW readable_reminders AS
SELECT encode(m.id, 'hex')::uuid AS id, m.step, m.state, m.state_reason, to_timestamp(m.due_at / 1000.0) AT TIME ZONE 'UTC' AS due_at, to_timestamp(m.finished_at / 1000.0) AT TIME ZONE 'UTC' AS finished_at,
       m.schedule_version, encode(m.session_id, 'hex')::uuid AS session_id, c.given_name, c.family_name, s.name AS studio
FROM reminders m
JOIN clients c ON c.id = m.client_id
JOIN studios s ON s.id = m.studio_id;

CREATE VIEW readable_audit AS
SELECT a.sequence, to_timestamp(a.at / 1000.0) AT TIME ZONE 'UTC' AS at, a.actor_kind, a.actor_id, a.action, a.entity_kind, encode(a.entity_id, 'hex')::uuid AS entity_id, a.reason
FROM audit_events a;
