-- Whether a client called a session off later than the studio's cut-off: kept as it was then, because the cut-off may change.
ALTER TABLE sessions ADD COLUMN cancelled_late INTEGER CHECK (cancelled_late IN (0, 1));
-- What was called off before is judged by the cut-off that its studio has now, since nobody wrote down the one of then.
UPDATE sessions
SET cancelled_late = coalesce(
    ended_by = 'client'
    AND (
        ended_at >= starts_at
        OR ended_at > starts_at - 3600000 * (SELECT s.cancellation_cutoff_hours FROM studios s WHERE s.id = sessions.studio_id)
    ),
    0
)
WHERE state = 'cancelled';
