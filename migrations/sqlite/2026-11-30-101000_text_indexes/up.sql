-- What visitors see of a member's name, who do not see Discord usernames: the display name as in `sort_key`, or nothing if
-- it is the username.
ALTER TABLE members ADD COLUMN public_key TEXT GENERATED ALWAYS AS (
    CASE substr(sort_key, instr(sort_key, char(1)) + 1)
        WHEN substr(sort_key, 1, instr(sort_key, char(1)) - 1) THEN ''
        ELSE substr(sort_key, 1, instr(sort_key, char(1)) - 1)
    END
) VIRTUAL;
CREATE INDEX members_public ON members (guild_id, rank_level DESC, public_key, id);

-- The text to search: `sort_key` without spaces and hyphens.
ALTER TABLE members ADD COLUMN search_key TEXT GENERATED ALWAYS AS (replace(replace(sort_key, ' ', ''), '-', '')) VIRTUAL;
ALTER TABLE characters ADD COLUMN search_key TEXT
    GENERATED ALWAYS AS (replace(replace(sort_key, ' ', ''), '-', '')) VIRTUAL;

-- Which members and characters contain three characters in a row. A row's id is the id of the member or character. The
-- statements also compare the whole text, so these tables need no positions.
CREATE VIRTUAL TABLE __members_search
    USING fts5 (search_key, content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1');
CREATE VIRTUAL TABLE __characters_search
    USING fts5 (search_key, content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1');
INSERT INTO __members_search (rowid, search_key) SELECT id, search_key FROM members;
INSERT INTO __characters_search (rowid, search_key) SELECT id, search_key FROM characters;

CREATE TRIGGER members_search_insert AFTER INSERT ON members BEGIN
    INSERT INTO __members_search (rowid, search_key) VALUES (NEW.id, NEW.search_key);
END;
CREATE TRIGGER members_search_delete AFTER DELETE ON members BEGIN
    INSERT INTO __members_search (__members_search, rowid, search_key) VALUES ('delete', OLD.id, OLD.search_key);
END;
CREATE TRIGGER members_search_update AFTER UPDATE OF sort_key ON members WHEN OLD.sort_key <> NEW.sort_key BEGIN
    INSERT INTO __members_search (__members_search, rowid, search_key) VALUES ('delete', OLD.id, OLD.search_key);
    INSERT INTO __members_search (rowid, search_key) VALUES (NEW.id, NEW.search_key);
END;

CREATE TRIGGER characters_search_insert AFTER INSERT ON characters BEGIN
    INSERT INTO __characters_search (rowid, search_key) VALUES (NEW.id, NEW.search_key);
END;
CREATE TRIGGER characters_search_delete AFTER DELETE ON characters BEGIN
    INSERT INTO __characters_search (__characters_search, rowid, search_key) VALUES ('delete', OLD.id, OLD.search_key);
END;
CREATE TRIGGER characters_search_update AFTER UPDATE OF sort_key ON characters WHEN OLD.sort_key <> NEW.sort_key BEGIN
    INSERT INTO __characters_search (__characters_search, rowid, search_key) VALUES ('delete', OLD.id, OLD.search_key);
    INSERT INTO __characters_search (rowid, search_key) VALUES (NEW.id, NEW.search_key);
END;
