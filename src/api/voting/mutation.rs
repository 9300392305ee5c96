//! Mutations of campaigns and ballots.

use async_graphql::{Context, ID, Object, SimpleObject};
use guildhall_macros::guarded;

use super::inputs::{
    AddEntryInput, CancelCampaignInput, CastBallotInput, CreateCampaignInput, SetEntriesInput, SetOutcomeInput,
    UpdateCampaignInput, UpdateEntryInput,
};
use crate::{
    api::{context::RequestContext, node::DeletePayload},
    kernel::{
        error::Result,
        id::{CampaignId, EntryId},
    },
    voting::{
        self, Ballot, Campaign, Entry, ListedEntry, activate, add_entry, archive, cancel, cast_ballot, close,
        create_campaign, delete_campaign, remove_entry, reorder_entries, set_entries, set_outcome, update_campaign,
        update_entry,
    },
};

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
        Ok(CampaignPayload {
            campaign: create_campaign(&context.app.voting, &*context.signed_in()?, input.into()).await?,
        })
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
        Ok(CampaignPayload {
            campaign: update_campaign(&context.app.voting, &*context.signed_in()?, input.into()).await?,
        })
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
        let (entry, campaign) = update_entry(&context.app.voting, &*context.signed_in()?, input.into()).await?;
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
        let listed = input.entries.into_iter().map(ListedEntry::from);
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
