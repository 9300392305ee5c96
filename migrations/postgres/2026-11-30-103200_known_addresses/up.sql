-- The addresses from which a member signed in. Failed attempts from other addresses do not lock the member out there.
CREATE TABLE known_addresses (
    guild_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    -- A keyed hash of the address, so that the database alone does not reveal it.
    address TEXT COLLATE "C" NOT NULL,
    last_used_at TIMESTAMP NOT NULL,
    PRIMARY KEY (guild_id, member_id, address),
    CONSTRAINT known_addresses_member FOREIGN KEY (guild_id, member_id)
        REFERENCES members (guild_id, id) ON DELETE CASCADE
);

CREATE INDEX known_addresses_last_used ON known_addresses (last_used_at);
