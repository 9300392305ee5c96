ALTER TABLE refresh_tokens DROP COLUMN reusable_until;
