DROP TABLE discord_boards;
ALTER TABLE discord_links DROP COLUMN log_channel_id;
ALTER TABLE discord_messages DROP COLUMN event;
