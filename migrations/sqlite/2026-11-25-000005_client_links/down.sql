DROP TABLE calendar_feeds;
ALTER TABLE tasks DROP COLUMN clinical_note;
ALTER TABLE tasks DROP COLUMN note;
ALTER TABLE studios DROP COLUMN client_may_move;
ALTER TABLE clients DROP COLUMN link_generation;
