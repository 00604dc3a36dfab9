ALTER TABLE clients ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
DROP TABLE clients_without_words;
DROP TABLE client_search_words;
