-- The member who issued the code; NULL for an operator's command.
ALTER TABLE codes ADD COLUMN issuer_id BIGINT;
-- The hash of the code that this member issued. A server of the release before replaces only `code_hash`. Then the
-- issuer is unknown, and the code is not accepted.
ALTER TABLE codes ADD COLUMN issued_hash TEXT;
