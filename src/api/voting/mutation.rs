//! What changes votes.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, SubsecRound, Utc};
use guildhall_macros::guarded;

use crate::{
    api::{context::RequestContext, node::DeletePayload},
    kernel::{
        clock::Timestamp,
        error::{Refusal, Result},
        id::{CampaignId, EntryId, MemberId},
    },
    voting::{
        self, AnnouncementLevel, Ballot, Campaign, CampaignChange, Entry, EntryChange, NewCampaign, NewEntry,
        ResultsVisibility, VotingMethod, activate, add_entry, archive, cast_ballot, close, create_campaign,
        delete_campaign, remove_entry, reorder_entries, update_campaign, update_entry,
    },
};

/// A thing to vote on.
#[derive(InputObject)]
struct EntryInput {
    /// Its name, up to 200 characters.
    name: String,
    /// More of it, up to 5,000 characters.
    description: Option<String>,
    /// Its picture, an http or https URL.
    image_url: Option<String>,
    /// The member it is about.
    associated_member_id: Option<ID>,
}

impl From<EntryInput> for NewEntry {
    fn from(input: EntryInput) -> Self {
        Self {
            name: input.name,
            description: input.description,
            image_url: input.image_url,
            associated_member: input.associated_member_id.map(|id| MemberId::try_from(&id).ok()),
        }
    }
}

/// A vote to prepare.
#[derive(InputObject)]
struct CreateCampaignInput {
    /// What the vote is about, up to 200 characters.
    title: String,
    /// More of it, up to 5,000 characters.
    description: Option<String>,
    /// How ballots are counted.
    #[graphql(default_with = "VotingMethod::Weighted")]
    method: VotingMethod,
    /// How many entries a ballot names: 1 to 10.
    #[graphql(default = 3)]
    picks_per_voter: i32,
    /// How many entries win: 1 to 100 for the single transferable vote, 1 for all other methods.
    #[graphql(default = 1)]
    seats: i32,
    /// The least rank level that votes; not above your own.
    min_rank_level_to_vote: i32,
    /// The least rank level that sees it; not above the one that votes. Without it everyone does.
    min_rank_level_to_view: Option<i32>,
    /// When it goes live by itself.
    start_at: Option<DateTime<Utc>>,
    /// How long it takes ballots: 1 to 8,760 hours.
    duration_hours: i32,
    /// Whether it closes as soon as everyone eligible has voted.
    #[graphql(default = true)]
    early_close_if_all_voted: bool,
    /// When standings are shown while it is live.
    #[graphql(default_with = "ResultsVisibility::AfterVoting")]
    results_visibility: ResultsVisibility,
    /// How much the Discord bot tells of it.
    #[graphql(default_with = "AnnouncementLevel::Normal")]
    announcements: AnnouncementLevel,
    /// The Discord channel it is told in; the guild's default unless given.
    discord_channel_id: Option<String>,
    /// What is voted on, in order: up to 200.
    #[graphql(default)]
    entries: Vec<EntryInput>,
}

/// What is to change of a draft. An absent field stays as it is, `null` clears one that may be null.
#[derive(InputObject)]
struct UpdateCampaignInput {
    /// Which campaign.
    id: ID,
    /// What the vote is about.
    title: Option<String>,
    /// More of it.
    description: MaybeUndefined<String>,
    /// How ballots are counted.
    method: Option<VotingMethod>,
    /// How many entries a ballot names.
    picks_per_voter: Option<i32>,
    /// How many entries win.
    seats: Option<i32>,
    /// The least rank level that votes.
    min_rank_level_to_vote: Option<i32>,
    /// The least rank level that sees it.
    min_rank_level_to_view: MaybeUndefined<i32>,
    /// When it goes live by itself.
    start_at: MaybeUndefined<DateTime<Utc>>,
    /// How long it takes ballots, in hours.
    duration_hours: Option<i32>,
    /// Whether it closes as soon as everyone eligible has voted.
    early_close_if_all_voted: Option<bool>,
    /// When standings are shown while it is live.
    results_visibility: Option<ResultsVisibility>,
    /// How much the Discord bot tells of it.
    announcements: Option<AnnouncementLevel>,
    /// The Discord channel it is told in.
    discord_channel_id: MaybeUndefined<String>,
}

