DROP INDEX campaigns_by_creator;
DROP INDEX entries_about_member;
ALTER TABLE codes DROP COLUMN issued_at;
