//! Keeps the stored keys of names up to date. A key follows from a name by rules that change between releases, and a
//! server of another release may still write keys by its own rules.

use diesel::{QueryResult, prelude::*};
use diesel_async::RunQueryDsl;

use super::{
    rows::{Character, Member, Rank},
    store,
};
use crate::{
    db::{
        Conn, Db, on, on_rows,
        schema::{characters, members, ranks},
        violated_constraint,
    },
    kernel::{
        error::{Error, Refusal, Result},
        id::{CharacterId, GuildId, MemberId, RankId},
        text,
    },
};

/// Number of rows that are read at once.
const ROWS_READ: i64 = 5_000;
/// Number of rows that a transaction changes, so that it doesn't block other writers for long.
const ROWS_WRITTEN: usize = 500;

/// Brings the keys of all names up to date. A name whose key belongs to another row keeps its former key, and is
/// logged: someone has to rename one of the two.
///
/// # Errors
/// A database error.
pub async fn refresh_keys(db: &Db) -> Result<()> {
    for table in [NamedTable::Ranks, NamedTable::Members, NamedTable::Characters] {
        let (mut after, mut collided) = (Some((GuildId(0), 0)), Vec::new());
        while let Some(start) = after {
            let (stale, last) = db.read(async move |conn| Ok(table.stale_after(conn, start).await?)).await?;
            for batch in stale.chunks(ROWS_WRITTEN) {
                // A batch with a collision is stored row by row.
                if !store_batch(db, batch.to_vec()).await? {
                    for row in batch {
                        if !store_batch(db, vec![row.clone()]).await? {
                            collided.push(row.clone());
                        }
                    }
                }
            }
            after = last;
        }
        // The other row may have had a former key too.
        for row in collided {
            if !store_batch(db, vec![row.clone()]).await? {
                log_collision(db, &row).await?;
            }
        }
    }
    Ok(())
}

/// A table with keys of names.
#[derive(Clone, Copy)]
enum NamedTable {
    Ranks,
    Members,
    Characters,
}

/// A row's primary key.
type Position = (GuildId, i64);

/// A row with its keys by this release's rules, which differ from the stored ones.
#[derive(Clone)]
enum StaleRow {
    Rank(Rank),
    Member(Member),
    Character(Character),
}

/// Loads rows in the order of the primary key. The first condition lets the index skip former guilds.
macro_rules! rows_after {
    ($conn:expr, $row:ident, $table:ident, $id:ident, $after:expr) => {{
        let (guild, id) = $after;
        let later = || $table::guild_id.gt(guild).or($table::id.gt($id(id)));
        on_rows!($conn, $row::load, all => all
            .filter($table::guild_id.ge(guild).and(later()))
            .order(($table::guild_id, $table::id))
            .limit(ROWS_READ))
    }};
}

impl NamedTable {
    /// Returns the stale rows among the next rows, and the last position if there may be more.
    async fn stale_after(self, conn: &mut Conn, after: Position) -> QueryResult<(Vec<StaleRow>, Option<Position>)> {
        let (read, last, stale): (usize, _, Vec<_>) = match self {
            Self::Ranks => {
                let rows = rows_after!(conn, Rank, ranks, RankId, after)?;
                let last = rows.last().map(|rank| (rank.guild_id, rank.id.0));
                (rows.len(), last, rows.into_iter().filter_map(stale_rank).collect())
            }
            Self::Members => {
                let rows = rows_after!(conn, Member, members, MemberId, after)?;
                let last = rows.last().map(|member| (member.guild_id, member.id.0));
                (rows.len(), last, rows.into_iter().filter_map(stale_member).collect())
            }
            Self::Characters => {
                let rows = rows_after!(conn, Character, characters, CharacterId, after)?;
                let last = rows.last().map(|character| (character.guild_id, character.id.0));
                (rows.len(), last, rows.iter().filter_map(stale_character).collect())
            }
        };
        let is_full = i64::try_from(read) == Ok(ROWS_READ);
        Ok((stale, last.filter(|_| is_full)))
    }
}

fn stale_rank(rank: Rank) -> Option<StaleRow> {
    let name_key = text::key(&rank.name);
    (name_key != rank.name_key).then_some(StaleRow::Rank(Rank { name_key, ..rank }))
}

fn stale_member(member: Member) -> Option<StaleRow> {
    let username_key = text::username_key(&member.discord_username);
    let sort_key = text::sort_key(&[&member.display_name, &member.discord_username]);
    let is_stale = username_key != member.username_key || sort_key != member.sort_key;
    is_stale.then_some(StaleRow::Member(Member { username_key, sort_key, ..member }))
}

fn stale_character(stored: &Character) -> Option<StaleRow> {
    let current = stored.clone().with_name(stored.name.clone(), stored.realm.clone());
    (current != *stored).then_some(StaleRow::Character(current))
}

/// Stores the keys of these rows. If another row has one of them already, stores none and returns `false`.
async fn store_batch(db: &Db, rows: Vec<StaleRow>) -> Result<bool> {
    let stored = db.write(async move |conn| {
        for row in &rows {
            row.store_keys(conn).await.map_err(|error| match violated_constraint(&error) {
                Some(_) => Refusal::conflict("NAME_TAKEN", "Another row has this key.").into(),
                None => Error::from(error),
            })?;
        }
        Ok(())
    });
    match stored.await {
        Err(error) if error.refusal().is_some() => Ok(false),
        stored => stored.map(|()| true),
    }
}

async fn log_collision(db: &Db, row: &StaleRow) -> Result<()> {
    let (guild, what) = row.describe();
    let found = db.read(async move |conn| Ok(store::guild(conn, guild).await?)).await?;
    let guild = found.map(|guild| guild.slug).unwrap_or_default();
    tracing::warn!(guild, "{what} has the same name as another, by the rules of this release; rename one of the two");
    Ok(())
}

impl StaleRow {
    /// Stores the keys, unless the name has changed since it was read.
    async fn store_keys(&self, conn: &mut Conn) -> QueryResult<()> {
        match self {
            Self::Rank(rank) => {
                on!(conn, c => diesel::update(ranks::table.find((rank.guild_id, rank.id)))
                    .filter(ranks::name.eq(&rank.name))
                    .set(ranks::name_key.eq(&rank.name_key))
                    .execute(c))
            }
            Self::Member(member) => {
                let same_name = || {
                    members::discord_username
                        .eq(&member.discord_username)
                        .and(members::display_name.eq(&member.display_name))
                };
                on!(conn, c => diesel::update(members::table.find((member.guild_id, member.id)))
                    .filter(same_name())
                    .set((members::username_key.eq(&member.username_key), members::sort_key.eq(&member.sort_key)))
                    .execute(c))
            }
            Self::Character(character) => {
                let same_name = || characters::name.eq(&character.name).and(characters::realm.eq(&character.realm));
                on!(conn, c => diesel::update(characters::table.find((character.guild_id, character.id)))
                    .filter(same_name())
                    .set((
                        characters::name_key.eq(&character.name_key),
                        characters::realm_key.eq(&character.realm_key),
                        characters::sort_key.eq(&character.sort_key),
                    ))
                    .execute(c))
            }
        }
        .map(|_| ())
    }

    /// Returns the guild, and the row's kind and name.
    fn describe(&self) -> (GuildId, String) {
        match self {
            Self::Rank(rank) => (rank.guild_id, format!("the rank {}", rank.name)),
            Self::Member(member) => (member.guild_id, format!("the member {}", member.discord_username)),
            Self::Character(character) => (character.guild_id, format!("the character {}", character.full_name())),
        }
    }
}