/// An entry to add to a draft.
#[derive(InputObject)]
struct AddEntryInput {
    /// Which campaign.
    campaign_id: ID,
    /// The entry.
    entry: EntryInput,
}

/// What is to change of a draft's entry. An absent field stays as it is, `null` clears one that may be null.
#[derive(InputObject)]
struct UpdateEntryInput {
    /// Which entry.
    id: ID,
    /// Its name.
    name: Option<String>,
    /// More of it.
    description: MaybeUndefined<String>,
    /// Its picture.
    image_url: MaybeUndefined<String>,
    /// The member it is about.
    associated_member_id: MaybeUndefined<ID>,
}

/// A ballot to cast.
#[derive(InputObject)]
struct CastBallotInput {
    /// In which campaign.
    campaign_id: ID,
    /// Entries of the campaign, first choice first, each once.
    picks: Vec<ID>,
    /// The nonce of the ballot's receipt, if the voter wants to draw it themselves: 64 hexadecimal digits from a good source
    /// of randomness.
    nonce: Option<String>,
}

/// A campaign, changed.
#[derive(SimpleObject)]
struct CampaignPayload {
    /// The campaign as it is now.
    campaign: Campaign,
}

/// An entry, changed.
#[derive(SimpleObject)]
struct EntryPayload {
    /// The entry as it is now.
    entry: Entry,
    /// Its campaign.
    campaign: Campaign,
}

/// A ballot, cast.
#[derive(SimpleObject)]
struct CastBallotPayload {
    /// The ballot. It is kept, whatever happens next.
    ballot: Ballot,
    /// Its campaign, closed already if this was the last ballot it waited for.
    campaign: Campaign,
}

/// What changes votes.
#[derive(Default)]
pub struct VotingMutation;

#[guarded]
#[Object]
impl VotingMutation {
    /// Prepares a vote as a draft.
    #[requires_permission(voting::MANAGE)]
    async fn create_campaign(&self, ctx: &Context<'_>, input: CreateCampaignInput) -> Result<CampaignPayload> {
        let caller = RequestContext::of(ctx);
        let new = NewCampaign {
            title: input.title,
            description: input.description,
            method: input.method,
            picks_per_voter: input.picks_per_voter.into(),
            seats: input.seats.into(),
            min_rank_level_to_vote: input.min_rank_level_to_vote.into(),
            min_rank_level_to_view: input.min_rank_level_to_view.map(i64::from),
            start_at: input.start_at.map(instant),
            duration_hours: input.duration_hours.into(),
            early_close_if_all_voted: input.early_close_if_all_voted,
            results_visibility: input.results_visibility,
            announcements: input.announcements,
            discord_channel_id: input.discord_channel_id,
            entries: input.entries.into_iter().map(NewEntry::from).collect(),
        };
        Ok(CampaignPayload { campaign: create_campaign(&caller.app.voting, &*caller.signed_in()?, new).await? })
    }

    /// Changes a draft's settings.
    #[requires_permission(voting::MANAGE)]
    async fn update_campaign(&self, ctx: &Context<'_>, input: UpdateCampaignInput) -> Result<CampaignPayload> {
        let caller = RequestContext::of(ctx);
        let change = CampaignChange {
            id: campaign_id("id", &input.id)?,
            title: input.title,
            description: input.description,
            method: input.method,
            picks_per_voter: input.picks_per_voter.map(i64::from),
            seats: input.seats.map(i64::from),
            min_rank_level_to_vote: input.min_rank_level_to_vote.map(i64::from),
            min_rank_level_to_view: input.min_rank_level_to_view.map_value(i64::from),
            start_at: input.start_at.map_value(instant),
            duration_hours: input.duration_hours.map(i64::from),
            early_close_if_all_voted: input.early_close_if_all_voted,
            results_visibility: input.results_visibility,
            announcements: input.announcements,
            discord_channel_id: input.discord_channel_id,
        };
        Ok(CampaignPayload { campaign: update_campaign(&caller.app.voting, &*caller.signed_in()?, change).await? })
    }

