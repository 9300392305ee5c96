//! Sets the whole list of a draft's entries at once.

use std::collections::{HashMap, HashSet};

use guildhall_count::MAX_ENTRIES;

use super::{
    distinct_entries::DistinctEntries,
    editing::{check_revision, lock_draft, quoted, record, save_edit},
    entries::{NewEntry, check_member, members_of, too_many_entries},
    rows::{Campaign, Entry},
    service::Voting,
    store,
};
use crate::{
    access::Viewer,
    audit::Action,
    db::Conn,
    kernel::{
        error::{Refusal, Result},
        id::{CampaignId, EntryId, GuildId, MemberId},
        input::{InputCheck, both, refused_field},
    },
};

/// An entry of the new list.
#[derive(Clone)]
pub struct ListedEntry {
    /// The entry to keep or change; `None` for a new one.
    pub id: Option<EntryId>,
    /// Its fields. An unset one is empty, also if the entry had a value before.
    pub entry: NewEntry,
}

/// Sets the entries of a draft, in this order. Entries that the list leaves out are removed.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `CONFLICT` (`NOT_A_DRAFT`, `STALE_DRAFT`, `NAME_TAKEN`, `MEMBER_TAKEN`).
pub async fn set_entries(
    voting: &Voting,
    viewer: &Viewer,
    id: CampaignId,
    draft_revision: Option<i64>,
    listed: Vec<ListedEntry>,
) -> Result<Campaign> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        // Also wakes the scheduler: a due draft may now have enough entries to start.
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let draft = refused_field(lock_draft(conn, &officer, id, "campaignId").await)?;
            let stored = match &draft {
                Ok(draft) => {
                    check_revision(draft, draft_revision)?;
                    Some(store::entries_of(conn, draft.guild_id, &[draft.id]).await?)
                }
                Err(_) => None,
            };
            let members = listed.iter().take(MAX_ENTRIES).filter_map(|it| it.entry.associated_member);
            let members = members_of(conn, officer.guild, members.collect::<Vec<_>>()).await?;
            let entries =
                InputCheck::run(|check| check_list(check, (officer.guild, id), stored.as_deref(), listed, &members));
            let (draft, entries) = both(draft, entries)?;
            let changes = store_list(conn, &stored.unwrap_or_default(), entries).await?;
            let campaign = save_edit(conn, draft).await?;
            let summary = format!("Set the entries of {}: {changes}", quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignUpdate, summary).await?;
            Ok(campaign)
        })
        .await
}

/// Checks a new list, and returns its rows. Without `stored` entries, because there is no such draft, checks only the
/// fields.
fn check_list(
    check: &mut InputCheck,
    campaign: (GuildId, CampaignId),
    stored: Option<&[Entry]>,
    listed: Vec<ListedEntry>,
    members: &HashSet<MemberId>,
) -> Vec<Entry> {
    if listed.len() > MAX_ENTRIES {
        check.refuse(too_many_entries("entries"));
        return Vec::new();
    }
    let known: HashMap<EntryId, &Entry> = stored.unwrap_or_default().iter().map(|entry| (entry.id, entry)).collect();
    let (mut entries, mut seen) = (Vec::new(), HashSet::new());
    for (order, ListedEntry { id, entry }) in (0..).zip(listed) {
        check.nested(&format!("entries[{order}]"), |check| {
            match id {
                Some(id) if stored.is_some() && !known.contains_key(&id) => {
                    check.refuse(Refusal::not_found("entry").at("id"));
                }
                Some(id) if !seen.insert(id) => {
                    check.refuse(Refusal::input("id", "The list has this entry twice."));
                }
                _ => {}
            }
            let row = check.nested("entry", |check| {
                let row = entry.check(check, campaign, order);
                check_member(check, &row, members);
                row
            });
            entries.push(Entry { id: id.unwrap_or(row.id), ..row });
        });
    }
    // Two entries that an earlier release allowed to be equal may stay so.
    let (kept, others): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| {
        let before = known.get(&entry.id);
        before.is_some_and(|it| (&it.name, it.associated_member_id) == (&entry.name, entry.associated_member_id))
    });
    let mut distinct = DistinctEntries::of(kept);
    for entry in others {
        check.nested(&format!("entries[{}].entry", entry.sort_order), |check| check.valid(distinct.add(entry)));
    }
    entries
}

/// Stores the new list in place of the old one. Returns what changed, for the audit log.
async fn store_list(conn: &mut Conn, stored: &[Entry], entries: Vec<Entry>) -> Result<String> {
    let listed: HashSet<EntryId> = entries.iter().map(|entry| entry.id).collect();
    let known: HashMap<EntryId, &Entry> = stored.iter().map(|entry| (entry.id, entry)).collect();
    let removed: Vec<&Entry> = stored.iter().filter(|entry| !listed.contains(&entry.id)).collect();
    let (kept, added): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| known.contains_key(&entry.id));
    let changed: Vec<&Entry> = kept.iter().filter(|entry| known.get(&entry.id) != Some(entry)).collect();
    let counts = [(added.len(), "added"), (changed.len(), "changed"), (removed.len(), "removed")];
    let counts = counts.into_iter().filter(|(number, _)| *number > 0);
    let changes: Vec<String> = counts.map(|(number, what)| format!("{number} {what}")).collect();
    for entry in &removed {
        store::delete_entry(conn, entry.guild_id, entry.id).await?;
    }
    for entry in &changed {
        store::update_entry(conn, entry).await?;
    }
    store::insert_entries(conn, added).await?;
    Ok(if changes.is_empty() { "nothing changed".to_owned() } else { changes.join(", ") })
}
