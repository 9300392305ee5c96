//! Drafts. Officers create, edit and delete them.

use async_graphql::MaybeUndefined;
use chrono::Datelike;
use guildhall_count::MAX_PICKS;

use super::{
    editing::{MAX_TITLE, check_revision, lock_draft, optional_description, quoted, record, save_edit},
    entries::{self, NewEntry},
    methods::VotingMethod,
    rows::{AnnouncementLevel, Campaign, Entry, ResultsVisibility},
    rules,
    service::Voting,
    store,
};
use crate::{
    access::Viewer,
    audit::Action,
    db::CampaignStatus,
    identity::{self, Ladder},
    kernel::{
        clock::Timestamp,
        error::{Refusal, Result},
        id::{CampaignId, GuildId, MemberId},
        input::{InputCheck, refused_field},
        text,
    },
};

/// Longest duration of a vote, in hours: a year.
const MAX_HOURS: usize = 8_760;

/// A campaign to create.
#[derive(Clone)]
pub struct NewCampaign {
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: Option<String>,
    /// How ballots are counted.
    pub method: VotingMethod,
    /// The number of picks on a ballot.
    pub picks_per_voter: i64,
    /// The number of entries that win.
    pub seats: i64,
    /// The lowest rank level that can vote.
    pub min_rank_level_to_vote: i64,
    /// The lowest rank level that can see the campaign; everyone can by default.
    pub min_rank_level_to_view: Option<i64>,
    /// When the scheduler sets the campaign live.
    pub start_at: Option<Timestamp>,
    /// How long the vote is open, in hours.
    pub duration_hours: i64,
    /// Whether the campaign closes as soon as everyone eligible has voted.
    pub early_close_if_all_voted: bool,
    /// Who sees the standings while the vote is live.
    pub results_visibility: ResultsVisibility,
    /// Which events of the campaign are announced on Discord.
    pub announcements: AnnouncementLevel,
    /// The id of the Discord channel for the announcements.
    pub discord_channel_id: Option<String>,
    /// The entries, in their order.
    pub entries: Vec<NewEntry>,
}

/// Creates a draft.
///
/// # Errors
/// `BAD_USER_INPUT`; `FORBIDDEN` (`RANK_TOO_LOW`); `NOT_FOUND` for an entry's member.
pub async fn create_campaign(voting: &Voting, viewer: &Viewer, new: NewCampaign) -> Result<Campaign> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        .change_campaign(async move |conn| {
            // No change of the ladder moves bounds until this campaign is stored.
            identity::store::lock_roster_shared(conn, officer.guild).await?;
            let officer = officer.confirm(conn).await?;
            officer.require(rules::MANAGE)?;
            let members = entries::known_members(conn, officer.guild, &new.entries).await?;
            let (guild, author, level) = (officer.guild, Some(officer.member), officer.rank_level);
            let (campaign, entries) = InputCheck::run(|check| {
                let (campaign, entries) = new.check(check, guild, author, now, level);
                entries::check_members(check, &entries, &members);
                (campaign, entries)
            })?;
            let campaign = campaign.with_rank_levels(&Ladder::load(conn, officer.guild).await?);
            let campaign = Campaign { ladder_version: officer.ladder_version, ..campaign };
            store::insert_campaigns(conn, vec![campaign.clone()]).await?;
            store::insert_entries(conn, entries).await?;
            let summary = format!("Drafted {}", quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignCreate, summary).await?;
            Ok(campaign)
        })
        .await
}

impl NewCampaign {
    /// Checks the input and returns the draft's rows, which may be for ranks of any level.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`.
    pub fn into_rows(
        self,
        guild: GuildId,
        created_by: Option<MemberId>,
        now: Timestamp,
    ) -> Result<(Campaign, Vec<Entry>), Refusal> {
        InputCheck::run(|check| self.check(check, guild, created_by, now, i64::MAX))
    }

