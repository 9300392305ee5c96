ALTER TABLE discord_links DROP COLUMN sync_report;
