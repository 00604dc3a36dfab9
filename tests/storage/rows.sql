INSERT INTO api_keys (id, name, role, secret_hash, version, change, created_at, updated_at)
    VALUES (id(1), 'Front desk', 'front_desk', id(1), 1, 1, 0, 0);
INSERT INTO idempotency_records (principal, method, path, key, body_hash, status, headers, body, created_at)
    VALUES ('somebody', 'POST', '/v1/clients', 'k', id(1), 201, '[]', id(1), 0);
INSERT INTO audit_events (sequence, at, actor_kind, action, entity_kind, entity_id, salt, detail_digest, hash)
    VALUES (1, 0, 'command_line', 'client.created', 'client', id(1), id(1), id(1), id(1));
INSERT INTO audit_details (sequence, before_change, after_change) VALUES (1, NULL, '{}');
INSERT INTO studios (id, name, sender_name, service_label, time_zone, language, opening_hours, cancellation_cutoff_hours, version, change, created_at, updated_at)
    VALUES (id(2), 'Studio North', 'Studio North', 'appointment', 'Europe/Berlin', 'en', '[]', 24, 1, 2, 0, 0);
INSERT INTO api_key_studios (key_id, studio_id) VALUES (id(1), id(2));
INSERT INTO rooms (id, studio_id, name, active, version, change, created_at, updated_at)
    VALUES (id(3), id(2), 'Room 1', TRUE, 1, 3, 0, 0);
INSERT INTO practitioners (id, name, active, buffer_minutes, working_hours, version, change, created_at, updated_at)
    VALUES (id(4), 'Robin Example', TRUE, 15, '[]', 1, 4, 0, 0);
INSERT INTO time_off (id, practitioner_id, starts_at, ends_at, version, change, created_at, updated_at)
    VALUES (id(5), id(4), 0, 1000, 1, 5, 0, 0);
INSERT INTO clients (id, studio_id, given_name, family_name, email_state, date_of_birth, service_mail, marketing_mail, care_advice_in_mail, version, change, created_at, updated_at)
    VALUES (id(16), id(2), 'Alex', 'Sample', 'unverified', '1980-02-29', TRUE, FALSE, FALSE, 1, 6, 0, 0);
INSERT INTO contact_consents (id, client_id, purpose, granted, source, at)
    VALUES (id(17), id(16), 'service_mail', TRUE, 'paper', 0);
INSERT INTO plan_templates (id, name, indication, treatment_sessions, session_minutes, gaps, active, version, change, created_at, updated_at)
    VALUES (id(18), 'Thinning', 'general_thinning', 3, 180, '[]', TRUE, 1, 7, 0, 0);
INSERT INTO assessments (id, client_id, studio_id, practitioner_id, indication, expectations, occurred_at, recorded_at, version, change, created_at, updated_at)
    VALUES (id(19), id(16), id(2), id(4), 'general_thinning', '[]', 0, 0, 1, 8, 0, 0);
INSERT INTO plans (id, client_id, studio_id, practitioner_id, template_id, assessment_id, indication, state, treatment_sessions, session_minutes, gaps, version, change, created_at, updated_at)
    VALUES (id(20), id(16), id(2), id(4), id(18), id(19), 'general_thinning', 'open', 3, 180, '[]', 1, 9, 0, 0);
INSERT INTO sessions (id, studio_id, client_id, plan_id, ordinal, kind, state, practitioner_id, room_id, duration_minutes, starts_at, ends_at, blocked_until, schedule_version, overrides, nonconformities, version, change, created_at, updated_at)
    VALUES (id(21), id(2), id(16), id(20), 1, 'treatment', 'cancelled', id(4), id(3), 180, 1000, 2000, 2500, 1, '[]', '[]', 1, 10, 0, 0);
INSERT INTO sessions (id, studio_id, client_id, plan_id, ordinal, replaces_session_id, kind, state, practitioner_id, room_id, duration_minutes, starts_at, ends_at, blocked_until, schedule_version, overrides, nonconformities, version, change, created_at, updated_at)
    VALUES (id(22), id(2), id(16), id(20), 1, id(21), 'treatment', 'booked', id(4), id(3), 180, 1000, 2000, 2500, 1, '[]', '[]', 1, 11, 0, 0);
INSERT INTO session_transitions (id, session_id, action, from_state, to_state, actor, occurred_at, recorded_at, snapshot_before, reverted)
    VALUES (id(23), id(22), 'book', 'planned', 'booked', 'worker', 0, 0, '{}', FALSE);
