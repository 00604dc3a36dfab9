-- Its exclusion constraints find an overlap by index already; what they don't say is how long a session can hold its time.
ALTER TABLE sessions ADD CONSTRAINT sessions_hold_twenty_hours_at_most CHECK (blocked_until - starts_at <= 72000000);
