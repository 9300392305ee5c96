-- Members who could vote in a live campaign at some moment, and no longer can. They still count as eligible until it
-- closes, so that the turnout doesn't reveal whether they voted.
CREATE TABLE former_electors (
    guild_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    PRIMARY KEY (guild_id, campaign_id, member_id),
    CONSTRAINT former_electors_campaign FOREIGN KEY (guild_id, campaign_id)
        REFERENCES campaigns (guild_id, id) ON DELETE CASCADE,
    CONSTRAINT former_electors_member FOREIGN KEY (guild_id, member_id) REFERENCES members (guild_id, id)
);

CREATE INDEX former_electors_of_member ON former_electors (guild_id, member_id);

-- The active members of sufficient rank who had no account when the campaign closed. Unknown, and so 0, for campaigns
-- that closed before this migration.
ALTER TABLE tallies ADD COLUMN awaiting_registration BIGINT NOT NULL DEFAULT 0;