    /// Deletes a draft.
    #[requires_permission(voting::MANAGE)]
    async fn delete_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which draft.")] id: ID,
    ) -> Result<DeletePayload> {
        let caller = RequestContext::of(ctx);
        delete_campaign(&caller.app.voting, &*caller.signed_in()?, campaign_id("id", &id)?).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Adds an entry at a draft's end.
    #[requires_permission(voting::MANAGE)]
    async fn add_entry(&self, ctx: &Context<'_>, input: AddEntryInput) -> Result<EntryPayload> {
        let caller = RequestContext::of(ctx);
        let campaign = campaign_id("campaignId", &input.campaign_id)?;
        let (entry, campaign) =
            add_entry(&caller.app.voting, &*caller.signed_in()?, campaign, input.entry.into()).await?;
        Ok(EntryPayload { entry, campaign })
    }

    /// Changes an entry of a draft.
    #[requires_permission(voting::MANAGE)]
    async fn update_entry(&self, ctx: &Context<'_>, input: UpdateEntryInput) -> Result<EntryPayload> {
        let caller = RequestContext::of(ctx);
        let change = EntryChange {
            id: entry_id(&input.id)?,
            name: input.name,
            description: input.description,
            image_url: input.image_url,
            associated_member: input.associated_member_id.map_value(|id| MemberId::try_from(&id).ok()),
        };
        let (entry, campaign) = update_entry(&caller.app.voting, &*caller.signed_in()?, change).await?;
        Ok(EntryPayload { entry, campaign })
    }

    /// Takes an entry off a draft.
    #[requires_permission(voting::MANAGE)]
    async fn remove_entry(&self, ctx: &Context<'_>, #[graphql(desc = "Which entry.")] id: ID) -> Result<DeletePayload> {
        let caller = RequestContext::of(ctx);
        remove_entry(&caller.app.voting, &*caller.signed_in()?, entry_id(&id)?).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Puts a draft's entries in this order.
    #[requires_permission(voting::MANAGE)]
    async fn reorder_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which draft.")] campaign_id: ID,
        #[graphql(desc = "All its entries, each once.")] entry_ids: Vec<ID>,
    ) -> Result<CampaignPayload> {
        let caller = RequestContext::of(ctx);
        let campaign = self::campaign_id("campaignId", &campaign_id)?;
        let order = entry_ids.iter().map(|id| EntryId::try_from(id).ok()).collect();
        let campaign = reorder_entries(&caller.app.voting, &*caller.signed_in()?, campaign, order).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Sets a draft live, now.
    #[requires_permission(voting::MANAGE)]
    async fn activate_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which draft.")] id: ID,
    ) -> Result<CampaignPayload> {
        let caller = RequestContext::of(ctx);
        let campaign = activate(&caller.app.voting, &*caller.signed_in()?, campaign_id("id", &id)?).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Closes a live vote before its time, and stores its result.
    #[requires_permission(voting::MANAGE)]
    async fn close_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which live vote.")] id: ID,
    ) -> Result<CampaignPayload> {
        let caller = RequestContext::of(ctx);
        let campaign = close(&caller.app.voting, &*caller.signed_in()?, campaign_id("id", &id)?).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Archives a closed vote: it is hidden from default lists.
    #[requires_permission(voting::MANAGE)]
    async fn archive_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which closed vote.")] id: ID,
    ) -> Result<CampaignPayload> {
        let caller = RequestContext::of(ctx);
        let campaign = archive(&caller.app.voting, &*caller.signed_in()?, campaign_id("id", &id)?).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Casts the viewer's ballot in a live vote: once, for good, and for nobody else to see.
    #[authenticated]
    async fn cast_ballot(&self, ctx: &Context<'_>, input: CastBallotInput) -> Result<CastBallotPayload> {
        let caller = RequestContext::of(ctx);
        let campaign = campaign_id("campaignId", &input.campaign_id)?;
        let picks = input.picks.iter().map(|id| EntryId::try_from(id).ok()).collect();
        let (ballot, campaign) =
            cast_ballot(&caller.app.voting, &*caller.signed_in()?, campaign, picks, input.nonce).await?;
        Ok(CastBallotPayload { ballot, campaign })
    }
}

pub(super) fn campaign_id(field: &'static str, id: &ID) -> Result<CampaignId, Refusal> {
    CampaignId::try_from(id).map_err(|_| Refusal::not_found("campaign").at(field))
}

fn entry_id(id: &ID) -> Result<EntryId, Refusal> {
    EntryId::try_from(id).map_err(|_| Refusal::not_found("entry").at("id"))
}

fn instant(at: DateTime<Utc>) -> Timestamp {
    at.naive_utc().trunc_subsecs(6)
}
