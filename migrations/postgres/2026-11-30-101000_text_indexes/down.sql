DROP INDEX members_search;
DROP INDEX characters_search;
DROP FUNCTION guildhall_trigrams;
DROP INDEX members_public;
ALTER TABLE characters DROP COLUMN search_key;
ALTER TABLE members DROP COLUMN search_key;
ALTER TABLE members DROP COLUMN public_key;

ALTER TABLE guilds ALTER COLUMN slug TYPE TEXT;
ALTER TABLE members ALTER COLUMN discord_id TYPE TEXT;
ALTER TABLE codes ALTER COLUMN purpose TYPE TEXT;
ALTER TABLE refresh_tokens ALTER COLUMN token_hash TYPE TEXT;
ALTER TABLE failures ALTER COLUMN account TYPE TEXT;
ALTER TABLE campaigns ALTER COLUMN status TYPE TEXT;
ALTER TABLE ballots ALTER COLUMN nonce TYPE TEXT;
ALTER TABLE discord_links ALTER COLUMN server_id TYPE TEXT;
ALTER TABLE discord_messages ALTER COLUMN lane TYPE TEXT, ALTER COLUMN state TYPE TEXT;
-- The collation of __diesel_schema_migrations stays: the connection that reverts several migrations has prepared a
-- statement that returns this column, and PostgreSQL would reject it.
