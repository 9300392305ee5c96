//! Mutations of campaigns and ballots.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, SubsecRound, Utc};
use guildhall_macros::guarded;

use crate::{
    api::{context::RequestContext, node::DeletePayload},
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{CampaignId, EntryId, MemberId},
    },
    voting::{
        self, AnnouncementLevel, Ballot, Campaign, CampaignChange, Entry, EntryChange, ListedEntry, NewCampaign,
        NewEntry, ResultsVisibility, VotingMethod, activate, add_entry, archive, cancel, cast_ballot, close,
        create_campaign, delete_campaign, remove_entry, reorder_entries, set_entries, set_outcome, update_campaign,
        update_entry,
    },
};

/// An entry to create.
#[derive(InputObject)]
struct EntryInput {
    /// Name, at most 200 characters. The entries of a campaign differ by name, ignoring case, width and spaces.
    name: String,
    /// Description, at most 5,000 characters.
    description: Option<String>,
    /// URL of an image (`http` or `https`), at most 2,048 characters.
    image_url: Option<String>,
    /// Id of the member whom the entry is about. A campaign has at most one entry about a member.
    associated_member_id: Option<ID>,
}

impl From<EntryInput> for NewEntry {
    fn from(input: EntryInput) -> Self {
        Self {
            name: input.name,
            description: input.description,
            image_url: input.image_url,
            associated_member: input.associated_member_id.as_ref().map(MemberId::from_input),
        }
    }
}

/// A campaign to create as a draft.
#[derive(InputObject)]
struct CreateCampaignInput {
    /// Title, at most 200 characters.
    title: String,
    /// Description, at most 5,000 characters.
    description: Option<String>,
    /// How ballots are counted.
    #[graphql(default_with = "VotingMethod::Weighted")]
    method: VotingMethod,
    /// Number of picks on a ballot, 1 to 10: exactly this many for `WEIGHTED`, at most this many for other methods.
    #[graphql(default = 3)]
    picks_per_voter: i32,
    /// Number of winners: 1 to 100 for `SINGLE_TRANSFERABLE_VOTE`, 1 for all other methods.
    #[graphql(default = 1)]
    seats: i32,
    /// Lowest rank level that may vote, 1 to 1000; not above the viewer's own level. It stands for the lowest rank at
    /// or above it.
    min_rank_level_to_vote: i32,
    /// Lowest rank level that may see the campaign; not above `minRankLevelToVote`. Without it, everyone may. It stands
    /// for the lowest rank at or above it.
    min_rank_level_to_view: Option<i32>,
    /// Time at which the draft goes live automatically. Without it, an officer starts the campaign.
    start_at: Option<DateTime<Utc>>,
    /// Duration of the voting, 1 to 8,760 hours.
    duration_hours: i32,
    /// Whether the campaign closes with the ballot that makes `turnout.voted` equal to `turnout.eligible`.
    #[graphql(default = false)]
    early_close_if_all_voted: bool,
    /// Who sees the standings while the campaign is live.
    #[graphql(default_with = "ResultsVisibility::AfterVoting")]
    results_visibility: ResultsVisibility,
    /// Events that the Discord bot announces.
    #[graphql(default_with = "AnnouncementLevel::Normal")]
    announcements: AnnouncementLevel,
    /// Id of the Discord channel for announcements. Without it, the guild's default channel.
    discord_channel_id: Option<String>,
    /// Entries in their order, at most 200.
    #[graphql(default)]
    entries: Vec<EntryInput>,
}

/// Changes to a draft. An omitted field keeps its value; `null` clears an optional one.
#[derive(InputObject)]
struct UpdateCampaignInput {
    /// Id of the draft.
    id: ID,
    /// Title, at most 200 characters.
    title: Option<String>,
    /// Description, at most 5,000 characters.
    description: MaybeUndefined<String>,
    /// How ballots are counted.
    method: Option<VotingMethod>,
    /// Number of picks on a ballot, 1 to 10.
    picks_per_voter: Option<i32>,
    /// Number of winners, as in `CreateCampaignInput`.
    seats: Option<i32>,
    /// Lowest rank level that may vote, 1 to 1000; not above the viewer's own level.
    min_rank_level_to_vote: Option<i32>,
    /// Lowest rank level that may see the campaign, not above `minRankLevelToVote`; `null` for everyone.
    min_rank_level_to_view: MaybeUndefined<i32>,
    /// Time at which the draft goes live automatically; `null` for never.
    start_at: MaybeUndefined<DateTime<Utc>>,
    /// Duration of the voting, 1 to 8,760 hours.
    duration_hours: Option<i32>,
    /// Whether the campaign closes with the ballot that makes `turnout.voted` equal to `turnout.eligible`.
    early_close_if_all_voted: Option<bool>,
    /// Who sees the standings while the campaign is live.
    results_visibility: Option<ResultsVisibility>,
    /// Events that the Discord bot announces.
    announcements: Option<AnnouncementLevel>,
    /// Id of the Discord channel for announcements; `null` for the guild's default channel.
    discord_channel_id: MaybeUndefined<String>,
    /// `Campaign.draftRevision` as the officer has seen it. If the draft has another one by now, the change is refused.
    draft_revision: Option<i32>,
}

