-- A guild's Discord server, and how the bot is to behave there.
CREATE TABLE discord_links (
    guild_id BIGINT NOT NULL PRIMARY KEY,
    -- Discord's ids are numbers of up to 20 digits, kept as text as everywhere.
    server_id TEXT NOT NULL,
    -- Where campaigns are told of that name no channel of their own.
    channel_id TEXT,
    -- What a campaign's title links to: an address with {id} in it.
    campaign_url TEXT,
    -- Red, green and blue in a byte each.
    color BIGINT NOT NULL,
    thumbnail_url TEXT,
    -- The rank of newcomers without a mapped role; none, or one that is gone, is the lowest rank with one.
    newcomer_rank_id BIGINT,
    sync_minutes BIGINT NOT NULL,
    next_sync_at TIMESTAMP NOT NULL,
    -- When roles were last in step, and what that took.
    synced_at TIMESTAMP,
    report TEXT,
    -- Why the last attempt failed, if it did.
    problem TEXT,
    CONSTRAINT discord_links_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE,
    -- A server is one guild's.
    CONSTRAINT discord_links_server UNIQUE (server_id)
);

CREATE INDEX discord_links_due ON discord_links (next_sync_at);

-- Messages on their way to Discord: written with the change that causes them, gone when they have been delivered.
CREATE TABLE discord_messages (
    guild_id BIGINT NOT NULL,
    -- Also the nonce by which Discord knows a message that is sent twice.
    id BIGINT NOT NULL,
    -- The channel or the user they go to, in the order of their numbers.
    lane TEXT NOT NULL,
    number BIGINT NOT NULL,
    -- ANNOUNCEMENT, INVITE or RESET_CODE.
    kind TEXT NOT NULL,
    campaign_id BIGINT,
    member_id BIGINT,
    -- As Discord takes it, in JSON; of a code, sealed.
    body TEXT NOT NULL,
    -- QUEUED, or FAILED: a dead letter.
    state TEXT NOT NULL,
    queued_at TIMESTAMP NOT NULL,
    -- Not worth delivering from then on.
    expires_at TIMESTAMP NOT NULL,
    -- Not to be tried before.
    due_at TIMESTAMP NOT NULL,
    -- Until then a server is at it.
    claimed_until TIMESTAMP,
    -- Which claim it is: a server that comes back late finds another.
    claim BIGINT,
    attempts BIGINT NOT NULL,
    problem TEXT,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT discord_messages_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE
);

CREATE INDEX discord_messages_lane ON discord_messages (lane, state, number, id);
CREATE INDEX discord_messages_due ON discord_messages (state, due_at);
CREATE INDEX discord_messages_outbox ON discord_messages (guild_id, queued_at DESC, id);

-- What has been told of a campaign.
CREATE TABLE discord_stories (
    guild_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    -- In JSON: the events told, and who led when it was last told.
    told TEXT NOT NULL,
    PRIMARY KEY (guild_id, campaign_id),
    CONSTRAINT discord_stories_campaign FOREIGN KEY (guild_id, campaign_id)
        REFERENCES campaigns (guild_id, id) ON DELETE CASCADE
);

-- Which server keeps the connection to Discord: one row for all guilds.
CREATE TABLE discord_keeper (
    id BIGINT NOT NULL PRIMARY KEY,
    holder BIGINT NOT NULL,
    -- The holder's until then, unless it renews it.
    held_until TIMESTAMP NOT NULL,
    -- CONNECTING, CONNECTED or REFUSED.
    state TEXT NOT NULL,
    since TIMESTAMP NOT NULL,
    problem TEXT
);
