-- The title without case and accents, for sorting and searching. The server fills it in for campaigns of servers that do
-- not know the column.
ALTER TABLE campaigns ADD COLUMN sort_key TEXT NOT NULL DEFAULT '';

CREATE INDEX campaigns_by_title ON campaigns (guild_id, sort_key, id);
-- Campaigns without an end come after all others. Queries contain the same expression.
CREATE INDEX campaigns_by_end ON campaigns (guild_id, coalesce(closes_at, '9999-12-31 23:59:59'), id);

-- The lowest rank first. `members_roster` read backwards has another order: names within a rank are from A to Z in both.
CREATE INDEX members_by_level ON members (guild_id, rank_level, sort_key, id);
CREATE INDEX members_by_name ON members (guild_id, sort_key, id);
-- The same for visitors.
CREATE INDEX members_by_public_level ON members (guild_id, rank_level, public_key, id);
CREATE INDEX members_by_public_name ON members (guild_id, public_key, id);
CREATE INDEX members_by_age ON members (guild_id, created_at, id);
-- Members who were never seen come before all others. Queries contain the same expression.
CREATE INDEX members_by_last_seen ON members (guild_id, coalesce(last_seen_at, '1970-01-01 00:00:00'), id);

CREATE INDEX characters_by_class ON characters (guild_id, class, role, member_id);
CREATE INDEX characters_by_role ON characters (guild_id, role, member_id);

CREATE INDEX audit_events_of_actor ON audit_events (guild_id, actor_id, at DESC, id DESC);
CREATE INDEX audit_events_of_subject ON audit_events (guild_id, subject, at DESC, id DESC);
CREATE INDEX audit_events_of_action ON audit_events (guild_id, action, at DESC, id DESC);