/// An entry to add to a draft.
#[derive(InputObject)]
struct AddEntryInput {
    /// Id of the draft.
    campaign_id: ID,
    /// The entry.
    entry: EntryInput,
}

/// Changes to an entry of a draft. An omitted field keeps its value; `null` clears an optional one.
#[derive(InputObject)]
struct UpdateEntryInput {
    /// Id of the entry.
    id: ID,
    /// Name, at most 200 characters.
    name: Option<String>,
    /// Description, at most 5,000 characters.
    description: MaybeUndefined<String>,
    /// URL of an image (`http` or `https`), at most 2,048 characters.
    image_url: MaybeUndefined<String>,
    /// Id of the member whom the entry is about.
    associated_member_id: MaybeUndefined<ID>,
}

/// An entry of a draft's new list of entries.
#[derive(InputObject)]
struct SetEntryInput {
    /// Id of the entry to keep or change. Without it, the entry is new.
    id: Option<ID>,
    /// The whole entry: an omitted field is empty, also if the entry had a value before.
    entry: EntryInput,
}

/// The new list of a draft's entries.
#[derive(InputObject)]
struct SetEntriesInput {
    /// Id of the draft.
    campaign_id: ID,
    /// `Campaign.draftRevision` as the officer has seen it. If the draft has another one by now, the change is refused.
    draft_revision: Option<i32>,
    /// All entries in their order, at most 200. Entries of the draft that are left out are removed.
    entries: Vec<SetEntryInput>,
}

/// A live campaign to cancel.
#[derive(InputObject)]
struct CancelCampaignInput {
    /// Id of the live campaign.
    id: ID,
    /// Why it is cancelled, 1 to 500 characters. Everyone who sees the campaign can read it.
    reason: String,
}

/// The outcome of a campaign.
#[derive(InputObject)]
struct SetOutcomeInput {
    /// Id of the closed or archived campaign.
    campaign_id: ID,
    /// What the officers made of the result, at most 2,000 characters; `null` takes it back. Everyone who sees the
    /// campaign can read it.
    outcome: Option<String>,
}

/// A ballot to cast.
#[derive(InputObject)]
struct CastBallotInput {
    /// Id of the campaign.
    campaign_id: ID,
    /// Ids of entries of the campaign, first choice first, without duplicates. `Campaign.picksPerVoter` says how many.
    picks: Vec<ID>,
    /// Nonce of the receipt: 64 hexadecimal digits from a secure random source, unique in the campaign. Without it, the
    /// server draws one, and the request cannot be repeated.
    nonce: Option<String>,
}

/// A created or changed campaign.
#[derive(SimpleObject)]
struct CampaignPayload {
    /// The campaign after the change.
    campaign: Campaign,
}

/// A created or changed entry.
#[derive(SimpleObject)]
struct EntryPayload {
    /// The entry after the change.
    entry: Entry,
    /// The campaign of the entry.
    campaign: Campaign,
}

/// A cast ballot.
#[derive(SimpleObject)]
struct CastBallotPayload {
    /// The ballot, which can no longer change.
    ballot: Ballot,
    /// The campaign after the ballot: closed if all eligible members have voted and `earlyCloseIfAllVoted` is on.
    campaign: Campaign,
}

/// Mutations of campaigns and ballots.
#[derive(Default)]
pub struct VotingMutation;

