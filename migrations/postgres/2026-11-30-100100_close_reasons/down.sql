ALTER TABLE campaigns DROP COLUMN close_reason;
