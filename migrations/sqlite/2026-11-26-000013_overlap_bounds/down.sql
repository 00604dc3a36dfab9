DROP TRIGGER sessions_no_practitioner_overlap_on_insert;
DROP TRIGGER sessions_no_practitioner_overlap_on_update;
DROP TRIGGER sessions_no_room_overlap_on_insert;
DROP TRIGGER sessions_no_room_overlap_on_update;
DROP TRIGGER sessions_no_client_overlap_on_insert;
DROP TRIGGER sessions_no_client_overlap_on_update;
DROP TRIGGER sessions_hold_twenty_hours_at_most_on_insert;
DROP TRIGGER sessions_hold_twenty_hours_at_most_on_update;

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
