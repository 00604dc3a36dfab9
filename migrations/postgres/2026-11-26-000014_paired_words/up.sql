-- Clients are kept under each two of their words together too: the program makes the words of all anew when it opens the data.
INSERT INTO clients_without_words (client_id)
SELECT id FROM clients WHERE id NOT IN (SELECT client_id FROM clients_without_words);
