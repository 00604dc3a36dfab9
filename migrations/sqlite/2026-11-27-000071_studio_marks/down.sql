ALTER TABLE client_search_words DROP COLUMN studio_marks;
