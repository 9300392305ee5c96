-- Why the campaign closed. Servers that do not know the column leave it empty; it then follows from the other columns,
-- as far as they say.
ALTER TABLE campaigns ADD COLUMN close_reason TEXT;
