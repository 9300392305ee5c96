-- One-time codes of either kind in one table: a member has at most one of each, a new one replaces it.
CREATE TABLE codes (
    guild_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    -- INVITE (opens an account) or RESET (gives it another password).
    purpose TEXT NOT NULL,
    -- Argon2id of the code.
    code_hash TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    -- The highest rank level that whoever issued it reached, and the permissions they held: it opens no account that has
    -- come to more than that, for they could use it themselves.
    reach BIGINT NOT NULL,
    permissions TEXT NOT NULL,
    PRIMARY KEY (guild_id, member_id, purpose),
    CONSTRAINT codes_member FOREIGN KEY (guild_id, member_id)
        REFERENCES members (guild_id, id) ON DELETE CASCADE
);

-- Who issued the older codes is not known, so they open an account of no more than its present rank.
INSERT INTO codes (guild_id, member_id, purpose, code_hash, expires_at, reach, permissions)
SELECT
    invites.guild_id, invites.member_id, 'INVITE', invites.code_hash, invites.expires_at, ranks.level, ranks.permissions
FROM invites
JOIN members ON members.guild_id = invites.guild_id AND members.id = invites.member_id
JOIN ranks ON ranks.guild_id = members.guild_id AND ranks.id = members.rank_id;

DROP TABLE invites;

-- Failed attempts on an account, which need not exist.
CREATE TABLE failures (
    guild_id BIGINT NOT NULL,
    -- What was tried, and a hash of the username it was tried on.
    account TEXT NOT NULL,
    -- When, in microseconds since 1970, oldest first, as many as are allowed.
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
    -- None is an operator on the command line.
    actor_id BIGINT,
    -- The rank the actor held then.
    actor_rank TEXT,
    actor_rank_level BIGINT,
    action TEXT NOT NULL,
    -- The global id of what was acted on, which may be gone.
    subject TEXT,
    -- Whoever may not see this campaign does not see the event.
    campaign_id BIGINT,
    -- The least rank level that saw the campaign then, for when it is gone.
    min_rank_level BIGINT,
    summary TEXT NOT NULL,
    PRIMARY KEY (guild_id, id),
    CONSTRAINT audit_events_guild FOREIGN KEY (guild_id) REFERENCES guilds (id) ON DELETE CASCADE,
    CONSTRAINT audit_events_actor FOREIGN KEY (guild_id, actor_id) REFERENCES members (guild_id, id)
);

CREATE INDEX audit_events_newest ON audit_events (guild_id, at DESC, id DESC);
