-- A guild's Discord server, and the bot's settings there.
CREATE TABLE discord_links (
    guild_id BIGINT NOT NULL PRIMARY KEY,
    -- Discord's ids are numbers of up to 20 digits, stored as text in all tables.
    server_id TEXT NOT NULL,
    -- The channel for announcements of campaigns without a channel of their own.
    channel_id TEXT,
    -- The URL that a campaign's title links to, which contains {id}.
    campaign_url TEXT,
    -- The embed's colour, as 0xRRGGBB.
    color BIGINT NOT NULL,
    thumbnail_url TEXT,
    -- The rank of new members without a mapped role. NULL or a deleted rank means the lowest rank with a mapped role.
    newcomer_rank_id BIGINT,
    sync_minutes BIGINT NOT NULL,
    next_sync_at TIMESTAMP NOT NULL,
    -- When roles were last synchronized, and what changed.
    synced_at TIMESTAMP,
    report TEXT,
    -- Why the last synchronization failed, if it did.
    problem TEXT,
    CONSTRAINT discord_links_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE,
    -- A Discord server can be linked to only one guild.
    CONSTRAINT discord_links_server UNIQUE (server_id)
) WITHOUT ROWID;

CREATE INDEX discord_links_due ON discord_links (next_sync_at);

-- Messages to Discord, inserted in the transaction of the change that causes them, and deleted after delivery.
CREATE TABLE discord_messages (
    guild_id BIGINT NOT NULL,
    -- Also the nonce by which Discord ignores a message that is sent twice.
    id BIGINT NOT NULL,
    -- The destination: a channel or a user. Its messages are delivered in the order of `number`.
    lane TEXT NOT NULL,
    number BIGINT NOT NULL,
    -- ANNOUNCEMENT, INVITE or RESET_CODE.
    kind TEXT NOT NULL,
    campaign_id BIGINT,
    member_id BIGINT,
    -- The body of Discord's request, in JSON. Encrypted if it contains a code.
    body TEXT NOT NULL,
    -- QUEUED, or FAILED (a dead letter).
    state TEXT NOT NULL,
    queued_at TIMESTAMP NOT NULL,
    -- When the message is no longer worth delivering.
    expires_at TIMESTAMP NOT NULL,
    -- The earliest time of the next attempt.
    due_at TIMESTAMP NOT NULL,
    -- Until then, no other server attempts the delivery.
    claimed_until TIMESTAMP,
    -- Identifies the claim, so that a server whose claim has expired notices that another server has claimed the
    -- message.
    claim BIGINT,
    attempts BIGINT NOT NULL,
    problem TEXT,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT discord_messages_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX discord_messages_lane ON discord_messages (lane, state, number, id);
CREATE INDEX discord_messages_due ON discord_messages (state, due_at);
CREATE INDEX discord_messages_outbox ON discord_messages (guild_id, queued_at DESC, id);

-- What has been announced about a campaign.
CREATE TABLE discord_stories (
    guild_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    -- In JSON: the announced events, and the leaders at the last announcement.
    told TEXT NOT NULL,
    PRIMARY KEY (guild_id, campaign_id),
    CONSTRAINT discord_stories_campaign FOREIGN KEY (guild_id, campaign_id)
        REFERENCES campaigns (guild_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

-- The lease of the connection to Discord's gateway: a single row for all guilds.
CREATE TABLE discord_keeper (
    id BIGINT NOT NULL PRIMARY KEY,
    holder BIGINT NOT NULL,
    -- When the lease expires, unless the holder renews it.
    held_until TIMESTAMP NOT NULL,
    -- CONNECTING, CONNECTED or REFUSED.
    state TEXT NOT NULL,
    since TIMESTAMP NOT NULL,
    problem TEXT
);
