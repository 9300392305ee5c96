//! Creates a guild from its export by another server.

use super::{former_electors, guilds::check_guild, rows::Guild, store};
use crate::{
    access::Access,
    audit::{self, Action},
    db::{self, GuildRows},
    kernel::{
        error::{Error, Refusal, Result},
        id::GuildId,
    },
};

/// Creates a guild from the rows that [`db::export_guild_rows`] returned, with all its ids. It gets another slug if one
/// is given.
///
/// An export has no passwords, so no member is registered afterwards. Who could vote in a live campaign still counts as
/// eligible. The guild is as new as its import, so that it does not become the oldest one, which is the default.
///
/// # Errors
/// `BAD_USER_INPUT` for a damaged file, an invalid slug, or one with tables or columns of a newer release; `CONFLICT` if
/// there is a guild with its id or its slug (`SLUG_TAKEN`), or one linked to its Discord server
/// (`DISCORD_SERVER_TAKEN`).
pub async fn import_guild(access: &Access, slug: Option<String>, mut tables: Vec<GuildRows>) -> Result<Guild> {
    let now = access.clock.now();
    let no_guild = || Refusal::input("tables", "The file is damaged: it does not have exactly one guild.");
    let row = tables.iter_mut().find(|rows| rows.table == "guilds" && rows.rows.len() == 1).ok_or_else(no_guild)?;
    let id = GuildId(row.value(0, "id").and_then(|id| id.parse().ok()).ok_or_else(no_guild)?);
    if let Some(slug) = &slug {
        row.set("slug", slug);
    }
    let slug = row.value(0, "slug").unwrap_or_default().to_owned();
    check_guild(&slug, row.value(0, "name").unwrap_or_default())?;
    row.set("created_at", &now.format("%F %T%.f").to_string());
    access
        .db
        .write(async move |conn| {
            if let Some(known) = store::guild(conn, id).await? {
                let message = format!("The guild is here already, as {}.", known.slug);
                return Err(Refusal::conflict("GUILD_EXISTS", message).into());
            }
            if store::guild_by_slug(conn, &slug).await?.is_some() {
                return Err(Refusal::conflict("SLUG_TAKEN", "There is already a guild with this slug.").into());
            }
            db::import_guild_rows(conn, id, &tables).await?;
            former_electors::record_all(conn, id).await?;
            store::unregister_members(conn, id).await?;
            audit::record(conn, id, None, now, audit::event(Action::GuildImport, id, "Imported the guild")).await?;
            store::guild(conn, id).await?.ok_or_else(|| Error::from(diesel::NotFound))
        })
        .await
}
