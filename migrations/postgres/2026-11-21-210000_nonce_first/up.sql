-- The nonce comes before the campaign. With the same leading columns as the primary key, a planner could use this index
-- to find a member's ballot, and then read all ballots of a campaign for each one that is cast.
DROP INDEX ballots_nonce;
CREATE UNIQUE INDEX ballots_nonce ON ballots (guild_id, nonce, campaign_id);
