ALTER TABLE studios DROP COLUMN closed_days;
