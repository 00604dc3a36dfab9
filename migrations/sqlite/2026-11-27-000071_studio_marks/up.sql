-- A bit for each studio that may see the word's client, so that a search of few studios passes the others' clients by.
-- All bits where nobody knows, as in what an older release writes.
ALTER TABLE client_search_words ADD COLUMN studio_marks INTEGER NOT NULL DEFAULT -1;

-- Which bit is told by the last byte of the studio's id; the sum of different bits is all of them.
CREATE TEMPORARY TABLE marks_of_clients (
    client_id BLOB NOT NULL PRIMARY KEY,
    marks INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO marks_of_clients (client_id, marks)
SELECT client_id, sum(DISTINCT 1 << place)
FROM (
    SELECT client_id, (
        (instr('0123456789ABCDEF', substr(hex(studio_id), 31, 1)) - 1) * 16
        + instr('0123456789ABCDEF', substr(hex(studio_id), 32, 1)) - 1
    ) % 47 AS place
    FROM (
        SELECT id AS client_id, studio_id FROM clients
        UNION SELECT client_id, studio_id FROM sessions
        UNION SELECT client_id, studio_id FROM plans
    )
)
GROUP BY client_id;
UPDATE client_search_words
SET studio_marks = (SELECT marks FROM marks_of_clients WHERE marks_of_clients.client_id = client_search_words.client_id);
DROP TABLE marks_of_clients;
