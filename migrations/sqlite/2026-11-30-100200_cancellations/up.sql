-- What members read of a cancelled campaign, and its numbers of members when it was cancelled. A cancelled campaign has
-- no row in tallies, so that no server shows a result or publishes its ballots.
ALTER TABLE campaigns ADD COLUMN cancel_reason TEXT;
ALTER TABLE campaigns ADD COLUMN cancelled_eligible BIGINT;
ALTER TABLE campaigns ADD COLUMN cancelled_awaiting_registration BIGINT;
