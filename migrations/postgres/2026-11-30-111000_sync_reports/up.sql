-- The report of the last sync of roles, with its changes, conflicts and kept ranks. The numbers alone are in `report`.
ALTER TABLE discord_links ADD COLUMN sync_report TEXT;
