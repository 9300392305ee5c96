-- When the code was issued; NULL for codes of an earlier release.
ALTER TABLE codes ADD COLUMN issued_at TIMESTAMP;

-- A member is deleted only if no vote refers to them.
CREATE INDEX entries_about_member ON entries (guild_id, associated_member_id) WHERE associated_member_id IS NOT NULL;
CREATE INDEX campaigns_by_creator ON campaigns (guild_id, created_by) WHERE created_by IS NOT NULL;
