-- The number of winners: 1 except for the single transferable vote.
ALTER TABLE campaigns
    ADD COLUMN seats BIGINT NOT NULL DEFAULT 1 CONSTRAINT campaigns_seats_range CHECK (seats BETWEEN 1 AND 100);

-- For past campaigns, last closed first.
CREATE INDEX campaigns_past ON campaigns (guild_id, closed_at DESC, id DESC);

-- 64 random hexadecimal digits. They hide a ballot's picks in its receipt until the ballots are published.
ALTER TABLE ballots ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
UPDATE ballots SET nonce = lower(hex(randomblob(32)));
CREATE UNIQUE INDEX ballots_nonce ON ballots (guild_id, campaign_id, nonce);

-- Members who could vote until a campaign closed, and did not. Unknown for campaigns that closed before this migration.
CREATE TABLE abstentions (
    guild_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    PRIMARY KEY (guild_id, campaign_id, member_id),
    CONSTRAINT abstentions_campaign FOREIGN KEY (guild_id, campaign_id)
        REFERENCES campaigns (guild_id, id) ON DELETE CASCADE,
    CONSTRAINT abstentions_member FOREIGN KEY (guild_id, member_id) REFERENCES members (guild_id, id)
) WITHOUT ROWID;

CREATE INDEX abstentions_of_member ON abstentions (guild_id, member_id);
