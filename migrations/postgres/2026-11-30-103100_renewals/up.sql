-- Until when a rotated token can be exchanged again. NULL for a token that a password change or a server of the release
-- before has replaced.
ALTER TABLE refresh_tokens ADD COLUMN reusable_until TIMESTAMP;
