-- The primary key of every table except `guilds` starts with the guild, and every foreign key contains the guild. So a
-- row of one guild cannot refer to a row of another. Timestamps are in UTC, to the microsecond. The application
-- normalizes the keys (`*_key`), so that both databases compare them alike.

CREATE TABLE guilds (
    id BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    -- Increases with every change of a member's rank, activity or registration.
    roster_version BIGINT NOT NULL DEFAULT 0,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT guilds_slug UNIQUE (slug)
);

CREATE TABLE ranks (
    guild_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    level BIGINT NOT NULL,
    description TEXT,
    permissions TEXT NOT NULL,
    discord_role_id TEXT,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT ranks_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE,
    CONSTRAINT ranks_name UNIQUE (guild_id, name_key),
    CONSTRAINT ranks_level UNIQUE (guild_id, level),
    CONSTRAINT ranks_id_level UNIQUE (guild_id, id, level),
    CONSTRAINT ranks_level_range CHECK (level BETWEEN 1 AND 1000)
);

CREATE TABLE members (
    guild_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    discord_username TEXT NOT NULL,
    username_key TEXT COLLATE "C" NOT NULL,
    discord_id TEXT,
    display_name TEXT NOT NULL,
    -- The display name and username without case and accents, for sorting and searching.
    sort_key TEXT COLLATE "C" NOT NULL,
    rank_id BIGINT NOT NULL,
    -- A copy of the rank's level, which the foreign key keeps up to date, so that an index can sort the roster.
    rank_level BIGINT NOT NULL,
    rank_source TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    password_hash TEXT,
    -- Increases with every password change and deactivation, which invalidates older access tokens.
    credentials_version BIGINT NOT NULL DEFAULT 0,
    registered_at TIMESTAMP,
    last_seen_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT members_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE,
    CONSTRAINT members_rank FOREIGN KEY (guild_id, rank_id, rank_level)
        REFERENCES ranks (guild_id, id, level) ON UPDATE CASCADE,
    CONSTRAINT members_username UNIQUE (guild_id, username_key),
    CONSTRAINT members_discord_id UNIQUE (guild_id, discord_id)
);

CREATE INDEX members_roster ON members (guild_id, rank_level DESC, sort_key, id);
CREATE INDEX members_by_rank ON members (guild_id, rank_id, rank_level);

CREATE TABLE characters (
    guild_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    realm TEXT NOT NULL,
    realm_key TEXT COLLATE "C" NOT NULL,
    -- The name and realm without case and accents, for sorting and searching.
    sort_key TEXT COLLATE "C" NOT NULL,
    class TEXT NOT NULL,
    spec TEXT,
    role TEXT NOT NULL,
    is_main BOOLEAN NOT NULL,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT characters_member FOREIGN KEY (guild_id, member_id)
        REFERENCES members (guild_id, id) ON DELETE CASCADE,
    CONSTRAINT characters_name UNIQUE (guild_id, name_key, realm_key)
);

CREATE INDEX characters_roster ON characters (guild_id, sort_key, id);
CREATE INDEX characters_of_member ON characters (guild_id, member_id);
CREATE UNIQUE INDEX characters_one_main ON characters (guild_id, member_id) WHERE is_main;

CREATE TABLE invites (
    guild_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    -- Argon2id hash of the code. A member has at most one code, which a new one replaces.
    code_hash TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (guild_id, member_id),
    CONSTRAINT invites_member FOREIGN KEY (guild_id, member_id)
        REFERENCES members (guild_id, id) ON DELETE CASCADE
);

CREATE TABLE sessions (
    guild_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    user_agent TEXT,
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT sessions_member FOREIGN KEY (guild_id, member_id)
        REFERENCES members (guild_id, id) ON DELETE CASCADE
);

CREATE INDEX sessions_of_member ON sessions (guild_id, member_id);

