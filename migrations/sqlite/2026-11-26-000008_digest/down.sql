ALTER TABLE studios DROP COLUMN unconfirmed_task_hours;
ALTER TABLE studios DROP COLUMN digest_email;
