ALTER TABLE client_search_words
    DROP CONSTRAINT client_search_words_pkey,
    ADD CONSTRAINT client_search_words_pkey PRIMARY KEY (word, client_id);
ALTER TABLE client_search_words DROP COLUMN studio_marks;
