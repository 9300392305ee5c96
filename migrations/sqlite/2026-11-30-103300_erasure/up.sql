-- When the member's personal data was replaced with placeholders.
ALTER TABLE members ADD COLUMN erased_at TIMESTAMP;
