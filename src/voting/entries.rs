//! The entries of campaigns. Officers edit those of drafts.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::MaybeUndefined;
use diesel::QueryResult;
use guildhall_count::MAX_ENTRIES;

use super::{
    distinct_entries::DistinctEntries,
    editing::{MAX_TITLE, lock_draft, optional_description, quoted, record},
    rows::{Campaign, Entries, Entry},
    rules,
    service::Voting,
    store,
    tally_cache::TallyCache,
};
use crate::{
    access::Viewer,
    audit::Action,
    db::Conn,
    identity,
    kernel::{
        error::{Code, Error, Refusal, Result},
        id::{CampaignId, EntryId, GuildId, MemberId},
        text,
    },
};

/// An entry to create.
#[derive(Clone)]
pub struct NewEntry {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The URL of its image.
    pub image_url: Option<String>,
    /// The member it is about. `Some(None)` is an id that is not a member's.
    pub associated_member: Option<Option<MemberId>>,
}

/// Checks the entries of a new draft and returns their rows.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND` for an entry's member; `CONFLICT` (`NAME_TAKEN`, `MEMBER_TAKEN`) for two equal entries.
pub(super) fn into_rows(entries: Vec<NewEntry>, campaign: &Campaign) -> Result<Vec<Entry>, Refusal> {
    if entries.len() > MAX_ENTRIES {
        return Err(too_many_entries("entries"));
    }
    let rows: Vec<Entry> =
        (0..).zip(entries).map(|(order, entry)| entry.into_row(campaign, order)).collect::<Result<_, Refusal>>()?;
    let mut distinct = DistinctEntries::default();
    for (index, entry) in rows.iter().enumerate() {
        distinct.add(entry, &format!("entries[{index}]."))?;
    }
    Ok(rows)
}

impl NewEntry {
    fn into_row(self, campaign: &Campaign, sort_order: i64) -> Result<Entry, Refusal> {
        Ok(Entry {
            guild_id: campaign.guild_id,
            id: EntryId::new(),
            campaign_id: campaign.id,
            name: text::name("name", &self.name, MAX_TITLE)?,
            description: optional_description(self.description.as_deref())?,
            image_url: self.image_url.as_deref().map(|url| text::web_url("imageUrl", url)).transpose()?,
            sort_order,
            associated_member_id: self.associated_member.map(known_member).transpose()?,
        })
    }
}

/// Adds an entry to a draft, after the others.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `CONFLICT` (`NOT_A_DRAFT`, `NAME_TAKEN`, `MEMBER_TAKEN`).
pub async fn add_entry(voting: &Voting, viewer: &Viewer, id: CampaignId, new: NewEntry) -> Result<(Entry, Campaign)> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        // Also wakes the scheduler: the entry may be the last that a due draft needed to start.
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let campaign = lock_draft(conn, &officer, id, "campaignId").await?;
            let entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
            if entries.len() >= MAX_ENTRIES {
                return Err(too_many_entries("entry").into());
            }
            let sort_order = entries.last().map_or(0, |entry| entry.sort_order + 1);
            let entry = new.into_row(&campaign, sort_order)?;
            DistinctEntries::of(&entries).add(&entry, "entry.")?;
            check_members(conn, std::slice::from_ref(&entry)).await?;
            store::insert_entries(conn, vec![entry.clone()]).await?;
            let summary = format!("Added the entry {} to {}", entry.name, quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignUpdate, summary).await?;
            Ok((entry, campaign))
        })
        .await
}

/// A change of an entry. Unset fields are not changed.
#[derive(Clone)]
pub struct EntryChange {
    /// The entry.
    pub id: EntryId,
    /// Its name.
    pub name: Option<String>,
    /// Its description; null clears it.
    pub description: MaybeUndefined<String>,
    /// The URL of its image; null clears it.
    pub image_url: MaybeUndefined<String>,
    /// The member it is about; null clears it. `Value(None)` is an id that is not a member's.
    pub associated_member: MaybeUndefined<Option<MemberId>>,
}

/// Changes an entry of a draft.
///
/// # Errors
/// The same as [`add_entry`].
pub async fn update_entry(voting: &Voting, viewer: &Viewer, change: EntryChange) -> Result<(Entry, Campaign)> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let (before, campaign) = lock_entry(conn, &officer, change.id).await?;
            let entry = change.apply(before.clone())?;
            if (&entry.name, entry.associated_member_id) != (&before.name, before.associated_member_id) {
                let entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
                DistinctEntries::of(entries.iter().filter(|other| other.id != entry.id)).add(&entry, "")?;
            }
            check_members(conn, std::slice::from_ref(&entry)).await?;
            store::update_entry(conn, &entry).await?;
            let summary = format!("Changed the entry {} of {}", entry.name, quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignUpdate, summary).await?;
            Ok((entry, campaign))
        })
        .await
}

