-- Days on which a studio stays closed whatever its week says, as JSON of ours.
ALTER TABLE studios ADD COLUMN closed_days TEXT NOT NULL DEFAULT '[]';
