ALTER TABLE sessions DROP COLUMN cancelled_late;
