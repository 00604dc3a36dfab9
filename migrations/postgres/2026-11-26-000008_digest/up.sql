-- Where a studio's staff are told each morning what waits for them; nowhere unless they ask for it.
ALTER TABLE studios ADD COLUMN digest_email TEXT;
-- How long before its start a session that isn't confirmed becomes a task.
ALTER TABLE studios ADD COLUMN unconfirmed_task_hours INTEGER NOT NULL DEFAULT 48;
