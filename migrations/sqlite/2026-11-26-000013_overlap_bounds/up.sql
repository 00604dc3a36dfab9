-- The second line against overlap looks no farther back than a session can reach: 12 hours and a buffer of 8. Without that
-- it read all that a practitioner, a room or a client ever had.
DROP TRIGGER sessions_no_practitioner_overlap_on_insert;
DROP TRIGGER sessions_no_practitioner_overlap_on_update;
DROP TRIGGER sessions_no_room_overlap_on_insert;
DROP TRIGGER sessions_no_room_overlap_on_update;
DROP TRIGGER sessions_no_client_overlap_on_insert;
DROP TRIGGER sessions_no_client_overlap_on_update;

CREATE TRIGGER sessions_no_practitioner_overlap_on_insert BEFORE INSERT ON sessions
WHEN (NEW.state = 'booked' OR NEW.state = 'confirmed' OR NEW.state = 'arrived') AND NEW.overlap_reason IS NULL AND NEW.practitioner_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_practitioner_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.practitioner_id = NEW.practitioner_id AND other.id <> NEW.id
          AND (other.state = 'booked' OR other.state = 'confirmed' OR other.state = 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.blocked_until AND other.starts_at > NEW.starts_at - 72000000
          AND NEW.starts_at < other.blocked_until);
END;

CREATE TRIGGER sessions_no_practitioner_overlap_on_update BEFORE UPDATE ON sessions
WHEN (NEW.state = 'booked' OR NEW.state = 'confirmed' OR NEW.state = 'arrived') AND NEW.overlap_reason IS NULL AND NEW.practitioner_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_practitioner_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.practitioner_id = NEW.practitioner_id AND other.id <> NEW.id
          AND (other.state = 'booked' OR other.state = 'confirmed' OR other.state = 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.blocked_until AND other.starts_at > NEW.starts_at - 72000000
          AND NEW.starts_at < other.blocked_until);
END;

CREATE TRIGGER sessions_no_room_overlap_on_insert BEFORE INSERT ON sessions
WHEN (NEW.state = 'booked' OR NEW.state = 'confirmed' OR NEW.state = 'arrived') AND NEW.overlap_reason IS NULL AND NEW.room_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_room_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.room_id = NEW.room_id AND other.id <> NEW.id
          AND (other.state = 'booked' OR other.state = 'confirmed' OR other.state = 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.blocked_until AND other.starts_at > NEW.starts_at - 72000000
          AND NEW.starts_at < other.blocked_until);
END;

CREATE TRIGGER sessions_no_room_overlap_on_update BEFORE UPDATE ON sessions
WHEN (NEW.state = 'booked' OR NEW.state = 'confirmed' OR NEW.state = 'arrived') AND NEW.overlap_reason IS NULL AND NEW.room_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_room_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.room_id = NEW.room_id AND other.id <> NEW.id
          AND (other.state = 'booked' OR other.state = 'confirmed' OR other.state = 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.blocked_until AND other.starts_at > NEW.starts_at - 72000000
          AND NEW.starts_at < other.blocked_until);
END;

CREATE TRIGGER sessions_no_client_overlap_on_insert BEFORE INSERT ON sessions
WHEN (NEW.state = 'booked' OR NEW.state = 'confirmed' OR NEW.state = 'arrived') AND NEW.overlap_reason IS NULL AND NEW.client_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_client_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.client_id = NEW.client_id AND other.id <> NEW.id
          AND (other.state = 'booked' OR other.state = 'confirmed' OR other.state = 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.ends_at AND other.starts_at > NEW.starts_at - 72000000
          AND NEW.starts_at < other.ends_at);
END;

CREATE TRIGGER sessions_no_client_overlap_on_update BEFORE UPDATE ON sessions
WHEN (NEW.state = 'booked' OR NEW.state = 'confirmed' OR NEW.state = 'arrived') AND NEW.overlap_reason IS NULL AND NEW.client_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'sessions_no_client_overlap') WHERE EXISTS (
        SELECT 1 FROM sessions AS other
        WHERE other.client_id = NEW.client_id AND other.id <> NEW.id
          AND (other.state = 'booked' OR other.state = 'confirmed' OR other.state = 'arrived') AND other.overlap_reason IS NULL
          AND other.starts_at < NEW.ends_at AND other.starts_at > NEW.starts_at - 72000000
          AND NEW.starts_at < other.ends_at);
END;

CREATE TRIGGER sessions_hold_twenty_hours_at_most_on_insert BEFORE INSERT ON sessions
WHEN NEW.blocked_until - NEW.starts_at > 72000000
BEGIN
    SELECT RAISE(ABORT, 'sessions_hold_twenty_hours_at_most');
END;

CREATE TRIGGER sessions_hold_twenty_hours_at_most_on_update BEFORE UPDATE ON sessions
WHEN NEW.blocked_until - NEW.starts_at > 72000000
BEGIN
    SELECT RAISE(ABORT, 'sessions_hold_twenty_hours_at_most');
END;
