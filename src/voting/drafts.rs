//! Drafts: made and edited by officers.

use std::collections::HashSet;

use async_graphql::MaybeUndefined;
use chrono::Datelike;

use super::{AnnouncementLevel, Campaign, CampaignStatus, Entry, ResultsVisibility, VotingMethod, rules, store};
use crate::{
    app::App,
    audit::{self, Action},
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
    let (officer, now) = (viewer.clone(), app.clock.now());
    let made = app
        .db
        .write(async move |conn| {
            let officer = officer.confirm(conn).await?;
            officer.require(Permission::CampaignsManage)?;
            rules::check_levels(new.min_rank_level_to_vote, new.min_rank_level_to_view, officer.rank_level)?;
            let (campaign, entries) = new.into_rows(officer.guild, Some(officer.member), now)?;
            check_members(conn, &entries).await?;
            store::insert_campaigns(conn, vec![campaign.clone()]).await?;
            store::insert_entries(conn, entries).await?;
            let summary = format!("Drafted {}", quoted(&campaign));
            record(conn, &officer, now, Action::CampaignCreate, &campaign, summary).await?;
            Ok(campaign)
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
        .starting(self.start_at.map(start_at).transpose()?);
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
    let (officer, now) = (viewer.clone(), app.clock.now());
    let campaign = app
        .db
        .write(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let campaign = {
                let draft = lock_draft(conn, &officer, change.id, "id").await?;
                change.apply(draft)?
            };
            let (to_vote, to_view) = (campaign.min_rank_level_to_vote, campaign.min_rank_level_to_view);
            rules::check_levels(to_vote, to_view, officer.rank_level)?;
            store::update_campaign(conn, &campaign).await?;
            let summary = format!("Changed the settings of {}", quoted(&campaign));
            record(conn, &officer, now, Action::CampaignUpdate, &campaign, summary).await?;
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
            campaign.discord_channel_id = self.discord_channel_id.value().map(|id| discord_channel(id)).transpose()?;
        }
        if !self.min_rank_level_to_view.is_undefined() {
            campaign.min_rank_level_to_view = self.min_rank_level_to_view.take();
        }
        campaign.method = self.method.unwrap_or(campaign.method);
        campaign.min_rank_level_to_vote = self.min_rank_level_to_vote.unwrap_or(campaign.min_rank_level_to_vote);
        campaign.early_close_if_all_voted = self.early_close_if_all_voted.unwrap_or(campaign.early_close_if_all_voted);
        campaign.results_visibility = self.results_visibility.unwrap_or(campaign.results_visibility);
        campaign.announcements = self.announcements.unwrap_or(campaign.announcements);
        let start = match self.start_at {
            MaybeUndefined::Undefined => campaign.start_at,
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(start) => Some(start_at(start)?),
        };
        Ok(campaign.starting(start))
    }
}

/// Deletes a draft.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `NOT_A_DRAFT`.
pub async fn delete_campaign(app: &App, viewer: &Viewer, id: CampaignId) -> Result<()> {
    let (officer, now) = (viewer.clone(), app.clock.now());
    app.db
        .write(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let campaign = lock_draft(conn, &officer, id, "id").await?;
            store::delete_campaign(conn, campaign.guild_id, campaign.id).await?;
            let summary = format!("Deleted {}", quoted(&campaign));
            record(conn, &officer, now, Action::CampaignDelete, &campaign, summary).await
        })
        .await
}

/// Adds an entry at a draft's end.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `CONFLICT`, `NOT_A_DRAFT`.
pub async fn add_entry(app: &App, viewer: &Viewer, id: CampaignId, new: NewEntry) -> Result<(Entry, Campaign)> {
    let (officer, now) = (viewer.clone(), app.clock.now());
    let added = app
        .db
        .write(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let campaign = lock_draft(conn, &officer, id, "campaignId").await?;
            let entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
            if entries.len() >= MAX_ENTRIES {
                return Err(too_many_entries("entry").into());
            }
            let next = entries.last().map_or(0, |entry| entry.sort_order + 1);
            let entry = new.into_row(&campaign, next)?;
            check_members(conn, std::slice::from_ref(&entry)).await?;
            store::insert_entries(conn, vec![entry.clone()]).await?;
            let summary = format!("Added the entry {} to {}", entry.name, quoted(&campaign));
            record(conn, &officer, now, Action::CampaignUpdate, &campaign, summary).await?;
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
    let (officer, now) = (viewer.clone(), app.clock.now());
    app.db
        .write(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let (entry, campaign) = lock_entry(conn, &officer, change.id).await?;
            let entry = change.apply(entry)?;
            check_members(conn, std::slice::from_ref(&entry)).await?;
            store::update_entry(conn, &entry).await?;
            let summary = format!("Changed the entry {} of {}", entry.name, quoted(&campaign));
            record(conn, &officer, now, Action::CampaignUpdate, &campaign, summary).await?;
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
    let (officer, now) = (viewer.clone(), app.clock.now());
    app.db
        .write(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let (entry, campaign) = lock_entry(conn, &officer, id).await?;
            store::delete_entry(conn, entry.guild_id, entry.id).await?;
            let summary = format!("Took the entry {} off {}", entry.name, quoted(&campaign));
            record(conn, &officer, now, Action::CampaignUpdate, &campaign, summary).await
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
    let (officer, now) = (viewer.clone(), app.clock.now());
    app.db
        .write(async move |conn| {
            let officer = officer.confirm(conn).await?;
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
            let summary = format!("Reordered the entries of {}", quoted(&campaign));
            record(conn, &officer, now, Action::CampaignUpdate, &campaign, summary).await?;
            Ok(campaign)
        })
        .await
}

/// Records what an officer did with a campaign.
pub(super) async fn record(
    conn: &mut Conn,
    officer: &Viewer,
    now: Instant,
    action: Action,
    campaign: &Campaign,
    summary: String,
) -> Result<()> {
    let entry = audit::entry(action, campaign.id, summary).of_campaign(campaign.id, campaign.min_rank_level_to_view);
    audit::record(conn, officer.guild, Some(officer), now, entry).await
}

/// A campaign as the audit log speaks of it.
pub(super) fn quoted(campaign: &Campaign) -> String {
    format!("the vote \u{201c}{}\u{201d}", campaign.title)
}

/// Locks a campaign that exists for this officer, who must be allowed to manage campaigns.
pub(super) async fn lock(conn: &mut Conn, officer: &Viewer, id: CampaignId, field: &'static str) -> Result<Campaign> {
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

/// Both databases keep years of four digits, and order them.
fn start_at(start: Instant) -> Result<Instant, Refusal> {
    if (2000..9000).contains(&start.year()) {
        return Ok(start);
    }
    Err(Refusal::input("startAt", "startAt must be between the years 2000 and 9000."))
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
