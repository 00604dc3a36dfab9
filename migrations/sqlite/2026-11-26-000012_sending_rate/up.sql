-- The one measure of how fast all workers together send: until when what was sent so far has used the allowance up.
CREATE TABLE sending_rate (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    used_until_micros INTEGER NOT NULL
) STRICT;
INSERT INTO sending_rate (id, used_until_micros) VALUES (1, 0);
