DROP TABLE audit_events;
DROP TABLE failures;

CREATE TABLE invites (
    guild_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    code_hash TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (guild_id, member_id),
    CONSTRAINT invites_member FOREIGN KEY (guild_id, member_id)
        REFERENCES members (guild_id, id) ON DELETE CASCADE
);

INSERT INTO invites (guild_id, member_id, code_hash, expires_at)
SELECT guild_id, member_id, code_hash, expires_at FROM codes WHERE purpose = 'INVITE';

DROP TABLE codes;
