DROP INDEX products_by_name_key;
ALTER TABLE products DROP COLUMN name_key;
