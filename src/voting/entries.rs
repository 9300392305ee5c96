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
    editing::{MAX_TITLE, lock_draft, optional_description, quoted, record, save_edit},
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
        input::{InputCheck, both, refused_field},
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
    /// The member it is about.
    pub associated_member: Option<MemberId>,
}

/// Checks the entries of a new draft, except their members, and returns their rows.
pub(super) fn check_all(check: &mut InputCheck, entries: Vec<NewEntry>, campaign: &Campaign) -> Vec<Entry> {
    if entries.len() > MAX_ENTRIES {
        check.refuse(too_many_entries("entries"));
        return Vec::new();
    }
    let path = |order: i64| format!("entries[{order}]");
    let rows: Vec<Entry> = (0..)
        .zip(entries)
        .map(|(order, entry)| {
            check.nested(&path(order), |check| entry.check(check, (campaign.guild_id, campaign.id), order))
        })
        .collect();
    let mut distinct = DistinctEntries::default();
    for entry in &rows {
        check.nested(&path(entry.sort_order), |check| check.valid(distinct.add(entry)));
    }
    rows
}

impl NewEntry {
    /// Checks the fields, except the member, and returns the row of a new entry.
    pub(super) fn check(
        self,
        check: &mut InputCheck,
        (guild, campaign): (GuildId, CampaignId),
        sort_order: i64,
    ) -> Entry {
        Entry {
            guild_id: guild,
            id: EntryId::new(),
            campaign_id: campaign,
            name: check.valid(text::name("name", &self.name, MAX_TITLE)),
            description: check.valid(optional_description(self.description.as_deref())),
            image_url: self.image_url.map(|url| check.valid(text::web_url("imageUrl", &url))),
            sort_order,
            associated_member_id: self.associated_member,
        }
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
            let draft = refused_field(lock_draft(conn, &officer, id, "campaignId").await)?;
            let entries = match &draft {
                Ok(draft) => store::entries_of(conn, draft.guild_id, &[draft.id]).await?,
                Err(_) => Vec::new(),
            };
            let sort_order = entries.last().map_or(0, |entry| entry.sort_order + 1);
            let members = known_members(conn, officer.guild, std::slice::from_ref(&new)).await?;
            let entry = InputCheck::run(|check| {
                if entries.len() >= MAX_ENTRIES {
                    check.refuse(too_many_entries("entry"));
                }
                check.nested("entry", |check| {
                    let entry = new.check(check, (officer.guild, id), sort_order);
                    check.valid(DistinctEntries::of(&entries).add(&entry));
                    check_member(check, &entry, &members);
                    entry
                })
            });
            let (campaign, entry) = both(draft, entry)?;
            store::insert_entries(conn, vec![entry.clone()]).await?;
            let campaign = save_edit(conn, campaign).await?;
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
    /// The member it is about; null clears it.
    pub associated_member: MaybeUndefined<MemberId>,
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
            let locked = refused_field(lock_entry(conn, &officer, change.id).await)?;
            let members = members_of(conn, officer.guild, change.associated_member.value().copied()).await?;
            let (before, campaign) = match locked {
                Ok(locked) => locked,
                Err(refusal) => return Err(refusal.and(change.check_alone(officer.guild, &members)).into()),
            };
            let entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
            let entry = InputCheck::run(|check| {
                let entry = change.apply(check, before.clone(), &members);
                if (&entry.name, entry.associated_member_id) != (&before.name, before.associated_member_id) {
                    let others = entries.iter().filter(|other| other.id != entry.id);
                    check.valid(DistinctEntries::of(others).add(&entry));
                }
                entry
            })?;
            store::update_entry(conn, &entry).await?;
            let campaign = save_edit(conn, campaign).await?;
            let summary = format!("Changed the entry {} of {}", entry.name, quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignUpdate, summary).await?;
            Ok((entry, campaign))
        })
        .await
}

impl EntryChange {
    /// Checks the fields of a change of an unknown entry.
    fn check_alone(self, guild: GuildId, members: &HashSet<MemberId>) -> Result<Entry, Refusal> {
        let blank = Entry {
            guild_id: guild,
            id: self.id,
            campaign_id: CampaignId(0),
            name: String::new(),
            description: None,
            image_url: None,
            sort_order: 0,
            associated_member_id: None,
        };
        InputCheck::run(|check| self.apply(check, blank, members))
    }

    fn apply(self, check: &mut InputCheck, mut entry: Entry, members: &HashSet<MemberId>) -> Entry {
        if let Some(name) = self.name {
            check.set(&mut entry.name, text::name("name", &name, MAX_TITLE));
        }
        if !self.description.is_undefined() {
            let description = optional_description(self.description.value().map(String::as_str));
            check.set(&mut entry.description, description);
        }
        if !self.image_url.is_undefined() {
            let url = self.image_url.take();
            entry.image_url = url.map(|url| check.valid(text::web_url("imageUrl", &url)));
        }
        if !self.associated_member.is_undefined() {
            entry.associated_member_id = self.associated_member.take();
            check_member(check, &entry, members);
        }
        entry
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
            let campaign = save_edit(conn, campaign).await?;
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
    order: Vec<EntryId>,
) -> Result<Campaign> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let campaign = lock_draft(conn, &officer, id, "campaignId").await?;
            let mut entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
            let known: HashSet<EntryId> = entries.iter().map(|entry| entry.id).collect();
            if !order.iter().all(|id| known.contains(id)) {
                return Err(Refusal::not_found("entry").at("entryIds").into());
            }
            let ordered: HashSet<EntryId> = order.iter().copied().collect();
            if order.len() != entries.len() || ordered.len() != entries.len() {
                return Err(Refusal::input("entryIds", "List every entry of the campaign exactly once.").into());
            }
            for entry in &mut entries {
                let index = order.iter().position(|id| *id == entry.id).unwrap_or_default();
                entry.sort_order = i64::try_from(index).unwrap_or_default();
                store::update_entry(conn, entry).await?;
            }
            let campaign = save_edit(conn, campaign).await?;
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

/// Returns which of the new entries' members exist in the guild.
pub(super) async fn known_members(
    conn: &mut Conn,
    guild: GuildId,
    entries: &[NewEntry],
) -> QueryResult<HashSet<MemberId>> {
    members_of(conn, guild, entries.iter().take(MAX_ENTRIES).filter_map(|entry| entry.associated_member)).await
}

/// Returns which of these members exist in the guild.
pub(super) async fn members_of(
    conn: &mut Conn,
    guild: GuildId,
    ids: impl IntoIterator<Item = MemberId>,
) -> QueryResult<HashSet<MemberId>> {
    let ids: Vec<MemberId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    Ok(identity::store::members_by_id(conn, guild, &ids).await?.into_iter().map(|member| member.id).collect())
}

/// Checks that the members of a new draft's entries exist in the guild.
pub(super) fn check_members(check: &mut InputCheck, entries: &[Entry], members: &HashSet<MemberId>) {
    for entry in entries {
        check.nested(&format!("entries[{}]", entry.sort_order), |check| check_member(check, entry, members));
    }
}

/// Checks that the member of an entry is one of the guild's `members`.
pub(super) fn check_member(check: &mut InputCheck, entry: &Entry, members: &HashSet<MemberId>) {
    if entry.associated_member_id.is_some_and(|id| !members.contains(&id)) {
        check.refuse(Refusal::not_found("member").at("associatedMemberId"));
    }
}

pub(super) fn too_many_entries(field: &'static str) -> Refusal {
    Refusal::input(field, format!("A campaign has at most {MAX_ENTRIES} entries."))
}
