-- By the nonce first: of an index that begins as the primary key does, a planner may think that it finds a member's ballot as
-- well, and then reads all of a vote's for each one cast.
DROP INDEX ballots_nonce;
CREATE UNIQUE INDEX ballots_nonce ON ballots (guild_id, nonce, campaign_id);