#[guarded(mutations)]
#[Object]
impl VotingMutation {
    /// Creates a campaign as a draft.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `NAME_TAKEN`, `MEMBER_TAKEN`.
    #[requires_permission(voting::MANAGE)]
    async fn create_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new campaign.")] input: CreateCampaignInput,
    ) -> Result<CampaignPayload> {
        let context = RequestContext::of(ctx);
        let new = NewCampaign {
            title: input.title,
            description: input.description,
            method: input.method,
            picks_per_voter: input.picks_per_voter.into(),
            seats: input.seats.into(),
            min_rank_level_to_vote: input.min_rank_level_to_vote.into(),
            min_rank_level_to_view: input.min_rank_level_to_view.map(i64::from),
            start_at: input.start_at.map(timestamp),
            duration_hours: input.duration_hours.into(),
            early_close_if_all_voted: input.early_close_if_all_voted,
            results_visibility: input.results_visibility,
            announcements: input.announcements,
            discord_channel_id: input.discord_channel_id,
            entries: input.entries.into_iter().map(NewEntry::from).collect(),
        };
        Ok(CampaignPayload { campaign: create_campaign(&context.app.voting, &*context.signed_in()?, new).await? })
    }

    /// Changes the settings of a draft.
    ///
    /// Error reasons: `NOT_A_DRAFT`, `STALE_DRAFT`, `RANK_TOO_LOW`.
    #[requires_permission(voting::MANAGE)]
    async fn update_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the draft and fields to change.")] input: UpdateCampaignInput,
    ) -> Result<CampaignPayload> {
        let context = RequestContext::of(ctx);
        let change = CampaignChange {
            id: CampaignId::from_input(&input.id),
            draft_revision: input.draft_revision.map(i64::from),
            title: input.title,
            description: input.description,
            method: input.method,
            picks_per_voter: input.picks_per_voter.map(i64::from),
            seats: input.seats.map(i64::from),
            min_rank_level_to_vote: input.min_rank_level_to_vote.map(i64::from),
            min_rank_level_to_view: input.min_rank_level_to_view.map_value(i64::from),
            start_at: input.start_at.map_value(timestamp),
            duration_hours: input.duration_hours.map(i64::from),
            early_close_if_all_voted: input.early_close_if_all_voted,
            results_visibility: input.results_visibility,
            announcements: input.announcements,
            discord_channel_id: input.discord_channel_id,
        };
        Ok(CampaignPayload { campaign: update_campaign(&context.app.voting, &*context.signed_in()?, change).await? })
    }

    /// Deletes a draft.
    ///
    /// Error reasons: `NOT_A_DRAFT`.
    #[requires_permission(voting::MANAGE)]
    async fn delete_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the draft.")] id: ID,
    ) -> Result<DeletePayload> {
        let context = RequestContext::of(ctx);
        delete_campaign(&context.app.voting, &*context.signed_in()?, CampaignId::from_input(&id)).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Adds an entry at the end of a draft.
    ///
    /// Error reasons: `NOT_A_DRAFT`, `NAME_TAKEN`, `MEMBER_TAKEN`.
    #[requires_permission(voting::MANAGE)]
    async fn add_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the draft and the new entry.")] input: AddEntryInput,
    ) -> Result<EntryPayload> {
        let context = RequestContext::of(ctx);
        let campaign = CampaignId::from_input(&input.campaign_id);
        let (entry, campaign) =
            add_entry(&context.app.voting, &*context.signed_in()?, campaign, input.entry.into()).await?;
        Ok(EntryPayload { entry, campaign })
    }

    /// Changes an entry of a draft.
    ///
    /// Error reasons: `NOT_A_DRAFT`, `NAME_TAKEN`, `MEMBER_TAKEN`.
    #[requires_permission(voting::MANAGE)]
    async fn update_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the entry and fields to change.")] input: UpdateEntryInput,
    ) -> Result<EntryPayload> {
        let context = RequestContext::of(ctx);
        let change = EntryChange {
            id: EntryId::from_input(&input.id),
            name: input.name,
            description: input.description,
            image_url: input.image_url,
            associated_member: input.associated_member_id.map_value(|id| MemberId::from_input(&id)),
        };
        let (entry, campaign) = update_entry(&context.app.voting, &*context.signed_in()?, change).await?;
        Ok(EntryPayload { entry, campaign })
    }

    /// Removes an entry from a draft.
    ///
    /// Error reasons: `NOT_A_DRAFT`.
    #[requires_permission(voting::MANAGE)]
    async fn remove_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the entry.")] id: ID,
    ) -> Result<DeletePayload> {
        let context = RequestContext::of(ctx);
        remove_entry(&context.app.voting, &*context.signed_in()?, EntryId::from_input(&id)).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Reorders the entries of a draft.
    ///
    /// Error reasons: `NOT_A_DRAFT`.
    #[requires_permission(voting::MANAGE)]
    async fn reorder_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the draft.")] campaign_id: ID,
        #[graphql(desc = "Ids of all entries of the draft in the new order, each once.")] entry_ids: Vec<ID>,
    ) -> Result<CampaignPayload> {
        let context = RequestContext::of(ctx);
        let campaign = CampaignId::from_input(&campaign_id);
        let order = entry_ids.iter().map(EntryId::from_input).collect();
        let campaign = reorder_entries(&context.app.voting, &*context.signed_in()?, campaign, order).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Sets the whole list of a draft's entries at once: all of it, or nothing if any entry is refused.
    ///
    /// Error reasons: `NOT_A_DRAFT`, `STALE_DRAFT`, `NAME_TAKEN`, `MEMBER_TAKEN`.
    #[requires_permission(voting::MANAGE)]
    async fn set_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the draft, and its entries.")] input: SetEntriesInput,
    ) -> Result<CampaignPayload> {
        let context = RequestContext::of(ctx);
        let (campaign, revision) = (CampaignId::from_input(&input.campaign_id), input.draft_revision.map(i64::from));
        let listed = input
            .entries
            .into_iter()
            .map(|listed| ListedEntry { id: listed.id.as_ref().map(EntryId::from_input), entry: listed.entry.into() });
        let (voting, officer) = (&context.app.voting, context.signed_in()?);
        Ok(CampaignPayload { campaign: set_entries(voting, &officer, campaign, revision, listed.collect()).await? })
    }

    /// Sets a draft live now.
    ///
    /// Error reasons: `ILLEGAL_TRANSITION`, `NOT_READY` (see `Campaign.activationBlockers`).
    #[requires_permission(voting::MANAGE)]
    async fn activate_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the draft.")] id: ID,
    ) -> Result<CampaignPayload> {
        let context = RequestContext::of(ctx);
        let campaign = activate(&context.app.voting, &*context.signed_in()?, CampaignId::from_input(&id)).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Closes a live campaign early and stores its result.
    ///
    /// Error reasons: `ILLEGAL_TRANSITION`.
    #[requires_permission(voting::MANAGE)]
    async fn close_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the live campaign.")] id: ID,
    ) -> Result<CampaignPayload> {
        let context = RequestContext::of(ctx);
        let campaign = close(&context.app.voting, &*context.signed_in()?, CampaignId::from_input(&id)).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Cancels a live campaign. It closes without a result: its ballots are kept, and never counted or published.
    /// Voters keep their receipts.
    ///
    /// Error reasons: `ILLEGAL_TRANSITION`.
    #[requires_permission(voting::MANAGE)]
    async fn cancel_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the live campaign, and the reason.")] input: CancelCampaignInput,
    ) -> Result<CampaignPayload> {
        let (context, id) = (RequestContext::of(ctx), CampaignId::from_input(&input.id));
        let campaign = cancel(&context.app.voting, &*context.signed_in()?, id, input.reason).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Says what the officers made of the result of a closed or archived campaign, or takes it back.
    ///
    /// Error reasons: `NOT_CLOSED`.
    #[requires_permission(voting::MANAGE)]
    async fn set_outcome(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the campaign, and its outcome.")] input: SetOutcomeInput,
    ) -> Result<CampaignPayload> {
        let (context, id) = (RequestContext::of(ctx), CampaignId::from_input(&input.campaign_id));
        let campaign = set_outcome(&context.app.voting, &*context.signed_in()?, id, input.outcome).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Archives a closed campaign, so that `campaigns` lists it only on request.
    ///
    /// Error reasons: `ILLEGAL_TRANSITION`.
    #[requires_permission(voting::MANAGE)]
    async fn archive_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the closed campaign.")] id: ID,
    ) -> Result<CampaignPayload> {
        let context = RequestContext::of(ctx);
        let campaign = archive(&context.app.voting, &*context.signed_in()?, CampaignId::from_input(&id)).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Casts the viewer's ballot in a live campaign. A ballot is final, and other members cannot see it.
    ///
    /// With the nonce and the picks of the viewer's own ballot, it returns that ballot, also after the campaign has
    /// closed. So a client that lost the response can send the same request again.
    ///
    /// Error reasons: `CAMPAIGN_NOT_LIVE`, `ALREADY_VOTED`, `RANK_TOO_LOW`, `NOT_REGISTERED`, `WRONG_PICK_COUNT`,
    /// `DUPLICATE_PICK`, `UNKNOWN_ENTRY`, `NONCE_TAKEN`.
    #[authenticated]
    async fn cast_ballot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The campaign and the picks.")] input: CastBallotInput,
    ) -> Result<CastBallotPayload> {
        let context = RequestContext::of(ctx);
        let campaign = CampaignId::from_input(&input.campaign_id);
        let picks = input.picks.iter().map(|id| EntryId::try_from(id).ok()).collect();
        let (ballot, campaign) =
            cast_ballot(&context.app.voting, &*context.signed_in()?, campaign, picks, input.nonce).await?;
        Ok(CastBallotPayload { ballot, campaign })
    }
}

fn timestamp(at: DateTime<Utc>) -> Timestamp {
    at.naive_utc().trunc_subsecs(6)
}
