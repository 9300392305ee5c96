-- Indexed texts are compared byte by byte. With the system's collation, an update of the operating system could change their
-- order and damage the indexes.
ALTER TABLE guilds ALTER COLUMN slug TYPE TEXT COLLATE "C";
ALTER TABLE members ALTER COLUMN discord_id TYPE TEXT COLLATE "C";
ALTER TABLE codes ALTER COLUMN purpose TYPE TEXT COLLATE "C";
ALTER TABLE refresh_tokens ALTER COLUMN token_hash TYPE TEXT COLLATE "C";
ALTER TABLE failures ALTER COLUMN account TYPE TEXT COLLATE "C";
ALTER TABLE campaigns ALTER COLUMN status TYPE TEXT COLLATE "C";
ALTER TABLE ballots ALTER COLUMN nonce TYPE TEXT COLLATE "C";
ALTER TABLE discord_links ALTER COLUMN server_id TYPE TEXT COLLATE "C";
ALTER TABLE discord_messages ALTER COLUMN lane TYPE TEXT COLLATE "C", ALTER COLUMN state TYPE TEXT COLLATE "C";
ALTER TABLE __diesel_schema_migrations ALTER COLUMN version TYPE VARCHAR(50) COLLATE "C";

-- What visitors see of a member's name, who do not see Discord usernames: the display name as in `sort_key`, or nothing if
-- it is the username. And the text to search: `sort_key` without spaces and hyphens.
ALTER TABLE members
    ADD COLUMN public_key TEXT COLLATE "C" GENERATED ALWAYS AS (
        CASE split_part(sort_key, E'\x01', 2)
            WHEN split_part(sort_key, E'\x01', 1) THEN ''
            ELSE split_part(sort_key, E'\x01', 1)
        END
    ) STORED,
    ADD COLUMN search_key TEXT COLLATE "C"
        GENERATED ALWAYS AS (replace(replace(sort_key, ' ', ''), '-', '')) STORED;
ALTER TABLE characters
    ADD COLUMN search_key TEXT COLLATE "C"
        GENERATED ALWAYS AS (replace(replace(sort_key, ' ', ''), '-', '')) STORED;
CREATE INDEX members_public ON members (guild_id, rank_level DESC, public_key, id);

-- All parts of a text with three characters, each with the guild, so that a search reads only the guild's part of the
-- index. Unlike the extension pg_trgm, this needs no privilege, and depends on no locale.
CREATE FUNCTION guildhall_trigrams(guild BIGINT, key TEXT) RETURNS TEXT[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT ARRAY(SELECT DISTINCT guild || ':' || substr(key, n, 3) FROM generate_series(1, length(key) - 2) AS n) $$;

CREATE INDEX members_search ON members USING gin (guildhall_trigrams(guild_id, search_key));
CREATE INDEX characters_search ON characters USING gin (guildhall_trigrams(guild_id, search_key));
