DELETE FROM client_search_words WHERE word >= '&' AND word < '''';
