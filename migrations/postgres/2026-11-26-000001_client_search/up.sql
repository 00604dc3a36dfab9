-- What a client is found under. Words are folded by the program, and compared byte by byte on either engine.
CREATE TABLE client_search_words (
    word TEXT COLLATE "C" NOT NULL,
    client_id BYTEA NOT NULL REFERENCES clients (id) CHECK (octet_length(client_id) = 16),
    PRIMARY KEY (word, client_id)
);
CREATE INDEX client_search_words_by_client ON client_search_words (client_id, word);

-- Clients whose words are still to be made, which a program does when it opens the data.
CREATE TABLE clients_without_words (
    client_id BYTEA NOT NULL PRIMARY KEY REFERENCES clients (id) CHECK (octet_length(client_id) = 16)
);
INSERT INTO clients_without_words (client_id) SELECT id FROM clients;

ALTER TABLE clients DROP COLUMN search_text;
