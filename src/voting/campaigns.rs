//! A campaign's life: prepared as a draft, live, closed, archived.

use std::collections::HashSet;

use async_graphql::MaybeUndefined;

use super::{
    ActivationBlocker, AnnouncementLevel, Campaign, CampaignStatus, Entry, ResultsVisibility, VotingMethod, freeze,
    rules, store,
};
use crate::{
    app::App,
    auth::{Permission, Viewer},
    clock::Instant,
    db::{Conn, Lock},
    error::{Code, Error, Refusal, Result},
    id::{CampaignId, EntryId, GuildId, MemberId},
    identity, text,
};

const MAX_TITLE: usize = 200;
const MAX_ENTRIES: usize = 200;
const MAX_HOURS: i64 = 8_760;
const MAX_PICKS: i64 = 10;

/// A campaign to be made.
pub struct NewCampaign {
    /// What the vote is about.
    pub title: String,
    /// More of it.
    pub description: Option<String>,
    /// How ballots are counted.
    pub method: VotingMethod,
    /// How many entries a ballot names.
    pub picks_per_voter: i64,
    /// The least rank level that votes.
    pub min_rank_level_to_vote: i64,
    /// The least rank level that sees it; none is everyone.
    pub min_rank_level_to_view: Option<i64>,
    /// When it goes live by itself.
    pub start_at: Option<Instant>,
    /// How long it takes ballots.
    pub duration_hours: i64,
    /// Whether it closes as soon as all have voted.
    pub early_close_if_all_voted: bool,
    /// When standings are shown.
    pub results_visibility: ResultsVisibility,
    /// How much the Discord bot tells.
    pub announcements: AnnouncementLevel,
    /// Where the Discord bot tells it.
    pub discord_channel_id: Option<String>,
    /// What is voted on.
    pub entries: Vec<NewEntry>,
}

/// An entry to be made.
pub struct NewEntry {
    /// Its name.
    pub name: String,
    /// More of it.
    pub description: Option<String>,
    /// Its picture.
    pub image_url: Option<String>,
    /// The member it is about. `Some(None)` is an id that is no member's.
    pub associated_member: Option<Option<MemberId>>,
}

/// Makes a draft.
///
/// # Errors
/// `BAD_USER_INPUT`; `FORBIDDEN`, `RANK_TOO_LOW`; `NOT_FOUND` for an entry's member.
pub async fn create_campaign(app: &App, viewer: &Viewer, new: NewCampaign) -> Result<Campaign> {
    viewer.require(Permission::CampaignsManage)?;
    rules::check_levels(new.min_rank_level_to_vote, new.min_rank_level_to_view, viewer.rank_level)?;
    let (campaign, entries) = new.into_rows(viewer.guild, Some(viewer.member), app.clock.now())?;
    let made = campaign.clone();
    app.db
        .write(async move |conn| {
            check_members(conn, &entries).await?;
            store::insert_campaigns(conn, vec![campaign]).await?;
            store::insert_entries(conn, entries).await?;
            Ok(())
        })
        .await?;
    app.live.schedule();
    Ok(made)
}

