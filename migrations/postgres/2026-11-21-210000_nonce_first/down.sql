DROP INDEX ballots_nonce;
CREATE UNIQUE INDEX ballots_nonce ON ballots (guild_id, campaign_id, nonce);