INSERT INTO products (id, kind, maker, brand, label, active, version, change, created_at, updated_at)
    VALUES (id(24), 'pigment', 'Sample Inks', 'Grey', '{}', TRUE, 1, 12, 0, 0);
INSERT INTO lots (id, product_id, code, expires_on, expiry_precision, state, version, change, created_at, updated_at)
    VALUES (id(25), id(24), 'L-1', '2027-06-30', 'month', 'available', 1, 13, 0, 0);
INSERT INTO pigment_records (id, session_id, client_id, studio_id, practitioner_id, zones, mix, nonconformities, occurred_at, recorded_at, version, change, created_at, updated_at)
    VALUES (id(26), id(22), id(16), id(2), id(4), '[]', '[]', '[]', 0, 0, 1, 14, 0, 0);
INSERT INTO pigment_records (id, session_id, client_id, studio_id, practitioner_id, zones, mix, nonconformities, amends_record_id, amend_reason, occurred_at, recorded_at, version, change, created_at, updated_at)
    VALUES (id(27), id(22), id(16), id(2), id(4), '[]', '[]', '[]', id(26), 'a slip of the pen', 0, 0, 1, 15, 0, 0);
UPDATE pigment_records SET amended_by_record_id = id(27) WHERE id = id(26);
INSERT INTO pigment_record_lots (record_id, position, kind, product_id, lot_id)
    VALUES (id(26), 0, 'pigment', id(24), id(25));
INSERT INTO reminder_rules (id, studio_id, step, channel, session_kinds, timing, enabled, version, change, created_at, updated_at)
    VALUES (id(28), id(2), 'day_before', 'email', '[]', '{}', TRUE, 1, 16, 0, 0);
INSERT INTO mails (id, studio_id, client_id, session_id, kind, dedupe_key, state, not_before, useful_until, lease_until, possibly_delivered, attempts, message_id, version, change, created_at, updated_at)
    VALUES (id(29), id(2), id(16), id(22), 'reminder', 'd', 'queued', 0, 1000, 0, FALSE, 1, 'm', 1, 17, 0, 0);
INSERT INTO mail_attempts (mail_id, number, started_at, outcome) VALUES (id(29), 1, 0, 'refused');
INSERT INTO reminders (id, studio_id, client_id, session_id, plan_id, step, channel, anchor, schedule_version, state, due_at, useful_until, mail_id, version, change, created_at, updated_at)
    VALUES (id(30), id(2), id(16), id(22), id(20), 'day_before', 'email', 'schedule', 1, 'scheduled', 0, 1000, id(29), 1, 18, 0, 0);
INSERT INTO tasks (id, studio_id, kind, state, dedupe_key, client_id, plan_id, session_id, mail_id, detail, due_at, version, change, created_at, updated_at)
    VALUES (id(31), id(2), 'failed_mail', 'open', 't', id(16), id(20), id(22), id(29), '{}', 0, 1, 19, 0, 0);
INSERT INTO calendar_feeds (id, name, studio_id, secret_hash, version, change, created_at, updated_at)
    VALUES (id(60), 'On the wall', id(2), id(60), 1, 20, 0, 0);
INSERT INTO access_events (id, at, key_id, client_id, kind) VALUES (id(71), 0, id(1), id(16), 'timeline');
INSERT INTO worker_status (id, last_tick_at) VALUES ('engine', 0);
INSERT INTO mail_templates (id, studio_id, language, step, subject, words, active, version, change, created_at, updated_at)
    VALUES (id(70), id(2), 'it', 'final_reminder', 'Promemoria', '{}', TRUE, 1, 40, 0, 0);
INSERT INTO client_search_words (word, client_id) VALUES ('alex', id(16));
INSERT INTO clients_without_words (client_id) VALUES (id(16));
INSERT INTO safety_notices (id, product_id, lot_id, include_possible, reason, message, state, sent_at, version, change, created_at, updated_at)
    VALUES (id(80), id(24), id(25), TRUE, 'recalled', '{"en": "Please call."}', 'sent', 0, 1, 41, 0, 0);
INSERT INTO safety_notice_recipients (id, notice_id, client_id, studio_id, session_id, certainty, state, attempts, mail_id, version, change, created_at, updated_at)
    VALUES (id(81), id(80), id(16), id(2), id(22), 'exposed', 'queued', 1, id(29), 1, 42, 0, 0);
