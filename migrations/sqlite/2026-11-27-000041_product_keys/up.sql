-- By what products' names are compared. Only the program can fold them: it does so for all products when it opens the data.
ALTER TABLE products ADD COLUMN name_key TEXT;
-- Not unique: products that were entered twice before stay, and the program refuses new ones.
CREATE INDEX products_by_name_key ON products (name_key);
