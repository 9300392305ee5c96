ALTER TABLE campaigns DROP COLUMN cancelled_awaiting_registration;
ALTER TABLE campaigns DROP COLUMN cancelled_eligible;
ALTER TABLE campaigns DROP COLUMN cancel_reason;
