ALTER TABLE campaigns DROP COLUMN outcome;
