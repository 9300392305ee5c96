-- The announced event of a message, so that a message that comes too late is not sent.
ALTER TABLE discord_messages ADD COLUMN event TEXT;

-- The channel in which officers see what needs their attention.
ALTER TABLE discord_links ADD COLUMN log_channel_id TEXT;

-- The message that announced a campaign. It is edited as ballots arrive.
CREATE TABLE discord_boards (
    guild_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    channel_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    -- What the message shows, for comparison with what it should show.
    shown TEXT NOT NULL,
    -- The earliest time of the next edit.
    next_edit_at TIMESTAMP NOT NULL,
    PRIMARY KEY (guild_id, campaign_id),
    CONSTRAINT discord_boards_campaign FOREIGN KEY (guild_id, campaign_id)
        REFERENCES campaigns (guild_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
