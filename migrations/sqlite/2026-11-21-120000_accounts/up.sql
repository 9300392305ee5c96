-- One-time codes of both purposes. A member has at most one of each, which a new one replaces.
CREATE TABLE codes (
    guild_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    -- INVITE (to register) or RESET (to set another password).
    purpose TEXT NOT NULL,
    -- Argon2id hash of the code.
    code_hash TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    -- The highest rank level that the issuer could act on, and the issuer's permissions. The code is not accepted for
    -- an account that has exceeded them since, because the issuer could use the code.
    reach BIGINT NOT NULL,
    permissions TEXT NOT NULL,
    PRIMARY KEY (guild_id, member_id, purpose),
    CONSTRAINT codes_member FOREIGN KEY (guild_id, member_id)
        REFERENCES members (guild_id, id) ON DELETE CASCADE
);

-- The issuers of older codes are unknown, so these codes are limited to the member's current rank.
INSERT INTO codes (guild_id, member_id, purpose, code_hash, expires_at, reach, permissions)
SELECT
    invites.guild_id, invites.member_id, 'INVITE', invites.code_hash, invites.expires_at, ranks.level, ranks.permissions
FROM invites
JOIN members ON members.guild_id = invites.guild_id AND members.id = invites.member_id
JOIN ranks ON ranks.guild_id = members.guild_id AND ranks.id = members.rank_id;

DROP TABLE invites;

-- Failed attempts on accounts, including accounts that don't exist.
CREATE TABLE failures (
    guild_id BIGINT NOT NULL,
    -- The kind of attempt, and a hash of the username.
    account TEXT NOT NULL,
    -- The times of the last failures, in microseconds since 1970, oldest first, at most as many as are allowed.
    recent TEXT NOT NULL,
    last_at TIMESTAMP NOT NULL,
    PRIMARY KEY (guild_id, account),
    CONSTRAINT failures_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE
);

CREATE INDEX failures_last ON failures (guild_id, last_at);

CREATE TABLE audit_events (
    guild_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at TIMESTAMP NOT NULL,
    -- NULL for an operator on the command line.
    actor_id BIGINT,
    -- The actor's rank at that time.
    actor_rank TEXT,
    actor_rank_level BIGINT,
    action TEXT NOT NULL,
    -- The global id of the object that was changed, which may have been deleted since.
    subject TEXT,
    -- Only viewers who can see this campaign can see the event.
    campaign_id BIGINT,
    -- The lowest rank level that could see the campaign at that time, in case it is deleted.
    min_rank_level BIGINT,
    summary TEXT NOT NULL,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT audit_events_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE,
    CONSTRAINT audit_events_actor FOREIGN KEY (guild_id, actor_id) REFERENCES members (guild_id, id)
);

CREATE INDEX audit_events_newest ON audit_events (guild_id, at DESC, id DESC);