CREATE TABLE refresh_tokens (
    guild_id BIGINT NOT NULL,
    -- SHA-256 of the token, in base64url.
    token_hash TEXT NOT NULL,
    session_id BIGINT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    -- When the token was exchanged for the next one. Using it again revokes the session.
    rotated_at TIMESTAMP,
    PRIMARY KEY (guild_id, token_hash),
    CONSTRAINT refresh_tokens_session FOREIGN KEY (guild_id, session_id)
        REFERENCES sessions (guild_id, id) ON DELETE CASCADE
);

CREATE INDEX refresh_tokens_of_session ON refresh_tokens (guild_id, session_id);

CREATE TABLE campaigns (
    guild_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    method TEXT NOT NULL,
    picks_per_voter BIGINT NOT NULL,
    min_rank_level_to_vote BIGINT NOT NULL,
    min_rank_level_to_view BIGINT,
    start_at TIMESTAMP,
    duration_hours BIGINT NOT NULL,
    -- start_at + duration_hours, stored so that an index can find the campaigns to close.
    closes_at TIMESTAMP,
    closed_at TIMESTAMP,
    status TEXT NOT NULL,
    early_close_if_all_voted BOOLEAN NOT NULL,
    results_visibility TEXT NOT NULL,
    announcements TEXT NOT NULL,
    discord_channel_id TEXT,
    created_by BIGINT,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT campaigns_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE,
    CONSTRAINT campaigns_created_by FOREIGN KEY (guild_id, created_by) REFERENCES members (guild_id, id),
    CONSTRAINT campaigns_picks_range CHECK (picks_per_voter BETWEEN 1 AND 10)
);

CREATE INDEX campaigns_newest ON campaigns (guild_id, created_at DESC, id DESC);
CREATE INDEX campaigns_due ON campaigns (status, closes_at);
CREATE INDEX campaigns_starting ON campaigns (status, start_at);

CREATE TABLE entries (
    guild_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    image_url TEXT,
    sort_order BIGINT NOT NULL,
    associated_member_id BIGINT,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT entries_campaign FOREIGN KEY (guild_id, campaign_id)
        REFERENCES campaigns (guild_id, id) ON DELETE CASCADE,
    CONSTRAINT entries_associated_member FOREIGN KEY (guild_id, associated_member_id)
        REFERENCES members (guild_id, id),
    CONSTRAINT entries_of_campaign UNIQUE (guild_id, campaign_id, id)
);

CREATE TABLE ballots (
    guild_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    cast_at TIMESTAMP NOT NULL,
    CONSTRAINT ballots_one_per_member PRIMARY KEY (guild_id, campaign_id, member_id),
    CONSTRAINT ballots_campaign FOREIGN KEY (guild_id, campaign_id)
        REFERENCES campaigns (guild_id, id) ON DELETE CASCADE,
    CONSTRAINT ballots_member FOREIGN KEY (guild_id, member_id) REFERENCES members (guild_id, id)
);

CREATE INDEX ballots_of_member ON ballots (guild_id, member_id);

CREATE TABLE picks (
    guild_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    -- 1 is the voter's first choice.
    position BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    PRIMARY KEY (guild_id, campaign_id, member_id, position),
    CONSTRAINT picks_ballot FOREIGN KEY (guild_id, campaign_id, member_id)
        REFERENCES ballots (guild_id, campaign_id, member_id) ON DELETE CASCADE,
    -- The picked entry belongs to this campaign.
    CONSTRAINT picks_entry FOREIGN KEY (guild_id, campaign_id, entry_id)
        REFERENCES entries (guild_id, campaign_id, id),
    CONSTRAINT picks_no_entry_twice UNIQUE (guild_id, campaign_id, member_id, entry_id)
);

CREATE TABLE tallies (
    guild_id BIGINT NOT NULL,
    campaign_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    eligible BIGINT NOT NULL,
    voted BIGINT NOT NULL,
    -- The final result (standings and rounds) in JSON, written once when the campaign closes.
    outcome TEXT NOT NULL,
    counted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (guild_id, campaign_id),
    CONSTRAINT tallies_campaign FOREIGN KEY (guild_id, campaign_id)
        REFERENCES campaigns (guild_id, id) ON DELETE CASCADE
);
