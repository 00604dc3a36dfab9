-- A bit for each studio that may see the word's client, so that a search of few studios passes the others' clients by.
-- All bits where nobody knows, as in what an older release writes.
ALTER TABLE client_search_words ADD COLUMN studio_marks BIGINT NOT NULL DEFAULT -1;

-- Which bit is told by the last byte of the studio's id.
UPDATE client_search_words
SET studio_marks = marks_of_clients.marks
FROM (
    SELECT client_id, bit_or(1::BIGINT << (get_byte(studio_id, 15) % 47)) AS marks
    FROM (
        SELECT id AS client_id, studio_id FROM clients
        UNION SELECT client_id, studio_id FROM sessions
        UNION SELECT client_id, studio_id FROM plans
    ) AS places
    GROUP BY client_id
) AS marks_of_clients
WHERE marks_of_clients.client_id = client_search_words.client_id;

-- A search goes along the index alone.
ALTER TABLE client_search_words
    DROP CONSTRAINT client_search_words_pkey,
    ADD CONSTRAINT client_search_words_pkey PRIMARY KEY (word, client_id) INCLUDE (studio_marks);
