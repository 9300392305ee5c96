ALTER TABLE codes DROP COLUMN issued_hash;
ALTER TABLE codes DROP COLUMN issuer_id;
