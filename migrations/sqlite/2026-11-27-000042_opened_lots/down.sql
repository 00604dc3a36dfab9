ALTER TABLE lots DROP COLUMN opened_on;
