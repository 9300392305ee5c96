//! Searches in names, through an index of three-character parts on both databases. SQLite has FTS5's trigram tokenizer.
//! On PostgreSQL, a function returns a text's parts, and a GIN index contains them.

use diesel::{
    AppearsOnTable, QueryResult,
    expression::{Expression, ValidGrouping, is_aggregate},
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Bool, Text},
    sqlite::Sqlite,
};

use crate::kernel::{id::GuildId, text};

/// The shortest text that the indexes find, in characters. A shorter one is compared with every name of the guild.
const PART: usize = 3;
/// Maximum number of parts that a search on SQLite looks up: enough to leave few rows to compare.
const MAX_PARTS: usize = 20;

/// The names in which a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchScope {
    /// Display names and Discord usernames of members.
    Members,
    /// Display names of members, except those that are the Discord username.
    PublicMembers,
    /// Names and realms of characters.
    Characters,
    /// Titles of campaigns. A guild has few of them, so they have no index.
    Campaigns,
}

/// The condition that a name contains a text. Case, accents, apostrophes, spaces and hyphens make no difference.
pub struct NameContains {
    scope: SearchScope,
    guild: GuildId,
    /// The text as keys contain it.
    term: String,
    /// The `LIKE` pattern of the text.
    pattern: String,
    /// The expression for FTS5, if the text is long enough for the index.
    parts: Option<String>,
}

impl NameContains {
    /// The condition for rows of this guild.
    pub fn new(scope: SearchScope, guild: GuildId, search: &str) -> Self {
        let term = text::search_key(search);
        let chars: Vec<char> = term.chars().collect();
        let quoted = |part: &[char]| format!("\"{}\"", part.iter().collect::<String>().replace('"', "\"\""));
        let parts: Vec<String> = chars.windows(PART).take(MAX_PARTS).map(quoted).collect();
        let has_index = scope != SearchScope::Campaigns && !parts.is_empty();
        let parts = has_index.then(|| parts.join(" AND "));
        Self { scope, guild, pattern: text::contains_pattern(&term), term, parts }
    }

    fn push_comparison<'b, DB>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: diesel::backend::Backend + diesel::sql_types::HasSqlType<Text>,
        String: diesel::serialize::ToSql<Text, DB>,
    {
        out.push_sql(match self.scope {
            SearchScope::Members => "\"members\".\"search_key\" LIKE ",
            SearchScope::PublicMembers => "replace(replace(\"members\".\"public_key\", ' ', ''), '-', '') LIKE ",
            SearchScope::Characters => "\"characters\".\"search_key\" LIKE ",
            SearchScope::Campaigns => "replace(replace(\"campaigns\".\"sort_key\", ' ', ''), '-', '') LIKE ",
        });
        out.push_bind_param::<Text, String>(&self.pattern)?;
        out.push_sql(" ESCAPE '\\'");
        Ok(())
    }
}

impl Expression for NameContains {
    type SqlType = Bool;
}

impl ValidGrouping<()> for NameContains {
    type IsAggregate = is_aggregate::No;
}

impl<QS> AppearsOnTable<QS> for NameContains {}

impl QueryId for NameContains {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Sqlite> for NameContains {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(");
        if let Some(parts) = &self.parts {
            out.push_sql(match self.scope {
                SearchScope::Members | SearchScope::PublicMembers => {
                    "\"members\".\"id\" IN (SELECT rowid FROM __members_search WHERE __members_search MATCH "
                }
                SearchScope::Characters | SearchScope::Campaigns => {
                    "\"characters\".\"id\" IN (SELECT rowid FROM __characters_search WHERE __characters_search MATCH "
                }
            });
            out.push_bind_param::<Text, String>(parts)?;
            out.push_sql(") AND ");
        }
        self.push_comparison(&mut out)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Pg> for NameContains {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        if self.parts.is_some() {
            let table = match self.scope {
                SearchScope::Members | SearchScope::PublicMembers => "\"members\"",
                SearchScope::Characters | SearchScope::Campaigns => "\"characters\"",
            };
            out.push_sql("guildhall_trigrams(");
            out.push_sql(table);
            out.push_sql(".\"guild_id\", ");
            out.push_sql(table);
            out.push_sql(".\"search_key\") @> guildhall_trigrams(");
            out.push_bind_param::<BigInt, i64>(&self.guild.0)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, String>(&self.term)?;
            out.push_sql(") AND ");
        }
        self.push_comparison(&mut out)?;
        out.push_sql(")");
        Ok(())
    }
}
