ALTER TABLE campaigns DROP COLUMN draft_revision;
