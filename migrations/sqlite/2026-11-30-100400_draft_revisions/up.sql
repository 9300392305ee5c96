-- Grows with each edit of the draft or its entries, so that two officers do not overwrite each other's edits.
ALTER TABLE campaigns ADD COLUMN draft_revision BIGINT NOT NULL DEFAULT 1;