impl EntryChange {
    fn apply(self, mut entry: Entry) -> Result<Entry, Refusal> {
        if let Some(name) = self.name {
            entry.name = text::name("name", &name, MAX_TITLE)?;
        }
        if !self.description.is_undefined() {
            entry.description = optional_description(self.description.value().map(String::as_str))?;
        }
        if !self.image_url.is_undefined() {
            entry.image_url = self.image_url.value().map(|url| text::web_url("imageUrl", url)).transpose()?;
        }
        if !self.associated_member.is_undefined() {
            entry.associated_member_id = self.associated_member.take().map(known_member).transpose()?;
        }
        Ok(entry)
    }
}

/// Removes an entry from a draft.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` (`NOT_A_DRAFT`).
pub async fn remove_entry(voting: &Voting, viewer: &Viewer, id: EntryId) -> Result<()> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let (entry, campaign) = lock_entry(conn, &officer, id).await?;
            store::delete_entry(conn, entry.guild_id, entry.id).await?;
            let summary = format!("Took the entry {} off {}", entry.name, quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignUpdate, summary).await?;
            Ok(campaign)
        })
        .await?;
    Ok(())
}

/// Reorders a draft's entries. `order` must contain each of them once.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `CONFLICT` (`NOT_A_DRAFT`).
pub async fn reorder_entries(
    voting: &Voting,
    viewer: &Viewer,
    id: CampaignId,
    order: Vec<Option<EntryId>>,
) -> Result<Campaign> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let campaign = lock_draft(conn, &officer, id, "campaignId").await?;
            let mut entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
            let ids: HashSet<EntryId> = order.iter().flatten().copied().collect();
            if order.len() != entries.len() || !entries.iter().all(|entry| ids.contains(&entry.id)) {
                return Err(Refusal::input("entryIds", "List every entry of the campaign exactly once.").into());
            }
            for entry in &mut entries {
                let index = order.iter().position(|id| *id == Some(entry.id)).unwrap_or_default();
                entry.sort_order = i64::try_from(index).unwrap_or_default();
                store::update_entry(conn, entry).await?;
            }
            let summary = format!("Reordered the entries of {}", quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignUpdate, summary).await?;
            Ok(campaign)
        })
        .await
}

/// Loads the entries of these campaigns, from `cache` if it has them.
///
/// Entries of a campaign that is no longer a draft never change, so they are cached. A `cache` may be given in a
/// snapshot or if the campaigns are locked.
pub(super) async fn load(
    conn: &mut Conn,
    cache: Option<&TallyCache>,
    guild: GuildId,
    campaigns: &[Campaign],
) -> QueryResult<HashMap<CampaignId, Entries>> {
    let mut entries: HashMap<CampaignId, Entries> =
        campaigns.iter().filter_map(|it| Some((it.id, cache?.entries(it.id)?))).collect();
    let missing: Vec<&Campaign> = campaigns.iter().filter(|it| !entries.contains_key(&it.id)).collect();
    if missing.is_empty() {
        return Ok(entries);
    }
    let ids: Vec<CampaignId> = missing.iter().map(|it| it.id).collect();
    let mut loaded: HashMap<CampaignId, Vec<Arc<Entry>>> = HashMap::new();
    for entry in store::entries_of(conn, guild, &ids).await? {
        loaded.entry(entry.campaign_id).or_default().push(Arc::new(entry));
    }
    for campaign in missing {
        let campaign_entries: Entries = loaded.remove(&campaign.id).unwrap_or_default().into();
        if let Some(cache) = cache {
            cache.insert_entries(campaign, &campaign_entries);
        }
        entries.insert(campaign.id, campaign_entries);
    }
    Ok(entries)
}

/// Locks the draft of an entry, as [`lock_draft`] does, and returns both.
async fn lock_entry(conn: &mut Conn, officer: &Viewer, id: EntryId) -> Result<(Entry, Campaign)> {
    officer.require(rules::MANAGE)?;
    let not_found = || Refusal::not_found("entry").at("id");
    let found = store::entries_by_id(conn, officer.guild, &[id]).await?.pop().ok_or_else(not_found)?;
    let campaign = match lock_draft(conn, officer, found.campaign_id, "id").await {
        Err(Error::Refused(refusal)) if refusal.code == Code::NotFound => return Err(not_found().into()),
        campaign => campaign?,
    };
    // Read again: it may have been changed or removed before the campaign was locked.
    let entry = store::entries_by_id(conn, officer.guild, &[id]).await?.pop().ok_or_else(not_found)?;
    Ok((entry, campaign))
}

/// Checks that the entries' associated members exist in the guild.
pub(super) async fn check_members(conn: &mut Conn, entries: &[Entry]) -> Result<()> {
    let Some(first) = entries.first() else { return Ok(()) };
    let members: HashSet<MemberId> = entries.iter().filter_map(|entry| entry.associated_member_id).collect();
    let ids: Vec<MemberId> = members.iter().copied().collect();
    if identity::store::members_by_id(conn, first.guild_id, &ids).await?.len() != members.len() {
        return Err(unknown_member().into());
    }
    Ok(())
}

fn known_member(id: Option<MemberId>) -> Result<MemberId, Refusal> {
    id.ok_or_else(unknown_member)
}

fn unknown_member() -> Refusal {
    Refusal::not_found("member").at("associatedMemberId")
}

fn too_many_entries(field: &'static str) -> Refusal {
    Refusal::input(field, format!("A campaign has at most {MAX_ENTRIES} entries."))
}
