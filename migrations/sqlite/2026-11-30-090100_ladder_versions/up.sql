-- Increases with every change of the ladder that moves levels. A rank level and a bound that were read at different times
-- can be compared only if it was the same at both.
ALTER TABLE guilds ADD COLUMN ladder_version BIGINT NOT NULL DEFAULT 0;
