DROP INDEX lots_by_code_key;
ALTER TABLE lots DROP COLUMN batch_code_key;
ALTER TABLE lots DROP COLUMN code_key;
