DROP TABLE abstentions;
DROP INDEX ballots_nonce;
ALTER TABLE ballots DROP COLUMN nonce;
DROP INDEX campaigns_past;
ALTER TABLE campaigns DROP COLUMN seats;