    fn check(
        self,
        check: &mut InputCheck,
        guild: GuildId,
        created_by: Option<MemberId>,
        now: Timestamp,
        officer_level: i64,
    ) -> (Campaign, Vec<Entry>) {
        let title = check.valid(text::name("title", &self.title, MAX_TITLE));
        let description = check.valid(optional_description(self.description.as_deref()));
        let picks_per_voter = check.valid(picks_per_voter(self.picks_per_voter));
        check.valid(rules::check_seats(self.method, self.seats));
        rules::check_levels(check, self.min_rank_level_to_vote, self.min_rank_level_to_view, officer_level);
        let start_at = self.start_at.map(|start| check.valid(check_start(start)));
        let campaign = Campaign {
            guild_id: guild,
            id: CampaignId::new(),
            sort_key: text::sort_key(&[&title]),
            title,
            description,
            method: self.method,
            picks_per_voter,
            min_rank_level_to_vote: self.min_rank_level_to_vote,
            min_rank_level_to_view: self.min_rank_level_to_view,
            start_at: None,
            duration_hours: check.valid(duration_hours(self.duration_hours)),
            closes_at: None,
            closed_at: None,
            status: CampaignStatus::Draft,
            early_close_if_all_voted: self.early_close_if_all_voted,
            results_visibility: self.results_visibility,
            announcements: self.announcements,
            discord_channel_id: self
                .discord_channel_id
                .map(|id| check.valid(text::discord_id("discordChannelId", &id))),
            created_by,
            created_at: now,
            seats: self.seats,
            close_reason: None,
            cancel_reason: None,
            cancelled_eligible: None,
            cancelled_awaiting_registration: None,
            outcome: None,
            draft_revision: 1,
            ladder_version: 0,
            roster_version: 0,
        }
        .with_start(start_at);
        let entries = entries::check_all(check, self.entries, &campaign);
        (campaign, entries)
    }
}

/// A change of a draft's settings. Unset fields are not changed. [`NewCampaign`] documents the fields.
#[derive(Clone)]
pub struct CampaignChange {
    /// The draft.
    pub id: CampaignId,
    /// The revision that the officer has seen. Another one is refused.
    pub draft_revision: Option<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub title: Option<String>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub description: MaybeUndefined<String>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub method: Option<VotingMethod>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub picks_per_voter: Option<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub seats: Option<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub min_rank_level_to_vote: Option<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub min_rank_level_to_view: MaybeUndefined<i64>,
    #[expect(missing_docs, reason = "as in NewCampaign")]
    pub start_at: MaybeUndefined<Timestamp>,
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
/// The same as [`create_campaign`], and `NOT_FOUND`; `CONFLICT` (`NOT_A_DRAFT`, `STALE_DRAFT`).
pub async fn update_campaign(voting: &Voting, viewer: &Viewer, change: CampaignChange) -> Result<Campaign> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let draft = refused_field(lock_draft(conn, &officer, change.id, "id").await)?;
            // Read again while the roster is locked: the officer's level is compared with those of the ladder.
            let officer = officer.confirm(conn).await?;
            let ladder = Ladder::load(conn, officer.guild).await?;
            let draft = match draft {
                Ok(draft) => {
                    check_revision(&draft, change.draft_revision)?;
                    draft.with_rank_levels(&ladder)
                }
                Err(refusal) => return Err(refusal.and(change.check_alone(&officer, now)).into()),
            };
            let campaign = InputCheck::run(|check| change.apply(check, draft, officer.rank_level))?;
            let campaign = save_edit(conn, campaign.with_rank_levels(&ladder)).await?;
            let summary = format!("Changed the settings of {}", quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignUpdate, summary).await?;
            Ok(campaign)
        })
        .await
}

