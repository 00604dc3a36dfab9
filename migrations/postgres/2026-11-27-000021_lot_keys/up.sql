-- By what codes are compared. Only the program can fold them: it does so for all lots when it opens the data.
ALTER TABLE lots ADD COLUMN code_key TEXT COLLATE "C";
ALTER TABLE lots ADD COLUMN batch_code_key TEXT COLLATE "C";
-- Not unique: lots that were entered twice before stay, and the program refuses new ones.
CREATE INDEX lots_by_code_key ON lots (code_key);
