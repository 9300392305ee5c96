-- When an operator suspended the guild, which then serves no requests; NULL if it is not suspended.
ALTER TABLE guilds ADD COLUMN suspended_at TIMESTAMP;