impl CampaignChange {
    /// Checks the fields of a change of an unknown draft, as if it allowed every other value of each.
    fn check_alone(self, officer: &Viewer, now: Timestamp) -> Result<Campaign, Refusal> {
        let blank = NewCampaign {
            title: String::new(),
            description: None,
            method: VotingMethod::SingleTransferableVote,
            picks_per_voter: 1,
            seats: 1,
            min_rank_level_to_vote: officer.rank_level,
            min_rank_level_to_view: None,
            start_at: None,
            duration_hours: 1,
            early_close_if_all_voted: false,
            results_visibility: ResultsVisibility::AfterVoting,
            announcements: AnnouncementLevel::Off,
            discord_channel_id: None,
            entries: Vec::new(),
        };
        let (blank, _) = blank.check(&mut InputCheck::default(), officer.guild, None, now, officer.rank_level);
        InputCheck::run(|check| self.apply(check, blank, officer.rank_level))
    }

    fn apply(self, check: &mut InputCheck, mut campaign: Campaign, officer_level: i64) -> Campaign {
        if let Some(title) = self.title {
            check.set(&mut campaign.title, text::name("title", &title, MAX_TITLE));
            campaign.sort_key = text::sort_key(&[&campaign.title]);
        }
        if !self.description.is_undefined() {
            let description = optional_description(self.description.value().map(String::as_str));
            check.set(&mut campaign.description, description);
        }
        if let Some(picks) = self.picks_per_voter {
            check.set(&mut campaign.picks_per_voter, picks_per_voter(picks));
        }
        if let Some(hours) = self.duration_hours {
            check.set(&mut campaign.duration_hours, duration_hours(hours));
        }
        if !self.discord_channel_id.is_undefined() {
            let channel = self.discord_channel_id.take();
            campaign.discord_channel_id = channel.map(|id| check.valid(text::discord_id("discordChannelId", &id)));
        }
        if !self.min_rank_level_to_view.is_undefined() {
            campaign.min_rank_level_to_view = self.min_rank_level_to_view.take();
        }
        campaign.method = self.method.unwrap_or(campaign.method);
        campaign.seats = self.seats.unwrap_or(campaign.seats);
        check.valid(rules::check_seats(campaign.method, campaign.seats));
        campaign.min_rank_level_to_vote = self.min_rank_level_to_vote.unwrap_or(campaign.min_rank_level_to_vote);
        let (vote_level, view_level) = (campaign.min_rank_level_to_vote, campaign.min_rank_level_to_view);
        rules::check_levels(check, vote_level, view_level, officer_level);
        campaign.early_close_if_all_voted = self.early_close_if_all_voted.unwrap_or(campaign.early_close_if_all_voted);
        campaign.results_visibility = self.results_visibility.unwrap_or(campaign.results_visibility);
        campaign.announcements = self.announcements.unwrap_or(campaign.announcements);
        let start = match self.start_at {
            MaybeUndefined::Undefined => campaign.start_at,
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(start) => Some(check.valid(check_start(start))),
        };
        campaign.with_start(start)
    }
}

/// Deletes a draft.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` (`NOT_A_DRAFT`).
pub async fn delete_campaign(voting: &Voting, viewer: &Viewer, id: CampaignId) -> Result<()> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let campaign = lock_draft(conn, &officer, id, "id").await?;
            store::delete_campaign(conn, campaign.guild_id, campaign.id).await?;
            let summary = format!("Deleted {}", quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignDelete, summary).await?;
            Ok(campaign)
        })
        .await?;
    Ok(())
}

fn picks_per_voter(picks: i64) -> Result<i64, Refusal> {
    rules::in_range("picksPerVoter", picks, MAX_PICKS)
}

fn duration_hours(hours: i64) -> Result<i64, Refusal> {
    rules::in_range("durationHours", hours, MAX_HOURS)
}

/// Checks the year of a start. Both databases store and order years of four digits.
fn check_start(start: Timestamp) -> Result<Timestamp, Refusal> {
    if (2000..9000).contains(&start.year()) {
        return Ok(start);
    }
    Err(Refusal::input("startAt", "startAt must be between the years 2000 and 9000."))
}
