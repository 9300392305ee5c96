ALTER TABLE guilds DROP COLUMN suspended_at;
