-- What the officers made of the result.
ALTER TABLE campaigns ADD COLUMN outcome TEXT;