impl NewCampaign {
    /// The draft's rows.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`.
    pub fn into_rows(
        self,
        guild: GuildId,
        by: Option<MemberId>,
        now: Instant,
    ) -> Result<(Campaign, Vec<Entry>), Refusal> {
        let campaign = Campaign {
            guild_id: guild,
            id: CampaignId::new(),
            title: text::name("title", &self.title, MAX_TITLE)?,
            description: optional_description(self.description.as_deref())?,
            method: self.method,
            picks_per_voter: picks_per_voter(self.picks_per_voter)?,
            min_rank_level_to_vote: self.min_rank_level_to_vote,
            min_rank_level_to_view: self.min_rank_level_to_view,
            start_at: None,
            duration_hours: duration_hours(self.duration_hours)?,
            closes_at: None,
            closed_at: None,
            status: CampaignStatus::Draft,
            early_close_if_all_voted: self.early_close_if_all_voted,
            results_visibility: self.results_visibility,
            announcements: self.announcements,
            discord_channel_id: self.discord_channel_id.as_deref().map(discord_channel).transpose()?,
            created_by: by,
            created_at: now,
        }
        .starting(self.start_at);
        if self.entries.len() > MAX_ENTRIES {
            return Err(too_many_entries("entries"));
        }
        let rows = (0..).zip(self.entries).map(|(order, entry)| entry.into_row(&campaign, order));
        let entries = rows.collect::<Result<_, _>>()?;
        Ok((campaign, entries))
    }
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

/// What is to change of a draft; what is undefined stays.
pub struct CampaignChange {
    /// Which.
    pub id: CampaignId,
    /// See [`NewCampaign`] for this and what follows.
    pub title: Option<String>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub description: MaybeUndefined<String>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub method: Option<VotingMethod>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub picks_per_voter: Option<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub min_rank_level_to_vote: Option<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub min_rank_level_to_view: MaybeUndefined<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub start_at: MaybeUndefined<Instant>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub duration_hours: Option<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub early_close_if_all_voted: Option<bool>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub results_visibility: Option<ResultsVisibility>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub announcements: Option<AnnouncementLevel>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub discord_channel_id: MaybeUndefined<String>,
}

/// Changes a draft's settings.
///
/// # Errors
/// As [`create_campaign`], and `NOT_FOUND`; `CONFLICT`, `NOT_A_DRAFT`.
pub async fn update_campaign(app: &App, viewer: &Viewer, change: CampaignChange) -> Result<Campaign> {
    let officer = viewer.clone();
    let campaign = app
        .db
        .write(async move |conn| {
            let campaign = {
                let draft = lock_draft(conn, &officer, change.id, "id").await?;
                change.apply(draft)?
            };
            let (to_vote, to_view) = (campaign.min_rank_level_to_vote, campaign.min_rank_level_to_view);
            rules::check_levels(to_vote, to_view, officer.rank_level)?;
            store::update_campaign(conn, &campaign).await?;
            Ok(campaign)
        })
        .await?;
    app.live.schedule();
    Ok(campaign)
}

impl CampaignChange {
    fn apply(self, mut campaign: Campaign) -> Result<Campaign, Refusal> {
        if let Some(title) = self.title {
            campaign.title = text::name("title", &title, MAX_TITLE)?;
        }
        if !self.description.is_undefined() {
            campaign.description = optional_description(self.description.value().map(String::as_str))?;
        }
        if let Some(picks) = self.picks_per_voter {
            campaign.picks_per_voter = picks_per_voter(picks)?;
        }
        if let Some(hours) = self.duration_hours {
            campaign.duration_hours = duration_hours(hours)?;
        }
        if !self.discord_channel_id.is_undefined() {
            campaign.discord_channel_id =
                self.discord_channel_id.value().map(|id| discord_channel(id)).transpose()?;
        }
        if !self.min_rank_level_to_view.is_undefined() {
            campaign.min_rank_level_to_view = self.min_rank_level_to_view.take();
        }
        campaign.method = self.method.unwrap_or(campaign.method);
        campaign.min_rank_level_to_vote = self.min_rank_level_to_vote.unwrap_or(campaign.min_rank_level_to_vote);
        campaign.early_close_if_all_voted =
            self.early_close_if_all_voted.unwrap_or(campaign.early_close_if_all_voted);
        campaign.results_visibility = self.results_visibility.unwrap_or(campaign.results_visibility);
        campaign.announcements = self.announcements.unwrap_or(campaign.announcements);
        let start_at = if self.start_at.is_undefined() { campaign.start_at } else { self.start_at.take() };
        Ok(campaign.starting(start_at))
    }
}

/// Deletes a draft.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `NOT_A_DRAFT`.
pub async fn delete_campaign(app: &App, viewer: &Viewer, id: CampaignId) -> Result<()> {
    let officer = viewer.clone();
    app.db
        .write(async move |conn| {
            let campaign = lock_draft(conn, &officer, id, "id").await?;
            Ok(store::delete_campaign(conn, campaign.guild_id, campaign.id).await?)
        })
        .await
}

/// Adds an entry at a draft's end.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `CONFLICT`, `NOT_A_DRAFT`.
pub async fn add_entry(app: &App, viewer: &Viewer, id: CampaignId, new: NewEntry) -> Result<(Entry, Campaign)> {
    let officer = viewer.clone();
    let added = app
        .db
        .write(async move |conn| {
            let campaign = lock_draft(conn, &officer, id, "campaignId").await?;
            let entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
            if entries.len() >= MAX_ENTRIES {
                return Err(too_many_entries("entry").into());
            }
            let next = entries.last().map_or(0, |entry| entry.sort_order + 1);
            let entry = new.into_row(&campaign, next)?;
            check_members(conn, std::slice::from_ref(&entry)).await?;
            store::insert_entries(conn, vec![entry.clone()]).await?;
            Ok((entry, campaign))
        })
        .await?;
    // It may have been all that kept a draft from starting.
    app.live.schedule();
    Ok(added)
}

/// What is to change of an entry; what is undefined stays.
pub struct EntryChange {
    /// Which.
    pub id: EntryId,
    /// Its name.
    pub name: Option<String>,
    /// More of it.
    pub description: MaybeUndefined<String>,
    /// Its picture.
    pub image_url: MaybeUndefined<String>,
    /// The member it is about. `Value(None)` is an id that is no member's.
    pub associated_member: MaybeUndefined<Option<MemberId>>,
}

/// Changes an entry of a draft.
///
/// # Errors
/// As [`add_entry`].
pub async fn update_entry(app: &App, viewer: &Viewer, change: EntryChange) -> Result<(Entry, Campaign)> {
    let officer = viewer.clone();
    app.db
        .write(async move |conn| {
            let (entry, campaign) = lock_entry(conn, &officer, change.id).await?;
            let entry = change.apply(entry)?;
            check_members(conn, std::slice::from_ref(&entry)).await?;
            store::update_entry(conn, &entry).await?;
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

/// Takes an entry off a draft.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `NOT_A_DRAFT`.
pub async fn remove_entry(app: &App, viewer: &Viewer, id: EntryId) -> Result<()> {
    let officer = viewer.clone();
    app.db
        .write(async move |conn| {
            let (entry, _) = lock_entry(conn, &officer, id).await?;
            Ok(store::delete_entry(conn, entry.guild_id, entry.id).await?)
        })
        .await
}

/// Puts a draft's entries in this order: all of them, each once.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `CONFLICT`, `NOT_A_DRAFT`.
pub async fn reorder_entries(
    app: &App,
    viewer: &Viewer,
    id: CampaignId,
    order: Vec<Option<EntryId>>,
) -> Result<Campaign> {
    let officer = viewer.clone();
    app.db
        .write(async move |conn| {
            let campaign = lock_draft(conn, &officer, id, "campaignId").await?;
            let mut entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
            let given: HashSet<EntryId> = order.iter().flatten().copied().collect();
            if order.len() != entries.len() || !entries.iter().all(|entry| given.contains(&entry.id)) {
                return Err(Refusal::input("entryIds", "Name every entry of the campaign once.").into());
            }
            for entry in &mut entries {
                let place = order.iter().position(|id| *id == Some(entry.id)).unwrap_or_default();
                entry.sort_order = i64::try_from(place).unwrap_or_default();
                store::update_entry(conn, entry).await?;
            }
            Ok(campaign)
        })
        .await
}

/// Sets a draft live, now.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `ILLEGAL_TRANSITION` or `NOT_READY`.
pub async fn activate(app: &App, viewer: &Viewer, id: CampaignId) -> Result<Campaign> {
    let (officer, now) = (viewer.clone(), app.clock.now());
    let campaign = app
        .db
        .write(async move |conn| {
            let draft = lock_in(conn, &officer, id, CampaignStatus::Draft, "Only a draft can be activated.").await?;
            let draft = draft.starting(Some(now));
            if let Some(blocker) = blockers(conn, &draft, now).await?.first() {
                let message = match blocker {
                    ActivationBlocker::TooFewEntries => "A vote needs at least two entries.",
                    ActivationBlocker::FewerEntriesThanPicks => "A vote needs at least as many entries as picks.",
                    ActivationBlocker::DeadlinePassed => "The vote's whole span is past.",
                };
                return Err(Refusal::conflict("NOT_READY", message).into());
            }
            save(conn, Campaign { status: CampaignStatus::Live, ..draft }).await
        })
        .await?;
    announce(app, &campaign);
    Ok(campaign)
}

/// Closes a live campaign before its time.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `ILLEGAL_TRANSITION`.
pub async fn close(app: &App, viewer: &Viewer, id: CampaignId) -> Result<Campaign> {
    let (officer, now) = (viewer.clone(), app.clock.now());
    let campaign = app
        .db
        .write(async move |conn| {
            let live = lock_in(conn, &officer, id, CampaignStatus::Live, "Only a live vote can be closed.").await?;
            end(conn, live, now).await
        })
        .await?;
    announce(app, &campaign);
    Ok(campaign)
}

/// Archives a closed campaign.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `ILLEGAL_TRANSITION`.
pub async fn archive(app: &App, viewer: &Viewer, id: CampaignId) -> Result<Campaign> {
    let officer = viewer.clone();
    let campaign = app
        .db
        .write(async move |conn| {
            let over = lock_in(conn, &officer, id, CampaignStatus::Closed, "Only a closed vote can be archived.").await?;
            save(conn, Campaign { status: CampaignStatus::Archived, ..over }).await
        })
        .await?;
    announce(app, &campaign);
    Ok(campaign)
}

/// Sets a draft live whose start has come, if it is ready; keeps its `startAt`.
pub(super) async fn start_if_due(app: &App, campaign: &Campaign) -> Result<()> {
    let (guild, id, now) = (campaign.guild_id, campaign.id, app.clock.now());
    let started = app
        .db
        .write(async move |conn| {
            let Some(draft) = lock_for_step(conn, guild, id, CampaignStatus::Draft).await? else { return Ok(None) };
            let due = draft.start_at.is_some_and(|start| start <= now);
            if !due || !blockers(conn, &draft, now).await?.is_empty() {
                return Ok(None);
            }
            save(conn, Campaign { status: CampaignStatus::Live, ..draft }).await.map(Some)
        })
        .await?;
    started.iter().for_each(|campaign| announce(app, campaign));
    Ok(())
}

/// Closes a live campaign whose end has come.
pub(super) async fn close_if_due(app: &App, campaign: &Campaign) -> Result<()> {
    let (guild, id, now) = (campaign.guild_id, campaign.id, app.clock.now());
    let closed = app
        .db
        .write(async move |conn| {
            let Some(live) = lock_for_step(conn, guild, id, CampaignStatus::Live).await? else { return Ok(None) };
            let due = live.closes_at.is_some_and(|closes| closes <= now);
            if due { end(conn, live, now).await.map(Some) } else { Ok(None) }
        })
        .await?;
    closed.iter().for_each(|campaign| announce(app, campaign));
    Ok(())
}

/// Closes a live campaign in which everyone eligible has voted, if it is to close early; the campaign as it is then.
pub(super) async fn close_if_complete(app: &App, campaign: Campaign) -> Result<Campaign> {
    if !campaign.early_close_if_all_voted || campaign.status != CampaignStatus::Live {
        return Ok(campaign);
    }
    let live = campaign.clone();
    // Asked outside of the lock first, since nearly every ballot is not the last.
    if !app.db.read(async move |conn| Ok(store::is_complete(conn, &live).await?)).await? {
        return Ok(campaign);
    }
    let (guild, id, now) = (campaign.guild_id, campaign.id, app.clock.now());
    let closed = app
        .db
        .write(async move |conn| {
            let Some(live) = lock_for_step(conn, guild, id, CampaignStatus::Live).await? else { return Ok(None) };
            let complete = store::is_complete(conn, &live).await?;
            if complete { end(conn, live, now).await.map(Some) } else { Ok(None) }
        })
        .await?;
    closed.iter().for_each(|campaign| announce(app, campaign));
    Ok(closed.unwrap_or(campaign))
}

/// Closes a live campaign, which the caller has locked, and stores its result.
async fn end(conn: &mut Conn, live: Campaign, now: Instant) -> Result<Campaign> {
    freeze(conn, live.clone(), now).await?;
    // No ballot was taken after its end, however late it is closed.
    let closed_at = live.closes_at.map_or(now, |closes| closes.min(now));
    save(conn, Campaign { status: CampaignStatus::Closed, closed_at: Some(closed_at), ..live }).await
}

async fn save(conn: &mut Conn, campaign: Campaign) -> Result<Campaign> {
    store::update_campaign(conn, &campaign).await?;
    Ok(campaign)
}

fn announce(app: &App, campaign: &Campaign) {
    app.live.ballots_changed(campaign.guild_id, campaign.id);
    app.live.schedule();
}

/// Locks a campaign that exists for this officer, who must be allowed to manage campaigns.
async fn lock(conn: &mut Conn, officer: &Viewer, id: CampaignId, field: &'static str) -> Result<Campaign> {
    officer.require(Permission::CampaignsManage)?;
    let campaign = store::lock_campaign(conn, officer.guild, id, Lock::Exclusive).await?;
    let visible = campaign.filter(|campaign| rules::may_see(campaign, Some(officer)));
    Ok(visible.ok_or_else(|| Refusal::not_found("campaign").at(field))?)
}

/// [`lock`], for a campaign that must be a draft.
async fn lock_draft(conn: &mut Conn, officer: &Viewer, id: CampaignId, field: &'static str) -> Result<Campaign> {
    let campaign = lock(conn, officer, id, field).await?;
    if campaign.status != CampaignStatus::Draft {
        return Err(Refusal::conflict("NOT_A_DRAFT", "Only a draft can be edited.").into());
    }
    Ok(campaign)
}

/// [`lock`], for a campaign that must have this status to be moved on.
async fn lock_in(
    conn: &mut Conn,
    officer: &Viewer,
    id: CampaignId,
    status: CampaignStatus,
    otherwise: &'static str,
) -> Result<Campaign> {
    let campaign = lock(conn, officer, id, "id").await?;
    if campaign.status != status {
        return Err(Refusal::conflict("ILLEGAL_TRANSITION", otherwise).into());
    }
    Ok(campaign)
}

/// [`lock_draft`] by an entry.
async fn lock_entry(conn: &mut Conn, officer: &Viewer, id: EntryId) -> Result<(Entry, Campaign)> {
    officer.require(Permission::CampaignsManage)?;
    let unknown = || Refusal::not_found("entry").at("id");
    let find = store::entries_by_id(conn, officer.guild, &[id]).await?.pop().ok_or_else(unknown)?;
    let campaign = match lock_draft(conn, officer, find.campaign_id, "id").await {
        Err(Error::Refused(refusal)) if refusal.code == Code::NotFound => return Err(unknown().into()),
        campaign => campaign?,
    };
    // Someone may have changed or removed it before the campaign was locked.
    let entry = store::entries_by_id(conn, officer.guild, &[id]).await?.pop().ok_or_else(unknown)?;
    Ok((entry, campaign))
}

/// Locks a campaign for a due step; `None` when it has left this status: of several servers, only one takes the step.
async fn lock_for_step(
    conn: &mut Conn,
    guild: GuildId,
    id: CampaignId,
    status: CampaignStatus,
) -> Result<Option<Campaign>> {
    let campaign = store::lock_campaign(conn, guild, id, Lock::Exclusive).await?;
    Ok(campaign.filter(|campaign| campaign.status == status))
}

async fn blockers(conn: &mut Conn, campaign: &Campaign, now: Instant) -> Result<Vec<ActivationBlocker>> {
    let entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
    Ok(rules::activation_blockers(campaign, entries.len(), now))
}

/// Checks that the members whom entries are about are this guild's.
async fn check_members(conn: &mut Conn, entries: &[Entry]) -> Result<()> {
    let Some(first) = entries.first() else { return Ok(()) };
    let about: HashSet<MemberId> = entries.iter().filter_map(|entry| entry.associated_member_id).collect();
    let ids: Vec<MemberId> = about.iter().copied().collect();
    if identity::store::members_by_id(conn, first.guild_id, &ids).await?.len() != about.len() {
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

fn optional_description(text: Option<&str>) -> Result<Option<String>, Refusal> {
    text.map_or(Ok(None), |text| text::description("description", text))
}

fn picks_per_voter(picks: i64) -> Result<i64, Refusal> {
    in_range("picksPerVoter", picks, MAX_PICKS)
}

fn duration_hours(hours: i64) -> Result<i64, Refusal> {
    in_range("durationHours", hours, MAX_HOURS)
}

fn in_range(field: &'static str, value: i64, max: i64) -> Result<i64, Refusal> {
    if (1..=max).contains(&value) {
        return Ok(value);
    }
    Err(Refusal::input(field, format!("{field} must be from 1 to {max}.")))
}

fn discord_channel(id: &str) -> Result<String, Refusal> {
    match id.trim().parse::<u64>() {
        Ok(number) if number > 0 => Ok(number.to_string()),
        _ => Err(Refusal::input("discordChannelId", "A Discord channel's id is a number of up to 20 digits.")),
    }
}
