ALTER TABLE guilds DROP COLUMN ladder_version;
